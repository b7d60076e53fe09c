import { FpxError } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { checkFiniteTriangle, checkLength, checkSize } from "./checks.ts";
import { plainEigh } from "./eigh-twin.ts";

/** Below this size the plain loop is as fast. */
const SMALL = 4;

/** A symmetric matrix as V diag(values) V'. */
export interface Eigh {
  /** Eigenvalues, ascending. */
  readonly values: Float64Array;
  /** Orthonormal eigenvectors in the columns of V, row-major n by n. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (row-major n by n; only the lower triangle is read), by
 * Householder reduction and implicit QL.
 *
 * @throws NonFinite naming a NaN or infinity.
 * @throws FpxError (code NO_CONVERGENCE) when QL does not converge, which no finite matrix is known to do.
 */
export function eigh(a: Float64Array, n: number): Eigh {
  return eighBy(n <= SMALL ? undefined : sharedKernels(), a, n);
}

/** `eigh` by the given kernels, or by plain loops. */
export function eighBy(kernels: Kernels | undefined, a: Float64Array, n: number): Eigh {
  checkSize("n", n);
  checkLength("the matrix", a, n * n, `an n by n matrix with n = ${n}`);
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const size = Math.abs(a[i * n + j]!);
      if (!(size <= largest)) largest = size;
    }
  }
  if (!Number.isFinite(largest)) checkFiniteTriangle(a, n);
  // A power of two, so that scaling rounds nothing: squares neither overflow nor underflow after it.
  const scale = largest === 0 ? 1 : 2 ** -exponent(largest);
  const rows = a.map((value) => value * scale);
  const unsorted = new Float64Array(n);
  const converged =
    kernels === undefined || n === 0 ? plainEigh(rows, n, unsorted) : kernelEigh(kernels, rows, n, unsorted);
  if (!converged)
    throw new FpxError("NO_CONVERGENCE", `the eigenvalues of a ${n} by ${n} matrix did not converge`);
  const order = Array.from(unsorted.keys()).sort((i, j) => unsorted[i]! - unsorted[j]!);
  const vectors = new Float64Array(n * n);
  order.forEach((source, column) => {
    for (let i = 0; i < n; i++) vectors[i * n + column] = rows[source * n + i]!;
  });
  return { values: Float64Array.from(order, (source) => unsorted[source]! / scale), vectors };
}

function kernelEigh(kernels: Kernels, rows: Float64Array, n: number, values: Float64Array): boolean {
  const first = kernels.reserve(8 * (2 * n * n + 4 * n)) / 8;
  const memory = kernels.float64;
  memory.set(rows, first);
  const valuesAt = first + n * n;
  const converged = kernels.run.eigh64(8 * first, n, 8 * valuesAt, 8 * (valuesAt + n));
  rows.set(memory.subarray(first, valuesAt));
  values.set(memory.subarray(valuesAt, valuesAt + n));
  return converged !== 0;
}

/** floor(log2 x) of a positive float, within the range whose powers and their reciprocals are floats. */
function exponent(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  return Math.max(-1022, (bits.getUint16(0) >>> 4) - 1023);
}
