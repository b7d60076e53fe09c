import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { directionsOf } from "./directions.ts";
import {
  DIRECTION_LAWS,
  type DirectionLaw,
  estimateGradient,
  type GradientOptions,
  geometricLevels,
  type Method,
} from "./index.ts";

const linear =
  (g: readonly number[], constant = 0) =>
  (x: Float64Array) =>
    x.reduce((sum, xi, i) => sum + g[i]! * xi, constant);

/** Draws one by one: sums of g_k v_k and of their squares. */
function draws(
  f: (x: Float64Array) => number,
  x: readonly number[],
  count: number,
  options: GradientOptions,
) {
  const d = x.length;
  const { directional, evaluations } = estimateGradient(f, x, { ...options, numDirections: count, seed: 17 });
  const draw = directionsOf(options.directions ?? "rademacher", createRng(17), 0);
  const v = new Float64Array(d);
  const [sum, square] = [new Float64Array(d), new Float64Array(d)];
  for (let k = 0; k < count; k++) {
    draw(k, v);
    for (let i = 0; i < d; i++) {
      const g = directional[k]! * v[i]!;
      sum[i]! += g / count;
      square[i]! += (g * g) / count;
    }
  }
  const variance = square.map((s, i) => s - sum[i]! ** 2);
  return {
    mean: sum,
    error: variance.map((s) => Math.sqrt(s / count)),
    variance: variance.reduce((a, b) => a + b),
    evaluations: evaluations / count,
  };
}

describe("linear losses (oracle 3)", () => {
  const g = [1, -2, 0.5];
  const square = 5.25;
  const f = linear(g, 3);

  it.each(["p4", "central", "forward"] as const)("%s gives v·g draw by draw", (method) => {
    const { directional } = estimateGradient(f, [0.3, -1, 2], { method, numDirections: 50, seed: 1 });
    const draw = directionsOf("rademacher", createRng(1), 0);
    for (const [k, slope] of directional.entries()) {
      const exact = linear(g)(draw(k, new Float64Array(3)));
      expect(Math.abs(slope - exact)).toBeLessThan(1e-10);
    }
  });

  const tame = { levels: geometricLevels({ mu: 2 ** -7, count: 5 }) };

  it("P3 is unbiased with variance (2d - 1) |g|^2", () => {
    const { mean, variance } = draws(f, [0, 0, 0], 400_000, { method: "p3", directions: "sphere", ...tame });
    for (let i = 0; i < 3; i++) expect(Math.abs(mean[i]! - g[i]!)).toBeLessThan(0.04);
    expect(variance / square).toBeGreaterThan(5 * 0.97);
    expect(variance / square).toBeLessThan(5 * 1.03);
  });

  it("P3 with the printed weights has half the mean", () => {
    const { mean, variance } = draws(f, [0, 0, 0], 400_000, {
      method: "p3",
      directions: "sphere",
      paperWeights: true,
      ...tame,
    });
    for (let i = 0; i < 3; i++) expect(Math.abs(mean[i]! - g[i]! / 2)).toBeLessThan(0.02);
    expect(Math.abs(variance / square - 1.25)).toBeLessThan(1.25 * 0.03);
  });
});

describe("normals (oracle 12)", () => {
  it("4e6 of them have the moments of the normal law", () => {
    const z = createRng(12).stream("normals").normals(4_000_000);
    let [mean, square, fourth] = [0, 0, 0];
    for (const x of z) mean += x / z.length;
    for (const x of z) {
      square += (x - mean) ** 2 / z.length;
      fourth += (x - mean) ** 4 / z.length;
    }
    expect(Math.abs(mean)).toBeLessThan(0.003);
    expect(Math.abs(square - 1)).toBeLessThan(0.005);
    expect(Math.abs(fourth / square ** 2 - 3)).toBeLessThan(0.02);
  });
});

describe("directions (oracle 6)", () => {
  const d = 12;
  const count = 400_000;

  it.each([
    ["gaussian", 13],
    ["sphere", 11],
    ["rademacher", 11],
    ["coordinate", 11],
  ] as const)("%s: E[v v'] = I, variance factor %d", (law, factor) => {
    const draw = directionsOf(law, createRng(23), 0);
    const v = new Float64Array(d);
    const moment = new Float64Array(d * d);
    const g = createRng(1).stream("g").normals(d);
    const square = g.reduce((sum, x) => sum + x * x, 0);
    let error = 0;
    for (let k = 0; k < count; k++) {
      draw(k, v);
      let slope = 0;
      for (let i = 0; i < d; i++) slope += g[i]! * v[i]!;
      for (let i = 0; i < d; i++) {
        error += (slope * v[i]! - g[i]!) ** 2 / count;
        for (let j = 0; j <= i; j++) moment[i * d + j]! += (v[i]! * v[j]!) / count;
      }
    }
    for (let i = 0; i < d; i++)
      for (let j = 0; j <= i; j++)
        expect(Math.abs(moment[i * d + j]! - (i === j ? 1 : 0))).toBeLessThan(0.03);
    expect(Math.abs(error / square / factor - 1)).toBeLessThan(0.02);
  });

  it("orthogonal: exact with all directions; variance d/l - 1", () => {
    const g = Array.from(createRng(2).stream("g").normals(d));
    const square = g.reduce((sum, x) => sum + x * x, 0);
    const miss = (numDirections: number, seed: number) => {
      const { gradient } = estimateGradient(linear(g), new Float64Array(d), {
        directions: "orthogonal",
        numDirections,
        mu: 1,
        seed,
      });
      return gradient.reduce((sum, x, i) => sum + (x - g[i]!) ** 2, 0) / square;
    };
    expect(Math.sqrt(miss(12, 1))).toBeLessThan(1e-12);
    // Half of the space: |2 P g - g| = |g| whatever P is.
    for (let seed = 0; seed < 20; seed++) expect(Math.abs(miss(6, seed) - 1)).toBeLessThan(1e-12);
    let mean = 0;
    for (let seed = 0; seed < 20_000; seed++) mean += miss(3, seed) / 20_000;
    expect(Math.abs(mean - 3)).toBeLessThan(0.05);
  });

  it("basis: central differences coordinate by coordinate", () => {
    const f = (x: Float64Array) => x.reduce((sum, xi, i) => sum + (i + 1) * xi ** 2, 0);
    const { gradient, evaluations } = estimateGradient(f, [1, 2, 3], { directions: "basis" });
    expect(evaluations).toBe(6);
    for (const [i, exact] of [2, 8, 18].entries()) expect(gradient[i]).toBeCloseTo(exact, 9);
  });
});

