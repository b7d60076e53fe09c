import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { compileRules } from "./compile.ts";
import { domain } from "./domain.ts";
import { exact } from "./dyadic.ts";
import { exactBound } from "./exact-bound.ts";
import { judge } from "./judge.ts";
import { linearModel } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import { forAll, when } from "./rules.ts";
import { verifyCertificate } from "./verify.ts";

describe("worst cases", () => {
  // f = -1 + 2 a - 3 b
  const unit = domain({ a: [0, 1], b: [0, 1] });
  const model = linearModel(unit, ["f"], [[-1, 2, -3]]);

  it("is the support function on a box", () => {
    const low = forAll((x) => when(x.in("a").le(0.4)).then(x.out("f").lt(0)));
    const certificate = certify(model, [low]);
    expect(certificate.status).toBe("certified");
    // 0.4 as a double is a little more than 2/5, and so is the bound.
    expect(certificate.results[0]!.bound).toBeCloseTo(-0.2, 15);
    expect(certificate.results[0]!.worstInput).toEqual({ a: 0.4, b: 0 });
    const all = certify(model, [forAll((x) => x.out("f").lt(0))]);
    expect(all.status).toBe("violated");
    expect(all.results[0]).toMatchObject({
      bound: 1,
      counterexample: { inputs: [{ a: 1, b: 0 }], outputs: [{ f: 1 }] },
    });
  });

  it("is proved by a multiplier on a polytope", () => {
    const rule = forAll((x) => when(x.in("a").le(x.in("b"))).then(x.out("f").lt(0)));
    const { results } = certify(model, [rule]);
    expect(results[0]!.status).toBe("certified");
    expect(results[0]!.bound).toBeGreaterThanOrEqual(-1);
    expect(results[0]!.bound).toBeLessThan(-1 + 1e-8);
    const [multiplier] = results[0]!.clauses[0]!.multipliers.rows;
    expect(multiplier).toBeGreaterThan(2 - 1e-6);
    expect(multiplier).toBeLessThan(3 + 1e-6);
    // By hand: 2 times the row a - b <= 0 proves the bound -1 to the bit.
    const [clause] = compileRules([rule], unit, ["f"]).clauses;
    expect(exactBound(headOf(model, clause!), { lambda: [1], rows: [2] }).bound).toEqual(exact(-1));
  });
});

describe("disjunctions", () => {
  const line = domain({ x: [0, 1] });
  const model = linearModel(
    line,
    ["f", "g"],
    [
      [1, -2],
      [-0.5, 2],
    ],
  );
  const rule = forAll((x) =>
    when(x.in("x").ge(0)).then({ op: "or", of: [x.out("f").gt(0), x.out("g").gt(0)] }),
  );

  it("is proved by mixed weights where no single atom holds everywhere", () => {
    const { results } = certify(model, [rule]);
    expect(results[0]!.status).toBe("certified");
    expect(results[0]!.bound).toBeCloseTo(-0.25, 8);
    const [first, second] = results[0]!.clauses[0]!.multipliers.lambda;
    expect(first! / (first! + second!)).toBeCloseTo(0.5, 6);
  });

  it("is unknown, never violated, to who tries single atoms only", () => {
    const [clause] = compileRules([rule], line, ["f", "g"]).clauses;
    const units = [
      { lambda: [1, 0], rows: [] },
      { lambda: [0, 1], rows: [] },
    ];
    expect(judge(model, clause!, headOf(model, clause!), { multipliers: units }).proof.status).toBe(
      "unknown",
    );
  });
});

describe("stored certificates", () => {
  const where = domain({ a: [0, 1], b: [0, 1] });
  const model = linearModel(
    where,
    ["f", "g"],
    [
      [-1, 2, -3],
      [-2, 1, 1],
    ],
  );
  const rules = [
    forAll((x) => when(x.in("a").le(x.in("b"))).then(x.out("f").lt(0)), { name: "cut" }),
    forAll((x) => ({ op: "or", of: [x.out("f").lt(0), x.out("g").lt(0)] }), { name: "either" }),
  ];
  const stored = () => JSON.parse(JSON.stringify(certify(model, rules))) as ReturnType<typeof certify>;

  it("prove themselves by their own multipliers, and only by right ones", () => {
    expect(verifyCertificate(stored(), model, rules)).toEqual(certify(model, rules));
    const changes: [string, (certificate: ReturnType<typeof stored>) => void][] = [
      ["cut", ({ results }) => void ((results[0]!.clauses[0]!.multipliers.rows as number[])[0] = 0)],
      ["cut", ({ results }) => void ((results[0]!.clauses[0]!.multipliers.rows as number[])[0] = -2)],
      ["cut", ({ results }) => void ((results[0]!.clauses[0]!.multipliers.lambda as number[])[0] = 0)],
      ["either", ({ results }) => void ((results[1]!.clauses[0]!.multipliers.lambda as number[])[1] = 0)],
    ];
    for (const [rule, change] of changes) {
      const certificate = stored();
      change(certificate);
      const { results, ok } = verifyCertificate(certificate, model, rules);
      expect(ok).toBe(false);
      expect(results.filter(({ status }) => status !== "certified").map((result) => result.rule)).toEqual([
        rule,
      ]);
    }
  });

  it("are refused when damaged or for something else", () => {
    const damaged = (change: (certificate: ReturnType<typeof stored>) => unknown) => {
      const certificate = stored();
      change(certificate);
      return () => verifyCertificate(certificate, model, rules);
    };
    expect(damaged((c) => ((c.results[0]!.clauses[0]!.multipliers.rows as unknown[])[0] = null))).toThrow(
      /damaged/,
    );
    expect(damaged((c) => Object.assign(c, { results: null }))).toThrow(/does not cover/);
    expect(damaged((c) => (c.results as unknown[]).pop())).toThrow(/does not cover/);
    expect(damaged((c) => Object.assign(c, { version: 2 }))).toThrow(/version 1/);
    expect(damaged((c) => ((c.domain.columns[0] as { upper: number }).upper = 2))).toThrow(/another domain/);
    expect(() => verifyCertificate(null as never, model, rules)).toThrow(/no fpx certificate/);
  });

  it("are checked by code that neither trains nor solves", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      const text = readFileSync(join(import.meta.dirname, file), "utf8");
      for (const [, type, target] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "(\.[^"]+)"/gm))
        if (type === undefined && !target!.startsWith("../"))
          visit(posix.normalize(posix.join(posix.dirname(file), target!)));
    };
    visit("verify.ts");
    expect([...reached].sort()).toEqual([
      "antichain.ts",
      "compile.ts",
      "counterexample.ts",
      "domain.ts",
      "dyadic.ts",
      "exact-bound.ts",
      "exact-check.ts",
      "formula.ts",
      "judge.ts",
      "model.ts",
      "network-bounds.ts",
      "verify.ts",
    ]);
  });
});
