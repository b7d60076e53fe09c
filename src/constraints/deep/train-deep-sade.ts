import { Cancelled, FpxError, InvalidInput } from "../../core/errors.ts";
import { fingerprint, run } from "../../core/index.ts";
import type { Certificate } from "../certificate.ts";
import { certify } from "../certify.ts";
import type { Clause, Warning } from "../compile.ts";
import type { Domain } from "../domain.ts";
import { type FitOptions, prepareFit } from "../fit.ts";
import { loadHighs } from "../milp.ts";
import type { NetworkModel, Task } from "../model.ts";
import type { Rule } from "../rules.ts";
import { milpMaxsat } from "../sade/maxsat-milp.ts";
import { largestTargets, softConstraints } from "../sade/query.ts";
import { type DeepSadeProblem, type DeepSadeResult, type DeepSadeSearch, deepSade } from "./deep-sade.ts";

export interface DeepSadeOptions<T extends Task = Task>
  extends Pick<
      FitOptions<T>,
      "X" | "y" | "domain" | "constraints" | "task" | "outputs" | "margin" | "weights" | "signal"
    >,
    Omit<DeepSadeSearch, "skip"> {
  readonly dropViolatingRows?: boolean;
  /** `auto` (default): all features that rules name; or names of features. */
  readonly skip?: "auto" | readonly string[];
  /** Passes over the table; default 20. */
  readonly epochs?: number;
  /** Wishes of the fallback `maxsmt`; default [0, 1], or [0.1] in regression. */
  readonly thresholds?: readonly number[];
  readonly seed?: number;
}

export interface DeepSadeFit<T extends Task = Task> {
  readonly model: NetworkModel<T>;
  readonly certificate: Certificate;
  readonly training: Omit<DeepSadeResult, "model">;
  readonly warnings: readonly Warning[];
}

/**
 * Trains a ReLU network whose every snapshot keeps the rules for every input of the domain; gives the one with the
 * smallest validation loss.
 *
 * @throws InvalidInput for data, options or rules that do not fit.
 * @throws FpxError (code NO_MODEL) when no last layer keeps the rules at the start, or no snapshot was certified.
 * @example await trainDeepSade({ X, y, domain, constraints: rules, task: "logistic", layers: [32, 16], epochs: 20 });
 */
export async function trainDeepSade<T extends Task>(options: DeepSadeOptions<T>): Promise<DeepSadeFit<T>> {
  checkOptions(options);
  const { domain, constraints, epochs = 20, seed = 0, signal, batchSize = 5, validation = 0.1 } = options;
  const { problem, table, warnings } = prepareFit(options);
  const { unit } = problem;
  const skip = skipped(domain, constraints, options.skip ?? "auto");
  const highs = options.fallback === "maxsmt" ? await loadHighs() : undefined;
  // Targets and rules in units of the largest target, a power of two: what is certified there holds here to the bit.
  const targets = table.targets.map((target) => target.map((y) => y / unit));
  const largest = largestTargets({ ...table, targets });
  // A network has more rounding than an affine model: a wider margin keeps its certificates.
  const margin = (options.margin ?? 1e-4 * unit) / unit;
  const deepProblem: DeepSadeProblem = {
    domain,
    outputs: problem.outputs,
    task: problem.task,
    clauses: problem.clauses.map((clause) => inUnits(clause, unit)),
    table: { ...table, targets },
    margin,
    fingerprint: fingerprint([Array.from(table.design), targets.map((target) => Array.from(target))]),
    maxsat: {
      name: "maxsat",
      answer: (query) => {
        const { design, shapes } = query;
        const batch = {
          rows: query.rows.length,
          columns: design.length / query.rows.length - 1,
          design,
          targets: query.targets,
          weights: new Float64Array(query.rows.length).fill(1 / query.rows.length),
        };
        const thresholds = options.thresholds ?? (problem.task === "leastSquares" ? [0.1] : [0, 1]);
        const soft = softConstraints(batch, problem.task, thresholds, largest);
        return milpMaxsat({ shapes, margin, table: batch, soft }, highs!)(query);
      },
    },
  };
  const learnt = table.rows - Math.min(table.rows - 1, Math.max(1, Math.round(validation * table.rows)));
  const maxSteps = epochs * Math.max(1, Math.floor(learnt / batchSize));
  const { result, status } = await run(deepSade({ ...options, skip }), deepProblem, {
    seed,
    stop: { maxSteps },
    ...(signal === undefined ? {} : { signal }),
  });
  if (status === "cancelled") throw new Cancelled("stopped; the network is not finished");
  const { model: trained, ...training } = { ...result, validationLoss: result.validationLoss * unit ** 2 };
  if (trained === null)
    throw new FpxError(
      "NO_MODEL",
      `no snapshot of ${training.successes} successful steps was certified: raise margin or lower learningRate`,
    );
  const model = {
    ...(trained as NetworkModel<T>),
    weights: trained.weights.map((row) => row.map((w) => w * unit)),
  };
  return { model, certificate: certify(model, constraints), training, warnings };
}

/** A clause on outputs divided by a power of two. */
const inUnits = (clause: Clause, unit: number): Clause => ({
  ...clause,
  atoms: clause.atoms.map((atom) => ({
    ...atom,
    inputs: atom.inputs.map((value) => value / unit),
    constant: atom.constant / unit,
  })),
});

/** Columns of the features that go straight to the head. */
function skipped(domain: Domain, rules: readonly Rule[], skip: "auto" | readonly string[]): number[] {
  const named = (text: string, name: string): boolean => {
    const bare = text.replace(/^in:/, "");
    return bare === name || bare.startsWith(`${name}=`);
  };
  const features = Object.keys(domain.features);
  if (skip !== "auto") {
    const unknown = skip.find((name) => !features.includes(name));
    if (unknown !== undefined)
      throw new InvalidInput(`skip names "${unknown}"; the features are ${features.join(", ")}`);
  }
  // Names stand as keys of terms, outputs and directions.
  const keys = new Set<string>();
  JSON.parse(JSON.stringify(rules), (key, value: unknown) => {
    keys.add(key);
    return value;
  });
  const chosen =
    skip === "auto" ? features.filter((name) => [...keys].some((key) => named(key, name))) : skip;
  return [...domain.columns.keys()].filter((i) => chosen.includes(domain.columns[i]!.feature));
}

function checkOptions(options: DeepSadeOptions): void {
  const {
    layers = [1],
    epochs = 1,
    batchSize = 5,
    learningRate = 0.1,
    stepSize = 0.1,
    validation = 0.1,
  } = options;
  for (const [name, value] of [
    ["epochs", epochs],
    ["batchSize", batchSize],
    ...layers.map((units, l) => [`layers[${l}]`, units] as const),
  ] as const)
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new InvalidInput(`${name} is ${value}: give a whole number of at least 1`);
  for (const [name, value] of [
    ["learningRate", learningRate],
    ["stepSize", stepSize],
  ] as const)
    if (!(value > 0 && Number.isFinite(value)))
      throw new InvalidInput(`${name} is ${value}: give a finite number above 0`);
  if (!(validation > 0 && validation < 1))
    throw new InvalidInput(`validation is ${validation}: give a share between 0 and 1`);
  const { lineSearch = "exact", fallback = "project" } = options;
  if (lineSearch !== "exact" && lineSearch !== "grid5")
    throw new InvalidInput(`lineSearch is ${JSON.stringify(lineSearch)}: use exact or grid5`);
  if (fallback !== "project" && fallback !== "maxsmt")
    throw new InvalidInput(`fallback is ${JSON.stringify(fallback)}: use project or maxsmt`);
}
