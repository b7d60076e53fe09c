import { type Asking, ask } from "../../core/index.ts";
import { type MinimizationProblem, requireGradient } from "../problem.ts";
import type { ConvexSet } from "../sets/convex-set.ts";
import { zetaOf } from "../spaces/curvature.ts";
import { combine } from "../spaces/manifold.ts";

/** A smooth g-convex function over a set, as minimisers see it: one question for a gradient. */
export interface Objective {
  readonly set: ConvexSet;
  /** What certificates are taken over: the set, or the domain of the constants when the set is everything. */
  readonly region: ConvexSet;
  readonly mu: number;
  readonly L: number;
  gradient(p: Float64Array): Asking<Float64Array>;
}

/** A point with its gradient, and what the function can still fall by from there. */
export interface Evaluated {
  readonly p: Float64Array;
  readonly g: Float64Array;
  readonly decrease: number;
}

/**
 * The place where certificates are taken: constants hold in the domain, feasible points lie in the set. Outside the
 * domain its own bound says nothing.
 */
export const regionOf = (set: ConvexSet, domain: ConvexSet): ConvexSet =>
  set.whole && !domain.whole
    ? {
        ...domain,
        decrease: (p, g, sigma) => (domain.contains(p) ? domain : set).decrease(p, g, sigma),
      }
    : set;

/** A problem as an objective that counts its gradients. */
export function objectiveOf(problem: MinimizationProblem, meter: { gradient: number }): Objective {
  const { manifold, set, domain, mu, L } = problem;
  return {
    set,
    region: regionOf(set, domain),
    mu,
    L,
    *gradient(p) {
      meter.gradient++;
      const [g] = yield* ask(problem.gradient, [p]);
      return requireGradient("gradient", g!, manifold.size);
    },
  };
}

/** F + alpha/2 d(center, .)^2; `reach` bounds the distance to the center that its smoothness is taken at. */
export function withProx(F: Objective, center: Float64Array, alpha: number, reach: number): Objective {
  const M = F.set.manifold;
  return {
    ...F,
    mu: F.mu + alpha,
    L: F.L + alpha * zetaOf(M, reach),
    *gradient(p) {
      return combine(1, yield* F.gradient(p), -alpha, M.log(p, center));
    },
  };
}

/** Moves an evaluated point to the function with the gradient g there. */
export const evaluated = (F: Objective, p: Float64Array, g: Float64Array): Evaluated => ({
  p,
  g,
  decrease: F.region.decrease(p, g, F.mu),
});

/** Asks for the gradient at p. */
export function* evaluate(F: Objective, p: Float64Array): Asking<Evaluated> {
  return evaluated(F, p, yield* F.gradient(p));
}
