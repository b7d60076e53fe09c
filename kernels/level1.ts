/** Vector kernels, and products of a row-major matrix with a vector, for float32 and float64. */

/** Inner product in eight lanes: element i goes to lane i mod 8, then a fixed tree, then the rest in order. */
export function dot<T>(x: usize, y: usize, n: u32): T {
  let i: u32 = 0;
  let sum: T = 0;
  if (n >= 8) {
    let a0 = v128.splat<T>(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    for (; i + 8 <= n; i += 8, x += 8 * sizeof<T>(), y += 8 * sizeof<T>()) {
      a0 = v128.add<T>(a0, v128.mul<T>(v128.load(x), v128.load(y)));
      a1 = v128.add<T>(a1, v128.mul<T>(v128.load(x, 16), v128.load(y, 16)));
      if (sizeof<T>() == 8) {
        a2 = v128.add<T>(a2, v128.mul<T>(v128.load(x, 32), v128.load(y, 32)));
        a3 = v128.add<T>(a3, v128.mul<T>(v128.load(x, 48), v128.load(y, 48)));
      }
    }
    if (sizeof<T>() == 8) {
      const s = v128.add<T>(v128.add<T>(a0, a2), v128.add<T>(a1, a3));
      sum = <T>(f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));
    } else {
      const t = v128.add<T>(a0, a1);
      const s = v128.add<T>(t, v128.shuffle<u32>(t, t, 2, 3, 2, 3));
      sum = <T>(f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1));
    }
  }
  for (; i < n; i++, x += sizeof<T>(), y += sizeof<T>()) sum += load<T>(x) * load<T>(y);
  return sum;
}

/** y += alpha x */
export function axpy<T>(alpha: T, x: usize, y: usize, n: u32): void {
  const a = v128.splat<T>(alpha);
  const lanes: u32 = 64 / sizeof<T>();
  let i: u32 = 0;
  for (; i + lanes <= n; i += lanes, x += 64, y += 64) {
    v128.store(y, v128.add<T>(v128.load(y), v128.mul<T>(a, v128.load(x))));
    v128.store(y, v128.add<T>(v128.load(y, 16), v128.mul<T>(a, v128.load(x, 16))), 16);
    v128.store(y, v128.add<T>(v128.load(y, 32), v128.mul<T>(a, v128.load(x, 32))), 32);
    v128.store(y, v128.add<T>(v128.load(y, 48), v128.mul<T>(a, v128.load(x, 48))), 48);
  }
  for (; i < n; i++, x += sizeof<T>(), y += sizeof<T>()) store<T>(y, load<T>(y) + alpha * load<T>(x));
}

/** Zeros into n numbers, and a copy of them: the instructions for whole blocks of memory are calls, dear for short ones. */
// @ts-ignore: decorator
@inline
export function clear(x: usize, n: u32): void {
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, x += 16) v128.store(x, f64x2.splat(0));
  if (i < n) store<f64>(x, 0);
}

// @ts-ignore: decorator
@inline
export function copy(to: usize, from: usize, n: u32): void {
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, to += 16, from += 16) v128.store(to, v128.load(from));
  if (i < n) store<f64>(to, load<f64>(from));
}

/** x *= alpha */
export function scal<T>(alpha: T, x: usize, n: u32): void {
  const a = v128.splat<T>(alpha);
  const lanes: u32 = 16 / sizeof<T>();
  let i: u32 = 0;
  for (; i + lanes <= n; i += lanes, x += 16) v128.store(x, v128.mul<T>(a, v128.load(x)));
  for (; i < n; i++, x += sizeof<T>()) store<T>(x, alpha * load<T>(x));
}

/** y += alpha A x for the m by n matrix A: one inner product a row. */
export function gemv64(m: u32, n: u32, alpha: f64, a: usize, x: usize, y: usize): void {
  for (let i: u32 = 0; i < m; i++, a += 8 * n, y += 8) store<f64>(y, load<f64>(y) + alpha * dot<f64>(a, x, n));
}

/** y += alpha A' x for the m by n matrix A: rows of A added in order, four at a time. */
export function gemvTransposed64(m: u32, n: u32, alpha: f64, a: usize, x: usize, y: usize): void {
  const stride: usize = 8 * n;
  let i: u32 = 0;
  for (; i + 4 <= m; i += 4, a += 4 * stride, x += 32) {
    const x0 = alpha * load<f64>(x);
    const x1 = alpha * load<f64>(x, 8);
    const x2 = alpha * load<f64>(x, 16);
    const x3 = alpha * load<f64>(x, 24);
    const v0 = f64x2.splat(x0);
    const v1 = f64x2.splat(x1);
    const v2 = f64x2.splat(x2);
    const v3 = f64x2.splat(x3);
    let p = a;
    let q = y;
    let j: u32 = 0;
    for (; j + 2 <= n; j += 2, p += 16, q += 16) {
      let s = f64x2.add(v128.load(q), f64x2.mul(v0, v128.load(p)));
      s = f64x2.add(s, f64x2.mul(v1, v128.load(p + stride)));
      s = f64x2.add(s, f64x2.mul(v2, v128.load(p + 2 * stride)));
      v128.store(q, f64x2.add(s, f64x2.mul(v3, v128.load(p + 3 * stride))));
    }
    if (j < n) {
      let s = load<f64>(q) + x0 * load<f64>(p);
      s += x1 * load<f64>(p + stride);
      s += x2 * load<f64>(p + 2 * stride);
      store<f64>(q, s + x3 * load<f64>(p + 3 * stride));
    }
  }
  for (; i < m; i++, a += stride, x += 8) axpy<f64>(alpha * load<f64>(x), a, y, n);
}

export function dot64(x: usize, y: usize, n: u32): f64 {
  return dot<f64>(x, y, n);
}
export function dot32(x: usize, y: usize, n: u32): f32 {
  return dot<f32>(x, y, n);
}
export function axpy64(alpha: f64, x: usize, y: usize, n: u32): void {
  axpy<f64>(alpha, x, y, n);
}
export function axpy32(alpha: f32, x: usize, y: usize, n: u32): void {
  axpy<f32>(alpha, x, y, n);
}
export function scal64(alpha: f64, x: usize, n: u32): void {
  scal<f64>(alpha, x, n);
}
export function scal32(alpha: f32, x: usize, n: u32): void {
  scal<f32>(alpha, x, n);
}
