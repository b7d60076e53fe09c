import { cholesky, eigh } from "../../linalg/index.ts";

/**
 * The geometric mean of the arithmetic and the harmonic mean of positive definite n by n matrices: their Fréchet mean up to
 * third order in their spread, exact for two, at a tenth of the cost of one of its gradients. Weights add up to 1.
 *
 * @throws InvalidInput (code NOT_POSITIVE_DEFINITE), NonFinite
 */
export function arithmeticHarmonicMean(
  n: number,
  points: readonly Float64Array[],
  weights: ArrayLike<number>,
): Float64Array {
  const size = n * n;
  const arithmetic = new Float64Array(size);
  /** Lower triangle of the mean of inverses. */
  const inverse = new Float64Array(size);
  const factor = { out: new Float64Array(size) };
  for (const [i, p] of points.entries()) {
    const weight = weights[i]!;
    for (let k = 0; k < size; k++) arithmetic[k]! += weight * p[k]!;
    addInverse(n, cholesky(p, n, factor), weight, inverse);
  }
  // With A = C C': G = C (C' B C)^(-1/2) C' for the inverse B of the harmonic mean. No eigenvalue is below 1.
  const C = cholesky(arithmetic, n);
  const half = new Float64Array(size);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const b = k <= i ? inverse[i * n + k]! : inverse[k * n + i]!;
      for (let j = 0; j <= k; j++) half[i * n + j]! += b * C[k * n + j]!;
    }
  const { values, vectors } = eigh(transposedTimes(n, C, half), n);
  const frame = times(n, C, vectors);
  const out = new Float64Array(size);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++)
        sum += (frame[i * n + k]! * frame[j * n + k]!) / Math.sqrt(Math.max(1, values[k]!));
      out[i * n + j] = out[j * n + i] = sum;
    }
  return out;
}

/** Adds weight (L L')^-1 to the lower triangle of `sum`; L is inverted in place. */
function addInverse(n: number, L: Float64Array, weight: number, sum: Float64Array): void {
  for (let j = 0; j < n; j++) {
    L[j * n + j] = 1 / L[j * n + j]!;
    // Row i needs its entries right of column j as they were, and those above it in column j as they are now.
    for (let i = j + 1; i < n; i++) {
      let entry = 0;
      for (let k = j; k < i; k++) entry -= L[i * n + k]! * L[k * n + j]!;
      L[i * n + j] = entry / L[i * n + i]!;
    }
  }
  for (let k = 0; k < n; k++)
    for (let i = 0; i <= k; i++) {
      const entry = weight * L[k * n + i]!;
      for (let j = 0; j <= i; j++) sum[i * n + j]! += entry * L[k * n + j]!;
    }
}

/** C' A for a lower triangular C. */
function transposedTimes(n: number, C: Float64Array, A: Float64Array): Float64Array {
  const out = new Float64Array(n * n);
  for (let k = 0; k < n; k++)
    for (let i = 0; i <= k; i++) for (let j = 0; j < n; j++) out[i * n + j]! += C[k * n + i]! * A[k * n + j]!;
  return out;
}

/** C A for a lower triangular C. */
function times(n: number, C: Float64Array, A: Float64Array): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k <= i; k++) for (let j = 0; j < n; j++) out[i * n + j]! += C[i * n + k]! * A[k * n + j]!;
  return out;
}
