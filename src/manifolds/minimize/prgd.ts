import type { Asking } from "../../core/index.ts";
import { scale } from "../spaces/manifold.ts";
import { type Evaluated, evaluate, type Objective } from "./objective.ts";

/** The metric projection of exp_p(-g / L): one step of PRGD, where to rather than the gradient there. */
export function gradientStep({ set, L }: Objective, p: Float64Array, g: Float64Array): Float64Array {
  return set.project(set.manifold.exp(p, scale(-1 / L, g)));
}

/**
 * PRGD, metric-projected gradient descent, from a point with known gradient until `accept` is content, or until steps move the point
 * by no more than rounding. Its per-step ratio is at most 1 - mu / (L zeta_r), r = |g| / L.
 */
export function* prgd(
  F: Objective,
  from: Evaluated,
  accept: (at: Evaluated) => boolean,
): Asking<Evaluated & { readonly stuck: boolean }> {
  let at = from;
  let best = from.decrease;
  for (let since = 0; !accept(at); ) {
    at = yield* evaluate(F, gradientStep(F, at.p, at.g));
    since = at.decrease < 0.5 * best ? 0 : since + 1;
    best = Math.min(best, at.decrease);
    if (since > patience(F)) return { ...at, stuck: true };
  }
  return { ...at, stuck: false };
}

/** Steps within which gradient descent halves its certificate, several times over. */
const patience = ({ mu, L }: Objective): number => Math.ceil(60 * (mu > 0 ? L / mu : 1e4));
