import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { certifyWithSolver } from "./certify-with-solver.ts";
import { type Domain, domain, type FeatureSpec } from "./domain.ts";
import { fitConstrained } from "./fit.ts";
import { type Layer, linearModel, type Model, parseModel, predict } from "./model.ts";
import { effectDominance, forAll, when } from "./rules.ts";

const network = (where: Domain, layers: readonly Layer[], weights: number[][], skip: number[] = []): Model =>
  parseModel({
    ...{ format: "fpx-model", version: 1, kind: "network", task: "leastSquares", outputs: ["f"] },
    ...{ domain: where, layers, skip, weights },
  });

/** 1/4 - |share - 1/2|: broken in the middle, where neither intervals nor corners tell. */
const tent = (where: Domain, slope: number): Model =>
  network(
    where,
    [{ weights: [[slope], [-slope]], bias: [-slope / 2, slope / 2] }],
    [[0.25, -1 / slope, -1 / slope]],
  );
const negative = forAll((x) => x.out("f").lt(0));

describe("nothing is certified that does not hold", () => {
  it("where the solver would drop small coefficients, or cannot hold large ones", async () => {
    const unit = domain({ x: [0, 1] });
    expect((await certifyWithSolver(tent(unit, 1), [negative])).status).toBe("violated");
    // A column of 2^31 whole numbers has coefficients below 1e-9.
    const whole = tent(domain({ n: { min: 0, max: 2 ** 31, integer: true } }), 1);
    expect(predict(whole, { n: 2 ** 30 }).scores).toEqual({ f: 0.25 });
    expect((await certifyWithSolver(whole, [negative])).status).not.toBe("certified");
    for (const slope of [2 ** -31, 2 ** -40, 2 ** 70]) {
      const model = tent(unit, slope);
      expect(predict(model, { x: 0.5 }).scores).toEqual({ f: 0.25 });
      expect((await certifyWithSolver(model, [negative])).status).not.toBe("certified");
    }
  });

  it("where outputs or skipped columns are named twice, or layers are missing", () => {
    const where = domain({ x: [1, 2] });
    const layer = { weights: [[1]], bias: [0] };
    expect(() => network(where, [layer], [[3, 0, 0, 0]], [0, 0])).toThrow(/skip names a column twice/);
    expect(() => network(where, [], [[3, 0]])).toThrow(/no layers/);
    const twice = [
      [1, 0],
      [-1, 0],
    ];
    expect(() => linearModel(where, ["f", "f"], twice)).toThrow(/two outputs named "f"/);
  });

  it("in floating point, where weights of outputs cancel", () => {
    const where = domain({ x: [0, 1], y: [0.5, 1] });
    const rule = forAll((x) => x.out("f").lt(x.out("g")));
    const steep = (w: number) =>
      certify(
        linearModel(
          where,
          ["f", "g"],
          [
            [0.5, w, 0.5],
            [1, w, 1],
          ],
        ),
        [rule],
      ).results[0]!.clauses[0]!;
    expect(steep(1)).toMatchObject({ status: "certified", floatSafe: true });
    // Both outputs are 2^54 at x = 1: exactly, the rule holds by 1/2.
    expect(steep(2 ** 54)).toMatchObject({ status: "certified", floatSafe: false });
  });
});

describe("numbers of any size", () => {
  it("neither hang nor fail conditions on whole numbers", () => {
    const where = domain({ n: { min: 0, max: 6, integer: true } });
    const model = linearModel(where, ["f"], [[1, 0]]);
    const under = (factor: number, limit: number) =>
      certify(model, [forAll((x) => when(x.in("n").times(factor).gt(limit)).then(x.out("f").lt(0)))]).status;
    expect(under(1, 1e20)).toBe("certified");
    expect(under(1e-300, 1e300)).toBe("certified");
    expect(under(1, -1e20)).toBe("violated");
    expect(under(1e-300, -1e300)).toBe("violated");
    expect(under(1, 5)).toBe("violated");
    expect(under(1, 6)).toBe("certified");
  });

  it("are refused as bounds where sums over the domain would overflow", () => {
    const wrong: FeatureSpec[] = [
      [0, 1.7e308],
      [-1e200, 0],
      { min: 2 ** 53, max: 2 ** 53 + 4, integer: true },
    ];
    for (const spec of wrong) expect(() => domain({ x: spec })).toThrow(/feature "x".* in size/);
  });

  it("are not made of what is none", () => {
    const model = linearModel(domain({ x: [0, 1] }), ["f"], [[1, 1]]);
    for (const value of [null, "1", true])
      expect(() => predict(model, [value] as unknown as number[])).toThrow(/"x" is NaN/);
  });

  it("are asked for in targets, one column an output", async () => {
    const X = [0, 0.5, 1].map((x) => [x]);
    const options = { X, domain: domain({ x: [0, 1] }), task: "leastSquares" as const, constraints: [] };
    for (const value of [null, "", true])
      await expect(fitConstrained({ ...options, y: [1, value, 3] as number[] })).rejects.toThrow(
        /y, row 1: /,
      );
    await expect(fitConstrained({ ...options, y: [1, 2, 3], outputs: ["f", "g"] })).rejects.toThrow(
      /outputs names f, g, but y is one column/,
    );
  });

  it("are coefficients of features whatever these are called", () => {
    const rule = forAll((x) =>
      x
        .out("f")
        .minus(x["constructor"] as never)
        .le(0),
    );
    const where = domain({ constructor: [0, 1] });
    expect(certify(linearModel(where, ["f"], [[0, 1]]), [rule]).status).toBe("certified");
    expect(certify(linearModel(where, ["f"], [[0, 2]]), [rule]).status).toBe("violated");
  });

  it("say how far effects reach", () => {
    const [a, b] = [
      { feature: "a", sign: 1, range: 2 } as const,
      { feature: "b", sign: 1, range: 1 } as const,
    ];
    expect(effectDominance("f", a, b)).toHaveLength(3);
    expect(() => effectDominance("f", { ...a, range: -2 }, b)).toThrow(/range of a is -2/);
    expect(() => effectDominance("f", a, { ...b, feature: "a" })).toThrow(/both features are a/);
  });
});
