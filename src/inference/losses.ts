import { checkBetween } from "./checks.ts";
import type { Loss } from "./pilot.ts";

/** A row of a regression: features, then the response as the last number. */
export type Row = Float64Array;

function linear(theta: Float64Array, row: Row): number {
  let sum = 0;
  for (let k = 0; k < theta.length; k++) sum += theta[k]! * row[k]!;
  return sum;
}

/** Half the squared error of a linear model. */
export function linearLoss(theta: Float64Array, row: Row): number {
  const error = row[theta.length]! - linear(theta, row);
  return 0.5 * error * error;
}

/** Minus the log-likelihood of a logistic model; the response is 0 or 1. */
export function logisticLoss(theta: Float64Array, row: Row): number {
  const score = row[theta.length]! > 0.5 ? linear(theta, row) : -linear(theta, row);
  return score > 0 ? Math.log1p(Math.exp(-score)) : Math.log1p(Math.exp(score)) - score;
}

/** The check loss whose minimiser is the linear model of the tau-quantile, 0 < tau < 1; give `smooth: false`. */
export function quantileLoss(tau: number): Loss<Row> {
  checkBetween("tau", tau, 0, 1);
  return (theta, row) => {
    const error = row[theta.length]! - linear(theta, row);
    return error > 0 ? tau * error : (tau - 1) * error;
  };
}
