import { gemm, gemv } from "../linalg/index.ts";
import type { Convex } from "./interior-point.ts";
import type { Task } from "./model.ts";

/** A table ready for training: scaled columns with a leading 1, row-major; targets output by output. */
export interface Table {
  readonly rows: number;
  /** Columns, the leading 1 not counted. */
  readonly columns: number;
  readonly design: Float64Array;
  /** One array an output; 0 or 1 for classification. */
  readonly targets: readonly Float64Array[];
  /** Weight of each row; they add up to 1. */
  readonly weights: Float64Array;
}

/**
 * The training loss as a convex function of all weights, output by output: weighted mean of squared errors or of
 * log-losses, summed over outputs, plus l2/2 |w|^2 without biases.
 */
export function lossOf(table: Table, task: Task, l2: number): Convex {
  return task === "leastSquares" ? squared(table, l2) : logistic(table, l2);
}

/** Added to the Hessian's diagonal, so that columns without variation do no harm. */
const RIDGE = 1e-9;

function penaltyOf(width: number, l2: number): (i: number) => number {
  return (i) => (i % width === 0 ? RIDGE : l2 + RIDGE);
}

function squared({ rows, columns, design, targets, weights }: Table, l2: number): Convex {
  const width = columns + 1;
  const size = width * targets.length;
  const penalty = penaltyOf(width, l2);
  const weighted = new Float64Array(design.length);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i++) weighted[r * width + i] = 2 * weights[r]! * design[r * width + i]!;
  const gram = gemm(width, width, rows, weighted, design, { transposeA: true });
  const moments = targets.map((target) => gemv(rows, width, weighted, target, { transpose: true }));
  const squares = targets.map((target) => target.reduce((sum, y, r) => sum + weights[r]! * y * y, 0));
  return {
    size,
    quadratic: true,
    value(x) {
      let total = 0;
      for (let k = 0; k < targets.length; k++) {
        const w = x.subarray(k * width, (k + 1) * width);
        const product = gemv(width, width, gram, w);
        total += squares[k]!;
        for (let i = 0; i < width; i++)
          total += w[i]! * (product[i]! / 2 - moments[k]![i]!) + (penalty(i) * w[i]! * w[i]!) / 2;
      }
      return total;
    },
    derivatives(x, gradient, hessian) {
      const n = gradient.length;
      for (let k = 0; k < targets.length; k++) {
        const at = k * width;
        gradient.set(gemv(width, width, gram, x.subarray(at, at + width)), at);
        for (let i = 0; i < width; i++) {
          gradient[at + i]! += penalty(i) * x[at + i]! - moments[k]![i]!;
          for (let j = 0; j < width; j++) hessian[(at + i) * n + at + j]! += gram[i * width + j]!;
          hessian[(at + i) * n + at + i]! += penalty(i);
        }
      }
    },
  };
}

function logistic({ rows, columns, design, targets, weights }: Table, l2: number): Convex {
  const width = columns + 1;
  const penalty = penaltyOf(width, l2);
  const rooted = new Float64Array(design.length);
  const errors = new Float64Array(rows);
  return {
    size: width * targets.length,
    quadratic: false,
    value(x) {
      let total = 0;
      for (const [k, target] of targets.entries()) {
        const w = x.subarray(k * width, (k + 1) * width);
        const scores = gemv(rows, width, design, w);
        for (let r = 0; r < rows; r++)
          total += weights[r]! * (softplus(scores[r]!) - target[r]! * scores[r]!);
        for (let i = 0; i < width; i++) total += (penalty(i) * w[i]! * w[i]!) / 2;
      }
      return total;
    },
    derivatives(x, gradient, hessian) {
      const n = gradient.length;
      for (const [k, target] of targets.entries()) {
        const at = k * width;
        const scores = gemv(rows, width, design, x.subarray(at, at + width));
        for (let r = 0; r < rows; r++) {
          const p = sigmoid(scores[r]!);
          errors[r] = weights[r]! * (p - target[r]!);
          const root = Math.sqrt(weights[r]! * p * (1 - p));
          for (let i = r * width; i < (r + 1) * width; i++) rooted[i] = root * design[i]!;
        }
        gradient.set(gemv(rows, width, design, errors, { transpose: true }), at);
        const curvature = gemm(width, width, rows, rooted, rooted, { transposeA: true });
        for (let i = 0; i < width; i++) {
          gradient[at + i]! += penalty(i) * x[at + i]!;
          for (let j = 0; j < width; j++) hessian[(at + i) * n + at + j]! += curvature[i * width + j]!;
          hessian[(at + i) * n + at + i]! += penalty(i);
        }
      }
    },
  };
}

/** 1 / (1 + exp(-score)), without overflow. */
export const sigmoid = (score: number): number =>
  score >= 0 ? 1 / (1 + Math.exp(-score)) : Math.exp(score) / (1 + Math.exp(score));

/** log(1 + exp(score)), without overflow. */
export const softplus = (score: number): number =>
  Math.max(0, score) + Math.log1p(Math.exp(-Math.abs(score)));
