import type { Input } from "./domain.ts";
import { softplus } from "./losses.ts";
import { argmax, type Model, scoresAt, type Task } from "./model.ts";
import type { Rule } from "./rules.ts";
import { examplesOf, obeyingRows, obeys, type Targets } from "./table.ts";

/** How well labels are predicted on some rows. */
export interface ClassificationScores {
  readonly rows: number;
  /** Share of right labels. */
  readonly accuracy: number;
  /** Mean log-loss, summed over outputs. */
  readonly logLoss: number;
}

/** How well values are predicted on some rows. */
export interface RegressionScores {
  readonly rows: number;
  /** Mean squared error, summed over outputs (as in SaDe's tables). */
  readonly squaredErrorSum: number;
  /** The same, as a mean over outputs (as in DeepSaDe's tables). */
  readonly squaredErrorMean: number;
}

/** How well predictions fit some rows, by the task. */
export type Scores<T extends Task = Task> = T extends "leastSquares"
  ? RegressionScores
  : ClassificationScores;

export interface Evaluation<T extends Task = Task> {
  /** All rows. */
  readonly plain: Scores<T>;
  /** Only rows whose label obeys the rules. */
  readonly corrected: Scores<T>;
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
export function evaluate<T extends Task>(
  model: Pick<Model<T>, "domain" | "outputs" | "task">,
  rules: readonly Rule[],
  X: readonly Input[],
  y: Targets<NoInfer<T>>,
  predictor: Predictor = (raw) => scoresAt(model as Model<T>, raw),
): Evaluation<T> {
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
    plain: scores([...examples.raw.keys()]) as Scores<T>,
    corrected: scores(obeyingRows(rules, domain, examples, task)) as Scores<T>,
    violations: broken.length / examples.raw.length,
  };
}
