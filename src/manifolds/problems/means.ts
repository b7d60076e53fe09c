import { checkNonNegative, checkPositive } from "../../core/checks.ts";
import { fingerprint, InvalidInput } from "../../core/index.ts";
import {
  type MinimizationProblem,
  type MinMaxProblem,
  minimizationProblem,
  minMaxProblem,
} from "../problem.ts";
import { geodesicBall } from "../sets/ball.ts";
import { productSet } from "../sets/product-set.ts";
import { simplex } from "../sets/simplex.ts";
import { minimize } from "../solve.ts";
import { requireHadamard, zetaOf } from "../spaces/curvature.ts";
import { euclidean } from "../spaces/euclidean.ts";
import {
  approximateMean,
  combine,
  type Manifold,
  requirePoint,
  scale,
  weightedLog,
} from "../spaces/manifold.ts";
import { expMany, logMany } from "../spaces/many.ts";
import { product } from "../spaces/product.ts";
import { normalised } from "../weights.ts";

/** A ball that holds all points: around their approximate mean. */
interface Cloud {
  readonly center: Float64Array;
  readonly radius: number;
  /** The weighted sum of the points' logarithms at the center, and their lengths. */
  readonly pull: Float64Array;
  readonly distances: Float64Array;
}

function cloudOf(
  M: Manifold,
  points: readonly Float64Array[],
  weights: ArrayLike<number> = normalised("weights", undefined, points.length),
  known?: Float64Array,
): Cloud {
  requireHadamard(M, "a mean of points");
  if (points.length === 0) throw new InvalidInput("there are no points: give at least one");
  for (const [i, p] of points.entries()) requirePoint(M, `points[${i}]`, p);
  const center = known ?? approximateMean(M, points, weights);
  const distances = new Float64Array(points.length);
  const pull = weightedLog(M, center, points, weights, distances);
  return { center, radius: Math.max(1e-6, ...distances) * (1 + 1e-9), pull, distances };
}

/** As a share of the ball's radius. */
const NEARLY = 0.05;

/** A ball that holds all points, around nearly their Fréchet mean: an outlier can take an approximate one far from it. */
function centered(M: Manifold, points: readonly Float64Array[]): Cloud {
  const rough = cloudOf(M, points);
  const tolerance = (NEARLY * rough.radius) ** 2 / 2;
  if (M.norm(rough.center, rough.pull) ** 2 / 2 <= tolerance) return rough;
  return cloudOf(M, points, undefined, minimize(frechetMean(M, points), { tolerance }).x);
}

/**
 * The Fréchet (Karcher) mean: the least F(x) = 1/2 sum w_i d(x, p_i)^2, 1-strongly g-convex. Start: an
 * approximate mean.
 *
 * @throws InvalidInput without points, for points off the manifold, weights that are negative or all 0, or positive
 *   curvature.
 * @example minimize(frechetMean(spd(2), matrices)).x;
 */
export function frechetMean(
  M: Manifold,
  points: readonly Float64Array[],
  weights?: ArrayLike<number>,
): MinimizationProblem {
  const w = normalised("weights", weights, points.length);
  const { center, radius: furthest, pull, distances } = cloudOf(M, points, w);
  // By strong convexity the mean is no further from the center than the gradient there is long, and no further from another
  // point than the gradient there: three lengths leave room for both wherever the gradient is no longer than at the center.
  const radius = Math.max(1e-9 * furthest, 3 * M.norm(center, pull));
  const bend = distances.reduce((sum, distance, i) => sum + w[i]! * zetaOf(M, distance + radius), 0);
  return minimizationProblem({
    name: "Frechet mean",
    M,
    gradient: (x) => scale(-1, x === center ? pull : weightedLog(M, x, points, w)),
    cost: (x) => points.reduce((sum, p, i) => sum + (w[i]! * M.dist(x, p) ** 2) / 2, 0),
    domain: geodesicBall(M, center, radius),
    mu: 1,
    L: Math.max(1, bend),
    start: center,
    moduli: "proved",
    fingerprint: fingerprintOf("frechetMean", M, points, [...w]),
  });
}

export interface RobustKarcherOptions {
  /** How far the mean may be from the point that the search begins at, nearly the mean; default half of the largest distance to a point. */
  readonly radius?: number;
  /** Whether the solver is told the adversary's exact answer; default true. */
  readonly exactResponse?: boolean;
}

/**
 * The robust Karcher mean: min over x, max over y of (1/m) sum [1/2 d(x, y_i)^2 - gamma/2 d(y_i, p_i)^2], where an
 * adversary moves each point p_i to y_i at a price; y is a point of M^m with weights 1/m. The mean is the Karcher mean;
 * y_i lies beyond p_i by the factor gamma / (gamma - 1).
 *
 * @throws InvalidInput when gamma is not above zeta at the largest distance from mean to adversary (f is then not
 *   known to be concave in y), or as `frechetMean` does.
 */
