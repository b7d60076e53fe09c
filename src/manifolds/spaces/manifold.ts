import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { axpy } from "../../linalg/index.ts";
import type { Stream } from "../../random/index.ts";

/**
 * A complete, simply connected space with curvature bounds. Points and tangent vectors are flat arrays of `size`
 * numbers; operations return new arrays and never change their arguments. Words are those of Manifolds.jl and Manopt.
 *
 * Operations throw InvalidInput for an argument of another length, and NonFinite for a result that would not be finite,
 * which says what is wrong: NaN or infinity given, or a step too long. They do not look whether a point is one
 * (`isPoint` does).
 */
export interface Manifold {
  /** Such as "SPD(3)". */
  readonly name: string;
  /** Intrinsic dimension. */
  readonly dim: number;
  /** Numbers in a point or tangent vector. */
  readonly size: number;
  readonly sectionalCurvatureMin: number;
  readonly sectionalCurvatureMax: number;
  /** A point to begin at. */
  readonly origin: Float64Array;
  /**
   * The point that the geodesic from p with initial velocity X reaches at time 1. In closed form, it is what other
   * packages have `retract` for too.
   */
  exp(p: Float64Array, X: Float64Array): Float64Array;
  /** The initial velocity, at p, of the geodesic that reaches q at time 1. */
  log(p: Float64Array, q: Float64Array): Float64Array;
  dist(p: Float64Array, q: Float64Array): number;
  inner(p: Float64Array, X: Float64Array, Y: Float64Array): number;
  norm(p: Float64Array, X: Float64Array): number;
  /** X carried from p to q along the geodesic: an isometry of the tangent spaces. */
  parallelTransport(p: Float64Array, q: Float64Array, X: Float64Array): Float64Array;
  /** The Riemannian gradient at p from the partial derivatives G with respect to the numbers of p. */
  egrad2rgrad(p: Float64Array, G: Float64Array): Float64Array;
  /** The nearest tangent vector at p to any array of `size` numbers. */
  project(p: Float64Array, X: Float64Array): Float64Array;
  /** The tangent vector with these `dim` coordinates in an orthonormal frame at p. */
  vectorFrom(p: Float64Array, coordinates: Float64Array): Float64Array;
  /** The function of that name below, where one look at p serves all points. */
  weightedLog?(
    p: Float64Array,
    points: readonly Float64Array[],
    weights: ArrayLike<number>,
    distances?: Float64Array,
  ): Float64Array;
  /** The function of that name below, where the space knows a better way. */
  approximateMean?(points: readonly Float64Array[], weights: ArrayLike<number>): Float64Array;
  /** `expMany`, `logMany` and `parallelTransportMany`, where many at once are faster than one by one. */
  readonly many?: ManyOperations;
  /** What keeps p from being a point, such as "is not symmetric"; undefined when nothing does. */
  flaw(p: Float64Array, tolerance?: number): string | undefined;
}

/** Operations on `count` points and vectors in a row; arguments as `expMany` takes them, of checked lengths. */
export interface ManyOperations {
  exp(count: number, p: Float64Array, X: Float64Array, out: Float64Array): void;
  log(count: number, p: Float64Array, q: Float64Array, out: Float64Array): void;
  parallelTransport(
    count: number,
    p: Float64Array,
    q: Float64Array,
    X: Float64Array,
    out: Float64Array,
  ): void;
}

/** The zero vector at any point of the manifold. */
export const zeroVector = (M: Manifold): Float64Array => new Float64Array(M.size);

/** The sum of weights[i] log_p points[i]; writes d(p, points[i]) into `distances` too. */
export function weightedLog(
  M: Manifold,
  p: Float64Array,
  points: readonly Float64Array[],
  weights: ArrayLike<number>,
  distances?: Float64Array,
): Float64Array {
  if (M.weightedLog) return M.weightedLog(p, points, weights, distances);
  const sum = zeroVector(M);
  for (const [i, q] of points.entries()) {
    const weight = weights[i]!;
    if (weight !== 0) axpy(weight, M.log(p, q), sum);
    if (distances) distances[i] = M.dist(p, q);
  }
  return sum;
}

