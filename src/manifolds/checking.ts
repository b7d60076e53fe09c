import { checkCount, checkFinite, checkPositive } from "../core/checks.ts";
import { InvalidInput } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import type { ConvexSet } from "./sets/convex-set.ts";
import {
  geodesic,
  type Manifold,
  randomDirection,
  requirePoint,
  scale,
  zeroVector,
} from "./spaces/manifold.ts";

/** A function with its claimed gradient. */
export interface Smooth {
  cost(p: Float64Array): number;
  gradient(p: Float64Array): Float64Array;
}

export interface GradientCheck {
  /** Whether the error of first-order models falls like t^2: slope near 2, or errors of rounding size. */
  readonly ok: boolean;
  /** Log-log slope of |F(exp_p(t v)) - F(p) - t <g, v>| over t: 2 for a right gradient, 1 for a wrong one. */
  readonly slope: number;
  /** The largest error of a central difference, relative to |g| + 1. */
  readonly error: number;
}

/**
 * Compares a Riemannian gradient with values of its function along random geodesics through p.
 *
 * @throws InvalidInput for a point off the manifold; NonFinite when a value or gradient is not finite.
 * @example checkGradient(M, { cost, gradient }, p).ok;
 */
export function checkGradient(
  M: Manifold,
  F: Smooth,
  p: Float64Array,
  { directions = 5, seed = 0 }: { readonly directions?: number; readonly seed?: number } = {},
): GradientCheck {
  requirePoint(M, "p", p);
  checkCount("directions", directions);
  const g = F.gradient(p);
  if (g.length !== M.size)
    throw new InvalidInput(
      `the gradient has ${g.length} numbers, but a tangent vector of ${M.name} has ${M.size}`,
    );
  const value = checkFinite("the cost", F.cost(p));
  const size = checkFinite("the gradient's norm", M.norm(p, g));
  const rng = createRng(seed);
  const steps = [1e-2, 1e-3];
  const errors = [0, 0];
  let error = 0;
  for (let k = 0; k < directions; k++) {
    const v = randomDirection(M, p, rng.stream("check-gradient", 0, k));
    const along = M.inner(p, g, v);
    const at = (t: number): number => checkFinite("the cost", F.cost(M.exp(p, scale(t, v))));
    for (const [i, t] of steps.entries())
      errors[i] = Math.max(errors[i]!, Math.abs(at(t) - value - t * along));
    const h = 1e-5;
    error = Math.max(error, Math.abs((at(h) - at(-h)) / (2 * h) - along) / (size + 1));
  }
  const slope = Math.log10(errors[0]! / Math.max(errors[1]!, Number.MIN_VALUE));
  const rounding = 1e-12 * (Math.abs(value) + 1);
  return { ok: (slope > 1.7 || errors[0]! < rounding) && error < 1e-4, slope, error };
}

/** Second derivatives of a function along random geodesics, as a range. */
export interface GConvexityCheck {
  /** Whether none is below mu, up to differences' errors. */
  readonly ok: boolean;
  readonly least: number;
  readonly most: number;
  /** Where the least was found, to look at. */
  readonly at: Float64Array;
}

/**
 * Second differences in the middle of geodesics between random points within `radius` of p: a sample that can refute
 * strong g-convexity with modulus mu, never prove it.
 *
 * @throws InvalidInput for a point off the manifold or a radius that is not positive; NonFinite for a cost that is not finite.
 */
export function checkGConvexity(
  M: Manifold,
  cost: (p: Float64Array) => number,
  p: Float64Array,
  options: {
    readonly radius?: number;
    /** Sampled points are projected onto this set; the cost is asked for within it only. */
    readonly within?: ConvexSet;
    readonly mu?: number;
    readonly samples?: number;
    readonly seed?: number;
  } = {},
): GConvexityCheck {
  const { radius = 1, within, mu = 0, samples = 200, seed = 0 } = options;
  requirePoint(M, "p", p);
  checkPositive("radius", radius);
  checkCount("samples", samples);
  const rng = createRng(seed);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let where = p;
  let noise = 0;
  const sampled = (k: number, end: number): Float64Array => {
    const stream = rng.stream("check-g-convexity", end, k);
    const q = M.exp(p, scale(radius * stream.uniforms(1)[0]!, randomDirection(M, p, stream)));
    return within ? within.project(q) : q;
  };
  for (let k = 0; k < samples; k++) {
    // Both ends lie in the set, so that all three points of the difference do.
    const from = sampled(k, 0);
    const q = geodesic(M, from, sampled(k, 1), 1 / 2);
    const there = M.log(q, from);
    const half = M.norm(q, there);
    if (!(half > NARROW * radius)) continue;
    const h = Math.min(LONGEST, half / 10);
    const at = (t: number): number => checkFinite("the cost", cost(M.exp(q, scale(t / half, there))));
    const [before, middle, after] = [at(-h), at(0), at(h)];
    const second = (before - 2 * middle + after) / (h * h);
    noise = Math.max(noise, costRounding(M, q, middle) / (h * h));
    if (second < least) {
      least = second;
      where = q;
    }
    most = Math.max(most, second);
  }
  return { ok: least >= mu - noise - 1e-4 * Math.abs(most), least, most, at: where };
}

/** Half the longest geodesic that a second difference is taken along. */
const LONGEST = 1e-3;
/** Points nearer to each other than this, as a share of the radius, tell rounding rather than curvature. */
const NARROW = 1e-2;

/** Units of the last place that a cost may be off by: it sums up many terms. */
const ROUNDING = 64;

/** What rounding may do to a cost of that size at p. */
export const costRounding = (M: Manifold, p: Float64Array, cost: number): number =>
  ROUNDING * Number.EPSILON * amplification(M, p) * Math.abs(cost);

/** How much rounding of coordinates at p can grow in what is computed from them: as a vector's on its way to the tangent space. */
export function amplification(M: Manifold, p: Float64Array): number {
  let largest = 0;
  for (let i = 1; i < p.length; i++) if (Math.abs(p[i]!) > Math.abs(p[largest]!)) largest = i;
  const unit = zeroVector(M);
  unit[largest] = 1;
  const tangent = M.project(p, unit);
  let grown = 1;
  for (let i = 0; i < p.length; i++) grown = Math.max(grown, Math.abs(unit[i]! - tangent[i]!));
  return grown;
}
