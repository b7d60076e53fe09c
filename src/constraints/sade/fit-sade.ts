import { Cancelled, FpxError, InvalidInput } from "../../core/errors.ts";
import { fingerprint, run } from "../../core/index.ts";
import { decide } from "../certify.ts";
import { shapeOf } from "../eliminate.ts";
import { type ExactProblem, modelOf } from "../exact-fit.ts";
import type { Table } from "../losses.ts";
import { loadHighs } from "../milp.ts";
import type { LinearModel } from "../model.ts";
import { milpMaxsat } from "./maxsat-milp.ts";
import { type Strategy, z3Maxsat } from "./maxsat-z3.ts";
import {
  type Maxsat,
  type MaxsatAnswer,
  type MaxsatLimits,
  type MaxsatProblem,
  softConstraints,
} from "./query.ts";
import { type SadeProblem, type SadeResult, type SadeSearch, sade } from "./sade.ts";

/** Settings of SaDe. */
export interface SadeOptions extends SadeSearch, MaxsatLimits {
  /** Wishes a row: [0, 1] by default; multiples of the largest target in regression, by default [0.1]. */
  readonly thresholds?: readonly number[];
  /** Default `milp` (HiGHS); `z3` needs the package z3-solver. */
  readonly backend?: "milp" | "z3";
  /** Default `optimal`. */
  readonly maxsat?: Strategy;
  /** Leaves the quantifier to Z3, as published; default false. */
  readonly quantified?: boolean;
}

/** A quantified query may take for ever: it ends after so long unless a limit is given. */
const PUBLISHED_LIMIT_MS = 5000;

/** How a search went. */
export interface SadeSearchReport extends Omit<SadeResult, "weights" | "loss"> {
  /** `converged`: by its own rule or after all epochs; `stalled`: no step was left that keeps the rules. */
  readonly status: "converged" | "stalled";
}

/** What a search found. */
export interface SadeFit {
  readonly model: LinearModel;
  readonly loss: number;
  readonly reproducible: boolean;
  readonly search: SadeSearchReport;
}

/** The event loop gets its turn so often, in milliseconds: a search without it would not notice that it shall stop. */
const BREATH_MS = 100;

/**
 * Fits by SaDe.
 *
 * @throws FpxError (code NO_MODEL) when no admissible weights were found; Cancelled when the signal fired.
 */
export async function fitSade(
  problem: ExactProblem,
  table: Table,
  options: SadeOptions & { readonly signal?: AbortSignal } = {},
): Promise<SadeFit> {
  const { signal } = options;
  const weightLimit = weightLimitOf(problem, options);
  let timedOut = false;
  const sadeProblem = await searchProblem(problem, table, options, (answer) => {
    timedOut ||= answer.timedOut;
  });
  const { result, status } = await run(sade({ ...options, weightLimit }), sadeProblem, {
    seed: 0,
    ...(signal === undefined ? {} : { signal }),
  });
  if (status === "cancelled") throw new Cancelled("stopped; the search of SaDe is not finished");
  const { weights, loss, ...counts } = result;
  if (weights.length === 0)
    throw new FpxError(
      "NO_MODEL",
      `SaDe found no admissible weights: ${result.unsat} queries had none within ${weightLimit}, ${result.unknown} ran out of their limit; loosen the rules, raise weightLimit, or use solver "exact"`,
    );
  return {
    model: modelOf(problem, weights),
    loss,
    reproducible: !timedOut,
    search: { ...counts, status: status === "stalled" ? "stalled" : "converged" },
  };
}

export const weightLimitOf = (problem: ExactProblem, { weightLimit }: SadeOptions): number =>
  weightLimit ?? (Number.isFinite(problem.weightLimit) ? problem.weightLimit : 100);

/** What `sade` walks on: queries and candidate checks as oracles. `onAnswer` sees every answer to a query. */
export async function searchProblem(
  problem: ExactProblem,
  table: Table,
  options: SadeOptions,
  onAnswer: (answer: MaxsatAnswer) => void = () => undefined,
): Promise<SadeProblem> {
  checkSade(options);
  const { thresholds = problem.task === "leastSquares" ? [0.1] : [0, 1] } = options;
  const queries: MaxsatProblem = {
    shapes: problem.clauses.map((clause) => shapeOf(clause, problem.domain)),
    margin: problem.margin,
    table,
    soft: softConstraints(table, problem.task, thresholds),
  };
  const solve = await maxsatOf(queries, options);
  let breath = performance.now();
  return {
    fingerprint: fingerprint([Array.from(table.design), table.targets.map((target) => Array.from(target))]),
    rows: table.rows,
    loss: problem.loss,
    clauses: problem.clauses.length,
    maxsat: {
      name: "maxsat",
      answer: async (query) => {
        if (performance.now() - breath > BREATH_MS) {
          await new Promise((resolve) => setTimeout(resolve));
          breath = performance.now();
        }
        const answer = await solve(query);
        onAnswer(answer);
        return answer;
      },
    },
    check: {
      name: "check",
      answer: (clause, weights) =>
        decide(modelOf(problem, weights), problem.clauses[clause]!).proof.status === "certified",
    },
  };
}

function maxsatOf(problem: MaxsatProblem, options: SadeOptions): Maxsat | Promise<Maxsat> {
  const { backend = "milp", maxsat = "optimal", quantified = false, resourceLimit } = options;
  const { timeoutMs = quantified && resourceLimit === undefined ? PUBLISHED_LIMIT_MS : undefined } = options;
  const limits = {
    ...(resourceLimit === undefined ? {} : { resourceLimit }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  return backend === "milp"
    ? loadHighs().then((highs) => milpMaxsat(problem, highs, limits))
    : z3Maxsat(problem, { ...limits, strategy: maxsat, quantified });
}

function checkSade(options: SadeOptions): void {
  const {
    batchSize = 5,
    epochs = 10,
    stepSize = 1,
    box = "closed",
    weightLimit = 100,
    thresholds = [0],
  } = options;
  const {
    backend = "milp",
    maxsat = "optimal",
    quantified = false,
    resourceLimit = 1,
    timeoutMs = 1,
  } = options;
  for (const [name, value] of Object.entries({ batchSize, epochs, resourceLimit, timeoutMs }))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new InvalidInput(`sade.${name} is ${value}: give a whole number of at least 1`);
  for (const [name, value] of Object.entries({ stepSize, weightLimit }))
    if (!(value > 0 && Number.isFinite(value)))
      throw new InvalidInput(`sade.${name} is ${value}: give a finite number above 0`);
  if (thresholds.length === 0 || !thresholds.every((value) => value >= 0 && Number.isFinite(value)))
    throw new InvalidInput("sade.thresholds: give at least one finite number from 0 up");
  const choices = [
    ["box", box, ["closed", "halfOpen"]],
    ["backend", backend, ["milp", "z3"]],
    ["maxsat", maxsat, ["optimal", "fu-malik", "core-removal"]],
  ] as const;
  for (const [name, value, allowed] of choices)
    if (!(allowed as readonly string[]).includes(value))
      throw new InvalidInput(`sade.${name} is ${JSON.stringify(value)}: use one of ${allowed.join(", ")}`);
  if (backend === "milp" && (maxsat !== "optimal" || quantified))
    throw new InvalidInput('sade: maxsat other than "optimal", and quantified queries, need backend "z3"');
  if (quantified && maxsat === "optimal")
    throw new InvalidInput(
      'sade: Z3 cannot optimise under quantifiers; use maxsat "fu-malik" or "core-removal"',
    );
}
