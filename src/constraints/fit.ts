import { InvalidInput } from "../core/errors.ts";
import type { Certificate } from "./certificate.ts";
import { certify } from "./certify.ts";
import { compileRules, type Warning } from "./compile.ts";
import type { Domain, Input } from "./domain.ts";
import { type ExactProblem, fitExact } from "./exact-fit.ts";
import { powerOfTwo } from "./interior-point.ts";
import { lossOf, type Table } from "./losses.ts";
import type { LinearModel, Task } from "./model.ts";
import type { Rule } from "./rules.ts";
import { fitSade, type SadeOptions, type SadeSearchReport } from "./sade/fit-sade.ts";
import { type Examples, examplesOf, obeyingRows, selectRows, type Targets, tableOf } from "./table.ts";

export interface FitOptions<T extends Task = Task> {
  /** Inputs in raw units: feature values by name, or column values in the domain's order. */
  readonly X: readonly Input[];
  readonly y: Targets<T>;
  readonly domain: Domain;
  readonly constraints: readonly Rule[];
  readonly task: T;
  /** Names of the outputs; default: those of `y`, the sorted labels, or `score`. */
  readonly outputs?: readonly string[];
  /** `exact` (default): the best admissible model; `sade`: the published search. */
  readonly solver?: "exact" | "sade";
  /** Every rule is kept with so much to spare; default 1e-6, times the largest target in regression. */
  readonly margin?: number;
  /** Penalty l2/2 |w|^2, biases left out; default 1e-4. Keeps logistic weights finite on separable rows. */
  readonly l2?: number;
  /** Weight of each row; default 1. */
  readonly weights?: ArrayLike<number>;
  /** Largest size of a weight; default 100 for classification (as published), none for regression. */
  readonly weightLimit?: number;
  /** Leaves out training rows whose label breaks the rules; default false. */
  readonly dropViolatingRows?: boolean;
  /** For `solver: "sade"`. */
  readonly sade?: SadeOptions;
  readonly signal?: AbortSignal;
}

export interface FitResult<T extends Task = Task> {
  readonly model: LinearModel<T>;
  readonly certificate: Certificate;
  /** Training loss, the penalty included. */
  readonly loss: number;
  readonly warnings: readonly Warning[];
  /** Places of the rows that were left out. */
  readonly dropped: readonly number[];
  /** False when a clock decided where the search ended. */
  readonly reproducible: boolean;
  /** How SaDe's search went, its stalls included. */
  readonly search?: SadeSearchReport;
}

/**
 * Fits an affine model that keeps every rule for every input of the domain, and certifies it in exact arithmetic.
 *
 * @throws InvalidInput for data, options or rules that do not fit; NonFinite naming the row.
 * @throws InfeasibleRules naming the rules that no affine model keeps together.
 * @throws FpxError (code NO_MODEL) when none was found, nor a proof that there is none; Cancelled when the signal fired.
 * @example const { model, certificate } = await fitConstrained({ X, y, domain, constraints: rules, task: "logistic" });
 */
export async function fitConstrained<T extends Task>(options: FitOptions<T>): Promise<FitResult<T>> {
  const { constraints, solver = "exact", signal } = options;
  const { problem, warnings, table, dropped } = prepareFit(options);
  if (solver !== "exact" && solver !== "sade")
    throw new InvalidInput(`solver is ${JSON.stringify(solver)}: use exact or sade`);
  signal?.throwIfAborted();
  const { model, ...how } =
    solver === "exact"
      ? exactly(problem)
      : await fitSade(problem, table, { ...options.sade, ...(signal === undefined ? {} : { signal }) });
  return {
    model: model as LinearModel<T>,
    certificate: certify(model, constraints),
    warnings,
    dropped,
    ...how,
  };
}

function exactly(problem: ExactProblem): { model: LinearModel; loss: number; reproducible: boolean } {
  const { model, loss } = fitExact(problem);
  return { model, loss, reproducible: true };
}

/** Checks the options and puts the training problem together. */
export function prepareFit(options: FitOptions): {
  readonly problem: ExactProblem;
  readonly examples: Examples;
  readonly table: Table;
  readonly warnings: readonly Warning[];
  readonly dropped: readonly number[];
} {
  const { X, y, domain, constraints, task, l2 = 1e-4, dropViolatingRows = false } = options;
  if (task !== "leastSquares" && task !== "logistic" && task !== "oneVsRest")
    throw new InvalidInput(`task is ${JSON.stringify(task)}: use leastSquares, logistic or oneVsRest`);
  const all = examplesOf(domain, X, y, task, options.outputs);
  const kept = dropViolatingRows ? obeyingRows(constraints, domain, all, task) : [...all.raw.keys()];
  if (kept.length === 0)
    throw new InvalidInput("every row's label breaks the rules: none is left to learn from");
  const examples = kept.length < all.raw.length ? selectRows(all, kept) : all;
  const size = task === "leastSquares" ? Math.max(...examples.targets.map(largest)) || 1 : 1;
  const {
    margin = 1e-6 * size,
    weightLimit = task === "leastSquares" ? Number.POSITIVE_INFINITY : 100,
    weights,
  } = options;
  if (!(margin >= 0 && Number.isFinite(margin)))
    throw new InvalidInput(`margin is ${margin}: give a finite number from 0 up, such as 1e-6`);
  if (!(l2 >= 0 && Number.isFinite(l2)))
    throw new InvalidInput(`l2 is ${l2}: give a finite number from 0 up`);
  if (!(weightLimit > 0)) throw new InvalidInput(`weightLimit is ${weightLimit}: give a number above 0`);
  if (weights !== undefined && weights.length !== X.length)
    throw new InvalidInput(`weights: ${weights.length} for ${X.length} rows of X`);
  const { clauses, warnings } = compileRules(constraints, domain, examples.outputs);
  const table = tableOf(domain, examples, weights && kept.map((r) => weights[r]!));
  const problem: ExactProblem = {
    domain,
    outputs: examples.outputs,
    task,
    clauses,
    loss: lossOf(table, task, l2),
    margin,
    weightLimit,
    unit: task === "leastSquares" ? powerOfTwo(size) : 1,
  };
  const lost = new Set(kept);
  return { problem, examples, table, warnings, dropped: [...all.raw.keys()].filter((r) => !lost.has(r)) };
}

const largest = (values: Float64Array): number =>
  values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
