/**
 * Symmetric eigenproblem: Householder reduction to tridiagonal form, then implicit QL with Wilkinson shifts.
 * All inner loops run along rows: the orthogonal matrix is built and rotated transposed.
 */
import { axpy, clear, dot } from "./level1";

const EPSILON: f64 = 2.220446049250313e-16;
/** Off-diagonal entries below this are zero for a matrix whose largest entry is about 1. */
const NEGLIGIBLE: f64 = 1e-150;
const MOST_SWEEPS: i32 = 60;

/**
 * Reduces the n by n matrix at `a` (lower triangle read, destroyed) to diagonal `d` and subdiagonal `e`
 * (e[0] unused), with A = Q T Q'; writes Q to `q`. `h` and `w` hold n numbers of scratch each.
 */
function tridiagonalise(a: usize, n: u32, d: usize, e: usize, q: usize, h: usize, w: usize): void {
  const stride: u32 = 8 * n;
  for (let i = n - 1; i > 0; i--) {
    const u = a + i * stride;
    const last = load<f64>(u + 8 * (i - 1));
    // Row i left of the diagonal becomes the Householder vector that maps it to (0, ..., 0, g).
    const tail = dot<f64>(u, u, i - 1);
    const norm2 = tail + last * last;
    store<f64>(d + 8 * i, load<f64>(u + 8 * i));
    if (tail == 0 || norm2 < NEGLIGIBLE * NEGLIGIBLE) {
      store<f64>(e + 8 * i, last);
      store<f64>(h + 8 * i, 0);
      continue;
    }
    const norm = sqrt<f64>(norm2);
    const g = last >= 0 ? -norm : norm;
    const half = norm2 - last * g;
    store<f64>(u + 8 * (i - 1), last - g);
    store<f64>(e + 8 * i, g);
    store<f64>(h + 8 * i, half);
    // p = A u / half from the lower triangle; d[0..i) is free until its own row is reduced.
    clear(d, i);
    for (let j: u32 = 0; j < i; j++) {
      const row = a + j * stride;
      const uj = load<f64>(u + 8 * j);
      store<f64>(d + 8 * j, load<f64>(d + 8 * j) + dot<f64>(row, u, j + 1));
      axpy<f64>(uj, row, d, j);
    }
    for (let j: u32 = 0; j < i; j++) store<f64>(d + 8 * j, load<f64>(d + 8 * j) / half);
    axpy<f64>(-dot<f64>(u, d, i) / (2 * half), u, d, i);
    // A -= u p' + p u'
    for (let j: u32 = 0; j < i; j++) {
      rank2(a + j * stride, load<f64>(u + 8 * j), d, load<f64>(d + 8 * j), u, j + 1);
    }
  }
  store<f64>(d, load<f64>(a));
  store<f64>(e, 0);
  // Q = (I - u u' / half) applied from the smallest block outwards.
  clear(q, n * n);
  for (let i: u32 = 0; i < n; i++) {
    store<f64>(q + i * stride + 8 * i, 1);
    const half = load<f64>(h + 8 * i);
    if (i == 0 || half == 0) continue;
    const u = a + i * stride;
    // w = Q' u / half, then Q -= u w'
    clear(w, n);
    for (let k: u32 = 0; k < i; k++) axpy<f64>(load<f64>(u + 8 * k) / half, q + k * stride, w, i);
    for (let k: u32 = 0; k < i; k++) axpy<f64>(-load<f64>(u + 8 * k), w, q + k * stride, i);
  }
}

/** row -= x p + y u */
// @ts-ignore: decorator
@inline
function rank2(row: usize, x: f64, p: usize, y: f64, u: usize, n: u32): void {
  const X = f64x2.splat(x);
  const Y = f64x2.splat(y);
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, row += 16, p += 16, u += 16) {
    const s = f64x2.sub(v128.load(row), f64x2.mul(X, v128.load(p)));
    v128.store(row, f64x2.sub(s, f64x2.mul(Y, v128.load(u))));
  }
  if (i < n) store<f64>(row, load<f64>(row) - x * load<f64>(p) - y * load<f64>(u));
}

