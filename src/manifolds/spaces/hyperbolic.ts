import { checkCount, checkFinite } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { createGuard } from "./guard.ts";
import { combine, type Manifold, requireSize, scale, weightedSum } from "./manifold.ts";

/** Beyond this first coordinate, sums are split into radial and other parts, which keeps cancellation small. */
const FAR = 2;

/**
 * Hyperbolic space H^n of curvature -1 as the upper sheet of the Lorentz hyperboloid: points p of n + 1 numbers with
 * <p, p> = -p0^2 + p1^2 + ... + pn^2 = -1 and p0 > 0, tangent vectors at p those with <p, X> = 0.
 *
 * Coordinates are finite up to 355 from the origin: `exp` throws NonFinite for a step that goes farther.
 *
 * @throws InvalidInput when n is no positive integer.
 * @example const H = hyperbolic(2); H.dist(H.origin, H.exp(H.origin, Float64Array.of(0, 3, 4))); // 5
 */
export function hyperbolic(n: number): Manifold {
  checkCount("n", n);
  const name = `H^${n}`;
  const size = n + 1;
  const origin = new Float64Array(size);
  origin[0] = 1;
  const { sized, number, settle } = createGuard(
    name,
    size,
    (p, X) =>
      `its length is ${length(p, X).toPrecision(3)}, and coordinates overflow about 355 from the origin`,
  );
  /** Sets the first coordinate of a tangent vector from the others, in place; what is not finite shows in it. */
  const tangent = (
    operation: "log" | "parallelTransport" | "egrad2rgrad" | "project" | "vectorFrom",
    at: Float64Array,
    X: Float64Array,
    a: Float64Array,
    b: Float64Array,
    c?: Float64Array,
  ): Float64Array => {
    const before = X[0]!;
    X[0] = spatial(at, X) / at[0]!;
    if (0 * (before + X[0]! + at[0]!) !== 0) settle(operation, X, a, b, c);
    return X;
  };
  return {
    name,
    dim: n,
    size,
    sectionalCurvatureMin: -1,
    // H^1 has no planes: any bound holds.
    sectionalCurvatureMax: n === 1 ? 0 : -1,
    origin,
    exp(p, X) {
      sized("exp", p, X);
      const t = norm(p, X);
      const out = combine(Math.cosh(t), p, t === 0 ? 1 : Math.sinh(t) / t, X);
      const before = out[0]!;
      out[0] = Math.sqrt(1 + spatial(out, out));
      if (0 * (before + out[0]!) !== 0) settle("exp", out, p, X);
      return out;
    },
    log(p, q) {
      sized("log", p, q);
      const square = chordSquare(p, q);
      const d = distance(p, q, square);
      const factor = d === 0 ? 1 : d / Math.sinh(d);
      // q - p + <p, q - p> p, where <p, q - p> = -|q - p|^2 / 2 on the hyperboloid.
      return tangent("log", p, combine(factor, q, -factor * (1 + square / 2), p), p, q);
    },
    dist(p, q) {
      sized("dist", p, q);
      const square = chordSquare(p, q);
      return number("dist", distance(p, q, square), square + p[0]! + q[0]!, p, q);
    },
    inner(p, X, Y) {
      sized("inner", p, X, Y);
      return number("inner", inner(p, X, Y), p[0]! + X[0]! + Y[0]!, p, X, Y);
    },
    norm(p, X) {
      sized("norm", p, X);
      return number("norm", length(p, X), p[0]! + X[0]!, p, X);
    },
    parallelTransport(p, q, X) {
      sized("parallelTransport", p, q, X);
      // <q, X> = <q - p, X>, since X is tangent at p: near p the difference is exact, far from it it cancels.
      const ahead = chordSquare(p, q) > 1 ? q : combine(1, q, -1, p);
      const factor = lorentz(ahead, X) / (1 - lorentz(p, q));
      const out = new Float64Array(size);
      for (let i = 0; i < size; i++) out[i] = X[i]! + factor * (p[i]! + q[i]!);
      return tangent("parallelTransport", q, out, p, q, X);
    },
    egrad2rgrad(p, G) {
      sized("egrad2rgrad", p, G);
      const g = G.slice();
      g[0] = -g[0]!;
      return tangent("egrad2rgrad", p, combine(1, g, lorentz(p, g), p), p, G);
    },
    project(p, X) {
      sized("project", p, X);
      return tangent("project", p, combine(1, X, lorentz(p, X), p), p, X);
    },
    vectorFrom(p, coordinates) {
      sized("vectorFrom", p);
      requireSize(`the tangent space of ${name}`, n, coordinates, "the coordinate vector");
      // (0, c) at the origin, transported to p.
      let along = 0;
      for (let i = 1; i < size; i++) along += p[i]! * coordinates[i - 1]!;
      const factor = along / (1 + p[0]!);
      const out = new Float64Array(size);
      for (let i = 1; i < size; i++) out[i] = coordinates[i - 1]! + factor * p[i]!;
      return tangent("vectorFrom", p, out, p, coordinates);
    },
    approximateMean(points, weights) {
      // The Lorentz centroid: the weighted sum, which has a square of -1 at most, scaled back to the sheet.
      const sum = weightedSum(points, weights);
      const out = scale(1 / Math.sqrt(Math.max(1, -lorentz(sum, sum))), sum);
      out[0] = Math.sqrt(1 + spatial(out, out));
      return out;
    },
    flaw(p, tolerance = 1e-8) {
      if (p.length !== size) return `has ${p.length} numbers, not ${size}`;
      if (!(p[0]! > 0)) return "is not on the upper sheet (its first number is not positive)";
      const off = Math.abs(lorentz(p, p) + 1);
      return off <= tolerance * p[0]! * p[0]! && off < Number.POSITIVE_INFINITY
        ? undefined
        : `is off the hyperboloid by ${off.toPrecision(3)}`;
    },
  };
}

