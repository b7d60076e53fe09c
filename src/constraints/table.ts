import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Domain, encode, type Input, scaleInto } from "./domain.ts";
import { truth } from "./formula.ts";
import type { Table } from "./losses.ts";
import type { Task } from "./model.ts";
import type { Rule } from "./rules.ts";

/** Targets: 0 or 1 (`logistic`), class names (`oneVsRest`), values, or values by output name (`leastSquares`). */
export type Targets<T extends Task = Task> = {
  readonly leastSquares: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>;
  readonly logistic: ArrayLike<number>;
  readonly oneVsRest: ArrayLike<number | string>;
}[T];

/** A labelled table in raw units. */
export interface Examples {
  readonly raw: readonly Float64Array[];
  readonly outputs: readonly string[];
  /** One array an output. */
  readonly targets: readonly Float64Array[];
}

/**
 * Reads inputs and targets.
 *
 * @throws InvalidInput for no rows, lengths that differ, inputs outside the domain, or labels the task does not know;
 * NonFinite naming the row.
 */
export function examplesOf(
  domain: Domain,
  X: readonly Input[],
  y: Targets,
  task: Task,
  names?: readonly string[],
): Examples {
  if (X.length === 0) throw new InvalidInput("X has no rows: give at least one");
  const raw = X.map((input, r) => {
    try {
      return encode(domain, input);
    } catch (error) {
      if (error instanceof NonFinite) throw new NonFinite(`X, row ${r}: ${error.message}`);
      if (error instanceof InvalidInput) throw new InvalidInput(`X, row ${r}: ${error.message}`);
      throw error;
    }
  });
  const { outputs, targets } = targetsOf(y, task, names);
  for (const [k, target] of targets.entries()) {
    if (target.length !== raw.length)
      throw new InvalidInput(`y has ${target.length} values of ${outputs[k]} for ${raw.length} rows of X`);
    const bad = target.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new NonFinite(`y, row ${bad}: ${outputs[k]} is ${target[bad]}; drop or fix the row`);
    const odd = task === "logistic" ? target.findIndex((value) => value !== 0 && value !== 1) : -1;
    if (odd >= 0) throw new InvalidInput(`y, row ${odd}: ${target[odd]} is no label: logistic needs 0 or 1`);
  }
  return { raw, outputs, targets };
}

function targetsOf(
  y: Targets,
  task: Task,
  names: readonly string[] | undefined,
): Pick<Examples, "outputs" | "targets"> {
  if (!isColumn(y)) {
    if (task !== "leastSquares")
      throw new InvalidInput(`y by output name needs the task leastSquares, not ${task}`);
    const outputs = names ?? Object.keys(y);
    const missing = outputs.find((name) => y[name] === undefined);
    if (missing !== undefined || outputs.length === 0)
      throw new InvalidInput(`y lacks the output ${missing ?? ""}`);
    return { outputs, targets: outputs.map((name) => Float64Array.from(y[name]!, numberOf)) };
  }
  if (task !== "oneVsRest") {
    const outputs = names ?? ["score"];
    if (outputs.length !== 1)
      throw new InvalidInput(`outputs names ${outputs.join(", ")}, but y is one column: give one name`);
    return { outputs, targets: [Float64Array.from(y, numberOf)] };
  }
  const labels = Array.from(y, String);
  const outputs = names ?? [...new Set(labels)].sort();
  const unknown = labels.findIndex((label) => !outputs.includes(label));
  if (unknown >= 0)
    throw new InvalidInput(`y, row ${unknown}: "${labels[unknown]}" is none of ${outputs.join(", ")}`);
  return {
    outputs,
    targets: outputs.map((name) => Float64Array.from(labels, (label) => Number(label === name))),
  };
}

/** NaN for what stands for no number, such as null or an empty text, which `Number` takes for 0. */
const numberOf = (value: unknown): number =>
  typeof value === "number" || (typeof value === "string" && value.trim() !== "")
    ? Number(value)
    : Number.NaN;

const isColumn = (y: Targets): y is ArrayLike<number | string> => Array.isArray(y) || ArrayBuffer.isView(y);

/** Scaled columns with a leading 1, and weights that add up to 1. */
export function tableOf(domain: Domain, { raw, targets }: Examples, weights?: ArrayLike<number>): Table {
  const columns = domain.columns.length;
  const design = new Float64Array(raw.length * (columns + 1));
  for (const [r, row] of raw.entries()) {
    design[r * (columns + 1)] = 1;
    scaleInto(domain.scaler, row, design, r * (columns + 1) + 1);
  }
  const shares = weights === undefined ? new Float64Array(raw.length).fill(1) : Float64Array.from(weights);
  if (shares.length !== raw.length || !shares.every((w) => w >= 0 && Number.isFinite(w)))
    throw new InvalidInput(`weights: give ${raw.length} finite numbers of at least 0`);
  const total = shares.reduce((sum, w) => sum + w, 0);
  if (!(total > 0)) throw new InvalidInput("weights: at least one must be above 0");
  return { rows: raw.length, columns, design, targets, weights: shares.map((w) => w / total) };
}

/** Rows of the table, in their order. */
export function selectRows({ raw, outputs, targets }: Examples, rows: readonly number[]): Examples {
  return {
    raw: rows.map((r) => raw[r]!),
    outputs,
    targets: targets.map((target) => Float64Array.from(rows, (r) => target[r]!)),
  };
}

/** Whether a row with these outputs obeys the rules (those on slopes aside); in floating point. */
export function obeys(
  rules: readonly Rule[],
  domain: Domain,
  outputs: readonly string[],
  raw: ArrayLike<number>,
  values: ArrayLike<number>,
): boolean {
  const named = new Map<string, number>();
  for (const [k, name] of outputs.entries()) named.set(name, values[k]!).set(`out:${name}`, values[k]!);
  for (const [i, { name }] of domain.columns.entries()) named.set(name, raw[i]!).set(`in:${name}`, raw[i]!);
  return rules.every(
    (rule) =>
      rule.kind === "slope" ||
      truth(rule.formula, ({ op, affine: { constant, terms } }) => {
        let value = constant;
        for (const [name, factor] of Object.entries(terms)) value += factor * named.get(name)!;
        return op === "lt" ? value < 0 : value <= 0;
      }),
  );
}

/** Places of rows whose label obeys the rules; a class stands for scores of +1 and -1. */
export function obeyingRows(
  rules: readonly Rule[],
  domain: Domain,
  { raw, outputs, targets }: Examples,
  task: Task,
): number[] {
  const value = (target: number): number => (task === "leastSquares" ? target : 2 * target - 1);
  return [...raw.keys()].filter((r) =>
    obeys(
      rules,
      domain,
      outputs,
      raw[r]!,
      targets.map((target) => value(target[r]!)),
    ),
  );
}