export function robustKarcher(
  M: Manifold,
  points: readonly Float64Array[],
  gamma: number,
  options: RobustKarcherOptions = {},
): MinMaxProblem {
  const cloud = centered(M, points);
  const m = points.length;
  if (!(gamma > 1 && gamma < Number.POSITIVE_INFINITY))
    throw new InvalidInput(`gamma is ${gamma}: give a finite number above 1`);
  const r = options.radius === undefined ? cloud.radius / 2 : checkPositive("radius", options.radius);
  const reach = gamma / (gamma - 1);
  // From any x of the ball to its own adversary, and to any adversary of another x.
  const beyond = r + reach * (cloud.radius + r);
  const bend = zetaOf(M, r + beyond);
  if (!(gamma > bend))
    throw new InvalidInput(
      `gamma is ${gamma}, but the adversary's problem is concave only above ${bend} with points this far apart: raise gamma, or give a smaller radius`,
    );
  const N = product(Array(m).fill(M) as Manifold[], Array(m).fill(1 / m) as number[]);
  const given = new Float64Array(N.size);
  for (const [i, p] of points.entries()) given.set(p, i * M.size);
  const equal = new Float64Array(m).fill(1 / m);
  const parts = (y: Float64Array): Float64Array[] => points.map((_, i) => N.part(y, i));
  return minMaxProblem({
    name: "robust Karcher mean",
    M,
    N,
    gradX: (x, y) => scale(-1, weightedLog(M, x, parts(y), equal)),
    gradY: (x, y) => combine(-1, logMany(M, y, x), gamma, logMany(M, y, given)),
    cost: (x, y) =>
      parts(y).reduce(
        (sum, yi, i) => sum + (M.dist(x, yi) ** 2 - gamma * M.dist(yi, points[i]!) ** 2) / (2 * m),
        0,
      ),
    ...((options.exactResponse ?? true)
      ? {
          bestResponseY: (x: Float64Array) => expMany(M, x, scale(reach, logMany(M, x, given))),
        }
      : {}),
    domainX: geodesicBall(M, cloud.center, r),
    domainY: productSet(
      N,
      points.map(() => geodesicBall(M, cloud.center, beyond)),
    ),
    constants: { muX: 1, Lx: bend, muY: gamma - bend, Ly: gamma * bend - 1, Lxy: 1 },
    x0: cloud.center,
    y0: given,
    moduli: "proved",
    fingerprint: fingerprintOf("robustKarcher", M, points, [gamma, r]),
  });
}

/**
 * The distributionally robust Fréchet mean: min over x, max over weights w on the simplex of
 * 1/2 sum w_i d(x, p_i)^2 - rho/2 |w - 1/m|^2. A small rho guards the worst point, a large one gives the Fréchet mean.
 *
 * @throws InvalidInput for rho that is not positive, or as `frechetMean` does.
 * @example const { x, y } = solveMinMax(droFrechetMean(spd(3), matrices, 1)); // y: the worst-case weights
 */
export function droFrechetMean(M: Manifold, points: readonly Float64Array[], rho: number): MinMaxProblem {
  checkPositive("rho", rho);
  const { center, radius, distances } = cloudOf(M, points);
  const m = points.length;
  const N = euclidean(m);
  const halves = (x: Float64Array): Float64Array =>
    Float64Array.from(points, (p) => checkNonNegative("d^2 / 2", M.dist(x, p) ** 2 / 2));
  const weights = simplex(m);
  const bestResponseY = (x: Float64Array): Float64Array =>
    weights.project(halves(x).map((value) => 1 / m + value / rho));
  const furthest = Math.sqrt(distances.reduce((sum, distance) => sum + (radius + distance) ** 2, 0));
  return minMaxProblem({
    name: "distributionally robust Frechet mean",
    M,
    N,
    gradX: (x, w) => scale(-1, weightedLog(M, x, points, w)),
    gradY: (x, w) => halves(x).map((value, i) => value - rho * (w[i]! - 1 / m)),
    cost(x, w) {
      const h = halves(x);
      return w.reduce((sum, wi, i) => sum + wi * h[i]! - (rho / 2) * (wi - 1 / m) ** 2, 0);
    },
    bestResponseY,
    Y: weights,
    domainX: geodesicBall(M, center, radius),
    constants: { muX: 1, Lx: zetaOf(M, 2 * radius), muY: rho, Ly: rho, Lxy: furthest },
    x0: center,
    y0: new Float64Array(m).fill(1 / m),
    moduli: "proved",
    fingerprint: fingerprintOf("droFrechetMean", M, points, [rho]),
  });
}

const fingerprintOf = (
  name: string,
  M: Manifold,
  points: readonly Float64Array[],
  numbers: readonly number[],
): string => fingerprint([name, M.name, points, numbers]);
