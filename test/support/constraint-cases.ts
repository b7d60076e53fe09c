/** Random linear models with random rules, and a search for counterexamples by an SMT solver. */
import { sum, variables } from "../../src/constraints/expression.ts";
import { anyOf, type Formula, not } from "../../src/constraints/formula.ts";
import {
  type Domain,
  domain,
  type FeatureSpec,
  type LinearModel,
  linearModel,
} from "../../src/constraints/index.ts";
import {
  argmaxIn,
  dominance,
  effectDominance,
  forAll,
  independent,
  monotone,
  type Rule,
  range,
  when,
} from "../../src/constraints/rules.ts";
import { smtNumber, smtSum, startZ3 } from "../../src/constraints/sade/z3.ts";
import type { Rng } from "../../src/random/index.ts";

export const KINDS = [
  "conditional",
  "sum",
  "disjunction",
  "range",
  "dominance",
  "argmax",
  "monotone",
  "effect",
  "independent",
  "polytope",
  "integers",
  "cases",
  "winner",
] as const;

export interface Case {
  readonly model: LinearModel;
  readonly rules: readonly Rule[];
  readonly kind: (typeof KINDS)[number];
}

/** A linear model with random weights on a random domain, and a rule that it may keep or break. */
export function randomCase(rng: Rng, index: number): Case {
  const draws = rng.draws("case", 0, index);
  const kind = KINDS[index % KINDS.length]!;
  const numeric = 1 + draws.integer(7);
  const features: Record<string, FeatureSpec> = {};
  for (let i = 0; i < numeric; i++) {
    const low = Math.round(8 * draws.uniform() - 4);
    const kindOf = draws.uniform();
    features[`x${i}`] =
      kindOf < 0.3
        ? { binary: true }
        : kindOf < 0.45
          ? { min: low, max: low + 1 + draws.integer(4), integer: true }
          : [low, low + 0.5 + 3 * draws.uniform()];
  }
  if (draws.uniform() < 0.3) features["c"] = { categories: ["a", "b", "d"] };
  const where = domain(features);
  const outputs = ["f", "g", "h"];
  const normals = rng.stream("weights", 0, index).normals(3 * (where.columns.length + 1));
  const weights = outputs.map((_, k) =>
    normals.slice(k * (where.columns.length + 1), (k + 1) * (where.columns.length + 1)),
  );
  // Half of the models are moved to where the rule is likely to hold.
  const shift = draws.uniform() < 0.5 ? 0 : 2 + draws.uniform() * 3;
  weights[0]![0]! -= shift;
  weights[1]![0]! += shift;
  if (kind === "independent" && draws.uniform() < 0.5) weights[0]![1] = 0;
  const model = linearModel(where, outputs, weights);
  const x = (i: number): string => `x${i % numeric}`;
  const number = () => 2 * draws.uniform() - 1;
  const rules: Record<Case["kind"], () => Rule | readonly Rule[]> = {
    conditional: () => {
      const spec = where.columns[0]!;
      return forAll((v) =>
        when(v.in(x(0)).le(spec.lower + 0.5 * (spec.upper - spec.lower))).then(v.out("f").lt(0)),
      );
    },
    sum: () =>
      forAll((v) => sum(v.out("f"), v.out("h").times(0.5)).le(v.in(x(1)).times(number()).plus(v.out("g")))),
    disjunction: () => forAll((v) => anyOf(v.out("f").lt(0), v.out("h").lt(v.in(x(0))), v.out("g").gt(1))),
    range: () => range("f", { from: -12, to: 3 }),
    dominance: () => dominance("f", "g"),
    argmax: () => argmaxIn(["g", "h"], outputs),
    monotone: () => monotone("f", x(draws.integer(8)), "increasing"),
    // Of one feature alone the rule says that the output does not fall with it.
    effect: () =>
      x(0) === x(1)
        ? monotone("f", x(0), "increasing")
        : effectDominance("f", { feature: x(0), sign: 1, range: 1 }, { feature: x(1), sign: 1, range: 2 }),
    independent: () => independent("f", x(0)),
    polytope: () =>
      forAll((v) =>
        when(
          v
            .in(x(0))
            .plus(v.in(x(1)).times(number()))
            .le(number()),
          v.in(x(2)).ge(number()),
        ).then(v.out("f").lt(v.out("g"))),
      ),
    // Whole numbers tied to others, and conditions that are equalities.
    integers: () =>
      forAll((v) =>
        when(
          v
            .in(x(0))
            .plus(v.in(x(1)))
            .ge(number()),
          v.in(x(2)).eq(where.columns[2 % numeric]!.lower),
        ).then(v.out("f").le(v.out("h").plus(shift))),
      ),
    // Alternatives among conditions, and several conclusions.
    cases: () =>
      forAll((v) =>
        when(anyOf(v.in(x(0)).le(number()), not(v.in(x(1)).lt(number())))).then(
          v.out("f").lt(1),
          v.out("g").gt(-1),
        ),
      ),
    winner: () => argmaxIn(["g", "h"], outputs, { condition: variables.in(x(0)).ge(number()) }),
  };
  const made = rules[kind]();
  return { model, rules: Array.isArray(made) ? made : [made as Rule], kind };
}

