/** The standard normal law. */

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/** P(Z > x), with full relative accuracy in the upper tail. */
export function normalTail(x: number): number {
  if (x < 0) return 1 - normalTail(-x);
  const density = Math.exp((-x * x) / 2) / ROOT_TWO_PI;
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let k = 3; term > sum * 1e-17; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  // Laplace's continued fraction for the tail.
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / fraction;
  return density / fraction;
}

/** The x with P(Z <= x) = p, for 0 < p < 1. */
export function normalQuantile(p: number): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  const tail = 1 - p;
  let low = 0;
  let high = 40;
  let x = 1;
  for (let i = 0; i < 200 && high - low > 1e-15 * (1 + x); i++) {
    const excess = normalTail(x) - tail;
    if (excess > 0) low = x;
    else high = x;
    const next = x + (excess * ROOT_TWO_PI) / Math.exp((-x * x) / 2);
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return x;
}
