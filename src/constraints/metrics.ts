import type { Input } from "./domain.ts";
import { softplus } from "./losses.ts";
import { argmax, type Model, scoresAt } from "./model.ts";
import type { Rule } from "./rules.ts";
import { examplesOf, obeyingRows, obeys, type Targets } from "./table.ts";

/** How well predictions fit some rows. */
export interface Scores {
  readonly rows: number;
  /** Share of right labels; classification only. */
  readonly accuracy?: number;
  /** Mean log-loss, summed over outputs; classification only. */
  readonly logLoss?: number;
  /** Mean squared error, summed over outputs (as in SaDe's tables); regression only. */
  readonly squaredErrorSum?: number;
  /** The same, as a mean over outputs (as in DeepSaDe's tables). */
  readonly squaredErrorMean?: number;
}

export interface Evaluation {
  /** All rows. */
  readonly plain: Scores;
  /** Only rows whose label obeys the rules. */
  readonly corrected: Scores;
  /** Share of rows whose predicted outputs break a rule. */
  readonly violations: number;
}

/** Gives the outputs at raw column values. */
export type Predictor = (raw: Float64Array) => ArrayLike<number>;

/**
 * Scores a model, or any predictor, on rows: on all, and on those whose label obeys the rules.
 *
 * @throws InvalidInput for inputs outside the domain or labels that the task does not know.
 */
export function evaluate(
  model: Pick<Model, "domain" | "outputs" | "task">,
  rules: readonly Rule[],
  X: readonly Input[],
  y: Targets,
  predictor: Predictor = (raw) => scoresAt(model as Model, raw),
): Evaluation {
  const { domain, outputs, task } = model;
  const examples = examplesOf(domain, X, y, task, outputs);
  const predicted = examples.raw.map((raw) => predictor(raw));
  const scores = (rows: readonly number[]): Scores => {
    const mean = (value: (row: number) => number): number =>
      rows.reduce((sum, row) => sum + value(row), 0) / Math.max(1, rows.length);
    const target = (row: number): number[] => examples.targets.map((values) => values[row]!);
    if (task === "leastSquares") {
      const squaredErrorSum = mean((row) =>
        target(row).reduce((sum, value, k) => sum + (value - predicted[row]![k]!) ** 2, 0),
      );
      return { rows: rows.length, squaredErrorSum, squaredErrorMean: squaredErrorSum / outputs.length };
    }
    const label = (values: ArrayLike<number>): number =>
      task === "logistic" ? Number(values[0]! > 0) : argmax(values);
    return {
      rows: rows.length,
      accuracy: mean((row) =>
        Number(label(predicted[row]!) === (task === "logistic" ? target(row)[0]! : argmax(target(row)))),
      ),
      logLoss: mean((row) =>
        target(row).reduce(
          (sum, value, k) => sum + softplus(predicted[row]![k]!) - value * predicted[row]![k]!,
          0,
        ),
      ),
    };
  };
  const broken = examples.raw.filter((raw, row) => !obeys(rules, domain, outputs, raw, predicted[row]!));
  return {
    plain: scores([...examples.raw.keys()]),
    corrected: scores(obeyingRows(rules, domain, examples, task)),
    violations: broken.length / examples.raw.length,
  };
}
