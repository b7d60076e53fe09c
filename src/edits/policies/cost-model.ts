/**
 * Cost learning with a linear class (Misra et al. 2025, section 3): least squares of the logged edit costs, and the
 * largest cost among all linear functions that fit the log nearly as well, which makes what the log seldom shows
 * look expensive.
 */
import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { cholesky, solveTriangular } from "../../linalg/index.ts";

/** Options of `fitCost`. */
export interface CostModelOptions {
  /** Added to the diagonal of the normal equations. Default 0.01 times the number of edits. */
  readonly ridge?: number;
}

/** A fitted linear cost of features ψ(x, y). */
export interface CostModel {
  /** Coefficients θ [features]. */
  readonly coefficients: Float64Array;
  readonly ridge: number;
  /** θ'ψ. */
  predict(features: ArrayLike<number>): number;
  /** sqrt(ψ' (Ψ'Ψ + ridge I)⁻¹ ψ): small where the log has seen much of it. */
  width(features: ArrayLike<number>): number;
  /**
   * The largest cost of ψ among linear functions whose squared distance from the fit, over the log, is at most
   * `gamma`: θ'ψ + sqrt(gamma) · width, which is exact for a linear class.
   */
  pessimistic(features: ArrayLike<number>, gamma: number): number;
  toJSON(): CostModelState;
}

/** A fitted cost as JSON. */
export interface CostModelState {
  readonly ridge: number;
  readonly coefficients: readonly number[];
  /** Rows of the lower triangle of the Cholesky factor of Ψ'Ψ + ridge I. */
  readonly factor: readonly number[];
}

/**
 * Fits edit costs [n] by ridge regression on the features [n][features] of context and draft.
 *
 * @throws InvalidInput for an empty log, rows of unequal length, a negative ridge, or a system that is singular without one; NonFinite for a
 * cost or feature that is no number.
 * @example fitCost([[1, 0], [1, 1]], [0.2, 0.7], { ridge: 1e-9 }).predict([1, 1]); // 0.7
 */
export function fitCost(
  features: readonly ArrayLike<number>[],
  costs: ArrayLike<number>,
  options: CostModelOptions = {},
): CostModel {
  const n = features.length;
  if (n === 0 || costs.length !== n)
    throw new InvalidInput(`a cost needs one row of features a logged cost: got ${n} and ${costs.length}`);
  const p = features[0]!.length;
  const { ridge = 0.01 * n } = options;
  if (!(ridge >= 0 && Number.isFinite(ridge)))
    throw new InvalidInput(
      `ridge is ${ridge}; give a number from 0 up, such as 0.01 times the number of edits`,
    );
  const gram = new Float64Array(p * p);
  const moment = new Float64Array(p);
  for (let i = 0; i < n; i++) {
    const row = checkedRow(features[i]!, p, `row ${i}`);
    const cost = costs[i]!;
    if (!Number.isFinite(cost)) throw new NonFinite(`the cost of edit ${i} is ${cost}`);
    for (let a = 0; a < p; a++) {
      const value = row[a]!;
      if (value === 0) continue;
      moment[a]! += value * cost;
      for (let b = 0; b <= a; b++) gram[a * p + b]! += value * row[b]!;
    }
  }
  for (let a = 0; a < p; a++) gram[a * p + a]! += ridge;
  const factor = factorOf(gram, p, ridge);
  const coefficients = solveTriangular(factor, p, solveTriangular(factor, p, moment), { transpose: true });
  return modelOf(coefficients, factor, ridge);
}

/** The model from its state; throws `InvalidInput` when the state is damaged. */
export function restoreCost({ ridge, coefficients, factor }: CostModelState): CostModel {
  const p = coefficients?.length ?? 0;
  if (p === 0 || factor?.length !== (p * (p + 1)) / 2 || ![...coefficients, ...factor].every(Number.isFinite))
    throw new InvalidInput("the cost model's state is damaged: coefficients and factor do not fit together");
  const full = new Float64Array(p * p);
  for (let a = 0, k = 0; a < p; a++) for (let b = 0; b <= a; b++) full[a * p + b] = factor[k++]!;
  return modelOf(Float64Array.from(coefficients), full, ridge);
}

function modelOf(coefficients: Float64Array, factor: Float64Array, ridge: number): CostModel {
  const p = coefficients.length;
  const predict = (row: ArrayLike<number>): number => {
    checkedRow(row, p, "the row");
    let sum = 0;
    for (let a = 0; a < p; a++) sum += coefficients[a]! * row[a]!;
    return sum;
  };
  const width = (row: ArrayLike<number>): number => {
    const solved = solveTriangular(factor, p, Float64Array.from(checkedRow(row, p, "the row")));
    return Math.sqrt(solved.reduce((sum, value) => sum + value * value, 0));
  };
  return {
    coefficients,
    ridge,
    predict,
    width,
    pessimistic(row, gamma) {
      if (!(gamma >= 0 && Number.isFinite(gamma)))
        throw new InvalidInput(`gamma is ${gamma}; give a number from 0 (no pessimism) up`);
      return predict(row) + Math.sqrt(gamma) * width(row);
    },
    toJSON: () => ({
      ridge,
      coefficients: [...coefficients],
      factor: Array.from({ length: p }, (_, a) => [...factor.subarray(a * p, a * p + a + 1)]).flat(),
    }),
  };
}

function factorOf(gram: Float64Array, p: number, ridge: number): Float64Array {
  try {
    return cholesky(gram, p);
  } catch (error) {
    if (error instanceof InvalidInput)
      throw new InvalidInput(
        `the features do not determine a cost (singular with ridge ${ridge}); give a larger ridge or fewer features`,
        { cause: error },
      );
    throw error;
  }
}

function checkedRow(row: ArrayLike<number>, p: number, what: string): ArrayLike<number> {
  if (row.length !== p) throw new InvalidInput(`${what} has ${row.length} features, expected ${p}`);
  for (let a = 0; a < p; a++)
    if (!Number.isFinite(row[a])) throw new NonFinite(`feature ${a} of ${what} is ${row[a]}`);
  return row;
}
