/** Running averages of iterates and their weighted scatter; coordinate by coordinate, so no order of summation matters. */

/** average += share (x - average) */
export function average64(x: usize, average: usize, n: u32, share: f64): void {
  const s = f64x2.splat(share);
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, x += 16, average += 16) {
    const a = v128.load(average);
    v128.store(average, f64x2.add(a, f64x2.mul(s, f64x2.sub(v128.load(x), a))));
  }
  if (i < n) {
    const a = load<f64>(average);
    store<f64>(average, a + share * (load<f64>(x) - a));
  }
}

/** With delta = x - mean: scatter += gain delta^2, mean += share delta. */
export function scatter64(x: usize, mean: usize, scatter: usize, n: u32, share: f64, gain: f64): void {
  const s = f64x2.splat(share);
  const g = f64x2.splat(gain);
  let i: u32 = 0;
  for (; i + 2 <= n; i += 2, x += 16, mean += 16, scatter += 16) {
    const m = v128.load(mean);
    const delta = f64x2.sub(v128.load(x), m);
    v128.store(scatter, f64x2.add(v128.load(scatter), f64x2.mul(f64x2.mul(g, delta), delta)));
    v128.store(mean, f64x2.add(m, f64x2.mul(s, delta)));
  }
  if (i < n) {
    const m = load<f64>(mean);
    const delta = load<f64>(x) - m;
    store<f64>(scatter, load<f64>(scatter) + gain * delta * delta);
    store<f64>(mean, m + share * delta);
  }
}
