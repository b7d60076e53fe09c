import { FpxError } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { checkFiniteTriangle, checkLength, checkSize } from "./checks.ts";
import { plainEigh } from "./eigh-twin.ts";

/** A symmetric matrix as V diag(values) V'. */
export interface Eigh {
  /** Eigenvalues, ascending. */
  readonly values: Float64Array;
  /** Orthonormal eigenvectors in the columns of V, row-major n by n. */
  readonly vectors: Float64Array;
}

/** Options of `eigh`. */
export interface EighOptions {
  /** Where the result goes (its `vectors` may be the matrix itself). Default: new arrays. */
  readonly out?: Eigh;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (row-major n by n; only the lower triangle is read), by
 * Householder reduction and implicit QL.
 *
 * @throws NonFinite naming a NaN or infinity.
 * @throws FpxError (code NO_CONVERGENCE) when QL does not converge, which no finite matrix is known to do.
 */
export function eigh(a: Float64Array, n: number, options: EighOptions = {}): Eigh {
  return eighBy(sharedKernels(), a, n, options);
}

/** `eigh` by the given kernels, or by plain loops. */
export function eighBy(
  kernels: Kernels | undefined,
  a: Float64Array,
  n: number,
  options: EighOptions = {},
): Eigh {
  checkSize("n", n);
  checkLength("the matrix", a, n * n, `an n by n matrix with n = ${n}`);
  const largest = largestInTriangle(a, n);
  // A power of two, so that scaling rounds nothing: squares neither overflow nor underflow after it.
  const scale = largest === 0 ? 1 : 2 ** -exponent(largest);
  const { values, vectors } = options.out ?? {
    values: new Float64Array(n),
    vectors: new Float64Array(n * n),
  };
  checkLength("out.values", values, n, `n = ${n}`);
  checkLength("out.vectors", vectors, n * n, `an n by n matrix with n = ${n}`);
  const converged =
    kernels === undefined || n === 0
      ? plain(a, n, scale, values, vectors)
      : byKernel(kernels, a, n, scale, values, vectors);
  if (!converged) {
    throw new FpxError("NO_CONVERGENCE", `the eigenvalues of a ${n} by ${n} matrix did not converge`);
  }
  return { values, vectors };
}

function largestInTriangle(a: Float64Array, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const size = Math.abs(a[i * n + j]!);
      if (size > largest) largest = size;
      else if (Number.isNaN(size)) checkFiniteTriangle(a, n);
    }
  }
  if (largest === Number.POSITIVE_INFINITY) checkFiniteTriangle(a, n);
  return largest;
}

function plain(
  a: Float64Array,
  n: number,
  scale: number,
  values: Float64Array,
  vectors: Float64Array,
): boolean {
  const rows = new Float64Array(n * n);
  for (let i = 0; i < rows.length; i++) rows[i] = a[i]! * scale;
  const unsorted = new Float64Array(n);
  if (!plainEigh(rows, n, unsorted)) return false;
  arrange(n, scale, unsorted, 0, rows, 0, values, vectors);
  return true;
}

function byKernel(
  kernels: Kernels,
  a: Float64Array,
  n: number,
  scale: number,
  values: Float64Array,
  vectors: Float64Array,
): boolean {
  const first = kernels.reserve(8 * (2 * n * n + 4 * n)) / 8;
  const memory = kernels.float64;
  const valuesAt = first + n * n;
  for (let i = 0; i < n * n; i++) memory[first + i] = a[i]! * scale;
  if (kernels.run.eigh64(8 * first, n, 8 * valuesAt, 8 * (valuesAt + n)) === 0) return false;
  arrange(n, scale, memory, valuesAt, memory, first, values, vectors);
  return true;
}

/** Sorts the eigenvalues, scales them back, and turns the eigenvectors from rows into columns in that order. */
function arrange(
  n: number,
  scale: number,
  unsorted: Float64Array,
  unsortedAt: number,
  rows: Float64Array,
  rowsAt: number,
  values: Float64Array,
  vectors: Float64Array,
): void {
  const order: number[] = [];
  for (let i = 0; i < n; i++) {
    const value = unsorted[unsortedAt + i]!;
    let place = i;
    for (; place > 0 && values[place - 1]! > value; place--) {
      values[place] = values[place - 1]!;
      order[place] = order[place - 1]!;
    }
    values[place] = value;
    order[place] = i;
  }
  for (let column = 0; column < n; column++) {
    const source = rowsAt + order[column]! * n;
    for (let i = 0; i < n; i++) vectors[i * n + column] = rows[source + i]!;
  }
  for (let i = 0; i < n; i++) values[i]! /= scale;
}

/** 0 for a moderate number; else floor(log2 x), within the range whose powers and their reciprocals are floats. */
export function exponent(x: number): number {
  if (x > 1e-30 && x < 1e30) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  return Math.max(-1022, (bits.getUint16(0) >>> 4) - 1023);
}
