import { commonHome } from "./arena.ts";
import { checkKinds, checkLength, type Floats } from "./checks.ts";
import { axpy32, axpy64, dot32, dot64 } from "./lanes.ts";

/**
 * The inner product of two vectors of equal length and kind (of float32 vectors, in float32).
 * @throws InvalidInput when lengths or kinds differ.
 */
export function dot(x: Floats, y: Floats): number {
  checkPair(x, y);
  const run = commonHome(x, y)?.run;
  if (x instanceof Float64Array && y instanceof Float64Array) {
    return run ? run.dot64(x.byteOffset, y.byteOffset, x.length) : dot64(x, 0, y, 0, x.length);
  }
  return run ? run.dot32(x.byteOffset, y.byteOffset, x.length) : dot32(x as Float32Array, y as Float32Array);
}

/** The inner product of n numbers of `x` from `xAt` on and of `y` from `yAt` on, unchecked: to the bits of `dot`. */
export const dotAt: (x: Float64Array, xAt: number, y: Float64Array, yAt: number, n: number) => number = dot64;

/**
 * y += alpha x, in place; returns y.
 * @throws InvalidInput when lengths or kinds differ.
 */
export function axpy<T extends Floats>(alpha: number, x: T, y: T): T {
  checkPair(x, y);
  const run = commonHome(x, y)?.run;
  if (x instanceof Float64Array && y instanceof Float64Array) {
    if (run) run.axpy64(alpha, x.byteOffset, y.byteOffset, x.length);
    else axpy64(alpha, x, 0, y, 0, x.length);
  } else if (run) {
    run.axpy32(alpha, x.byteOffset, y.byteOffset, x.length);
  } else {
    axpy32(Math.fround(alpha), x as Float32Array, y as Float32Array);
  }
  return y;
}

/** x *= alpha, in place; returns x. */
export function scal<T extends Floats>(alpha: number, x: T): T {
  const run = commonHome(x)?.run;
  if (run === undefined) {
    const factor = x instanceof Float64Array ? alpha : Math.fround(alpha);
    for (let i = 0; i < x.length; i++) x[i]! *= factor;
  } else if (x instanceof Float64Array) {
    run.scal64(alpha, x.byteOffset, x.length);
  } else {
    run.scal32(alpha, x.byteOffset, x.length);
  }
  return x;
}

/** The Euclidean norm, right wherever it is a float at all: squares may overflow or underflow on the way. */
export function nrm2(x: Floats): number {
  const square = dot(x, x);
  const [least, most] = x instanceof Float64Array ? [1e-280, 1e300] : [1e-25, 1e38];
  if (square > least && square < most) {
    return x instanceof Float64Array ? Math.sqrt(square) : Math.fround(Math.sqrt(square));
  }
  let largest = 0;
  for (const value of x) {
    const size = Math.abs(value);
    if (!(size <= largest)) largest = size;
    if (Number.isNaN(size)) return Number.NaN;
  }
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return largest;
  let sum = 0;
  for (const value of x) sum += (value / largest) ** 2;
  const norm = largest * Math.sqrt(sum);
  return x instanceof Float64Array ? norm : Math.fround(norm);
}

function checkPair(x: Floats, y: Floats): void {
  checkKinds(x, y);
  checkLength("y", y, x.length, "x");
}
