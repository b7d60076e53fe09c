/** Looks for inputs that break a rule; what it finds is confirmed in exact arithmetic. */
import type { Counterexample } from "./certificate.ts";
import type { Clause } from "./compile.ts";
import { decode } from "./domain.ts";
import { holdsAt, holdsBetween, isInput } from "./exact-check.ts";
import { type Model, scoresAt } from "./model.ts";

/** An input that breaks the clause's rule, found near the given ones, moved inwards from open borders; or none. */
export function findCounterexample(
  model: Model,
  clause: Clause,
  near: readonly ArrayLike<number>[],
): Counterexample | undefined {
  return clause.rule.kind === "slope" ? alongSlope(model, clause) : atInput(model, clause, near);
}

function atInput(
  model: Model,
  clause: Clause,
  near: readonly ArrayLike<number>[],
): Counterexample | undefined {
  const { rule } = clause;
  if (rule.kind === "slope") return undefined;
  const starts = model.kind === "network" ? [...near, ...climb(model, clause)] : near;
  const { lower, upper } = clause.region;
  const middle = lower.map((l, i) =>
    model.domain.columns[i]!.kind === "continuous" ? l + (upper[i]! - l) / 2 : Number.NaN,
  );
  // Worst cases of short fractions are met by the programme only nearly.
  const snapped = starts.map((start) =>
    Float64Array.from(start, (value) => Math.round(value * 2 ** 20) / 2 ** 20),
  );
  for (const start of [...starts, ...snapped]) {
    const whole = Float64Array.from(start, (value, i) =>
      model.domain.columns[i]!.kind === "continuous" ? value : Math.round(value),
    );
    // Conditions such as income < 5 do not hold at the border where the worst case lies, but next to it.
    for (const share of [0, 2 ** -40, 2 ** -30, 2 ** -20, 2 ** -10]) {
      const input = whole.map((value, i) =>
        Number.isNaN(middle[i]!) ? value : value + share * (middle[i]! - value),
      );
      if (isInput(model.domain, input) && !holdsAt(rule, model, input)) return show(model, [input]);
    }
  }
  return undefined;
}

/** Two inputs as far apart along the direction as the domain allows. */
function alongSlope(model: Model, { rule, region }: Clause): Counterexample | undefined {
  if (rule.kind !== "slope") return undefined;
  const { columns, groups } = model.domain;
  const direction = region.lower;
  let length = Number.POSITIVE_INFINITY;
  for (const [i, { lower, upper }] of columns.entries())
    if (direction[i] !== 0) length = Math.min(length, (upper - lower) / Math.abs(direction[i]!));
  const from = Float64Array.from(columns, ({ lower, upper }, i) => (direction[i]! < 0 ? upper : lower));
  for (const group of groups) from[group[0]!] = 1;
  const to = from.map((value, i) =>
    Math.min(columns[i]!.upper, Math.max(columns[i]!.lower, value + length * direction[i]!)),
  );
  return isInput(model.domain, to) && !holdsBetween(rule, model, from, to)
    ? show(model, [from, to])
    : undefined;
}

function show(model: Model, inputs: readonly Float64Array[]): Counterexample {
  return {
    inputs: inputs.map((input) => decode(model.domain, input)),
    outputs: inputs.map((input) => {
      const scores = scoresAt(model, input);
      return Object.fromEntries(model.outputs.map((name, k) => [name, scores[k]!]));
    }),
  };
}

/** Corners of the region's box where the smallest atom is locally largest, by moves of one column. */
function climb(model: Model, { region, atoms }: Clause): Float64Array[] {
  const { lower, upper, rows } = region;
  const value = (x: Float64Array): number => {
    if (
      rows.some(({ coefficients, bound }) => coefficients.reduce((sum, c, i) => sum + c * x[i]!, 0) > bound)
    )
      return Number.NEGATIVE_INFINITY;
    const scores = scoresAt(model, x);
    return Math.min(
      ...atoms.map(({ outputs, inputs, constant }) => {
        let sum = constant;
        for (let k = 0; k < scores.length; k++) sum += outputs[k]! * scores[k]!;
        for (let i = 0; i < x.length; i++) sum += inputs[i]! * x[i]!;
        return sum;
      }),
    );
  };
  return [lower.slice(), upper.slice(), lower.map((l, i) => (i % 2 === 0 ? l : upper[i]!))].map((x) => {
    let best = value(x);
    for (let changed = true; changed; ) {
      changed = false;
      for (let i = 0; i < x.length; i++) {
        const old = x[i]!;
        x[i] = old === lower[i] ? upper[i]! : lower[i]!;
        const now = value(x);
        if (now > best) {
          best = now;
          changed = true;
        } else x[i] = old;
      }
    }
    return x;
  });
}