describe("composition", () => {
  const methods: readonly Method[] = ["central", "forward", "p4", "p3", "p2", "p1", "onePoint"];

  it("every method goes with every direction law, and the loss's scale scales the estimate", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...methods),
        fc.constantFrom<DirectionLaw>(...DIRECTION_LAWS),
        fc.nat(1000),
        (method, directions, seed) => {
          const f = (x: Float64Array) => Math.cos(x[0]!) + x[1]! * x[2]!;
          const options = { method, directions, seed, levels: geometricLevels({ mu: 0.25, count: 4 }) };
          const x = [0.1, 0.2, -0.4];
          const one = estimateGradient(f, x, options);
          const four = estimateGradient((y) => 4 * f(y), x, options);
          for (let i = 0; i < 3; i++) expect(four.gradient[i]).toBe(4 * one.gradient[i]!);
        },
      ),
    );
  });

  it("scales: the estimate stays that of the gradient in x", () => {
    const { gradient } = estimateGradient(linear([3, -1]), [0, 0], { directions: "basis", scale: [0.1, 10] });
    expect(gradient[0]).toBeCloseTo(3, 9);
    expect(gradient[1]).toBeCloseTo(-1, 9);
  });

  it("is the same for the same seed in one batch and in many", () => {
    const d = 200_000;
    const f = (x: Float64Array) => x[0]! + 2 * x[d - 1]!;
    const many = estimateGradient(f, new Float64Array(d), { method: "p4", numDirections: 7, seed: 3 });
    const draw = directionsOf("rademacher", createRng(3), 0);
    for (const [k, slope] of many.directional.entries()) {
      const v = draw(k, new Float64Array(d));
      expect(slope).toBeCloseTo(v[0]! + 2 * v[d - 1]!, 8);
    }
    expect(many.evaluations).toBe(1 + many.level.reduce((sum, n) => sum + (n === 1 ? 2 : 3), 0));
  });
});

describe("common random numbers (oracle 14)", () => {
  it("P4 sees nothing of noise that is one for the whole draw", () => {
    const quiet = estimateGradient((x) => x[0]! ** 3, [1], { method: "p4", seed: 4, mu: 0.5 });
    const noisy = (x: Float64Array, sample: number) => x[0]! ** 3 + 1000 * sample;
    const loud = estimateGradient(noisy, [1], { method: "p4", seed: 4, sample: 7, mu: 0.5 });
    expect(Math.abs(loud.gradient[0]! - quiet.gradient[0]!)).toBeLessThan(1e-3);
  });
});

describe("counting (oracle 15)", () => {
  it("P4 takes 3.5 evaluations a draw", () => {
    let total = 0;
    for (let seed = 0; seed < 100_000; seed++)
      total += estimateGradient((x) => x[0]!, [1], { method: "p4", seed }).evaluations;
    expect(Math.abs(total / 100_000 - 3.5)).toBeLessThan(0.02);
  });

  it("one level is a forward difference of two", () => {
    const levels = geometricLevels({ mu: 0.5, count: 1 });
    const { evaluations, directional } = estimateGradient((x) => x[0]! ** 2, [0], { method: "p4", levels });
    expect(evaluations).toBe(2);
    expect(directional[0]).toBe(0.25);
  });
});

describe("what is refused", () => {
  const refuse = (options: GradientOptions, message: RegExp, x: ArrayLike<number> = [1, 2]) => {
    const estimate = () => estimateGradient((y) => y[0]!, x, options);
    expect(estimate).toThrow(InvalidInput);
    expect(estimate).toThrow(message);
  };

  it("options out of range, by name and with the range", () => {
    refuse({}, /x0 is empty.*at least 1/, []);
    refuse({ mu: 0 }, /mu is 0.*above 0/);
    refuse({ mu: -1 }, /mu is -1.*above 0/);
    refuse({ numDirections: 0 }, /numDirections is 0.*at least 1/);
    refuse({ directions: "orthogonal", numDirections: 3 }, /numDirections is 3.*from 1 to 2/);
    refuse({ directions: "basis", numDirections: 1 }, /must be 2/);
    refuse({ method: "spsa" as Method }, /method is "spsa".*central/);
    refuse({ directions: "ball" as DirectionLaw }, /directions is "ball"/);
    refuse({ scale: [1, 0] }, /scale\[1\] is 0/);
    refuse({ branch: 1 }, /branch is 1/);
    refuse({ method: "residual" }, /step before/);
  });

  it("promises, points and losses that are not finite", () => {
    const promise = (async () => 1) as unknown as () => number;
    expect(() => estimateGradient(promise, [1])).toThrow(InvalidInput);
    expect(() => estimateGradient(() => 1, [Number.NaN])).toThrow(NonFinite);
    expect(() => estimateGradient((x) => Math.log(x[0]!), [-1])).toThrow(/loss is NaN at x = \[-/);
  });
});
