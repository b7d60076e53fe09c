import { checkCount } from "../../core/checks.ts";
import { euclidean } from "../spaces/euclidean.ts";
import { type ConvexSet, flatDecrease } from "./convex-set.ts";

/** Probability vectors of n entries, in R^n. */
export function simplex(n: number): ConvexSet {
  checkCount("n", n);
  const manifold = euclidean(n);
  return {
    name: `simplex in ${manifold.name}`,
    manifold,
    whole: false,
    diameter: n === 1 ? 0 : Math.SQRT2,
    contains(p, tolerance = 1e-9) {
      let sum = 0;
      for (const value of p) sum += value;
      return Math.abs(sum - 1) <= tolerance && p.every((value) => value >= -tolerance);
    },
    project: projectOnSimplex,
    decrease(p, gradient, sigma) {
      // What all entries have in common does not count between points that add up to 1, but its rounding would.
      const common = gradient.reduce((sum, value) => sum + value, 0) / n;
      const g = gradient.map((value) => value - common);
      if (sigma > 0) return flatDecrease(manifold, projectOnSimplex, p, g, sigma);
      return Math.max(0, manifold.inner(p, g, p) - Math.min(...g));
    },
  };
}

/** Sort and shift: the largest entries, less the one number that makes them add up to 1. */
function projectOnSimplex(p: Float64Array): Float64Array {
  const sorted = p.toSorted().reverse();
  let sum = 0;
  let shift = 0;
  for (let k = 0; k < sorted.length; k++) {
    sum += sorted[k]!;
    const candidate = (sum - 1) / (k + 1);
    if (sorted[k]! > candidate) shift = candidate;
  }
  return p.map((value) => Math.max(0, value - shift));
}
