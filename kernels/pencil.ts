/**
 * Many pairs (P, A) of symmetric n by n matrices with P positive definite: with P = C C' and C^-1 A C^-T = V diag(v) V',
 * functions of the eigenvalues v are put back together as C V f(v) V' C'. Lower triangles are read; results are exactly
 * symmetric. Every sum runs in order, so that tiles do not show in the bits.
 */
import { cholesky64 } from "./cholesky";
import { eigh64 } from "./eigh";
import { gemm64 } from "./gemm";
import { copy } from "./level1";

/** Above this order packing pays. */
const PACKED: u32 = 64;
/** A whitened ratio nearer to the identity than this, squared, is decomposed by its difference. */
const NEAR: f64 = 0.25;

/** The symmetric matrix of a lower triangle. */
// @ts-ignore: decorator
@inline
function mirror(a: usize, n: u32): void {
  for (let i: u32 = 1; i < n; i++) {
    let p = a + 8 * i * n;
    let q = a + 8 * i;
    for (let j: u32 = 0; j < i; j++, p += 8, q += 8 * n) store<f64>(q, load<f64>(p));
  }
}

// @ts-ignore: decorator
@inline
function transpose(a: usize, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    let p = out + 8 * i;
    for (let j: u32 = 0; j < n; j++, a += 8, p += 8 * n) store<f64>(p, load<f64>(a));
  }
}

/** C over P; false when P has no finite factor. */
export function factorPencil64(n: u32, c: usize): bool {
  if (cholesky64(c, n) < n) return false;
  for (let i: u32 = 0; i < n; i++) if (!(load<f64>(c + 8 * i * (n + 1)) < Infinity)) return false;
  return true;
}

/** B = C^-1 B in place, by columns side by side; with `upper`, entries below the diagonal may be left out. */
function solve(c: usize, n: u32, b: usize, upper: bool): void {
  const stride: usize = 8 * n;
  let j: u32 = 0;
  for (; j + 8 <= n; j += 8, b += 64) {
    let row = b;
    let l = c;
    for (let i: u32 = 0, end = upper ? j + 8 : n; i < end; i++, row += stride, l += stride) {
      let s0 = v128.load(row), s1 = v128.load(row, 16), s2 = v128.load(row, 32), s3 = v128.load(row, 48);
      let other = b;
      for (let k: u32 = 0; k < i; k++, other += stride) {
        const x = v128.load64_splat(l + 8 * k);
        s0 = f64x2.sub(s0, f64x2.mul(x, v128.load(other)));
        s1 = f64x2.sub(s1, f64x2.mul(x, v128.load(other, 16)));
        s2 = f64x2.sub(s2, f64x2.mul(x, v128.load(other, 32)));
        s3 = f64x2.sub(s3, f64x2.mul(x, v128.load(other, 48)));
      }
      const pivot = f64x2.splat(1 / load<f64>(l + 8 * i));
      v128.store(row, f64x2.mul(s0, pivot));
      v128.store(row, f64x2.mul(s1, pivot), 16);
      v128.store(row, f64x2.mul(s2, pivot), 32);
      v128.store(row, f64x2.mul(s3, pivot), 48);
    }
  }
  for (; j + 2 <= n; j += 2, b += 16) {
    let row = b;
    let l = c;
    for (let i: u32 = 0, end = upper ? j + 2 : n; i < end; i++, row += stride, l += stride) {
      let s = v128.load(row);
      let other = b;
      for (let k: u32 = 0; k < i; k++, other += stride) s = f64x2.sub(s, f64x2.mul(v128.load64_splat(l + 8 * k), v128.load(other)));
      v128.store(row, f64x2.mul(s, f64x2.splat(1 / load<f64>(l + 8 * i))));
    }
  }
  if (j < n) {
    let row = b;
    let l = c;
    for (let i: u32 = 0; i < n; i++, row += stride, l += stride) {
      let s = load<f64>(row);
      let other = b;
      for (let k: u32 = 0; k < i; k++, other += stride) s -= load<f64>(l + 8 * k) * load<f64>(other);
      store<f64>(row, s * (1 / load<f64>(l + 8 * i)));
    }
  }
}

/**
 * W = C^-1 W C^-T of the symmetric W whose lower triangle is at `w`; `work` holds n^2 numbers. Entry (i, j), j <= i, is
 * reduced by all i rows of C on the left and by j on the right: the other way round, errors grow with C^-1 once more.
 */
export function whiten64(n: u32, c: usize, w: usize, work: usize): void {
  mirror(w, n);
  solve(c, n, w, false);
  transpose(w, n, work);
  solve(c, n, work, true);
  transpose(work, n, w);
  mirror(w, n);
}

