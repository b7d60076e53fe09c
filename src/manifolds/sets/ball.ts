import { checkPositive } from "../../core/checks.ts";
import { requireHadamard } from "../spaces/curvature.ts";
import { combine, type Manifold, requirePoint, scale } from "../spaces/manifold.ts";
import { type ConvexSet, fall } from "./convex-set.ts";

/** A geodesic ball. */
export interface GeodesicBall extends ConvexSet {
  readonly center: Float64Array;
  readonly radius: number;
}

export const isGeodesicBall = (set: ConvexSet): set is GeodesicBall => "center" in set;

/**
 * The points within distance r of c; g-convex on a Hadamard manifold. Its certificate is 0 at an optimum on the
 * boundary, and holds without strong convexity.
 *
 * @throws InvalidInput for a radius that is not positive, a center off the manifold, or positive curvature.
 */
export function geodesicBall(M: Manifold, c: Float64Array, r: number): GeodesicBall {
  requireHadamard(M, "a g-convex ball");
  requirePoint(M, "the ball's center", c);
  checkPositive("the ball's radius", r);
  return {
    name: `ball of radius ${r} in ${M.name}`,
    manifold: M,
    whole: false,
    diameter: 2 * r,
    center: c,
    radius: r,
    contains: (p, tolerance = 1e-9) => M.dist(c, p) <= r + tolerance,
    margin: (p) => r - M.dist(c, p),
    project(p) {
      const X = M.log(c, p);
      const d = M.norm(c, X);
      return d <= r ? p : M.exp(c, scale(r / d, X));
    },
    decrease(p, g, sigma) {
      // log_p maps the ball into the ball of radius r around log_p c: tangent distances never exceed true ones.
      const toCenter = M.log(p, c);
      const norm = M.norm(p, g);
      if (norm === 0) return 0;
      if (sigma === 0) return Math.max(0, r * norm - M.inner(p, g, toCenter));
      const free = scale(-1 / sigma, g);
      const offset = combine(1, free, -1, toCenter);
      const far = M.norm(p, offset);
      return fall(M, p, g, sigma, far <= r ? free : combine(1, toCenter, r / far, offset));
    },
  };
}
