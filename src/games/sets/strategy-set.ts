import { checkCount, checkPositive, checkVector } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { createRng, type Seed } from "../../random/index.ts";
import { distance, inner } from "../vectors.ts";

/** Linear equalities and bounds that describe a polytope. */
export interface Polytope {
  /** Each row: sum of values[k] * x[indices[k]] = right. */
  readonly rows: readonly {
    readonly indices: readonly number[];
    readonly values: readonly number[];
    readonly right: number;
  }[];
  /** Bounds of every coordinate; default 0 and infinity. */
  readonly lower?: Float64Array;
  readonly upper?: Float64Array;
}

/** A choice among consecutive coordinates whose weights add up to that of `parent` (-1: to 1). */
export interface Decision {
  readonly parent: number;
  readonly first: number;
  readonly actions: number;
}

/** A compact convex set of strategies, known by its best responses to linear costs. */
export interface StrategySet {
  readonly name: string;
  readonly dimension: number;
  /** In the l2 norm; an upper bound will do, it only enters the perturbation's scale. */
  readonly diameter: number;
  /** A vertex with the least inner product with `cost`, the same one for the same cost; costs may be negative. */
  lmo(cost: Float64Array): Float64Array | Promise<Float64Array>;
  /**
   * By how much an answer's cost may exceed the least one, for an oracle that only approximates; default 0. Certificates
   * are widened by it, so a gap never falls below what the oracle leaves open.
   */
  readonly oracleError?: number;
  /** Whether all points have the same sum of coordinates, so that a shift of the cost changes nothing. */
  readonly constantSum?: boolean;
  /** Present for simplices and treeplexes: regret matching works on it; parents come before children. */
  readonly decisions?: readonly Decision[];
  /** Present where an exact linear programme can be written. */
  readonly polytope?: Polytope;
  /** The nearest point, present where it is cheap. */
  project?(point: Float64Array): Float64Array;
}

/** True for a probability simplex. */
export const isSimplex = (set: StrategySet): boolean =>
  set.decisions?.length === 1 && set.decisions[0]!.parent === -1;

/**
 * A strategy set of your own from its linear minimisation oracle.
 * @throws InvalidInput for a dimension, diameter or oracleError that cannot be.
 * @example strategySet({ name: "matchings", dimension: edges.length, diameter: 4, lmo: (cost) => lightest(cost) })
 */
export function strategySet(set: StrategySet): StrategySet {
  checkCount("dimension", set.dimension);
  checkPositive("diameter", set.diameter);
  const { oracleError = 0 } = set;
  if (!(oracleError >= 0 && oracleError < Number.POSITIVE_INFINITY))
    throw new InvalidInput(`oracleError is ${oracleError}: give a finite number of at least 0`);
  return set;
}

/**
 * Tries an oracle on random costs: answers of the right length, finite, within the declared diameter of one another,
 * and each at least as good for its own cost as all other answers, up to the declared `oracleError`.
 * @throws InvalidInput or NonFinite with what was found wrong.
 */
export async function checkStrategySet(
  set: StrategySet,
  options: { readonly samples?: number; readonly seed?: Seed } = {},
): Promise<void> {
  const { samples = 32, seed = 0 } = options;
  const rng = createRng(seed);
  const costs: Float64Array[] = [];
  const answers: Float64Array[] = [];
  for (let j = 0; j < checkCount("samples", samples); j++) {
    const cost = rng.stream("check", j).normals(set.dimension);
    const answer = await set.lmo(cost.slice());
    checkVector(`the answer of ${set.name}`, answer, set.dimension);
    for (let k = 0; k < j; k++) {
      checkWithin(set, answer, answers[k]!);
      for (const [i, [own, other]] of [
        [answer, answers[k]!] as const,
        [answers[k]!, answer] as const,
      ].entries()) {
        const c = i === 0 ? cost : costs[k]!;
        const excess = inner(c, own) - inner(c, other);
        if (excess > (set.oracleError ?? 0) + 1e-9 * (1 + Math.abs(inner(c, own))))
          throw new InvalidInput(
            `${set.name} is no exact oracle: another answer of its own is better by ${excess}; mend lmo, or declare that much as oracleError`,
          );
      }
    }
    costs.push(cost);
    answers.push(answer.slice());
  }
}

/** Throws `InvalidInput` when two answers lie further apart than the declared diameter. */
export function checkWithin(set: StrategySet, a: Float64Array, b: Float64Array): void {
  const apart = distance(a, b);
  if (apart > set.diameter * (1 + 1e-9))
    throw new InvalidInput(
      `two answers of ${set.name} are ${apart} apart, but its diameter is given as ${set.diameter}: raise the diameter, or mend lmo`,
    );
}
