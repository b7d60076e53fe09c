/**
 * Certificates: proofs, from gradients at one point, of how far it is from optimal. They use strong convexity moduli
 * and sets only, never smoothness, so whatever heuristic found the point, they hold.
 */

/** A bound of the distance to the minimiser of a mu-strongly g-convex function within `decrease` of its minimum. */
export function distanceBound(decrease: number, mu: number): number {
  if (decrease === 0) return 0;
  return mu > 0 ? Math.sqrt((2 * decrease) / mu) : Number.POSITIVE_INFINITY;
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
