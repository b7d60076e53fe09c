import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { fitCost } from "./cost-model.ts";
import { candidateWeights, costPolicy } from "./cost-policy.ts";

describe("a linear cost", () => {
  const CONTEXTS = 4;
  const RESPONSES = 8;
  const draws = createRng(2).draws("costs");
  const truth = Float64Array.from({ length: CONTEXTS * RESPONSES }, () => draws.uniform());
  const psi = (x: number, y: number): Float64Array => {
    const row = new Float64Array(CONTEXTS * RESPONSES);
    row[x * RESPONSES + y] = 1;
    return row;
  };
  // Skewed on purpose: response y is drafted more often the larger y is.
  const log = Array.from({ length: 4000 }, () => {
    const y = Math.max(draws.integer(RESPONSES), draws.integer(RESPONSES));
    return [draws.integer(CONTEXTS), y] as const;
  });
  const model = fitCost(
    log.map(([x, y]) => psi(x, y)),
    log.map(([x, y]) => truth[x * RESPONSES + y]!),
    { ridge: 1e-9 },
  );

  it("is found again from noiseless costs, with the right best response in every context", () => {
    for (let x = 0; x < CONTEXTS; x++) {
      const fitted = Array.from({ length: RESPONSES }, (_, y) => model.predict(psi(x, y)));
      const exact = [...truth.subarray(x * RESPONSES, (x + 1) * RESPONSES)];
      fitted.forEach((cost, y) => {
        expect(Math.abs(cost - exact[y]!)).toBeLessThan(1e-6);
      });
      expect(fitted.indexOf(Math.min(...fitted))).toBe(exact.indexOf(Math.min(...exact)));
    }
  });

  it("is wide where the log is thin: the width falls with the log-frequency of a response", () => {
    const counts = new Array<number>(RESPONSES).fill(0);
    for (const [, y] of log) counts[y]!++;
    const a = counts.map(Math.log);
    const b = counts.map((_, y) => model.width(psi(0, y)));
    const mean = (list: number[]) => list.reduce((s, v) => s + v, 0) / list.length;
    const [ma, mb] = [mean(a), mean(b)];
    const cov = a.reduce((s, v, i) => s + (v - ma) * (b[i]! - mb), 0);
    const spread = (list: number[], m: number) => Math.sqrt(list.reduce((s, v) => s + (v - m) ** 2, 0));
    expect(cov / (spread(a, ma) * spread(b, mb))).toBeLessThan(-0.9);
    expect(model.pessimistic(psi(0, 0), 4)).toBeCloseTo(model.predict(psi(0, 0)) + 2 * b[0]!, 12);
  });

  it("is the exact maximum over linear functions near the fit", () => {
    const rows = [
      [1, 0.5],
      [1, -0.2],
      [1, 0.9],
    ];
    const fit = fitCost(rows, [0.2, 0.4, 0.1], { ridge: 1e-12 });
    const at = [1, 2];
    const bound = fit.pessimistic(at, 0.3);
    let most = Number.NEGATIVE_INFINITY;
    for (let angle = 0; angle < 2 * Math.PI; angle += 1e-3) {
      const [d0, d1] = [Math.cos(angle), Math.sin(angle)];
      const squares = rows.reduce((s, [p, q]) => s + (p! * d0 + q! * d1) ** 2, 0);
      const scale = Math.sqrt(0.3 / squares);
      most = Math.max(most, fit.predict(at) + scale * (d0 * at[0]! + d1 * at[1]!));
    }
    expect(most).toBeLessThanOrEqual(bound + 1e-9);
    expect(most).toBeGreaterThan(bound - 1e-4);
  });

  it("refuses what cannot be fitted", () => {
    expect(() => fitCost([], [])).toThrow("got 0 and 0");
    expect(() => fitCost([[1, 1]], [1], { ridge: 0 })).toThrow("larger ridge");
    expect(() => fitCost([[1]], [Number.NaN])).toThrow("cost of edit 0 is NaN");
    expect(() => fitCost([[1], [1, 2]], [1, 2])).toThrow("row 1 has 2 features, expected 1");
    expect(() => fitCost([[1]], [1], { ridge: -1 })).toThrow("ridge is -1");
    expect(() => model.pessimistic(psi(0, 0), -1)).toThrow("gamma is -1");
  });
});

describe("policies from costs", () => {
  it("weighs candidates by their cost alone, and says what is wrong", () => {
    const [a, b] = candidateWeights([0.1, 0.4], { klBeta: 0.1 });
    expect(a! / b!).toBeCloseTo(Math.exp(3), 10);
    expect(() => costPolicy([0], [1, 2], { klBeta: 1 })).toThrow("1 reference log-probabilities and 2 costs");
    expect(() => costPolicy([0], [1], { klBeta: 0 })).toThrow("klBeta is 0");
    expect(() => costPolicy([0], [Number.NaN], { klBeta: 1 })).toThrow("cost of response 0 is NaN");
    expect(() => costPolicy([Number.NEGATIVE_INFINITY], [1], { klBeta: 1 })).toThrow("no response");
  });
});
