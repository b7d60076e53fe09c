/** Does a rule hold at one input? Exact, and straight from the rule's formula: the judge of counterexamples. */
import type { Domain } from "./domain.ts";
import { add, type Dyadic, divideByPower, exact, larger, multiply, sign, subtract, ZERO } from "./dyadic.ts";
import type { Affine } from "./expression.ts";
import { truth } from "./formula.ts";
import type { Model } from "./model.ts";
import type { ForAll, Slope } from "./rules.ts";

/** The exact outputs of a model at raw column values. */
export function exactOutputs(model: Model, raw: ArrayLike<number>): readonly Dyadic[] {
  const { offset, scale } = model.domain.scaler;
  const scaled = offset.map((o, i) => divideByPower(subtract(exact(raw[i]!), exact(o)), scale[i]!));
  if (model.kind === "linear") return model.weights.map((row) => affine(row[0]!, row.slice(1), scaled));
  let values: readonly Dyadic[] = scaled;
  for (const { weights, bias } of model.layers)
    values = bias.map((b, j) => larger(ZERO, affine(b, weights[j]!, values)));
  const head = [...values, ...model.skip.map((i) => scaled[i]!)];
  return model.weights.map((row) => affine(row[0]!, row.slice(1), head));
}

const affine = (bias: number, weights: readonly number[], values: readonly Dyadic[]): Dyadic =>
  weights.reduce((sum, w, i) => (w === 0 ? sum : add(sum, multiply(exact(w), values[i]!))), exact(bias));

/** Whether raw column values are an input of the domain, whole numbers and one-hot groups included. */
export function isInput({ columns, groups }: Domain, raw: ArrayLike<number>): boolean {
  return (
    columns.every(
      ({ kind, lower, upper }, i) =>
        raw[i]! >= lower && raw[i]! <= upper && (kind === "continuous" || Number.isInteger(raw[i]!)),
    ) && groups.every((group) => group.filter((i) => raw[i] === 1).length === 1)
  );
}

/** Whether a formula holds at raw column values, exactly. */
export function holdsAt(rule: ForAll, model: Model, raw: ArrayLike<number>): boolean {
  const outputs = exactOutputs(model, raw);
  const value = nameValues(model, raw, outputs);
  return truth(rule.formula, ({ op, affine: form }) => {
    const decided = sign(evaluate(form, value));
    return op === "lt" ? decided < 0 : decided <= 0;
  });
}

/** Whether a slope rule holds between two inputs that differ along its direction, exactly. */
export function holdsBetween(
  rule: Slope,
  model: Model,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
): boolean {
  const [before, after] = [exactOutputs(model, from), exactOutputs(model, to)];
  let change = ZERO;
  for (const [name, factor] of Object.entries(rule.outputs)) {
    const k = model.outputs.indexOf(name.replace(/^out:/, ""));
    change = add(change, multiply(exact(factor), subtract(after[k]!, before[k]!)));
  }
  return rule.relation === "zero" ? sign(change) === 0 : sign(change) <= 0;
}

const evaluate = ({ constant, terms }: Affine, value: (name: string) => Dyadic): Dyadic =>
  Object.entries(terms).reduce(
    (sum, [name, factor]) => add(sum, multiply(exact(factor), value(name))),
    exact(constant),
  );

function nameValues(
  { domain, outputs: names }: Model,
  raw: ArrayLike<number>,
  outputs: readonly Dyadic[],
): (name: string) => Dyadic {
  return (name) => {
    const [, side, bare = name] = /^(in|out):(.*)$/s.exec(name) ?? [];
    const column = side === "out" ? -1 : domain.columns.findIndex((candidate) => candidate.name === bare);
    return column >= 0 ? exact(raw[column]!) : outputs[names.indexOf(bare)]!;
  };
}