/** The sum of weights[i] points[i], number by number. */
export function weightedSum(points: readonly Float64Array[], weights: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(points[0]!.length);
  for (const [i, p] of points.entries()) axpy(weights[i]!, p, sum);
  return sum;
}

/** Of so many points at most an approximate mean is made up. */
const ROUGH = 12;

/**
 * A point near the weighted Fréchet mean, for much less than one gradient of it: where a search for the mean begins. Weights
 * add up to 1. Default: the inductive mean of a dozen of the points.
 */
export function approximateMean(
  M: Manifold,
  points: readonly Float64Array[],
  weights: ArrayLike<number>,
): Float64Array {
  if (M.approximateMean) return M.approximateMean(points, weights);
  let center = points[0]!;
  const count = Math.min(ROUGH, points.length);
  for (let k = 1; k < count; k++)
    center = geodesic(M, center, points[Math.floor((k * points.length) / count)]!, 1 / (k + 1));
  return center;
}

/** Whether p is a point of the manifold up to the tolerance (default 1e-8, relative). */
export const isPoint = (M: Manifold, p: Float64Array, tolerance?: number): boolean =>
  M.flaw(p, tolerance) === undefined;

/** A random point: the origin moved by a normal tangent vector of that standard deviation (default 1) per direction. */
export function randomPoint(M: Manifold, stream: Stream, deviation = 1): Float64Array {
  return M.exp(M.origin, randomVector(M, M.origin, stream, deviation));
}

/** A normal tangent vector at p with that standard deviation (default 1) in each direction of an orthonormal frame. */
export function randomVector(M: Manifold, p: Float64Array, stream: Stream, deviation = 1): Float64Array {
  return M.vectorFrom(p, scale(deviation, stream.normals(M.dim)));
}

/** A uniformly random unit tangent vector at p. */
export function randomDirection(M: Manifold, p: Float64Array, stream: Stream): Float64Array {
  return M.vectorFrom(p, stream.sphere(M.dim));
}

/** The point at that fraction of the way from p to q. */
export function geodesic(M: Manifold, p: Float64Array, q: Float64Array, fraction: number): Float64Array {
  return M.exp(p, scale(fraction, M.log(p, q)));
}

/**
 * Throws unless p is a point of M, naming it.
 * @throws InvalidInput for a wrong length or a point off the manifold; NonFinite for NaN or infinity.
 */
export function requirePoint(M: Manifold, name: string, p: Float64Array): Float64Array {
  if (!(p instanceof Float64Array))
    throw new InvalidInput(`${name} is no Float64Array: give the ${M.size} numbers of a point of ${M.name}`);
  requireSize(M.name, M.size, p, name);
  for (let i = 0; i < p.length; i++)
    if (!Number.isFinite(p[i])) throw new NonFinite(`${name} is ${p[i]} in place ${i}`);
  const flaw = M.flaw(p);
  if (flaw !== undefined) throw new InvalidInput(`${name} ${flaw}: give a point of ${M.name}`);
  return p;
}

/** Throws `InvalidInput` unless the array has that many numbers. */
export function requireSize(space: string, size: number, p: Float64Array, name = "an argument"): void {
  if (p.length !== size)
    throw new InvalidInput(`${name} has ${p.length} numbers, but ${space} needs ${size}`);
}

/** The tangent vector a X. */
export function scale(a: number, X: Float64Array): Float64Array {
  const out = new Float64Array(X.length);
  for (let i = 0; i < out.length; i++) out[i] = a * X[i]!;
  return out;
}

/**
 * The sum of two tangent vectors at one point.
 * @throws InvalidInput for vectors of different lengths.
 */
export function add(X: Float64Array, Y: Float64Array): Float64Array {
  requireSize("a sum with X", X.length, Y, "Y");
  return combine(1, X, 1, Y);
}

/** a X + b Y as a new array. */
export function combine(a: number, X: Float64Array, b: number, Y: Float64Array): Float64Array {
  const out = new Float64Array(X.length);
  for (let i = 0; i < out.length; i++) out[i] = a * X[i]! + b * Y[i]!;
  return out;
}
