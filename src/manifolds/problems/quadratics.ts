import { checkPositive } from "../../core/checks.ts";
import { InvalidInput } from "../../core/index.ts";
import {
  type MinimizationProblem,
  type MinMaxProblem,
  minimizationProblem,
  minMaxProblem,
} from "../problem.ts";
import { geodesicBall } from "../sets/ball.ts";
import { zeta } from "../spaces/curvature.ts";
import { hyperbolic } from "../spaces/hyperbolic.ts";
import { combine, requireSize, scale } from "../spaces/manifold.ts";
import { logdet, spd } from "../spaces/spd.ts";

/** Sum of (a_i s_i + b_i) times the gradient of s_i = <x, n_i>, which is n_i + s_i x. */
function slope(x: Float64Array, coefficients: ArrayLike<number>): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < coefficients.length; i++) {
    const a = coefficients[i]!;
    out[i + 1]! += a;
    const s = x[i + 1]!;
    for (let j = 0; j < x.length; j++) out[j]! += a * s * x[j]!;
  }
  return out;
}

function checkCurvatures(name: string, values: readonly number[]): readonly number[] {
  if (values.length === 0) throw new InvalidInput(`${name} is empty: give one number a direction`);
  for (const [i, value] of values.entries()) checkPositive(`${name}[${i}]`, value);
  return values;
}

/**
 * F(x) = 1/2 sum c_i s_i(x)^2 on H^n, n = c.length, where s_i are the coordinates x_1 .. x_n of the Lorentz model; least,
 * 0, at the origin. Constants hold on the ball of that radius around it: mu = min c, L = max c cosh 2r.
 *
 * @throws InvalidInput for coefficients that are not positive, or a start outside the ball.
 */
export function hyperbolicQuadratic(
  c: readonly number[],
  { radius, start }: { readonly radius: number; readonly start: Float64Array },
): MinimizationProblem {
  checkCurvatures("c", c);
  const M = hyperbolic(c.length);
  return minimizationProblem({
    name: "hyperbolic quadratic",
    M,
    gradient: (x) =>
      slope(
        x,
        c.map((ci, i) => ci * x[i + 1]!),
      ),
    cost: (x) => c.reduce((sum, ci, i) => sum + (ci * x[i + 1]! ** 2) / 2, 0),
    domain: geodesicBall(M, M.origin, radius),
    mu: Math.min(...c),
    L: Math.max(...c) * Math.cosh(2 * radius),
    start,
    moduli: "proved",
  });
}

export interface HyperbolicSaddleSpec {
  /** Curvatures of x, one a dimension. */
  readonly c: readonly number[];
  /** Curvatures of y; default c. */
  readonly e?: readonly number[];
  /** Coupling of the first min(n, m) coordinates. */
  readonly b: number;
  /** Of the balls on which the constants hold. */
  readonly radius: number;
  readonly x0: Float64Array;
  readonly y0: Float64Array;
}

/**
 * f = 1/2 sum c_i s_i(x)^2 + b sum s_i(x) t_i(y) - 1/2 sum e_i t_i(y)^2 on H^n x H^m, with its saddle, value 0, at the
 * origins.
 *
 * @throws InvalidInput when |b| sinh^2(radius) is not below all c and e (f is then no saddle function there).
 */
export function hyperbolicQuadraticSaddle(spec: HyperbolicSaddleSpec): MinMaxProblem {
  const { c, e = c, b, radius } = spec;
  checkCurvatures("c", c);
  checkCurvatures("e", e);
  const M = hyperbolic(c.length);
  const N = hyperbolic(e.length);
  const bend = Math.abs(b) * Math.sinh(radius) ** 2;
  const least = Math.min(...c, ...e);
  if (!(bend < least))
    throw new InvalidInput(
      `|b| sinh^2(radius) is ${bend}, not below the least curvature ${least}: take a smaller ball or coupling`,
    );
  const partial = (
    own: Float64Array,
    other: Float64Array,
    k: readonly number[],
    sign: number,
  ): Float64Array =>
    slope(
      own,
      k.map((ki, i) => sign * ki * own[i + 1]! + (i + 1 < other.length ? b * other[i + 1]! : 0)),
    );
  return minMaxProblem({
    name: "hyperbolic quadratic saddle",
    M,
    N,
    gradX: (x, y) => partial(x, y, c, 1),
    gradY: (x, y) => partial(y, x, e, -1),
    cost(x, y) {
      let value = 0;
      for (const [i, ci] of c.entries()) value += (ci * x[i + 1]! ** 2) / 2;
      for (const [i, ei] of e.entries()) value -= (ei * y[i + 1]! ** 2) / 2;
      for (let i = 0; i < Math.min(c.length, e.length); i++) value += b * x[i + 1]! * y[i + 1]!;
      return value;
    },
    domainX: geodesicBall(M, M.origin, radius),
    domainY: geodesicBall(N, N.origin, radius),
    constants: {
      muX: Math.min(...c) - bend,
      muY: Math.min(...e) - bend,
      Lx: Math.max(...c) * Math.cosh(2 * radius) + bend,
      Ly: Math.max(...e) * Math.cosh(2 * radius) + bend,
      Lxy: Math.abs(b) * Math.cosh(radius) ** 2,
    },
    x0: spec.x0,
    y0: spec.y0,
    moduli: "proved",
  });
}

