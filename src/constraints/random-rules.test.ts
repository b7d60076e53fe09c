import { describe, expect, it } from "vitest";
import { createRng, type Rng } from "../random/index.ts";
import { certify } from "./certify.ts";
import { compileRules } from "./compile.ts";
import { type Domain, domain, type FeatureSpec } from "./domain.ts";
import { exact, roundDown, roundUp } from "./dyadic.ts";
import { exactBound } from "./exact-bound.ts";
import { sum } from "./expression.ts";
import { anyOf } from "./formula.ts";
import { type LinearModel, linearModel, scoresAt } from "./model.ts";
import { headOf } from "./network-bounds.ts";
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
} from "./rules.ts";
import { obeys } from "./table.ts";

const KINDS = [
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
] as const;

interface Case {
  readonly model: LinearModel;
  readonly rules: readonly Rule[];
  readonly kind: (typeof KINDS)[number];
}

/** A linear model with random weights on a random domain, and a rule that it may keep or break. */
function randomCase(rng: Rng, index: number): Case {
  const draws = rng.draws("case", 0, index);
  const kind = KINDS[index % KINDS.length]!;
  const numeric = 1 + draws.integer(7);
  const features: Record<string, FeatureSpec> = {};
  for (let i = 0; i < numeric; i++) {
    const low = Math.round(8 * draws.uniform() - 4);
    features[`x${i}`] = draws.uniform() < 0.3 ? { binary: true } : [low, low + 0.5 + 3 * draws.uniform()];
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
    effect: () =>
      effectDominance("f", { feature: x(0), sign: 1, range: 1 }, { feature: x(1), sign: 1, range: 2 }),
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
  };
  const made = rules[kind]();
  return { model, rules: Array.isArray(made) ? made : [made as Rule], kind };
}

/** All vertices of the domain: corners of numeric columns with one category each. */
function* vertices({ columns, groups }: Domain): Generator<Float64Array> {
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

function randomInput({ columns, groups }: Domain, uniform: Float64Array): Float64Array {
  const x = Float64Array.from(columns, ({ lower, upper, kind }, i) => {
    const value = lower + uniform[i]! * (upper - lower);
    return kind === "integer" ? Math.round(value) : kind === "category" ? 0 : Math.min(upper, value);
  });
  for (const group of groups) x[group[Math.floor(uniform[group[0]!]! * group.length)]!] = 1;
  return x;
}

describe("certificates of random linear models", () => {
  const rng = createRng(41);
  const cases = Array.from({ length: 300 }, (_, index) => randomCase(rng, index));
  const verdicts = cases.map(({ model, rules }) => certify(model, rules));

  it("are decided one way or the other, each way often", () => {
    const count = (status: string) => verdicts.filter((verdict) => verdict.status === status).length;
    expect(count("unknown")).toBe(0);
    expect(count("certified")).toBeGreaterThan(60);
    expect(count("violated")).toBeGreaterThan(60);
  });

  it("agree with all vertices where a rule is one atom on a box", () => {
    let compared = 0;
    for (const [c, { model, rules, kind }] of cases.entries()) {
      if (!["sum", "range", "dominance"].includes(kind)) continue;
      compared++;
      const broken = [...vertices(model.domain)].some(
        (x) => !obeys(rules, model.domain, model.outputs, x, scoresAt(model, x)),
      );
      expect(verdicts[c]!.status, `case ${c}`).toBe(broken ? "violated" : "certified");
    }
    expect(compared).toBe(90);
  });

  it("have bounds that the vertices attain", () => {
    let worst = 0;
    for (const [c, { model, rules }] of cases.entries())
      for (const clause of compileRules(rules, model.domain, model.outputs).clauses) {
        if (clause.slope || clause.atoms.length > 1 || clause.region.rows.length > 0) continue;
        const { bound, input } = exactBound(headOf(model, clause), { lambda: [1], rows: [] });
        const { outputs, inputs, constant } = clause.atoms[0]!;
        const value = (x: Float64Array): number =>
          scoresAt(model, x).reduce((total, score, k) => total + outputs[k]! * score, constant) +
          inputs.reduce((total, factor, i) => total + factor * x[i]!, 0);
        worst = Math.max(worst, Math.abs(value(input) - roundUp(bound)));
        if (clause.region.lower.every((l, i) => l === model.domain.columns[i]!.lower))
          for (const x of vertices(model.domain))
            if (clause.region.upper.every((u, i) => x[i]! <= u))
              expect(value(x), `case ${c}`).toBeLessThanOrEqual(roundUp(bound) + 1e-13);
      }
    expect(worst).toBeLessThan(1e-13);
  });

  it("hold for random inputs in floating point, and counterexamples break the rule there", () => {
    for (const [c, { model, rules }] of cases.entries()) {
      const { status, results } = verdicts[c]!;
      if (rules[0]!.kind === "slope") continue;
      if (status === "certified") {
        const columns = model.domain.columns.length;
        const uniforms = rng.stream("inputs", 1, c).uniforms(400 * columns);
        for (let s = 0; s < 400; s++) {
          const x = randomInput(model.domain, uniforms.subarray(s * columns, (s + 1) * columns));
          expect(obeys(rules, model.domain, model.outputs, x, scoresAt(model, x)), `case ${c}`).toBe(true);
        }
      } else {
        const { inputs } = results.find((result) => result.counterexample !== undefined)!.counterexample!;
        const x = Float64Array.from(model.domain.columns, ({ name, feature, kind }) =>
          kind === "category"
            ? Number(name === `${feature}=${inputs[0]![feature]}`)
            : (inputs[0]![feature] as number),
        );
        expect(obeys(rules, model.domain, model.outputs, x, scoresAt(model, x)), `case ${c}`).toBe(false);
      }
    }
  });
});

describe("exact numbers", () => {
  it("round outwards to neighbouring doubles", () => {
    for (const value of [0, 1, -0.1, 5e-324, 1.7e308, 2 ** -1074 * 3]) {
      expect(roundUp(exact(value))).toBe(value);
      expect(roundDown(exact(value))).toBe(value);
    }
    const third = { mantissa: (1n << 200n) / 3n, exponent: -200 };
    expect(roundDown(third)).toBeLessThan(roundUp(third));
    expect(roundUp(third) - roundDown(third)).toBe(2 ** -54);
  });
});
