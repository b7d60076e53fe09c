/** Streams with a known truth: regressions on Gaussian features, as the paper's experiments take them. */
import {
  type GramOptions,
  gramMatrix,
  type Loss,
  linearLoss,
  logisticLoss,
  quantileLoss,
  type Row,
} from "fpx/inference";
import { cholesky, eigh, gemm, gemv } from "fpx/linalg";
import { createRng } from "fpx/random";

/** Covariance of the features. */
export type Design =
  | { readonly kind: "identity" }
  | { readonly kind: "equicorrelated" | "toeplitz"; readonly rho: number }
  /** Independent features whose standard deviations run from 0.1 to 10. */
  | { readonly kind: "scaled" };

export interface WorldOptions {
  readonly dimension: number;
  readonly model: "linear" | "logistic" | { readonly quantile: number };
  readonly design?: Design;
  /** Standard deviation of the noise of linear and quantile models; default 0.2 and 0.5, as published. */
  readonly sigma?: number;
  /** Length of the true theta, in units of the features' standard deviations; default 1. */
  readonly norm?: number;
  /** First feature 1 and this mean of all the others: an intercept with features that are not centred. */
  readonly mean?: number;
  /** The optimum moves by this much in its own direction a thousand observations; default 0. */
  readonly drift?: number;
  readonly seed: number;
}

/** One stream, row by row. */
export interface World {
  readonly dimension: number;
  readonly theta: Float64Array;
  readonly loss: Loss<Row>;
  readonly smooth: boolean;
  /** The next rows of the stream, one behind the other: at least 1 and at most `most`. Borrowed until the next call. */
  read(most: number): Float64Array;
  next(): Row;
}

/** Hands an estimator so many rows of the stream. */
export function feed(
  fit: { updateRows(rows: Float64Array): void },
  { dimension, read }: World,
  count: number,
): void {
  for (let left = count; left > 0; ) {
    const rows = read(left);
    fit.updateRows(rows);
    left -= rows.length / (dimension + 1);
  }
}

const BLOCK = 512;

export function covarianceOf(d: number, design: Design): Float64Array {
  const sigma = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      const deviation = (k: number): number => (d === 1 ? 1 : 10 ** (-1 + (2 * k) / (d - 1)));
      sigma[i * d + j] =
        design.kind === "equicorrelated"
          ? i === j
            ? 1
            : design.rho
          : design.kind === "toeplitz"
            ? design.rho ** Math.abs(i - j)
            : i !== j
              ? 0
              : design.kind === "scaled"
                ? deviation(i) ** 2
                : 1;
    }
  return sigma;
}

