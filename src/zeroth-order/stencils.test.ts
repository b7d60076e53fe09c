import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import {
  customLevels,
  estimateGradient,
  geometricLevels,
  type LevelTable,
  type Method,
  zipfLevels,
} from "./index.ts";
import { levelNoise } from "./levels.ts";
import { type StencilRule, slopeOf, stencilAt } from "./stencils.ts";

const rule = (method: Method, levels: LevelTable, more: Partial<StencilRule> = {}): StencilRule => ({
  method,
  mu: levels.mu[0]!,
  levels,
  branch: 0.5,
  paperWeights: false,
  ...more,
});

/** A uniform in the middle of level n's share, n from 1. */
const within = ({ p }: LevelTable, n: number) =>
  p.subarray(0, n - 1).reduce((sum, share) => sum + share, 0) + p[n - 1]! / 2;

/** The estimate of level n along a line t -> f(t), from t = 0. */
const along = (f: (t: number) => number, method: Method, levels: LevelTable, n: number, branch = 0.5) => {
  const stencil = stencilAt(rule(method, levels), within(levels, n), branch);
  return slopeOf(stencil, stencil.steps.map(f));
};

/** Mean and mean square over levels and branches, exactly. */
function moments(f: (t: number) => number, method: Method, levels: LevelTable) {
  const branches = { p4: [0.5], p3: [0.25, 0.75], p2: [0.1, 0.5, 0.9], p1: [0.1, 0.3, 0.6, 0.9] }[
    method as "p4"
  ];
  let [mean, absolute, square] = [0, 0, 0];
  for (let n = 1; n <= levels.p.length; n++)
    for (const branch of branches) {
      const g = along(f, method, levels, n, branch);
      const share = levels.p[n - 1]! / branches.length;
      mean += share * g;
      absolute += share * Math.abs(g);
      square += share * g * g;
    }
  return { mean, absolute, square, variance: square - mean * mean };
}

describe("the telescoping table of e^t (oracle 1)", () => {
  const quotient = (mu: number) => Math.expm1(mu) / mu;
  const close = (value: number, expected: number) => expect(Math.abs(value - expected)).toBeLessThan(1e-13);

  it("forward quotients", () => {
    const table = [1.2974425414002564, 1.136101666750966, 1.0651876245346106, 1.031911342685751];
    for (const [k, expected] of table.entries()) {
      const stencil = stencilAt(rule("forward", geometricLevels({ mu: 0.5 ** (k + 1) })), 0.5, 0.5);
      close(slopeOf(stencil, stencil.steps.map(Math.exp)), expected);
    }
  });

  it("P4 on three levels, and its mean", () => {
    const levels = geometricLevels({ mu: 0.5, count: 3 });
    for (const [n, p] of [4 / 7, 2 / 7, 1 / 7].entries()) close(levels.p[n]!, p);
    const table = [1.0150960107639984, 1.0492433936430123, 1.0645085684582387];
    for (const [k, expected] of table.entries()) close(along(Math.exp, "p4", levels, k + 1), expected);
    close(moments(Math.exp, "p4", levels).mean, quotient(1 / 16));
  });

  it("P4 without truncation: as many levels as make no difference", () => {
    const levels = geometricLevels({ mu: 0.5, count: 60 });
    const table = [0.9747607921016757, 1.0137863725348346, 1.031232286609379];
    for (const [k, expected] of table.entries()) close(along(Math.exp, "p4", levels, k + 1), expected);
  });

  it.each(["p3", "p2", "p1"] as const)("%s has the mean of P4", (method) => {
    const levels = geometricLevels({ mu: 0.5, count: 3 });
    close(moments(Math.exp, method, levels).mean, quotient(1 / 16));
  });
});

describe("quadratics (oracle 2)", () => {
  it.each([
    ["geometric", geometricLevels({ mu: 0.5, count: 40 })],
    ["zipf", zipfLevels({ mu: 0.5, count: 2000 })],
  ])("P4 is exact draw by draw, %s", (name, levels) => {
    const d = 20;
    const rng = createRng(5);
    const square = rng.stream("square").normals(d * d);
    const g = rng.stream("linear").normals(d);
    for (let k = 0; k < 20; k++) {
      const v = rng.stream("v", k).normals(d);
      let [slope, curve] = [0, 0];
      for (let i = 0; i < d; i++) {
        slope += g[i]! * v[i]!;
        for (let j = 0; j < d; j++) curve += v[i]! * square[i * d + j]! * v[j]!;
      }
      const f = (t: number) => slope * t + (curve * t * t) / 2;
      // What remains is the smallest step's share of the curvature.
      const rest = (levels.mu.at(-1)! * curve) / 2;
      for (let n = 1; n <= 5; n++)
        expect(Math.abs(along(f, "p4", levels, n) - slope - rest), name).toBeLessThanOrEqual(
          1e-9 * Math.abs(slope) + 1e-9,
        );
    }
  });
});

