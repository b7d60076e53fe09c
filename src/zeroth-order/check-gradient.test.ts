import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/index.ts";
import { advise, checkGradient } from "./index.ts";

const f = (x: Float64Array) =>
  Math.log(x.reduce((sum, xi, i) => sum + Math.exp(xi * (1 + i / 7)), 0)) + Math.sin(x[0]!);
const gradient = (x: Float64Array) => {
  const shares = x.map((xi, i) => Math.exp(xi * (1 + i / 7)));
  const sum = shares.reduce((a, b) => a + b);
  return shares.map((share, i) => (share / sum) * (1 + i / 7) + (i === 0 ? Math.cos(x[0]!) : 0));
};
const x = Array.from({ length: 24 }, (_, i) => Math.cos(i));

describe("checkGradient", () => {
  it("passes a right gradient, whatever the seed and at a large step", () => {
    for (let seed = 0; seed < 50; seed++)
      for (const mu of [2 ** -7, 0.25]) expect(checkGradient(f, gradient, x, { seed, mu }).ok).toBe(true);
  });

  it("finds a coordinate that is wrong by a thousandth of the gradient", () => {
    const wrong = (at: Float64Array) => gradient(at).map((g, i) => g + (i === 5 ? 2e-3 : 0));
    const { ok, worst, maxZ } = checkGradient(f, wrong, x);
    expect(ok).toBe(false);
    expect(maxZ).toBeGreaterThan(5);
    expect(worst).toBe(5);
  });

  it("finds a forgotten factor", () => {
    const half = (at: Float64Array) => gradient(at).map((g) => g / 2);
    expect(checkGradient(f, half, x).ok).toBe(false);
  });

  it("refuses another length and too few draws", () => {
    expect(() => checkGradient(f, [1, 2], x)).toThrow(InvalidInput);
    expect(() => checkGradient(f, gradient, x, { draws: 1 })).toThrow(/draws is 1.*at least 2/);
    expect(() => checkGradient(f, gradient, x, { z: 0 })).toThrow(/z is 0/);
  });
});

describe("advise", () => {
  it.each([
    [{ dimension: 30, evaluations: 12_000 }, "finite-difference-lbfgs"],
    [{ dimension: 200, evaluations: 12_000 }, "finite-difference-lbfgs"],
    [{ dimension: 30, evaluations: 12_000, smooth: false }, "cma-es"],
    [{ dimension: 30, evaluations: 12_000, noise: 0.1, commonNoise: false, smooth: false }, "central"],
    [{ dimension: 10_000, evaluations: 12_000 }, "central"],
    [{ dimension: 10_000, evaluations: 12_000, stepKnown: false }, "p4"],
    [{ dimension: 30_000_000, evaluations: 20_000, copyFits: false }, "seed-replay"],
  ] as const)("%o: %s", (problem, use) => {
    const advice = advise(problem);
    expect(advice.use).toBe(use);
    expect(advice.here).toBe(!["finite-difference-lbfgs", "cma-es"].includes(use));
  });

  it("refuses numbers out of range", () => {
    expect(() => advise({ dimension: 0, evaluations: 1 })).toThrow(/dimension is 0.*at least 1/);
  });
});
