import { InvalidInput } from "../core/errors.ts";
import { type Variables, variables } from "./expression.ts";
import { allOf, anyOf, type Formula, not } from "./formula.ts";

/** A promise for every input of the domain. Plain data. */
export type Rule = ForAll | Slope;

/** The formula holds for every input. */
export interface ForAll {
  readonly kind: "forAll";
  readonly name: string;
  readonly formula: Formula;
}

/**
 * The slope of a weighted sum of outputs along a direction of the inputs (raw units) is at most 0 everywhere,
 * or exactly 0.
 */
export interface Slope {
  readonly kind: "slope";
  readonly name: string;
  readonly outputs: Readonly<Record<string, number>>;
  readonly along: Readonly<Record<string, number>>;
  readonly relation: "atMostZero" | "zero";
}

export interface RuleOptions {
  /** How messages and certificates call the rule. */
  readonly name?: string;
}

/**
 * A rule for every input x.
 *
 * @example forAll<"credit" | "income" | "score">((x) => when(x.credit.eq(0), x.income.lt(5)).then(x.score.lt(0)));
 */
export function forAll<N extends string = string>(
  build: (x: Variables<N>) => Formula,
  { name = "rule" }: RuleOptions = {},
): Rule {
  return { kind: "forAll", name, formula: build(variables as Variables<N>) };
}

/** When all of the conditions hold, then what is said by `then`. */
export function when(...conditions: readonly Formula[]): { then(...formulas: readonly Formula[]): Formula } {
  // biome-ignore lint/suspicious/noThenProperty: rules read "when ... then"; nothing is awaited
  return { then: (...formulas) => anyOf(not(allOf(...conditions)), allOf(...formulas)) };
}

/** The output never falls (increasing) or never rises (decreasing) when the feature alone grows. */
export function monotone(
  output: string,
  feature: string,
  direction: "increasing" | "decreasing",
  { name = `${output} ${direction} in ${feature}` }: RuleOptions = {},
): Rule {
  if (direction !== "increasing" && direction !== "decreasing")
    throw new InvalidInput(`monotone: the direction is "${direction}": use increasing or decreasing`);
  const sign = direction === "increasing" ? -1 : 1;
  return {
    kind: "slope",
    name,
    outputs: { [output]: sign },
    along: { [feature]: 1 },
    relation: "atMostZero",
  };
}

/** The output does not depend on the feature. */
export function independent(
  output: string,
  feature: string,
  { name = `${output} independent of ${feature}` }: RuleOptions = {},
): Rule {
  return { kind: "slope", name, outputs: { [output]: 1 }, along: { [feature]: 1 }, relation: "zero" };
}

/** A feature with the sign of its effect and the width of its range. */
export interface Effect {
  readonly feature: string;
  readonly sign: 1 | -1;
  readonly range: number;
}

/**
 * The weaker feature moves the output over its range at most as far as the stronger one; both keep their sign.
 * Three rules: linear, because the signs are fixed.
 */
export function effectDominance(
  output: string,
  weaker: Effect,
  stronger: Effect,
  { name = `${stronger.feature} over ${weaker.feature} for ${output}` }: RuleOptions = {},
): readonly Rule[] {
  for (const { feature, range: width } of [weaker, stronger])
    if (!(width > 0 && Number.isFinite(width)))
      throw new InvalidInput(`${name}: the range of ${feature} is ${width}: give its width, above 0`);
  if (weaker.feature === stronger.feature)
    throw new InvalidInput(`${name}: both features are ${weaker.feature}: name two`);
  const along = {
    [weaker.feature]: weaker.sign * weaker.range,
    [stronger.feature]: -stronger.sign * stronger.range,
  };
  const signs = [weaker, stronger].map(({ feature, sign }) =>
    monotone(output, feature, sign > 0 ? "increasing" : "decreasing", {
      name: `${name}: sign of ${feature}`,
    }),
  );
  return [{ kind: "slope", name, outputs: { [output]: 1 }, along, relation: "atMostZero" }, ...signs];
}

/** The lower output never exceeds the upper one. */
export function dominance(
  lower: string,
  upper: string,
  { name = `${lower} <= ${upper}` }: RuleOptions = {},
): Rule {
  return forAll((x) => x.out(lower).le(x.out(upper)), { name });
}

/** The output stays between the bounds; one may be left out. */
export function range(
  output: string,
  bounds: { readonly from?: number; readonly to?: number },
  { name = `range of ${output}` }: RuleOptions = {},
): Rule {
  const { from, to } = bounds;
  if (from === undefined && to === undefined)
    throw new InvalidInput(`range of ${output}: give from, to, or both`);
  if (from !== undefined && to !== undefined && !(from <= to))
    throw new InvalidInput(`range of ${output}: the bounds are reversed, from ${from} to ${to}`);
  return forAll(
    (x) =>
      allOf(
        ...(from === undefined ? [] : [x.out(output).ge(from)]),
        ...(to === undefined ? [] : [x.out(output).le(to)]),
      ),
    { name },
  );
}

/** The largest of all outputs is one of `allowed`, under a condition if given. */
export function argmaxIn(
  allowed: readonly string[],
  outputs: readonly string[],
  {
    name = `argmax in ${allowed.join(", ")}`,
    condition,
  }: RuleOptions & { readonly condition?: Formula } = {},
): Rule {
  const others = outputs.filter((output) => !allowed.includes(output));
  if (allowed.length === 0 || others.length === 0 || !allowed.every((output) => outputs.includes(output)))
    throw new InvalidInput(`${name}: allow some, but not all, of the outputs ${outputs.join(", ")}`);
  return forAll(
    (x) => {
      const beaten = allOf(
        ...others.map((other) => anyOf(...allowed.map((best) => x.out(other).lt(x.out(best))))),
      );
      return condition === undefined ? beaten : when(condition).then(beaten);
    },
    { name },
  );
}
