import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { certify } from "./certify.ts";
import { domain } from "./domain.ts";
import { linearModel } from "./model.ts";
import { forAll, when } from "./rules.ts";

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
  void createRng;
});
