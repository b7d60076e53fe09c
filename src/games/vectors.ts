import { gemv } from "../linalg/index.ts";

/** a + factor * b, as a new array. */
export function plus(a: Float64Array, b: Float64Array, factor = 1): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a[i]! + factor * b[i]!;
  return sum;
}

/** The sum of vectors, in their order, as a new array. */
export function sum(vectors: readonly Float64Array[]): Float64Array {
  const total = vectors[0]!.slice();
  for (const vector of vectors.slice(1)) for (let i = 0; i < total.length; i++) total[i]! += vector[i]!;
  return total;
}

/** factor * a, as a new array. */
export const times = (a: Float64Array, factor: number): Float64Array => a.map((value) => factor * value);

/** a + weight (b - a), as a new array. */
export const mix = (a: Float64Array, b: Float64Array, weight: number): Float64Array =>
  a.map((value, i) => value + weight * (b[i]! - value));

export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function distance(a: Float64Array, b: Float64Array): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(square);
}

/** Greatest less least value. */
export function spread(a: Float64Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of a) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high - low;
}

/** Index of the least value, the first of equals. */
export function argmin(a: ArrayLike<number>, from = 0, to: number = a.length): number {
  let best = from;
  for (let i = from + 1; i < to; i++) if (a[i]! < a[best]!) best = i;
  return best;
}

/** softmax(-cost / temperature). */
export function softmin(cost: Float64Array, temperature: number): Float64Array {
  const least = cost[argmin(cost)]!;
  const weights = cost.map((value) => Math.exp((least - value) / temperature));
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => weight / sum);
}

/** The largest singular value of a row-major m by n matrix with its unit vectors, by power iteration. */
export function topSingular(
  m: number,
  n: number,
  matrix: Float64Array,
): { readonly value: number; readonly left: Float64Array; readonly right: Float64Array } {
  // A start that no structured matrix is orthogonal to: the longest row, slightly bent.
  let longest = 0;
  let most = -1;
  for (let i = 0; i < m; i++) {
    const row = matrix.subarray(i * n, (i + 1) * n);
    const square = inner(row, row);
    if (square > most) [longest, most] = [i, square];
  }
  const bend = 1e-3 * Math.sqrt(Math.max(most, 0) / n);
  let right: Float64Array = matrix
    .slice(longest * n, (longest + 1) * n)
    .map((value, j) => value + bend * Math.cos(1 + j * Math.SQRT2));
  let norm = Math.sqrt(inner(right, right));
  if (norm === 0) return { value: 0, left: unit(m), right: unit(n) };
  right = times(right, 1 / norm);
  let left: Float64Array = unit(m);
  let value = 0;
  for (let iteration = 0; iteration < 2000; iteration++) {
    left = gemv(m, n, matrix, right);
    norm = Math.sqrt(inner(left, left));
    left = times(left, 1 / norm);
    const next = gemv(m, n, matrix, left, { transpose: true });
    value = Math.sqrt(inner(next, next));
    const unitNext = times(next, 1 / value);
    const moved = distance(unitNext, right);
    right = unitNext;
    if (moved <= 1e-8) break;
  }
  return { value, left, right };
}

function unit(n: number): Float64Array {
  const e = new Float64Array(n);
  e[0] = 1;
  return e;
}
