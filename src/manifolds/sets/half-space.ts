import { InvalidInput } from "../../core/errors.ts";
import { hyperbolic, lorentz } from "../spaces/hyperbolic.ts";
import { combine, requireSize, scale } from "../spaces/manifold.ts";
import { type ConvexSet, fall, freeDecrease } from "./convex-set.ts";

/**
 * The half-space of H^n of points with <x, normal> <= 0 in the Lorentz product; the normal (n + 1 numbers) must have
 * a positive square and is normalised.
 *
 * @throws InvalidInput for a normal that is not space-like.
 */
export function halfSpace(n: number, normal: Float64Array): ConvexSet {
  const M = hyperbolic(n);
  requireSize(M.name, M.size, normal, "the normal");
  const square = lorentz(normal, normal);
  if (!(square > 0 && Number.isFinite(square)))
    throw new InvalidInput(
      `the normal's Lorentz square is ${square}: give a space-like normal, with a square above 0`,
    );
  const unit = scale(1 / Math.sqrt(square), normal);
  return {
    name: `half-space of ${M.name}`,
    manifold: M,
    whole: false,
    diameter: Number.POSITIVE_INFINITY,
    contains: (p, tolerance = 1e-9) => lorentz(p, unit) <= tolerance,
    margin: (p) => Math.asinh(-lorentz(p, unit)),
    project(p) {
      const s = lorentz(p, unit);
      return s <= 0 ? p : scale(1 / Math.sqrt(1 + s * s), combine(1, p, -s, unit));
    },
    decrease(p, g, sigma) {
      const norm = M.norm(p, g);
      if (norm === 0 || sigma === 0) return freeDecrease(norm, sigma);
      // The model's minimum lies within T = 2|g|/sigma. A geodesic with unit velocity at angle a to the outer normal
      // N meets the boundary at tanh t cos a = tanh depth, so that <v, N> <= tanh(depth) T / tanh(T) within T.
      const depth = Math.asinh(Math.max(0, -lorentz(p, unit)));
      const T = (2 * norm) / sigma;
      const most = Math.tanh(depth) * (T < 1e-8 ? 1 : T / Math.tanh(T));
      const outward = M.project(p, unit);
      const N = scale(1 / M.norm(p, outward), outward);
      const free = scale(-1 / sigma, g);
      const excess = M.inner(p, free, N) - most;
      return fall(M, p, g, sigma, excess <= 0 ? free : combine(1, free, -excess, N));
    },
  };
}