/** Two rows of a product from the column at `b` on: `columns` of them. */
// @ts-ignore: decorator
@inline
function rows2(n: u32, a: usize, below: usize, step: usize, b: usize, c: usize, lower: usize, columns: u32): void {
  const stride: usize = 8 * n;
  let j: u32 = 0;
  for (; j + 8 <= columns; j += 8, b += 64) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
    let p = a;
    let q = b;
    for (let k: u32 = 0; k < n; k++, p += step, q += stride) {
      const x = v128.load64_splat(p);
      const y = v128.load64_splat(p + below);
      const b0 = v128.load(q), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
      s0 = f64x2.add(s0, f64x2.mul(x, b0));
      s1 = f64x2.add(s1, f64x2.mul(x, b1));
      s2 = f64x2.add(s2, f64x2.mul(x, b2));
      s3 = f64x2.add(s3, f64x2.mul(x, b3));
      t0 = f64x2.add(t0, f64x2.mul(y, b0));
      t1 = f64x2.add(t1, f64x2.mul(y, b1));
      t2 = f64x2.add(t2, f64x2.mul(y, b2));
      t3 = f64x2.add(t3, f64x2.mul(y, b3));
    }
    v128.store(c + 8 * j, s0);
    v128.store(c + 8 * j, s1, 16);
    v128.store(c + 8 * j, s2, 32);
    v128.store(c + 8 * j, s3, 48);
    v128.store(lower + 8 * j, t0);
    v128.store(lower + 8 * j, t1, 16);
    v128.store(lower + 8 * j, t2, 32);
    v128.store(lower + 8 * j, t3, 48);
  }
  for (; j + 2 <= columns; j += 2, b += 16) {
    let s = f64x2.splat(0), t = s;
    let p = a;
    let q = b;
    for (let k: u32 = 0; k < n; k++, p += step, q += stride) {
      const b0 = v128.load(q);
      s = f64x2.add(s, f64x2.mul(v128.load64_splat(p), b0));
      t = f64x2.add(t, f64x2.mul(v128.load64_splat(p + below), b0));
    }
    v128.store(c + 8 * j, s);
    v128.store(lower + 8 * j, t);
  }
  if (j < columns) {
    let s: f64 = 0, t: f64 = 0;
    let p = a;
    let q = b;
    for (let k: u32 = 0; k < n; k++, p += step, q += stride) {
      s += load<f64>(p) * load<f64>(q);
      t += load<f64>(p + below) * load<f64>(q);
    }
    store<f64>(c + 8 * j, s);
    store<f64>(lower + 8 * j, t);
  }
}

/** C = A B, or A' B when `transposed`; with `lower`, entries above the diagonal may be left out. `scratch` as gemm64 needs it. */
function product(n: u32, a: usize, transposed: bool, b: usize, c: usize, lower: bool, scratch: usize): void {
  const stride: usize = 8 * n;
  if (n > PACKED) {
    memory.fill(c, 0, stride * n);
    gemm64(n, n, n, 1, a, transposed ? 1 : n, transposed ? n : 1, b, n, 1, c, scratch);
    return;
  }
  const below: usize = transposed ? 8 : stride;
  const step: usize = transposed ? stride : 8;
  let i: u32 = 0;
  // The last row of an odd number goes with itself.
  for (; i < n; i += 2, a += 2 * below, c += 2 * stride) {
    const pair = i + 1 < n;
    rows2(n, a, pair ? below : 0, step, b, c, pair ? c + stride : c, lower ? min(n, i + 2) : n);
  }
}

/** Rows of F' = V' C'. */
// @ts-ignore: decorator
@inline
function frame(n: u32, c: usize, rows: usize, out: usize, work: usize, scratch: usize): void {
  transpose(c, n, work);
  product(n, rows, false, work, out, false, scratch);
}

/** Row k of `out` is weights[k] times row k of `rows`. */
// @ts-ignore: decorator
@inline
function scaleRows(n: u32, rows: usize, weights: usize, out: usize): void {
  for (let k: u32 = 0; k < n; k++, weights += 8) {
    const weight = load<f64>(weights);
    for (let j: u32 = 0; j < n; j++, rows += 8, out += 8) store<f64>(out, weight * load<f64>(rows));
  }
}

/**
 * For each of `count` pairs: the factor C, rows of V' and eigenvalues, unsorted. With `shared` there is one P and one C for
 * all. With `ratio`, A is positive definite, and where it is near P the pair (P, A - P) takes its place, which `near`
 * says by 1, else 0. `work` holds n^2 + 3n numbers. Returns `count`, or which pair failed: P has no factor, or an
 * entry is not finite.
 */
