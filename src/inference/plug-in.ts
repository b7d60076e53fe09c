/**
 * The plug-in covariance H^-1 Q H^-1 (section 3.1 of the paper), and the bias that a loss leaves which is not quadratic:
 * sums kept along the stream, solved when asked for.
 *
 * The bias: iterates wander around the optimum with a covariance C of the order of the step, so the mean gradient that
 * they meet holds T[C] / 2 of the third derivatives T, and the average lies H^-1 T[C] / 2 off. The curvatures met on the
 * way, G_i at theta_i, give T[C] without another call of the loss: it is the mean of G_i (theta_i - average).
 */
import { eigh } from "../linalg/index.ts";

/** Plain data; triangles are the lower ones of row-major d by d matrices, in scaled coordinates. */
export interface PlugIn {
  /** Steps summed in `gram`. */
  count: number;
  /** Sum of g g'. */
  readonly gram: Float64Array;
  /** Mean second difference of each entry. */
  readonly hessian: Float64Array;
  /** Times that each entry was measured. */
  readonly measured: Float64Array;
  /** Row-major d by d, whole: mean of second difference (i, j) times the distance of coordinate j from `centre`. */
  readonly pulls: Float64Array;
  /** Where averaging began, in plain coordinates. */
  readonly centre: Float64Array;
}

export function createPlugIn(d: number): PlugIn {
  return {
    count: 0,
    gram: new Float64Array(d * d),
    hessian: new Float64Array(d * d),
    measured: new Float64Array(d * d),
    pulls: new Float64Array(d * d),
    centre: new Float64Array(d),
  };
}

/** Adds g g' of a gradient estimate whose other entries than `axis` are 0. */
export function pushAxisGram(state: PlugIn, axis: number, g: number, d: number): void {
  state.count++;
  state.gram[axis * d + axis]! += g * g;
}

/** Adds g g'. */
export function pushGram(state: PlugIn, gradient: Float64Array): void {
  const d = gradient.length;
  state.count++;
  for (let i = 0; i < d; i++) {
    const g = gradient[i]!;
    if (g === 0) continue;
    for (let j = 0; j <= i; j++) state.gram[i * d + j]! += g * gradient[j]!;
  }
}

/** Takes second difference (i, j), j <= i, met at the given distances from the centre, into the entry's running means. */
export function pushHessian(
  state: PlugIn,
  i: number,
  j: number,
  value: number,
  distances: Float64Array,
): void {
  const { hessian, pulls, measured } = state;
  const d = distances.length;
  const entry = i * d + j;
  const count = ++measured[entry]!;
  hessian[entry]! += (value - hessian[entry]!) / count;
  pulls[entry]! += (value * distances[j]! - pulls[entry]!) / count;
  if (i !== j) pulls[j * d + i]! += (value * distances[i]! - pulls[j * d + i]!) / count;
}

/** T[C]: the mean of G_i (theta_i - average), for an average at this distance from the centre. */
export function meanPull(state: PlugIn, distance: Float64Array): Float64Array {
  const d = distance.length;
  const hessian = mirrored(state.hessian, d);
  return distance.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += state.pulls[i * d + j]! - hessian[i * d + j]! * distance[j]!;
    return sum;
  });
}

/** The whole of a matrix from its lower triangle, times a factor. */
export function mirrored(lower: Float64Array, d: number, factor = 1): Float64Array {
  const full = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) full[i * d + j] = full[j * d + i] = factor * lower[i * d + j]!;
  }
  return full;
}

/** f(H) for a symmetric matrix: its eigenvalues passed through a function. */
export function spectral(h: Float64Array, d: number, map: (value: number) => number): Float64Array {
  const { values, vectors } = eigh(h, d);
  const mapped = values.map(map);
  const result = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += mapped[k]! * vectors[i * d + k]! * vectors[j * d + k]!;
      result[i * d + j] = result[j * d + i] = sum;
    }
  }
  return result;
}

/** A B A for symmetric A and B. */
export function sandwich(a: Float64Array, b: Float64Array, d: number): Float64Array {
  return product(product(a, b, d), a, d);
}

function product(a: Float64Array, b: Float64Array, d: number): Float64Array {
  const c = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < d; k++) {
      const x = a[i * d + k]!;
      for (let j = 0; j < d; j++) c[i * d + j]! += x * b[k * d + j]!;
    }
  }
  return c;
}

/**
 * Limit of Cov(theta_n) / eta_n of the last iterate: in the eigenbasis of H, (P'QP)_kl / (lambda_k + lambda_l).
 * H and Q row-major d by d, symmetric, H positive definite. Source: theorem on the last iterate in the paper.
 */
export function lastIterateCovariance(h: Float64Array, q: Float64Array, d: number): Float64Array {
  const { values, vectors } = eigh(h, d);
  const turned = product(product(transposed(vectors, d), q, d), vectors, d);
  for (let k = 0; k < d; k++) for (let l = 0; l < d; l++) turned[k * d + l]! /= values[k]! + values[l]!;
  return product(product(vectors, turned, d), transposed(vectors, d), d);
}

function transposed(a: Float64Array, d: number): Float64Array {
  return a.map((_, i) => a[(i % d) * d + Math.floor(i / d)]!);
}
