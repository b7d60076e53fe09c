import { describe, expect, it } from "vitest";
import { KINDS, randomCase, randomInput, smtSearch, vertices } from "../../test/support/constraint-cases.ts";
import { createRng } from "../random/index.ts";
import { certify } from "./certify.ts";
import { compileRules } from "./compile.ts";
import { exact, roundDown, roundUp } from "./dyadic.ts";
import { exactBound } from "./exact-bound.ts";
import { scoresAt } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import { obeys } from "./table.ts";

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

  it("agree with an SMT search for a counterexample", async () => {
    const search = await smtSearch();
    const seen = new Set<string>();
    for (const [c, { model, rules, kind }] of cases.entries()) {
      const broken = await search(model, rules);
      seen.add(`${kind} ${broken}`);
      expect(verdicts[c]!.status, `case ${c}, ${kind}`).toBe(broken ? "violated" : "certified");
    }
    // Every kind of rule was kept by some model and broken by another.
    expect(seen.size).toBe(2 * KINDS.length);
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
    expect(compared).toBeGreaterThan(60);
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