describe("cubics (oracle 4)", () => {
  const [a, mu] = [1.3, 0.7];
  const cubic = (t: number) => 2 * t - t * t + a * t ** 3;

  it.each([
    [0.2, 0.0654466, 20],
    [0.5, 0.115934, 24],
    [0.8, 0.133039, 80],
  ])("geometric %s: variance %s", (ratio, expected, count) => {
    expect(moments(cubic, "p4", geometricLevels({ mu, ratio, count })).variance).toBeCloseTo(expected, 5);
  });

  it.each([
    [2.5, 0.19445],
    [3, 0.14104],
    [4, 0.07036],
  ])("zipf %s: variance %s in units of (a mu^2)^2", (exponent, expected) => {
    const { variance } = moments(cubic, "p4", zipfLevels({ mu, exponent, count: 3000 }));
    expect(Math.abs(variance / (a * mu * mu) ** 2 - expected)).toBeLessThan(2e-4);
  });
});

describe("P2 and P1 (oracle 10)", () => {
  it.each([
    [5, 12.1, 389.59, 1.0164],
    [10, 22.12, 12316.5, 1.0012],
    [15, 32.12, 393267, 1.0007],
  ])("the mean size of P2 grows with %s levels", (count, absolute, square, square4) => {
    const levels = geometricLevels({ mu: 0.5, count });
    const p2 = moments(Math.exp, "p2", levels);
    expect(Math.abs(p2.absolute - absolute)).toBeLessThan(6e-3);
    expect(Math.abs(p2.square / square - 1)).toBeLessThan(1e-4);
    expect(Math.abs(moments(Math.exp, "p4", levels).square - square4)).toBeLessThan(6e-5);
  });

  it.each(["p1", "p2"] as const)("%s wants a table", (method) => {
    expect(() => estimateGradient(() => 0, [1], { method })).toThrow(/levels, a finite table/);
    const levels = customLevels([0.1, 0.05]);
    expect(estimateGradient(() => 0, [1], { method, levels }).directional[0]).toBeCloseTo(0);
  });
});

describe("float32 losses (oracle 11)", () => {
  const d = 16;
  const rng = createRng(11);
  const [a, b] = [rng.stream("a").normals(24 * d), rng.stream("b").normals(24)];
  /** Σ log(1 + e^(a·x + b)), summed in float32 at the end. */
  const exact = (x: Float64Array) => {
    let sum = 0;
    for (let k = 0; k < 24; k++) {
      let inner = b[k]!;
      for (let i = 0; i < d; i++) inner += a[k * d + i]! * x[i]!;
      sum += Math.log1p(Math.exp(inner));
    }
    return sum;
  };

  it("errors are as predicted, and ten levels are too many", () => {
    const x = rng.stream("x").normals(d);
    const rms = (count: number) => {
      const levels = geometricLevels({ mu: 0.01, count });
      let [square, noise] = [0, 0];
      const draws = 6000;
      const uniforms = rng.stream("levels", count).uniforms(draws);
      for (let k = 0; k < draws; k++) {
        const v = rng.stream("v", count, k).signs(d);
        const stencil = stencilAt(rule("p4", levels), uniforms[k]!, 0.5);
        const points = stencil.steps.map((mu) => x.map((xi, i) => xi + mu * v[i]!));
        const losses = points.map(exact);
        const rounded = losses.map(Math.fround);
        square += (slopeOf(stencil, rounded) - slopeOf(stencil, losses)) ** 2;
        for (const [j, loss] of losses.entries()) noise += (rounded[j]! - loss) ** 2 / losses.length;
      }
      return {
        rms: Math.sqrt(square / draws),
        predicted: levelNoise(levels, Math.sqrt(noise / draws)),
      };
    };
    for (let count = 5; count <= 10; count++) {
      const { rms: error, predicted } = rms(count);
      expect(error / predicted, `${count} levels`).toBeGreaterThan(0.7);
      expect(error / predicted, `${count} levels`).toBeLessThan(1.3);
    }
    expect(rms(10).rms).toBeGreaterThan(0.4 * 5);
    expect(geometricLevels({ mu: 0.01, dtype: "float32" }).p.length).toBeLessThanOrEqual(5);
  });
});