/** All vertices of the domain: corners of numeric columns with one category each. */
export function* vertices({ columns, groups }: Domain): Generator<Float64Array> {
  const numeric = [...columns.keys()].filter((i) => columns[i]!.kind !== "category");
  const choices = groups.reduce((product, group) => product * group.length, 1);
  for (let corner = 0; corner < 2 ** numeric.length; corner++)
    for (let choice = 0; choice < choices; choice++) {
      const x = new Float64Array(columns.length);
      for (const [b, i] of numeric.entries())
        x[i] = (corner >> b) & 1 ? columns[i]!.upper : columns[i]!.lower;
      let rest = choice;
      for (const group of groups) {
        x[group[rest % group.length]!] = 1;
        rest = Math.floor(rest / group.length);
      }
      yield x;
    }
}

export function randomInput({ columns, groups }: Domain, uniform: Float64Array): Float64Array {
  const x = Float64Array.from(columns, ({ lower, upper, kind }, i) => {
    const value = lower + uniform[i]! * (upper - lower);
    return kind === "integer" ? Math.round(value) : kind === "category" ? 0 : Math.min(upper, value);
  });
  for (const group of groups) x[group[Math.floor(uniform[group[0]!]! * group.length)]!] = 1;
  return x;
}

/** Bounds of an input, column by column. */
type Bounds = Pick<Domain["columns"][number], "lower" | "upper">;

/** Says whether an input within bounds (default: of the whole domain) breaks one of the rules. */
export type Search = (
  model: LinearModel,
  rules: readonly Rule[],
  bounds?: readonly Bounds[],
) => Promise<boolean>;

/** A search by Z3 on the rules as they stand: nothing of the compiler or the certificates is used. */
export async function smtSearch(): Promise<Search> {
  const { Context, alone } = await startZ3();
  const context = Context("search");
  const solver = new context.Solver();
  // The parser remembers declarations beyond a pop: each search has names of its own.
  let searches = 0;
  return async (model, rules, bounds = model.domain.columns) => {
    for (const rule of rules) {
      solver.push();
      solver.fromString(breaking(model, rule, bounds, `s${searches++}`));
      const status = await alone(() => solver.check());
      solver.pop();
      if (status === "unknown") throw new Error(`Z3 cannot decide "${rule.name}"`);
      if (status === "sat") return true;
    }
    return false;
  };
}

/** SMT-LIB text that is satisfiable if and only if an input within the bounds breaks the rule. */
function breaking(model: LinearModel, rule: Rule, bounds: readonly Bounds[], id: string): string {
  const { columns, groups } = model.domain;
  const lines: string[] = [];
  const input = (prefix: string): string[] =>
    columns.map(({ kind }, i) => {
      const name = `${prefix}${i}`;
      const { lower, upper } = bounds[i]!;
      lines.push(`(declare-const ${name} ${kind === "continuous" ? "Real" : "Int"})`);
      const real = kind === "continuous" ? name : `(to_real ${name})`;
      lines.push(`(assert (and (<= ${smtNumber(lower)} ${real}) (<= ${real} ${smtNumber(upper)})))`);
      return real;
    });
  const x = input(`${id}x`);
  for (const group of groups) lines.push(`(assert (= 1.0 (+ 0.0 ${group.map((i) => x[i]).join(" ")})))`);
  if (rule.kind === "forAll") {
    const values = new Map<string, string>();
    for (const [i, { name }] of columns.entries()) values.set(name, x[i]!).set(`in:${name}`, x[i]!);
    for (const name of model.outputs)
      values.set(name, output(model, name, x)).set(`out:${name}`, values.get(name)!);
    lines.push(`(assert (not ${formulaText(rule.formula, values)}))`);
    return lines.join("\n");
  }
  // Two inputs that differ along the direction alone, by a positive length.
  const y = input(`${id}y`);
  lines.push(`(declare-const ${id}t Real)`, `(assert (> ${id}t 0.0))`);
  for (const [i, { name }] of columns.entries()) {
    const slope = rule.along[name] ?? rule.along[`in:${name}`] ?? 0;
    lines.push(`(assert (= ${y[i]} (+ ${x[i]} (* ${id}t ${smtNumber(slope)}))))`);
  }
  const change = Object.entries(rule.outputs).map(
    ([name, factor]) => `(* ${smtNumber(factor)} (- ${output(model, name, y)} ${output(model, name, x)}))`,
  );
  const total = `(+ 0.0 ${change.join(" ")})`;
  lines.push(`(assert (${rule.relation === "zero" ? "distinct" : "<"} 0.0 ${total}))`);
  return lines.join("\n");
}

/** An output as an expression; scales are powers of two, so that every number stays exact. */
function output(
  { domain: { scaler }, outputs, weights }: LinearModel,
  name: string,
  x: readonly string[],
): string {
  const row = weights[outputs.indexOf(name)]!;
  const terms = x.map(
    (value, i) => [row[i + 1]! / scaler.scale[i]!, `(- ${value} ${smtNumber(scaler.offset[i]!)})`] as const,
  );
  return `(+ ${smtNumber(row[0]!)} ${smtSum(terms)})`;
}

function formulaText(formula: Formula, values: ReadonlyMap<string, string>): string {
  switch (formula.op) {
    case "not":
      return `(not ${formulaText(formula.of, values)})`;
    case "and":
    case "or":
      return `(${formula.op} ${formula.of.map((part) => formulaText(part, values)).join(" ")})`;
    default: {
      const { constant, terms } = formula.affine;
      const sum = Object.entries(terms).map(([name, factor]) => [factor, values.get(name)!] as const);
      return `(${formula.op === "lt" ? "<" : "<="} (+ ${smtNumber(constant)} ${smtSum(sum)}) 0.0)`;
    }
  }
}
