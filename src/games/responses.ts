import { checkVector } from "../core/checks.ts";
import { FpxError } from "../core/errors.ts";
import type { Stream } from "../random/index.ts";
import { type Perturbation, samplePerturbation } from "./perturbation.ts";
import { checkWithin, isSimplex, type StrategySet } from "./sets/strategy-set.ts";
import { softmin } from "./vectors.ts";

/** One perturbed best response, by the stream's randomness. */
export type Draw = (stream: Stream) => Float64Array | Promise<Float64Array>;

/**
 * Best responses of a set to costs less a perturbation (none at scale 0). What does not depend on the draw is worked
 * out once for a cost. Answers are checked: their length, that they are finite, and that they stay within the diameter.
 */
export function perturbedResponses(
  set: StrategySet,
): (cost: Float64Array, law: Perturbation, scale: number) => Draw {
  let first: Float64Array | undefined;
  const check = (answer: Float64Array): Float64Array => {
    checkVector(`the answer of ${set.name}`, answer, set.dimension);
    if (first) checkWithin(set, answer, first);
    else first = answer.slice();
    return answer;
  };
  const fail = (cause: unknown): never => {
    if (cause instanceof FpxError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FpxError("LMO_FAILED", `lmo of ${set.name} failed: ${reason}`, { cause });
  };
  return (cost, law, scale) => {
    if (isSimplex(set) && law === "gumbel" && scale > 0) {
      const choose = byFrequencies(softmin(cost, scale));
      return (stream) => choose(stream.uniforms(1)[0]!);
    }
    return (stream) => {
      const perturbed = cost.slice();
      if (scale > 0) {
        const noise = samplePerturbation(law, scale, stream, set.dimension);
        for (let i = 0; i < perturbed.length; i++) perturbed[i]! -= noise[i]!;
      }
      try {
        const answer = set.lmo(perturbed);
        return answer instanceof Promise ? answer.then(check, fail) : check(answer);
      } catch (cause) {
        return fail(cause);
      }
    };
  };
}

/** Vertices of a simplex by their frequencies: the law of the least Gumbel-perturbed cost, without drawing each noise. */
function byFrequencies(weights: Float64Array): (u: number) => Float64Array {
  const upTo = weights.slice();
  for (let i = 1; i < upTo.length; i++) upTo[i]! += upTo[i - 1]!;
  return (u) => {
    const place = u * upTo.at(-1)!;
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! > place) high = middle;
      else low = middle + 1;
    }
    const vertex = new Float64Array(upTo.length);
    vertex[low] = 1;
    return vertex;
  };
}
