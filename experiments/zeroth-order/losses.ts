/** The losses of the study, drawn from a seed, with what is known of them. */
import { createRng } from "fpx/random";

/** A smooth loss with its gradient and least value. */
export interface Loss {
  readonly dimension: number;
  readonly value: (x: Float64Array) => number;
  readonly gradient: (x: Float64Array) => Float64Array;
}

/** |A x|², A square with entries uniform in [-1, 1]. */
export function regression(dimension: number, seed: number): Loss {
  const a = createRng(seed)
    .stream("regression", dimension)
    .uniforms(dimension * dimension)
    .map((u) => 2 * u - 1);
  const product = (x: Float64Array) => {
    const out = new Float64Array(dimension);
    for (let i = 0; i < dimension; i++) {
      let sum = 0;
      for (let j = 0; j < dimension; j++) sum += a[i * dimension + j]! * x[j]!;
      out[i] = sum;
    }
    return out;
  };
  return {
    dimension,
    value: (x) => product(x).reduce((sum, y) => sum + y * y, 0),
    gradient: (x) => {
      const y = product(x);
      const g = new Float64Array(dimension);
      for (let i = 0; i < dimension; i++)
        for (let j = 0; j < dimension; j++) g[j]! += 2 * y[i]! * a[i * dimension + j]!;
      return g;
    },
  };
}

/** Mean of log(1 + exp(-b a·x)) + ridge |x|² / 2 over points a ~ N(0, I); labels are fair coins, or by a hidden line. */
export function logistic(
  dimension: number,
  points: number,
  seed: number,
  options: { readonly ridge?: number; readonly hiddenLine?: boolean } = {},
): Loss {
  const { ridge = 0, hiddenLine = false } = options;
  const rng = createRng(seed);
  const a = rng.stream("points", dimension).normals(points * dimension);
  const b = rng.stream("labels", dimension).signs(points);
  if (hiddenLine) {
    const line = rng.stream("line", dimension).normals(dimension);
    const noise = rng.stream("label noise", dimension).normals(points);
    for (let i = 0; i < points; i++) {
      let sum = noise[i]!;
      for (let j = 0; j < dimension; j++) sum += a[i * dimension + j]! * line[j]!;
      b[i] = sum >= 0 ? 1 : -1;
    }
  }
  const margin = (x: Float64Array, i: number) => {
    let sum = 0;
    for (let j = 0; j < dimension; j++) sum += a[i * dimension + j]! * x[j]!;
    return b[i]! * sum;
  };
  return {
    dimension,
    value: (x) => {
      let sum = 0;
      for (let i = 0; i < points; i++) {
        const m = margin(x, i);
        sum += m > 0 ? Math.log1p(Math.exp(-m)) : Math.log1p(Math.exp(m)) - m;
      }
      return sum / points + (ridge / 2) * x.reduce((square, xi) => square + xi * xi, 0);
    },
    gradient: (x) => {
      const g = x.map((xi) => ridge * xi);
      for (let i = 0; i < points; i++) {
        const share = -b[i]! / (1 + Math.exp(margin(x, i))) / points;
        for (let j = 0; j < dimension; j++) g[j]! += share * a[i * dimension + j]!;
      }
      return g;
    },
  };
}

/** log Σ exp(a·x + b) + 0.05 |x|² over 3 d planes. */
export function logSumExp(dimension: number, seed: number): Loss {
  const planes = 3 * dimension;
  const rng = createRng(seed);
  const a = rng.stream("planes", dimension).normals(planes * dimension);
  const b = rng.stream("heights", dimension).normals(planes);
  const heights = (x: Float64Array) =>
    b.map((height, i) => {
      let sum = height;
      for (let j = 0; j < dimension; j++) sum += a[i * dimension + j]! * x[j]!;
      return sum;
    });
  return {
    dimension,
    value: (x) => {
      const h = heights(x);
      const top = h.reduce((most, y) => Math.max(most, y));
      const sum = h.reduce((total, y) => total + Math.exp(y - top), 0);
      return top + Math.log(sum) + 0.05 * x.reduce((square, xi) => square + xi * xi, 0);
    },
    gradient: (x) => {
      const h = heights(x);
      const top = h.reduce((most, y) => Math.max(most, y));
      const shares = h.map((y) => Math.exp(y - top));
      const sum = shares.reduce((total, share) => total + share, 0);
      const g = x.map((xi) => 0.1 * xi);
      for (let i = 0; i < planes; i++)
        for (let j = 0; j < dimension; j++) g[j]! += (shares[i]! / sum) * a[i * dimension + j]!;
      return g;
    },
  };
}

/** Half of (x - m)' H (x - m), H = 1 + GG'/d with a normal matrix G, m normal. */
export function quadratic(dimension: number, seed: number): Loss {
  const rng = createRng(seed);
  const g = rng.stream("factor", dimension).normals(dimension * dimension);
  const middle = rng.stream("middle", dimension).normals(dimension);
  const gradient = (x: Float64Array) => {
    const y = x.map((xi, i) => xi - middle[i]!);
    const out = y.slice();
    for (let k = 0; k < dimension; k++) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += g[i * dimension + k]! * y[i]!;
      for (let i = 0; i < dimension; i++) out[i]! += (g[i * dimension + k]! * sum) / dimension;
    }
    return out;
  };
  return {
    dimension,
    value: (x) => gradient(x).reduce((sum, gi, i) => sum + (gi * (x[i]! - middle[i]!)) / 2, 0),
    gradient,
  };
}

/** The least value of a convex loss, by accelerated descent with restarts. */
export function leastValue({ dimension, value, gradient }: Loss): number {
  let x = new Float64Array(dimension);
  let rate = 1;
  let last = x;
  let momentum = 0;
  let best = value(x);
  for (let t = 0; t < 4000; t++) {
    const y = x.map((xi, i) => xi + (momentum / (momentum + 3)) * (xi - last[i]!));
    const g = gradient(y);
    const square = g.reduce((sum, gi) => sum + gi * gi, 0);
    if (square < 1e-26) break;
    let next = y.map((yi, i) => yi - rate * g[i]!);
    while (value(next) > value(y) - (rate / 2) * square && rate > 1e-12) {
      rate /= 2;
      next = y.map((yi, i) => yi - rate * g[i]!);
    }
    momentum = value(next) > best ? 0 : momentum + 1;
    best = Math.min(best, value(next));
    last = x;
    x = next;
  }
  return best;
}
