import { expect, it } from "vitest";
import { randomCase } from "../../test/support/constraint-cases.ts";
import { createRng } from "../random/index.ts";
import { certify } from "./certify.ts";
import type { Affine } from "./expression.ts";
import type { Formula } from "./formula.ts";
import type { LinearModel } from "./model.ts";
import type { Rule } from "./rules.ts";

const SAMPLES = 1_000_000;

type Check = (x: Float64Array, f: Float64Array) => boolean;

/** A formula over raw columns and outputs in floating point. */
function check(formula: Formula, model: LinearModel): Check {
  switch (formula.op) {
    case "not": {
      const of = check(formula.of, model);
      return (x, f) => !of(x, f);
    }
    case "and": {
      const of = formula.of.map((part) => check(part, model));
      return (x, f) => of.every((part) => part(x, f));
    }
    case "or": {
      const of = formula.of.map((part) => check(part, model));
      return (x, f) => of.some((part) => part(x, f));
    }
    default: {
      const value = evaluate(formula.affine, model);
      return formula.op === "lt" ? (x, f) => value(x, f) < 0 : (x, f) => value(x, f) <= 0;
    }
  }
}

function evaluate({ constant, terms }: Affine, { domain, outputs }: LinearModel) {
  const parts = Object.entries(terms).map(([name, factor]) => {
    const column = name.startsWith("out:")
      ? -1
      : domain.columns.findIndex((c) => c.name === name.replace(/^in:/, ""));
    return { factor, column, output: outputs.indexOf(name.replace(/^out:/, "")) };
  });
  return (x: Float64Array, f: Float64Array): number => {
    let sum = constant;
    for (const { factor, column, output } of parts) sum += factor * (column >= 0 ? x[column]! : f[output]!);
    return sum;
  };
}

/** Outputs in floating point, as `predict` computes them. */
function score({ domain: { scaler }, weights }: LinearModel, x: Float64Array, out: Float64Array): void {
  for (let k = 0; k < weights.length; k++) {
    const row = weights[k]!;
    let sum = row[0]!;
    for (let i = 0; i < x.length; i++) sum += row[i + 1]! * ((x[i]! - scaler.offset[i]!) / scaler.scale[i]!);
    out[k] = sum;
  }
}

/** Whether one of many random inputs breaks a rule; half of them lie on sides of the domain's box. */
function sampled(model: LinearModel, rules: readonly Rule[], seed: number): boolean {
  const { columns, groups } = model.domain;
  const d = columns.length;
  const x = new Float64Array(d);
  const y = new Float64Array(d);
  const [f, g] = [new Float64Array(model.outputs.length), new Float64Array(model.outputs.length)];
  const checks = rules.map((rule): Check => {
    if (rule.kind === "forAll") return check(rule.formula, model);
    const along = columns.map(({ name }) => rule.along[name] ?? 0);
    return (from, before) => {
      // As far along the direction as the domain goes.
      let length = Number.POSITIVE_INFINITY;
      for (let i = 0; i < d; i++) {
        const slope = along[i]!;
        if (slope !== 0)
          length = Math.min(length, ((slope > 0 ? columns[i]!.upper : columns[i]!.lower) - from[i]!) / slope);
      }
      for (let i = 0; i < d; i++) y[i] = from[i]! + length * along[i]!;
      score(model, y, g);
      let change = 0;
      for (let k = 0; k < g.length; k++)
        change += (rule.outputs[model.outputs[k]!] ?? 0) * (g[k]! - before[k]!);
      return rule.relation === "zero" ? change === 0 : change <= 0;
    };
  });
  const block = 10_000;
  for (let done = 0; done < SAMPLES; done += block) {
    const u = createRng(seed)
      .stream("samples", done)
      .uniforms(block * d);
    for (let s = 0; s < block; s++) {
      for (let i = 0; i < d; i++) {
        const { lower, upper, kind } = columns[i]!;
        const share = s % 2 === 0 ? u[s * d + i]! : Math.min(1, Math.max(0, 2 * u[s * d + i]! - 0.5));
        const value = Math.min(upper, lower + share * (upper - lower));
        x[i] = kind === "continuous" ? value : kind === "integer" ? Math.round(value) : 0;
      }
      for (const group of groups) x[group[Math.floor(u[s * d + group[0]!]! * group.length)]!] = 1;
      score(model, x, f);
      for (const holds of checks) if (!holds(x, f)) return true;
    }
  }
  return false;
}

it("no certified model is broken by a million inputs in floating point", () => {
  const rng = createRng(41);
  let [certified, violated, found] = [0, 0, 0];
  for (let index = 0; index < 300; index++) {
    const { model, rules, kind } = randomCase(rng, index);
    const { status } = certify(model, rules);
    const broken = sampled(model, rules, index);
    if (status === "certified") {
      certified++;
      expect(broken, `case ${index}, ${kind}`).toBe(false);
    } else {
      violated++;
      if (broken) found++;
    }
  }
  // The samples can tell: most violated models break on one of them.
  expect(certified).toBeGreaterThan(60);
  expect(found).toBeGreaterThan(0.7 * violated);
});
