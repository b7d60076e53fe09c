/** Cholesky factorisation, row by row, of a symmetric matrix of which only the lower triangle is read. */
import { clear, dot } from "./level1";

/** Overwrites the n by n matrix with its lower factor; returns n, or the row whose pivot is not positive. */
export function cholesky64(a: usize, n: u32): u32 {
  const stride: usize = 8 * n;
  let row = a;
  for (let i: u32 = 0; i < n; i++, row += stride) {
    let other = a;
    for (let j: u32 = 0; j < i; j++, other += stride) {
      const s = load<f64>(row + 8 * j) - dot<f64>(row, other, j);
      store<f64>(row + 8 * j, s / load<f64>(other + 8 * j));
    }
    const pivot = load<f64>(row + 8 * i) - dot<f64>(row, row, i);
    if (!(pivot > 0)) return i;
    store<f64>(row + 8 * i, sqrt<f64>(pivot));
    clear(row + 8 * (i + 1), n - i - 1);
  }
  return n;
}
