import { InvalidInput } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { commonHome } from "./arena.ts";
import { checkLength, checkSize } from "./checks.ts";
import { axpy64, dot64 } from "./lanes.ts";

/** Below this many matrix elements the plain loop is as fast. */
const SMALL = 256;
const CHUNK = 8192;

/** Options of `gemv`. */
export interface GemvOptions {
  /** Multiply by the transpose. Default false. */
  readonly transpose?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** What `out` is multiplied by first; default 0, which overwrites whatever it held. */
  readonly beta?: number;
  /** Where the result goes. Default: a new array. */
  readonly out?: Float64Array;
}

/**
 * alpha A x + beta out for the row-major m by n matrix A, or with A transposed; returns `out`.
 * @throws InvalidInput when a length does not fit, or `beta` is not 0 and there is no `out`.
 */
export function gemv(
  m: number,
  n: number,
  a: Float64Array,
  x: Float64Array,
  options: GemvOptions = {},
): Float64Array {
  return gemvBy(m * n < SMALL ? undefined : sharedKernels(), m, n, a, x, options);
}

/** `gemv` by the given kernels, or by plain loops. */
export function gemvBy(
  kernels: Kernels | undefined,
  m: number,
  n: number,
  a: Float64Array,
  x: Float64Array,
  options: GemvOptions = {},
): Float64Array {
  const { transpose = false, alpha = 1, beta = 0 } = options;
  checkSize("m", m);
  checkSize("n", n);
  const [rows, columns] = transpose ? [n, m] : [m, n];
  const y = options.out ?? new Float64Array(rows);
  checkLength("the matrix", a, m * n, `an m by n matrix with m = ${m}, n = ${n}`);
  checkLength("x", x, columns, "the product");
  checkLength("out", y, rows, "the product");
  if (beta !== 0 && options.out === undefined) {
    throw new InvalidInput(`beta is ${beta}, but there is no \`out\` to multiply by it`);
  }
  if (y === x) throw new InvalidInput("`out` must not be x; give another array");
  if (beta === 0) y.fill(0);
  else if (beta !== 1) for (let i = 0; i < rows; i++) y[i]! *= beta;

  if (kernels === undefined) plainGemv(transpose, m, n, alpha, a, x, y);
  else kernelGemv(kernels, transpose, m, n, alpha, a, x, y);
  return y;
}

function plainGemv(
  transpose: boolean,
  m: number,
  n: number,
  alpha: number,
  a: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let i = 0; i < m; i++) {
    if (transpose) axpy64(alpha * x[i]!, a, i * n, y, 0, n);
    else y[i] = y[i]! + alpha * dot64(a, i * n, x, 0, n);
  }
}

function kernelGemv(
  kernels: Kernels,
  transpose: boolean,
  m: number,
  n: number,
  alpha: number,
  a: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  const home = commonHome(a, x, y)?.run;
  if (home !== undefined) {
    const kernel = transpose ? home.gemvTransposed64 : home.gemv64;
    kernel(m, n, alpha, a.byteOffset, x.byteOffset, y.byteOffset);
    return;
  }
  // Vectors go in whole, the matrix a few rows at a time, so that it stays in the processor's cache.
  const kernel = transpose ? kernels.run.gemvTransposed64 : kernels.run.gemv64;
  const step = Math.max(4, Math.floor(CHUNK / n));
  const [xAt, yAt] = [0, (x.length + 7) & ~7];
  const aAt = yAt + ((y.length + 7) & ~7);
  const base = kernels.reserve(8 * (aAt + Math.min(step, m) * n));
  const first = base / 8;
  const memory = kernels.float64;
  memory.set(x, first + xAt);
  memory.set(y, first + yAt);
  for (let i = 0; i < m; i += step) {
    const rows = Math.min(step, m - i);
    memory.set(a.subarray(i * n, (i + rows) * n), first + aAt);
    const [xi, yi] = transpose ? [xAt + i, yAt] : [xAt, yAt + i];
    kernel(rows, n, alpha, base + 8 * aAt, base + 8 * xi, base + 8 * yi);
  }
  y.set(memory.subarray(first + yAt, first + yAt + y.length));
}
