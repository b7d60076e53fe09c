import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Domain, domain, encode, type FeatureSpec, type Input, type Outside } from "./domain.ts";

/** What the outputs mean: values, a score whose sign decides, or one score a class of which the largest decides. */
export type Task = "leastSquares" | "logistic" | "oneVsRest";

/** What the decision of each task is: none, 1 when the score is above 0 and else 0, or the name of the largest output. */
export interface Labels {
  readonly leastSquares: undefined;
  readonly logistic: 0 | 1;
  readonly oneVsRest: string;
}

interface ModelBase<T extends Task> {
  readonly format: "fpx-model";
  readonly version: 1;
  readonly task: T;
  readonly outputs: readonly string[];
  readonly domain: Domain;
}

/** f_k(x) = weights[k][0] + sum over columns of weights[k][i + 1] * scaled column i. */
export interface LinearModel<T extends Task = Task> extends ModelBase<T> {
  readonly kind: "linear";
  readonly weights: readonly (readonly number[])[];
}

/** A dense layer: one row of weights and one bias per unit; ReLU follows. */
export interface Layer {
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** ReLU layers on scaled columns, then an affine head on [bias, last layer's units, skipped scaled columns]. */
export interface NetworkModel<T extends Task = Task> extends ModelBase<T> {
  readonly kind: "network";
  readonly layers: readonly Layer[];
  /** Columns wired straight to the head. */
  readonly skip: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

export type Model<T extends Task = Task> = LinearModel<T> | NetworkModel<T>;

/** A linear model of given weights, in scaled units: row k is [bias, one weight a column]. */
export function linearModel<T extends Task = "leastSquares">(
  domain: Domain,
  outputs: readonly string[],
  weights: readonly ArrayLike<number>[],
  task: T = "leastSquares" as T,
): LinearModel<T> {
  const model: LinearModel<T> = {
    format: "fpx-model",
    version: 1,
    kind: "linear",
    task,
    outputs,
    domain,
    weights: weights.map((row) => Array.from(row)),
  };
  checkModel(model);
  return model;
}

/**
 * Reads a model from JSON text or its parsed value.
 *
 * @throws InvalidInput when it is no fpx model, or its scaler or columns are not those of its domain.
 */
export function parseModel(source: unknown): Model {
  const value: unknown = typeof source === "string" ? parseJson(source) : source;
  const model = value as Model;
  if (typeof value !== "object" || value === null || model.format !== "fpx-model")
    throw new InvalidInput('this is no fpx model: its "format" must be "fpx-model"');
  if (model.version !== 1)
    throw new InvalidInput(`the model has format version ${model.version}; this fpx reads version 1`);
  if (model.kind !== "linear" && model.kind !== "network")
    throw new InvalidInput(
      `the model's kind is ${JSON.stringify((value as { kind?: unknown }).kind)}: linear or network`,
    );
  checkModel(model);
  return model;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`the model is no JSON: ${(error as Error).message}`);
  }
}

/** Throws `InvalidInput` unless the model's parts fit one another; code DOMAIN_MISMATCH for a scaler of another domain. */
export function checkModel(model: Model): void {
  const { features, columns, groups, scaler } = model.domain ?? {};
  if (typeof features !== "object" || features === null || !Array.isArray(columns))
    throw new InvalidInput("the model has no domain: write it by fpx fit or JSON.stringify(model)");
  const derived = domain(features as Readonly<Record<string, FeatureSpec>>);
  if (
    JSON.stringify([derived.columns, derived.groups, derived.scaler]) !==
    JSON.stringify([columns, groups, scaler])
  )
    throw new InvalidInput(
      "the model's columns or scaler are not those of its domain: it was made for another one, or changed since",
      { code: "DOMAIN_MISMATCH" },
    );
  const isName = (output: unknown): boolean => typeof output === "string";
  if (!Array.isArray(model.outputs) || model.outputs.length === 0 || !model.outputs.every(isName))
    throw new InvalidInput("the model lacks names of its outputs");
  const twice = model.outputs.find((name, k) => model.outputs.indexOf(name) !== k);
  if (twice !== undefined)
    throw new InvalidInput(
      `the model has two outputs named "${twice}": rules could not tell them apart; rename one`,
    );
  let width = columns.length;
  if (model.kind === "network") {
    if (!Array.isArray(model.layers) || !Array.isArray(model.skip))
      throw new InvalidInput("the model lacks its layers or its skip");
    if (model.layers.length === 0)
      throw new InvalidInput('the network has no layers: give at least one, or the kind "linear"');
    for (const [l, layer] of model.layers.entries()) {
      const { weights, bias } = (layer ?? {}) as Layer;
      if (!Array.isArray(bias)) throw new InvalidInput(`the model's layer ${l} lacks its bias`);
      checkMatrix(weights, bias.length, width, `layer ${l}`);
      checkMatrix([bias], 1, bias.length, `the bias of layer ${l}`);
      width = bias.length;
    }
    if (!model.skip.every((i) => Number.isInteger(i) && i >= 0 && i < columns.length))
      throw new InvalidInput("the model's skip names columns that its domain lacks");
    if (new Set(model.skip).size < model.skip.length)
      throw new InvalidInput("the model's skip names a column twice: name each once, and add up its weights");
    width += model.skip.length;
  }
  checkMatrix(model.weights, model.outputs.length, width + 1, "weights");
}

function checkMatrix(
  rows: readonly (readonly number[])[],
  height: number,
  width: number,
  what: string,
): void {
  const isRow = (row: unknown): boolean => Array.isArray(row) && row.length === width;
  if (!Array.isArray(rows) || rows.length !== height || !rows.every(isRow))
    throw new InvalidInput(`the model's ${what} must be ${height} by ${width}`);
  for (const row of rows)
    for (const value of row)
      if (!Number.isFinite(value)) throw new NonFinite(`the model's ${what} hold ${value}`);
}

/** Throws `InvalidInput` (code DOMAIN_MISMATCH) unless both domains have the same columns, units and scaler. */
export function requireSameDomain(model: Model, other: Domain): void {
  if (
    JSON.stringify([model.domain.columns, model.domain.groups, model.domain.scaler]) !==
    JSON.stringify([other.columns, other.groups, other.scaler])
  )
    throw new InvalidInput(
      "the model was made for another domain: certify it on its own, or fit it again on this one",
      { code: "DOMAIN_MISMATCH" },
    );
}

/** The outputs at raw column values, in floating point. */
export function scoresAt(model: Model, raw: ArrayLike<number>): Float64Array {
  const { offset, scale } = model.domain.scaler;
  const scaled = Float64Array.from(offset, (o, i) => (raw[i]! - o) / scale[i]!);
  if (model.kind === "linear") return affine(model.weights, scaled);
  let values = scaled;
  for (const { weights, bias } of model.layers)
    values = Float64Array.from(bias, (b, j) =>
      Math.max(
        0,
        weights[j]!.reduce((sum, w, i) => sum + w * values[i]!, b),
      ),
    );
  return affine(model.weights, Float64Array.of(...values, ...model.skip.map((i) => scaled[i]!)));
}

function affine(weights: readonly (readonly number[])[], values: Float64Array): Float64Array {
  return Float64Array.from(weights, (row) => {
    let sum = row[0]!;
    for (let i = 0; i < values.length; i++) sum += row[i + 1]! * values[i]!;
    return sum;
  });
}

/** A prediction: every output by name, and for classification the decision. */
export interface Prediction<T extends Task = Task> {
  readonly scores: Readonly<Record<string, number>>;
  /** See `Labels`; `undefined` in regression. */
  readonly label: Labels[T];
}

/**
 * Predicts. Inputs outside the certified domain are refused, or moved to its border by `outside: "clamp"`.
 *
 * @example predict(model, { income: 12, credit: 1 }).label;
 */
export function predict<T extends Task>(
  model: Model<T>,
  input: Input,
  { outside = "refuse" }: { readonly outside?: Outside } = {},
): Prediction<T> {
  const values = scoresAt(model, encode(model.domain, input, outside));
  const scores = Object.fromEntries(model.outputs.map((name, k) => [name, values[k]!]));
  return { scores, label: decisions[model.task](values, model.outputs) };
}

/** How each task decides by the outputs' values. */
const decisions: { readonly [T in Task]: (values: Float64Array, outputs: readonly string[]) => Labels[T] } = {
  leastSquares: () => undefined,
  logistic: (values) => (values[0]! > 0 ? 1 : 0),
  oneVsRest: (values, outputs) => outputs[argmax(values)]!,
};

/** Place of the largest value, the first one of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}