/**
 * The point of H^n with these coordinates in the Poincaré ball: n numbers, of length below 1.
 *
 * @throws InvalidInput for a point outside the open ball, or so near its edge that doubles do not tell; NonFinite.
 * @example const p = fromPoincare(Float64Array.of(0.5, 0)); // at distance ln 3 from the origin
 */
export function fromPoincare(x: Float64Array): Float64Array {
  let square = 0;
  for (const [i, value] of x.entries()) square += checkFinite(`x[${i}]`, value) ** 2;
  if (!(square < 1))
    throw new InvalidInput(
      `x has length ${Math.sqrt(square)}: points of the Poincaré ball have a length below 1; if rounding took it there, shorten it`,
    );
  const out = new Float64Array(x.length + 1);
  for (const [i, value] of x.entries()) out[i + 1] = (2 * value) / (1 - square);
  out[0] = Math.sqrt(1 + spatial(out, out));
  return out;
}

/**
 * The coordinates in the Poincaré ball of a point of H^n.
 *
 * @example toPoincare(hyperbolic(2).origin); // 0 0
 */
export function toPoincare(p: Float64Array): Float64Array {
  return p.subarray(1).map((value) => value / (1 + p[0]!));
}

/** -a0 b0 + a1 b1 + ... + an bn. */
export function lorentz(a: Float64Array, b: Float64Array): number {
  return spatial(a, b) - a[0]! * b[0]!;
}

function spatial(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The Lorentz product of two tangent vectors at p. */
function inner(p: Float64Array, X: Float64Array, Y: Float64Array): number {
  if (p[0]! <= FAR) return lorentz(X, Y);
  // With u the radial direction: the radial parts have length <X, u> / p0, the others are as in Euclidean space.
  const radius = Math.sqrt(spatial(p, p));
  const x = spatial(p, X) / radius;
  const y = spatial(p, Y) / radius;
  let sum = (x / p[0]!) * (y / p[0]!);
  for (let i = 1; i < p.length; i++) {
    const u = p[i]! / radius;
    sum += (X[i]! - x * u) * (Y[i]! - y * u);
  }
  return sum;
}

function norm(p: Float64Array, X: Float64Array): number {
  return Math.sqrt(Math.max(0, inner(p, X, X)));
}

/** `norm`, also where squares overflow. */
function length(p: Float64Array, X: Float64Array): number {
  const plain = norm(p, X);
  if (plain < Number.POSITIVE_INFINITY) return plain;
  const largest = X.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest * norm(p, scale(1 / largest, X));
}

/** <q - p, q - p> = 2 cosh d(p, q) - 2. */
function chordSquare(p: Float64Array, q: Float64Array): number {
  let difference = 0;
  let square = 0;
  for (let i = 1; i < p.length; i++) {
    const w = q[i]! - p[i]!;
    difference += w * (q[i]! + p[i]!);
    square += w * w;
  }
  if (p[0]! <= FAR && q[0]! <= FAR) {
    const first = difference / (q[0]! + p[0]!);
    return Math.max(0, square - first * first);
  }
  // 4 sinh^2 of half the difference of radii, and the chord between the directions.
  const [a, b] = [Math.sqrt(spatial(p, p)), Math.sqrt(spatial(q, q))];
  const sinh = difference / (b * p[0]! + a * q[0]!);
  let chord = 0;
  if (a > 0 && b > 0) for (let i = 1; i < p.length; i++) chord += (q[i]! / b - p[i]! / a) ** 2;
  return (2 * sinh * sinh) / (Math.sqrt(1 + sinh * sinh) + 1) + a * b * chord;
}

/** acosh loses all near 0, asinh a little far away. */
function distance(p: Float64Array, q: Float64Array, square: number): number {
  return square < 1.1 ? 2 * Math.asinh(Math.sqrt(square) / 2) : Math.acosh(Math.max(1, -lorentz(p, q)));
}
