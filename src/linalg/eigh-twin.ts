import { axpy64, dot64 } from "./lanes.ts";

/** The plain-TypeScript twin of `kernels/eigh.ts`: the same operations in the same order. */

const EPSILON = 2.220446049250313e-16;
const NEGLIGIBLE = 1e-150;
const MOST_SWEEPS = 60;

/**
 * Eigenvalues into `d` (unsorted) and eigenvectors into the rows of `a`, of the matrix at `a`, whose largest
 * entry must be about 1. Returns false when QL does not converge.
 */
export function plainEigh(a: Float64Array, n: number, d: Float64Array): boolean {
  if (n === 0) return true;
  const e = new Float64Array(n);
  const q = tridiagonalise(a, n, d, e);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[j * n + i] = q[i * n + j]!;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      const m = blockEnd(d, e, l, n);
      if (m === l) break;
      if (sweep === MOST_SWEEPS) return false;
      sweepBlock(a, n, d, e, l, m);
    }
  }
  return true;
}

/** Reduces `a` (destroyed) to diagonal `d` and subdiagonal `e` (e[0] unused), with A = Q T Q'; returns Q. */
function tridiagonalise(a: Float64Array, n: number, d: Float64Array, e: Float64Array): Float64Array {
  const q = new Float64Array(n * n);
  const h = new Float64Array(n);
  const w = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const u = i * n;
    const last = a[u + i - 1]!;
    const tail = dot64(a, u, a, u, i - 1);
    const norm2 = tail + last * last;
    d[i] = a[u + i]!;
    if (tail === 0 || norm2 < NEGLIGIBLE * NEGLIGIBLE) {
      e[i] = last;
      continue;
    }
    const norm = Math.sqrt(norm2);
    const g = last >= 0 ? -norm : norm;
    const half = norm2 - last * g;
    a[u + i - 1] = last - g;
    e[i] = g;
    h[i] = half;
    d.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      d[j] = d[j]! + dot64(a, j * n, a, u, j + 1);
      axpy64(a[u + j]!, a, j * n, d, 0, j);
    }
    for (let j = 0; j < i; j++) d[j]! /= half;
    axpy64(-dot64(a, u, d, 0, i) / (2 * half), a, u, d, 0, i);
    for (let j = 0; j < i; j++) {
      const x = a[u + j]!;
      const y = d[j]!;
      for (let k = 0; k <= j; k++) a[j * n + k] = a[j * n + k]! - x * d[k]! - y * a[u + k]!;
    }
  }
  d[0] = a[0]!;
  e[0] = 0;
  for (let i = 0; i < n; i++) {
    q[i * n + i] = 1;
    const half = h[i]!;
    if (i === 0 || half === 0) continue;
    const u = i * n;
    w.fill(0);
    for (let k = 0; k < i; k++) axpy64(a[u + k]! / half, q, k * n, w, 0, i);
    for (let k = 0; k < i; k++) axpy64(-a[u + k]!, w, 0, q, k * n, i);
  }
  return q;
}

/** The last row of the block that begins at row l: where the subdiagonal vanishes. */
function blockEnd(d: Float64Array, e: Float64Array, l: number, n: number): number {
  let m = l;
  for (; m + 1 < n; m++) {
    const off = Math.abs(e[m]!);
    if (off <= EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!)) || off < NEGLIGIBLE) break;
  }
  return m;
}

/** One QL sweep over rows l to m. */
function sweepBlock(
  a: Float64Array,
  n: number,
  d: Float64Array,
  e: Float64Array,
  l: number,
  m: number,
): void {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.sqrt(g * g + 1);
  g = d[m]! - d[l]! + e[l]! / (g >= 0 ? g + root : g - root);
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = hypotenuse(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    const lower = i * n;
    const upper = lower + n;
    for (let k = 0; k < n; k++) {
      const x = a[lower + k]!;
      const y = a[upper + k]!;
      a[lower + k] = c * x - s * y;
      a[upper + k] = s * x + c * y;
    }
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

/** sqrt(a^2 + b^2), safe from underflow; the entries are at most about 1. */
function hypotenuse(a: number, b: number): number {
  const sum = a * a + b * b;
  if (sum > 1e-280) return Math.sqrt(sum);
  const p = Math.max(Math.abs(a), Math.abs(b));
  if (p === 0) return 0;
  const r = Math.min(Math.abs(a), Math.abs(b)) / p;
  return p * Math.sqrt(1 + r * r);
}
