import { checkCount } from "../../core/checks.ts";
import { combine, type Manifold, requireSize } from "./manifold.ts";

/** Beyond this first coordinate, sums are split into radial and other parts, which keeps cancellation small. */
const FAR = 2;

/**
 * Hyperbolic space H^n of curvature -1 as the upper sheet of the Lorentz hyperboloid: points p of n + 1 numbers with
 * <p, p> = -p0^2 + p1^2 + ... + pn^2 = -1 and p0 > 0, tangent vectors at p those with <p, X> = 0.
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
  const norm = (p: Float64Array, X: Float64Array): number => Math.sqrt(Math.max(0, inner(p, X, X)));
  return {
    name,
    dim: n,
    size,
    sectionalCurvatureMin: -1,
    // H^1 has no planes: any bound holds.
    sectionalCurvatureMax: n === 1 ? 0 : -1,
    origin,
    exp(p, X) {
      requireSize(name, size, p);
      requireSize(name, size, X);
      const t = norm(p, X);
      return onSheet(combine(Math.cosh(t), p, t === 0 ? 1 : Math.sinh(t) / t, X));
    },
    log(p, q) {
      requireSize(name, size, p);
      requireSize(name, size, q);
      const square = chordSquare(p, q);
      const d = distance(p, q, square);
      const factor = d === 0 ? 1 : d / Math.sinh(d);
      // q - p + <p, q - p> p, where <p, q - p> = -|q - p|^2 / 2 on the hyperboloid.
      return tangent(p, combine(factor, q, -factor * (1 + square / 2), p));
    },
    dist(p, q) {
      requireSize(name, size, p);
      requireSize(name, size, q);
      return distance(p, q, chordSquare(p, q));
    },
    inner: (p, X, Y) => inner(p, X, Y),
    norm,
    parallelTransport(p, q, X) {
      requireSize(name, size, X);
      // <q, X> = <q - p, X>, since X is tangent at p: near p the difference is exact, far from it it cancels.
      const ahead = chordSquare(p, q) > 1 ? q : combine(1, q, -1, p);
      const factor = lorentz(ahead, X) / (1 - lorentz(p, q));
      const out = new Float64Array(size);
      for (let i = 0; i < size; i++) out[i] = X[i]! + factor * (p[i]! + q[i]!);
      return tangent(q, out);
    },
    egrad2rgrad(p, G) {
      requireSize(name, size, G);
      const g = G.slice();
      g[0] = -g[0]!;
      return project(p, g);
    },
    project,
    vectorFrom(p, coordinates) {
      requireSize(`the tangent space of ${name}`, n, coordinates, "the coordinate vector");
      // (0, c) at the origin, transported to p.
      let along = 0;
      for (let i = 1; i < size; i++) along += p[i]! * coordinates[i - 1]!;
      const factor = along / (1 + p[0]!);
      const out = new Float64Array(size);
      for (let i = 1; i < size; i++) out[i] = coordinates[i - 1]! + factor * p[i]!;
      return tangent(p, out);
    },
    flaw(p, tolerance = 1e-8) {
      if (p.length !== size) return `has ${p.length} numbers, not ${size}`;
      if (!(p[0]! > 0)) return "is not on the upper sheet (its first number is not positive)";
      const off = Math.abs(lorentz(p, p) + 1);
      return off <= tolerance * p[0]! * p[0]! ? undefined : `is off the hyperboloid by ${off.toPrecision(3)}`;
    },
  };
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

/** <q - p, q - p> = 2 cosh d(p, q) - 2. */
function chordSquare(p: Float64Array, q: Float64Array): number {
  let difference = 0;
  let square = 0;
  for (let i = 1; i < p.length; i++) {
    const w = q[i]! - p[i]!;
    difference += w * (q[i]! + p[i]!);
    square += w * w;
  }
  if (!(p[0]! > FAR && q[0]! > FAR)) {
    const first = difference / (q[0]! + p[0]!);
    return Math.max(0, square - first * first);
  }
  // 4 sinh^2 of half the difference of radii, and the chord between the directions.
  const [a, b] = [Math.sqrt(spatial(p, p)), Math.sqrt(spatial(q, q))];
  const sinh = difference / (b * p[0]! + a * q[0]!);
  let chord = 0;
  for (let i = 1; i < p.length; i++) chord += (q[i]! / b - p[i]! / a) ** 2;
  return (2 * sinh * sinh) / (Math.sqrt(1 + sinh * sinh) + 1) + a * b * chord;
}

/** acosh loses all near 0, asinh a little far away. */
function distance(p: Float64Array, q: Float64Array, square: number): number {
  return square < 1.1 ? 2 * Math.asinh(Math.sqrt(square) / 2) : Math.acosh(Math.max(1, -lorentz(p, q)));
}

/** Sets the first coordinate of a point from the others, in place. */
function onSheet(p: Float64Array): Float64Array {
  p[0] = Math.sqrt(1 + spatial(p, p));
  return p;
}

/** Sets the first coordinate of a tangent vector from the others, in place. */
function tangent(p: Float64Array, X: Float64Array): Float64Array {
  X[0] = spatial(p, X) / p[0]!;
  return X;
}

/** X + <p, X> p. */
function project(p: Float64Array, X: Float64Array): Float64Array {
  return tangent(p, combine(1, X, lorentz(p, X), p));
}