export function createWorld(options: WorldOptions): World {
  const { dimension: d, model, design = { kind: "identity" }, norm = 1, mean, drift = 0, seed } = options;
  const rng = createRng(seed);
  const features = covarianceOf(d, design);
  const theta = rng
    .stream("truth")
    .sphere(d, norm)
    .map((x, k) => x / Math.sqrt(features[k * (d + 1)]!));
  const quantile = typeof model === "object" ? model.quantile : undefined;
  const sigma = options.sigma ?? (quantile === undefined ? 0.2 : 0.5);
  const root = cholesky(features, d);
  const independent = design.kind === "identity" || design.kind === "scaled";
  const width = d + 1;
  const rows = new Float64Array(BLOCK * width);
  const plain = independent ? undefined : new Float64Array(BLOCK * d);
  /** With a zero for the place of the response. */
  const padded = new Float64Array(width);
  padded.set(theta);
  let at = BLOCK;
  let block = 0;

  /** So that the true theta is the minimiser, the noise has its quantile at 0. */
  const shift = quantile === undefined ? 0 : -sigma * normalQuantile(quantile);

  /** Draws the next block: normals, which become features in place, and the last of each row the response. */
  function fill(): void {
    rng.stream("features", block).normals(rows);
    if (plain === undefined) {
      if (design.kind !== "identity") {
        for (let i = 0; i < rows.length; i += width)
          for (let k = 0; k < d; k++) rows[i + k]! *= root[k * (d + 1)]!;
      }
    } else {
      for (let i = 0; i < BLOCK; i++) for (let k = 0; k < d; k++) plain[i * d + k] = rows[i * width + k]!;
      const mixed = gemm(BLOCK, d, d, plain, root, { transposeB: true });
      for (let i = 0; i < BLOCK; i++) for (let k = 0; k < d; k++) rows[i * width + k] = mixed[i * d + k]!;
    }
    if (mean !== undefined) {
      for (let i = 0; i < rows.length; i += width) {
        rows[i] = 1;
        for (let k = 1; k < d; k++) rows[i + k]! += mean;
      }
    }
    const scores = gemv(BLOCK, width, rows, padded);
    const coins = model === "logistic" ? rng.stream("coins", block).uniforms(BLOCK) : undefined;
    for (let i = 0, end = d; i < BLOCK; i++, end += width) {
      const score = scores[i]! * (1 + (drift * (block * BLOCK + i)) / 1000 / norm);
      rows[end] =
        coins === undefined
          ? score + shift + sigma * rows[end]!
          : coins[i]! < 1 / (1 + Math.exp(-score))
            ? 1
            : 0;
    }
    block++;
    at = 0;
  }

  function read(most: number): Float64Array {
    if (at === BLOCK) fill();
    const from = at;
    at = Math.min(BLOCK, at + most);
    return rows.subarray(from * width, at * width);
  }

  return {
    dimension: d,
    theta,
    loss: model === "linear" ? linearLoss : model === "logistic" ? logisticLoss : quantileLoss(quantile!),
    smooth: quantile === undefined,
    read,
    next: () => read(1).slice(),
  };
}

/** Inverse of the normal distribution function, by bisection: the studies need a few values only. */
export function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The normal distribution function, by Simpson's rule on the density from 0. */
export function normalCdf(x: number): number {
  const steps = 400;
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let k = 1; k < steps; k++) sum += (k % 2 === 0 ? 2 : 4) * density((k * x) / steps);
  return 0.5 + (sum * x) / (3 * steps);
}

/**
 * What an interval would be with the truth known: H^-1 Q H^-1 of linear and quantile models, d by d. Their Hessian is
 * c Sigma and S = s Sigma; a published length is 2 * 1.96 * the mean over coordinates of the square roots.
 */
export function oracleCovariance(
  { dimension: d, model, design = { kind: "identity" }, sigma }: Omit<WorldOptions, "seed">,
  directions: GramOptions = {},
): Float64Array {
  if (model === "logistic") throw new Error("no closed form for logistic models");
  const features = covarianceOf(d, design);
  let curvature = 1;
  let noise = (sigma ?? 0.2) ** 2;
  if (model !== "linear") {
    const tau = model.quantile;
    const z = normalQuantile(tau);
    curvature = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / (sigma ?? 0.5);
    noise = tau * (1 - tau);
  }
  const q = gramMatrix(
    features.map((x) => noise * x),
    d,
    directions,
  );
  return sandwich(inverse(features, d), q, d).map((x) => x / curvature ** 2);
}

export function inverse(a: Float64Array, d: number): Float64Array {
  const { values, vectors } = eigh(a, d);
  const out = new Float64Array(d * d);
  for (let k = 0; k < d; k++)
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) out[i * d + j]! += (vectors[i * d + k]! * vectors[j * d + k]!) / values[k]!;
  return out;
}

function sandwich(a: Float64Array, q: Float64Array, d: number): Float64Array {
  const times = (x: Float64Array, y: Float64Array): Float64Array => {
    const out = new Float64Array(d * d);
    for (let i = 0; i < d; i++)
      for (let k = 0; k < d; k++)
        for (let j = 0; j < d; j++) out[i * d + j]! += x[i * d + k]! * y[k * d + j]!;
    return out;
  };
  return times(times(a, q), a);
}

/** The published length of an interval: times sqrt(n), averaged over coordinates. */
export function lengthOf(covariance: Float64Array, d: number): number {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += Math.sqrt(covariance[k * (d + 1)]!);
  return (2 * 1.959963984540054 * sum) / d;
}
