import { InvalidInput } from "../../core/errors.ts";
import { type Manifold, scale } from "../spaces/manifold.ts";

/** A closed g-convex subset of a manifold that points can be projected onto. */
export interface ConvexSet {
  /** Such as "ball of radius 1 in H^2". */
  readonly name: string;
  readonly manifold: Manifold;
  /** It is the whole manifold: there is nothing to project. */
  readonly whole: boolean;
  /** A bound of the distance between two of its points; infinite when there is none. */
  readonly diameter: number;
  /** Whether p lies in the set, up to a distance of about `tolerance` (default 1e-9). */
  contains(p: Float64Array, tolerance?: number): boolean;
  /** The nearest point of the set. */
  project(p: Float64Array): Float64Array;
  /** A lower bound of the distance from the set's point p to points outside; absent where none is known. */
  margin?(p: Float64Array): number;
  /**
   * An upper bound of -min over q in the set of <g, v> + sigma/2 |v|^2 with v = log_p q: what a sigma-strongly
   * g-convex function with gradient g at the set's point p can still fall by. Infinite when nothing bounds it.
   */
  decrease(p: Float64Array, g: Float64Array, sigma: number): number;
}

/** The whole manifold as a set. */
export function wholeSpace(manifold: Manifold): ConvexSet {
  return {
    name: manifold.name,
    manifold,
    whole: true,
    diameter: Number.POSITIVE_INFINITY,
    contains: () => true,
    project: (p) => p,
    margin: () => Number.POSITIVE_INFINITY,
    decrease: (p, g, sigma) => freeDecrease(manifold.norm(p, g), sigma),
  };
}

/** The bound without any set: |g|^2 / (2 sigma). */
export function freeDecrease(norm: number, sigma: number): number {
  if (norm === 0) return 0;
  return sigma > 0 ? (norm / (2 * sigma)) * norm : Number.POSITIVE_INFINITY;
}

/** A set given by its projection. */
export interface CustomSet {
  readonly name?: string;
  project(p: Float64Array): Float64Array;
  /** Default: whether the projection moves p. */
  contains?(p: Float64Array, tolerance: number): boolean;
  /** A lower bound of the distance from the set's point p to points outside; needed of a domain larger or smaller than the set. */
  margin?(p: Float64Array): number;
  /** Default infinite. */
  readonly diameter?: number;
}

/**
 * A g-convex set by its metric projection, which must be exact. On flat manifolds the certificate is sharp also at
 * the boundary; on curved ones it is that of the whole space (or of a ball of the set's diameter).
 *
 * @throws InvalidInput for a diameter that is not positive.
 */
export function customSet(manifold: Manifold, set: CustomSet): ConvexSet {
  const { diameter = Number.POSITIVE_INFINITY } = set;
  if (!(diameter > 0)) throw new InvalidInput(`diameter is ${diameter}: give a number above 0`);
  const flat = manifold.sectionalCurvatureMin === 0 && manifold.sectionalCurvatureMax === 0;
  return {
    name: set.name ?? `custom set in ${manifold.name}`,
    manifold,
    whole: false,
    diameter,
    contains: (p, tolerance = 1e-9) =>
      set.contains ? set.contains(p, tolerance) : manifold.dist(p, set.project(p)) <= tolerance,
    project: (p) => set.project(p),
    ...(set.margin ? { margin: (p: Float64Array) => set.margin!(p) } : {}),
    decrease(p, g, sigma) {
      if (flat && sigma > 0) return flatDecrease(manifold, (q) => set.project(q), p, g, sigma);
      const norm = manifold.norm(p, g);
      const free = freeDecrease(norm, sigma);
      if (diameter === Number.POSITIVE_INFINITY) return free;
      // |v| <= diameter
      return norm <= sigma * diameter ? free : Math.min(free, norm * diameter - (sigma / 2) * diameter ** 2);
    },
  };
}

/** On a flat manifold log_p is an isometry, so that the model's minimum over the set is a projection. */
export function flatDecrease(
  M: Manifold,
  project: (p: Float64Array) => Float64Array,
  p: Float64Array,
  g: Float64Array,
  sigma: number,
): number {
  return fall(M, p, g, sigma, M.log(p, project(M.exp(p, scale(-1 / sigma, g)))));
}

/** -(<g, v> + sigma/2 |v|^2), at least 0: what the model falls by on the way v. */
export function fall(M: Manifold, p: Float64Array, g: Float64Array, sigma: number, v: Float64Array): number {
  return Math.max(0, -M.inner(p, g, v) - (sigma / 2) * M.norm(p, v) ** 2);
}
