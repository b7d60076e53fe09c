import { InvalidInput } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { checkFiniteTriangle, checkLength, checkSize } from "./checks.ts";
import { dot64 } from "./lanes.ts";

/** Options of `cholesky`. */
export interface CholeskyOptions {
  /** Where L goes; may be the matrix itself. Default: a new array. */
  readonly out?: Float64Array;
}

/**
 * The lower triangular L with L L' = A, for a symmetric positive definite A (row-major n by n; only the lower
 * triangle is read); the upper triangle of L is 0.
 *
 * @throws InvalidInput (code NOT_POSITIVE_DEFINITE) naming the first row whose pivot is not positive.
 * @throws NonFinite naming a NaN or infinity. What `out` holds after an error is not defined.
 */
export function cholesky(a: Float64Array, n: number, options: CholeskyOptions = {}): Float64Array {
  return choleskyBy(sharedKernels(), a, n, options);
}

/** `cholesky` by the given kernels, or by plain loops. */
export function choleskyBy(
  kernels: Kernels | undefined,
  a: Float64Array,
  n: number,
  options: CholeskyOptions = {},
): Float64Array {
  checkSize("n", n);
  checkLength("the matrix", a, n * n, `an n by n matrix with n = ${n}`);
  const factor = options.out ?? new Float64Array(n * n);
  checkLength("out", factor, n * n, `an n by n matrix with n = ${n}`);
  const done = kernels === undefined ? plainCholesky(a, factor, n) : kernelCholesky(kernels, a, factor, n);
  let sound = done === n;
  for (let i = 0; i < done; i++) sound &&= factor[i * n + i]! < Number.POSITIVE_INFINITY;
  if (!sound) {
    if (factor !== a) checkFiniteTriangle(a, n);
    throw new InvalidInput(
      `the matrix is not positive definite: the pivot of row ${done} is not positive; add a multiple of the identity, or use eigh`,
      { code: "NOT_POSITIVE_DEFINITE" },
    );
  }
  return factor;
}

function kernelCholesky(kernels: Kernels, a: Float64Array, factor: Float64Array, n: number): number {
  const base = kernels.reserve(8 * n * n);
  const memory = kernels.float64;
  const first = base / 8;
  memory.set(a, first);
  const done = kernels.run.cholesky64(base, n);
  if (n < SHORT) for (let i = 0; i < n * n; i++) factor[i] = memory[first + i]!;
  else factor.set(memory.subarray(first, first + n * n));
  return done;
}

/** Below this size element by element is the fastest way to copy. */
const SHORT = 8;

function plainCholesky(matrix: Float64Array, a: Float64Array, n: number): number {
  a.set(matrix);
  return factorInPlace(a, 0, n);
}

/** Overwrites the matrix from place `at` on with its lower factor; returns n, or the row whose pivot is not positive. */
export function factorInPlace(a: Float64Array, at: number, n: number): number {
  for (let i = 0; i < n; i++) {
    const row = at + i * n;
    for (let j = 0; j < i; j++) {
      a[row + j] = (a[row + j]! - dot64(a, row, a, at + j * n, j)) / a[at + j * n + j]!;
    }
    const pivot = a[row + i]! - dot64(a, row, a, row, i);
    if (!(pivot > 0)) return i;
    a[row + i] = Math.sqrt(pivot);
    a.fill(0, row + i + 1, row + n);
  }
  return n;
}

/**
 * Solves L X = B, or L' X = B with `transpose`, for lower triangular L (n by n; only the lower triangle is
 * read) and one right-hand side or several (row-major n by r); returns X as a new array.
 *
 * @throws InvalidInput when a length does not fit or L has a zero on its diagonal.
 */
export function solveTriangular(
  l: Float64Array,
  n: number,
  b: Float64Array,
  options: { readonly transpose?: boolean } = {},
): Float64Array {
  const { transpose = false } = options;
  checkSize("n", n);
  checkLength("the factor", l, n * n, `an n by n matrix with n = ${n}`);
  if (n === 0 ? b.length > 0 : b.length % n !== 0) {
    throw new InvalidInput(`the right-hand side has ${b.length} elements, which is no multiple of n = ${n}`);
  }
  const width = n === 0 ? 0 : b.length / n;
  const x = b.slice();
  for (let step = 0; step < n; step++) {
    const i = transpose ? n - 1 - step : step;
    const pivot = l[i * n + i]!;
    if (pivot === 0) throw new InvalidInput(`the factor is singular: its diagonal is 0 in row ${i}`);
    for (let r = 0; r < width; r++) x[i * width + r]! /= pivot;
    // Row i of X is known: take it out of the equations that are left.
    for (let other = step + 1; other < n; other++) {
      const k = transpose ? n - 1 - other : other;
      const factor = transpose ? l[i * n + k]! : l[k * n + i]!;
      for (let r = 0; r < width; r++) x[k * width + r]! -= factor * x[i * width + r]!;
    }
  }
  return x;
}