/** sqrt(a^2 + b^2), safe from underflow; the entries are at most about 1. */
// @ts-ignore: decorator
@inline
function hypotenuse(a: f64, b: f64): f64 {
  const sum = a * a + b * b;
  if (sum > 1e-280) return sqrt<f64>(sum);
  const p = max<f64>(abs<f64>(a), abs<f64>(b));
  if (p == 0) return 0;
  const r = min<f64>(abs<f64>(a), abs<f64>(b)) / p;
  return p * sqrt<f64>(1 + r * r);
}

/** Rotates two rows: (lower, upper) becomes (c lower - s upper, s lower + c upper). */
// @ts-ignore: decorator
@inline
function rotate(lower: usize, upper: usize, c: f64, s: f64, n: u32): void {
  const C = f64x2.splat(c);
  const S = f64x2.splat(s);
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, lower += 16, upper += 16) {
    const x = v128.load(lower);
    const y = v128.load(upper);
    v128.store(lower, f64x2.sub(f64x2.mul(C, x), f64x2.mul(S, y)));
    v128.store(upper, f64x2.add(f64x2.mul(S, x), f64x2.mul(C, y)));
  }
  if (i < n) {
    const x = load<f64>(lower);
    const y = load<f64>(upper);
    store<f64>(lower, c * x - s * y);
    store<f64>(upper, s * x + c * y);
  }
}

/**
 * Eigenvalues into `d` (unsorted) and eigenvectors into the rows of `a`, of the matrix at `a`, whose largest
 * entry must be about 1. `work` holds n^2 + 3n numbers. Returns false when QL does not converge.
 */
export function eigh64(a: usize, n: u32, d: usize, work: usize): bool {
  const stride: u32 = 8 * n;
  const q = work;
  const e = q + n * stride;
  tridiagonalise(a, n, d, e, q, e + stride, e + 2 * stride);
  for (let i: u32 = 0; i < n; i++) {
    for (let j: u32 = 0; j < n; j++) store<f64>(a + j * stride + 8 * i, load<f64>(q + i * stride + 8 * j));
  }
  for (let i: u32 = 1; i < n; i++) store<f64>(e + 8 * (i - 1), load<f64>(e + 8 * i));
  store<f64>(e + 8 * (n - 1), 0);
  for (let l: u32 = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      for (; m + 1 < n; m++) {
        const size = abs<f64>(load<f64>(d + 8 * m)) + abs<f64>(load<f64>(d + 8 * m + 8));
        const off = abs<f64>(load<f64>(e + 8 * m));
        if (off <= EPSILON * size || off < NEGLIGIBLE) break;
      }
      if (m == l) break;
      if (sweep == MOST_SWEEPS) return false;
      const dl = load<f64>(d + 8 * l);
      const el = load<f64>(e + 8 * l);
      let g = (load<f64>(d + 8 * l + 8) - dl) / (2 * el);
      const root = sqrt<f64>(g * g + 1);
      g = load<f64>(d + 8 * m) - dl + el / (g >= 0 ? g + root : g - root);
      let s: f64 = 1;
      let c: f64 = 1;
      let p: f64 = 0;
      let i: i32 = <i32>m - 1;
      for (; i >= <i32>l; i--) {
        const di = d + 8 * i;
        const ei = e + 8 * i;
        const f = s * load<f64>(ei);
        const b = c * load<f64>(ei);
        const r = hypotenuse(f, g);
        store<f64>(ei + 8, r);
        if (r == 0) {
          store<f64>(di + 8, load<f64>(di + 8) - p);
          store<f64>(e + 8 * m, 0);
          break;
        }
        s = f / r;
        c = g / r;
        g = load<f64>(di + 8) - p;
        const t = (load<f64>(di) - g) * s + 2 * c * b;
        p = s * t;
        store<f64>(di + 8, g + p);
        g = c * t - b;
        rotate(a + <u32>i * stride, a + <u32>(i + 1) * stride, c, s, n);
      }
      if (i >= <i32>l) continue;
      store<f64>(d + 8 * l, load<f64>(d + 8 * l) - p);
      store<f64>(e + 8 * l, g);
      store<f64>(e + 8 * m, 0);
    }
  }
  return true;
}
