/**
 * Certificates: proofs, from gradients at one point, of how far it is from optimal. They use strong convexity moduli
 * and sets only, never smoothness, so whatever heuristic found the point, they hold.
 */

import type { ConvexSet } from "./sets/convex-set.ts";

/** A bound of the distance to the minimiser of a mu-strongly g-convex function within `decrease` of its minimum. */
export function distanceBound(decrease: number, mu: number): number {
  if (decrease === 0) return 0;
  return mu > 0 ? Math.sqrt((2 * decrease) / mu) : Number.POSITIVE_INFINITY;
}

/**
 * Whether the set's certificate at p holds, although the constants that it is made of need hold in the domain only: p lies in
 * both, and so does whatever of the set is within the certified distance of the minimiser. A minimum over the domain that does not lie on
 * its boundary is one over the set, for a g-convex function.
 */
export function holds(set: ConvexSet, domain: ConvexSet, p: Float64Array, distance: number): boolean {
  if (!(set.contains(p) && domain.contains(p))) return false;
  return domain === set || domain.margin!(p) > Math.min(distance, set.diameter);
}

/**
 * Whether q, whose function F + d(center, .)^2 / (2 lambda) with modulus sigma can fall by `decrease` at most, is good
 * enough: `decrease <= share * d(center, minimiser)^2`, by a lower bound of that distance; or it is below the floor.
 */
export function proxTest(
  decrease: number,
  sigma: number,
  distance: number,
  share: number,
  floor: number,
): boolean {
  if (decrease <= floor) return true;
  const atLeast = distance - distanceBound(decrease, sigma);
  return atLeast > 0 && decrease <= share * atLeast ** 2;
}