export interface LogdetSaddleSpec {
  readonly n: number;
  readonly muX: number;
  readonly muY: number;
  readonly cx: number;
  readonly cy: number;
  readonly b: number;
  readonly a0?: number;
  readonly b0?: number;
  /** Anchors; default the identity. */
  readonly A?: Float64Array;
  readonly B?: Float64Array;
  /** Bound of the distances to the anchors, for smoothness and the domain; default 2. */
  readonly radius?: number;
  readonly x0?: Float64Array;
  readonly y0?: Float64Array;
}

/** A min-max problem with its known solution. */
export interface SolvedSaddle {
  readonly problem: MinMaxProblem;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly value: number;
}

/**
 * f = muX/2 d(X, A)^2 + cx/2 (u(X) - a0)^2 + b u(X) u(Y) - muY/2 d(Y, B)^2 - cy/2 (u(Y) - b0)^2 on SPD(n) x SPD(n) with
 * u = logdet / sqrt(n), and its exact saddle.
 *
 * @throws InvalidInput for moduli out of range or anchors off the manifold.
 */
export function logdetSaddle(spec: LogdetSaddleSpec): SolvedSaddle {
  const { n, muX, muY, cx, cy, b, a0 = 0, b0 = 0, radius = 2 } = spec;
  const M = spd(n);
  const { A = M.origin, B = M.origin } = spec;
  checkPositive("muX", muX);
  checkPositive("muY", muY);
  requireSize(M.name, M.size, A, "A");
  requireSize(M.name, M.size, B, "B");
  const root = Math.sqrt(n);
  const u = (P: Float64Array): number => logdet(P, n) / root;
  const partial = (P: Float64Array, anchor: Float64Array, mu: number, factor: number): Float64Array =>
    combine(-mu, M.log(P, anchor), factor / root, P);
  const cost = (X: Float64Array, Y: Float64Array): number =>
    (muX / 2) * M.dist(X, A) ** 2 +
    (cx / 2) * (u(X) - a0) ** 2 +
    b * u(X) * u(Y) -
    (muY / 2) * M.dist(Y, B) ** 2 -
    (cy / 2) * (u(Y) - b0) ** 2;
  const bend = zeta(M.sectionalCurvatureMin, radius);
  const problem = minMaxProblem({
    name: "logdet saddle",
    M,
    N: M,
    gradX: (X, Y) => partial(X, A, muX, cx * (u(X) - a0) + b * u(Y)),
    gradY: (X, Y) => partial(Y, B, -muY, -cy * (u(Y) - b0) + b * u(X)),
    cost,
    domainX: geodesicBall(M, A, radius),
    domainY: geodesicBall(M, B, radius),
    constants: { muX, muY, Lx: muX * bend + cx, Ly: muY * bend + cy, Lxy: Math.abs(b) },
    moduli: "proved",
    x0: spec.x0 ?? A,
    y0: spec.y0 ?? B,
  });
  // (muX + cx) u + b v = muX u(A) + cx a0;  b u - (muY + cy) v = -(muY u(B) + cy b0)
  const p = muX + cx;
  const q = muY + cy;
  const r = muX * u(A) + cx * a0;
  const s = -(muY * u(B) + cy * b0);
  const uX = (q * r + b * s) / (p * q + b * b);
  const vY = (b * r - p * s) / (p * q + b * b);
  const x = scale(Math.exp((uX - u(A)) / root), A);
  const y = scale(Math.exp((vY - u(B)) / root), B);
  return { problem, x, y, value: cost(x, y) };
}
