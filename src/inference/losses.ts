import { dotAt } from "../linalg/index.ts";
import { checkBetween } from "./checks.ts";
import type { Loss } from "./pilot.ts";

/** A row of a regression: features, then the response as the last number. */
export type Row = Float64Array;

/**
 * A loss that depends on theta through the score x'theta alone. Differences of it cost one multiplication each once the
 * score is known, where those of any other loss cost a whole evaluation.
 */
export interface ScoreLoss extends Loss<Row> {
  readonly ofScore: (score: number, response: number) => number;
}

/**
 * The loss of rows whose features x enter by x'theta: give it as a function of that score and the response.
 *
 * @example const poisson = scoreLoss((score, count) => Math.exp(score) - count * score);
 */
export function scoreLoss(ofScore: (score: number, response: number) => number): ScoreLoss {
  const loss = (theta: Float64Array, row: Row): number =>
    ofScore(dotAt(row, 0, theta, 0, theta.length), row[theta.length]!);
  return Object.assign(loss, { ofScore });
}

export function isScoreLoss(loss: Loss<never>): loss is ScoreLoss {
  return "ofScore" in loss;
}

/** Half the squared error of a linear model. */
export const linearLoss: ScoreLoss = scoreLoss((score, response) => {
  const error = response - score;
  return 0.5 * error * error;
});

/** Minus the log-likelihood of a logistic model; the response is 0 or 1. */
export const logisticLoss: ScoreLoss = scoreLoss((score, response) => {
  const agreement = response > 0.5 ? score : -score;
  return agreement > 0 ? Math.log1p(Math.exp(-agreement)) : Math.log1p(Math.exp(agreement)) - agreement;
});

/** The check loss whose minimiser is the linear model of the tau-quantile, 0 < tau < 1; give `smooth: false`. */
export function quantileLoss(tau: number): ScoreLoss {
  checkBetween("tau", tau, 0, 1);
  return scoreLoss((score, response) => {
    const error = response - score;
    return error > 0 ? tau * error : (tau - 1) * error;
  });
}
