import { factorInPlace } from "./cholesky.ts";
import { exponent } from "./eigh.ts";
import { plainEigh } from "./eigh-twin.ts";
import { DEPTH } from "./gemm.ts";
import type { PencilFunctions } from "./pencil-functions.ts";

/**
 * The plain-TypeScript twin of `kernels/pencil.ts`: the same operations in the same order. Places are elements of the
 * memory `m`.
 */

/** A whitened ratio nearer to the identity than this, squared, is decomposed by its difference. */
export const NEAR = 0.25;

function mirror(m: Float64Array, a: number, n: number): void {
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) m[a + j * n + i] = m[a + i * n + j]!;
}

function transpose(m: Float64Array, a: number, n: number, out: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) m[out + j * n + i] = m[a + i * n + j]!;
}

/** B = C^-1 B in place; with `upper`, entries below the diagonal may be left out. */
function solve(m: Float64Array, c: number, n: number, b: number, upper: boolean): void {
  for (let i = 0; i < n; i++) {
    const row = b + i * n;
    const factors = c + i * n;
    const first = upper ? i : 0;
    for (let k = 0; k < i; k++) {
      const x = m[factors + k]!;
      const other = b + k * n;
      for (let j = first; j < n; j++) m[row + j]! -= x * m[other + j]!;
    }
    const pivot = 1 / m[factors + i]!;
    for (let j = first; j < n; j++) m[row + j]! *= pivot;
  }
}

/**
 * W = C^-1 W C^-T of the symmetric W whose lower triangle is at `w`; `work` holds n^2 numbers. Entry (i, j), j <= i, is
 * reduced by all i rows of C on the left and by j on the right: the other way round, errors grow with C^-1 once more.
 */
export function plainWhiten(m: Float64Array, n: number, c: number, w: number, work: number): void {
  mirror(m, w, n);
  solve(m, c, n, w, false);
  transpose(m, w, n, work);
  solve(m, c, n, work, true);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) m[w + i * n + j] = m[w + j * n + i] = m[work + j * n + i]!;
}

/** C = A B, or A' B when `transposed`; the lower triangle only with `lower`. */
function product(
  m: Float64Array,
  n: number,
  a: number,
  transposed: boolean,
  b: number,
  c: number,
  lower = false,
): void {
  const [below, step] = transposed ? [1, n] : [n, 1];
  for (let i = 0; i < n; i++) {
    const end = lower ? i : n - 1;
    for (let j = 0; j <= end; j++) {
      let total = 0;
      for (let start = 0; start < n; start += DEPTH) {
        let sum = 0;
        for (let k = start; k < start + DEPTH && k < n; k++)
          sum += m[a + i * below + k * step]! * m[b + k * n + j]!;
        total += sum;
      }
      m[c + i * n + j] = total;
    }
  }
}

/** Rows of F' = V' C'. */
function frame(m: Float64Array, n: number, c: number, rows: number, out: number, work: number): void {
  transpose(m, c, n, work);
  product(m, n, rows, false, work, out);
}

function scaleRows(m: Float64Array, n: number, rows: number, weights: number, out: number): void {
  for (let k = 0; k < n; k++)
    for (let j = 0; j < n; j++) m[out + k * n + j] = m[weights + k]! * m[rows + k * n + j]!;
}

export const plainDecompose: PencilFunctions["decompose"] = (
  m,
  n,
  count,
  p,
  shared,
  a,
  ratio,
  c,
  rows,
  values,
  near,
  work,
) => {
  const size = n * n;
  for (let item = 0; item < count; item++) {
    const [from, factor] = shared ? [p, c] : [p + item * size, c + item * size];
    if (item === 0 || !shared) {
      m.copyWithin(factor, from, from + size);
      if (!plainFactor(m, n, factor)) return item;
    }
    const own = a + item * size;
    const w = rows + item * size;
    m.copyWithin(w, own, own + size);
    plainWhiten(m, n, factor, w, work);
    const close = ratio && distanceFromIdentity(m, n, w) <= NEAR;
    if (close) {
      for (let k = 0; k < size; k++) m[w + k] = m[own + k]! - m[from + k]!;
      plainWhiten(m, n, factor, w, work);
    }
    m[near + item] = close ? 1 : 0;
    if (!decomposeOne(m, n, w, values + item * n)) return item;
  }
  return count;
};

/** C over P; false when there is none, or it is not finite. */
export function plainFactor(m: Float64Array, n: number, c: number): boolean {
  if (factorInPlace(m, c, n) < n) return false;
  for (let i = 0; i < n; i++) if (!(m[c + i * (n + 1)]! < Number.POSITIVE_INFINITY)) return false;
  return true;
}

/** Squared, from the lower triangle. */
function distanceFromIdentity(m: Float64Array, n: number, w: number): number {
  let off = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const x = m[w + i * n + j]!;
      off += i === j ? (x - 1) * (x - 1) : 2 * (x * x);
    }
  return off;
}

function decomposeOne(m: Float64Array, n: number, w: number, values: number): boolean {
  let largest = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const entry = Math.abs(m[w + i * n + j]!);
      if (entry > largest) largest = entry;
    }
  if (!(largest < Number.POSITIVE_INFINITY)) return false;
  const scale = largest === 0 ? 1 : 2 ** -exponent(largest);
  if (scale !== 1) for (let k = 0; k < n * n; k++) m[w + k]! *= scale;
  if (!plainEigh(m.subarray(w, w + n * n), n, m.subarray(values, values + n))) return false;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += m[values + k]! /= scale;
  return Math.abs(sum) < Number.POSITIVE_INFINITY;
}

export const plainRecompose: PencilFunctions["recompose"] = (
  m,
  n,
  count,
  c,
  shared,
  rows,
  weights,
  out,
  work,
) => {
  const size = n * n;
  const [f, g] = [work + size, work + 2 * size];
  for (let item = 0; item < count; item++) {
    frame(m, n, shared ? c : c + item * size, rows + item * size, f, work);
    scaleRows(m, n, f, weights + item * n, g);
    product(m, n, f, true, g, out + item * size, true);
    mirror(m, out + item * size, n);
  }
};

export const plainCarry: PencilFunctions["carry"] = (m, n, count, c, shared, rows, weights, x, out, work) => {
  const size = n * n;
  const [f, g] = [work + size, work + 2 * size];
  for (let item = 0; item < count; item++) {
    const factor = shared ? c : c + item * size;
    const [own, target] = [rows + item * size, out + item * size];
    plainWhiten(m, n, factor, x + item * size, work);
    // E' = V diag(weights) V' C'
    frame(m, n, factor, own, f, work);
    scaleRows(m, n, f, weights + item * n, g);
    product(m, n, own, true, g, f);
    product(m, n, x + item * size, false, f, g);
    product(m, n, f, true, g, target, true);
    mirror(m, target, n);
  }
};

export const plainAdd: PencilFunctions["add"] = (m, n, count, rows, weights, sum, work) => {
  const size = n * n;
  for (let item = 0; item < count; item++) {
    scaleRows(m, n, rows + item * size, weights + item * n, work + size);
    product(m, n, rows + item * size, true, work + size, work, true);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) m[sum + i * n + j]! += m[work + i * n + j]!;
  }
};

/** S = C S C' of the symmetric S whose lower triangle is at `s`. */
export function plainUnwhiten(m: Float64Array, n: number, c: number, s: number, work: number): void {
  const half = work + n * n;
  mirror(m, s, n);
  product(m, n, c, false, s, half);
  transpose(m, c, n, work);
  product(m, n, half, false, work, s, true);
  mirror(m, s, n);
}
