/** The plug-in covariance H^-1 Q H^-1 (section 3.1 of the paper): sums kept along the stream, solved when asked for. */
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
}

export function createPlugIn(d: number): PlugIn {
  return {
    count: 0,
    gram: new Float64Array(d * d),
    hessian: new Float64Array(d * d),
    measured: new Float64Array(d * d),
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

/** Takes a second difference into the running mean of its entry (j <= i). */
export function pushHessian(state: PlugIn, entry: number, value: number): void {
  state.hessian[entry]! += (value - state.hessian[entry]!) / ++state.measured[entry]!;
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