export function decomposePencils64(n: u32, count: u32, p: usize, shared: bool, a: usize, ratio: bool, c: usize, rows: usize, values: usize, near: usize, work: usize): u32 {
  const size: usize = 8 * n * n;
  for (let item: u32 = 0; item < count; item++) {
    if (item == 0 || !shared) {
      if (item > 0) {
        p += size;
        c += size;
      }
      copy(c, p, n * n);
      if (!factorPencil64(n, c)) return item;
    }
    copy(rows, a, n * n);
    whiten64(n, c, rows, work);
    let close = false;
    if (ratio) {
      let off: f64 = 0;
      for (let i: u32 = 0; i < n; i++) {
        for (let j: u32 = 0; j <= i; j++) {
          const x = load<f64>(rows + 8 * (i * n + j));
          off += i == j ? (x - 1) * (x - 1) : 2 * (x * x);
        }
      }
      close = off <= NEAR;
      if (close) {
        for (let k: usize = 0; k < size; k += 8) store<f64>(rows + k, load<f64>(a + k) - load<f64>(p + k));
        whiten64(n, c, rows, work);
      }
    }
    store<f64>(near + 8 * item, close ? 1 : 0);
    const scale = moderate(rows, n);
    if (scale != 1) for (let k: usize = 0; k < size; k += 8) store<f64>(rows + k, scale * load<f64>(rows + k));
    if (!eigh64(rows, n, values, work)) return item;
    let sum: f64 = 0;
    for (let k: u32 = 0; k < n; k++) {
      const value = load<f64>(values + 8 * k) / scale;
      store<f64>(values + 8 * k, value);
      sum += value;
    }
    if (!(abs<f64>(sum) < Infinity)) return item;
    a += size;
    rows += size;
    values += 8 * n;
  }
  return count;
}

/** A power of two that makes the largest entry of a lower triangle about 1, when it is not moderate already. */
// @ts-ignore: decorator
@inline
function moderate(a: usize, n: u32): f64 {
  let largest: f64 = 0;
  for (let i: u32 = 0; i < n; i++, a += 8 * n) {
    for (let j: u32 = 0; j <= i; j++) {
      const size = abs<f64>(load<f64>(a + 8 * j));
      if (size > largest) largest = size;
    }
  }
  if ((largest > 1e-30 && largest < 1e30) || largest == 0) return 1;
  const exponent = max<i64>(-1022, (<i64>(reinterpret<u64>(largest) >> 52)) - 1023);
  return reinterpret<f64>(<u64>max<i64>(1, 1023 - exponent) << 52);
}

/** C V diag(weights) V' C' for each pair. `work` holds 3 n^2 numbers and what gemm64 needs. */
export function recomposePencils64(n: u32, count: u32, c: usize, shared: bool, rows: usize, weights: usize, out: usize, work: usize): void {
  const size: usize = 8 * n * n;
  const f = work + size;
  const g = f + size;
  const scratch = g + size;
  for (let item: u32 = 0; item < count; item++, rows += size, weights += 8 * n, out += size) {
    frame(n, c, rows, f, work, scratch);
    scaleRows(n, f, weights, g);
    product(n, f, true, g, out, true, scratch);
    mirror(out, n);
    if (!shared) c += size;
  }
}

/** E X E' with E = C V diag(weights) V' C^-1 for each pair; X is overwritten. `work` holds 3 n^2 numbers and what gemm64 needs. */
export function carryPencils64(n: u32, count: u32, c: usize, shared: bool, rows: usize, weights: usize, x: usize, out: usize, work: usize): void {
  const size: usize = 8 * n * n;
  const f = work + size;
  const g = f + size;
  const scratch = g + size;
  for (let item: u32 = 0; item < count; item++, rows += size, weights += 8 * n, x += size, out += size) {
    whiten64(n, c, x, work);
    // E' = V diag(weights) V' C'
    frame(n, c, rows, f, work, scratch);
    scaleRows(n, f, weights, g);
    product(n, rows, true, g, f, false, scratch);
    product(n, x, false, f, g, false, scratch);
    product(n, f, true, g, out, true, scratch);
    mirror(out, n);
    if (!shared) c += size;
  }
}

/** Lower triangle of sum += V diag(weights) V' over all pairs. `work` holds 2 n^2 numbers and what gemm64 needs. */
export function addPencils64(n: u32, count: u32, rows: usize, weights: usize, sum: usize, work: usize): void {
  const size: usize = 8 * n * n;
  const g = work + size;
  for (let item: u32 = 0; item < count; item++, rows += size, weights += 8 * n) {
    scaleRows(n, rows, weights, g);
    product(n, rows, true, g, work, true, g + size);
    for (let i: u32 = 0; i < n; i++) {
      for (let j: u32 = 0; j <= i; j++) {
        const k = 8 * (i * n + j);
        store<f64>(sum + k, load<f64>(sum + k) + load<f64>(work + k));
      }
    }
  }
}

/** S = C S C' of the symmetric S whose lower triangle is at `s`. `work` holds 2 n^2 numbers and what gemm64 needs. */
export function unwhiten64(n: u32, c: usize, s: usize, work: usize): void {
  const half = work + 8 * n * n;
  mirror(s, n);
  product(n, c, false, s, half, false, half + 8 * n * n);
  transpose(c, n, work);
  product(n, half, false, work, s, true, half + 8 * n * n);
  mirror(s, n);
}
