import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { customLevels, geometricLevels, type LevelTable, levelNoise, zipfLevels } from "./index.ts";
import { levelAt } from "./levels.ts";

describe("level law (oracle 7)", () => {
  it.each([
    ["geometric", geometricLevels({ mu: 0.5, ratio: 0.5, count: 20 })],
    ["zipf", zipfLevels({ mu: 0.5, exponent: 3, count: 20 })],
  ])("%s: P(N >= n) follows the steps, by chi-square over 1e6 draws", (_, table) => {
    const counts = new Float64Array(20);
    for (const u of createRng(3).stream("levels").uniforms(1_000_000)) counts[levelAt(table, u)]!++;
    const range = table.mu[0]! - table.mu[20]!;
    let [square, rest, expectedRest] = [0, 0, 0];
    for (let n = 0; n < 20; n++) {
      const expected = (1_000_000 * (table.mu[n]! - table.mu[n + 1]!)) / range;
      if (n < 10) square += (counts[n]! - expected) ** 2 / expected;
      else {
        rest += counts[n]!;
        expectedRest += expected;
      }
    }
    square += (rest - expectedRest) ** 2 / expectedRest;
    // 10 degrees of freedom: above 47 with probability 1e-6.
    expect(square).toBeLessThan(47);
  });

  it("zipf steps are tail sums", () => {
    const { mu } = zipfLevels({ mu: 1, exponent: 3, count: 5 });
    expect(mu[1]).toBeCloseTo(0.16809262741929257, 14);
    expect(mu[2]).toBeCloseTo(0.06410420584670411, 14);
  });
});

describe("rho (oracle 8)", () => {
  const range = ({ mu }: LevelTable) => (mu[0]! - mu.at(-1)!) ** 2;

  it("is least at the pairing, for any decreasing steps", () => {
    const tables = [geometricLevels({ mu: 0.3, count: 60 }), zipfLevels({ mu: 0.3, count: 60 })];
    for (const [k, table] of tables.entries())
      expect(Math.abs(table.rho / range(table) - 1), `table ${k}`).toBeLessThan(1e-12);
    for (let k = 0; k < 20; k++) {
      const sizes = createRng(k).stream("steps").uniforms(8).sort().reverse();
      const table = customLevels(sizes);
      expect(Math.abs(table.rho / range(table) - 1)).toBeLessThan(1e-12);
      const other = createRng(k).stream("law").uniforms(7);
      const sum = other.reduce((a, b) => a + b);
      expect(customLevels(sizes, { probabilities: other.map((p) => p / sum) }).rho).toBeGreaterThan(
        table.rho,
      );
    }
  });

  it.each([
    [0.3, 2.142857],
    [0.75, 1.5],
    [0.9, 3.461538],
  ])("of ratio 1/2 sampled with ratio %s is %s", (q, expected) => {
    const n = 300;
    const p = Float64Array.from({ length: n }, (_, i) => ((1 - q) * q ** i) / (1 - q ** n));
    const { mu } = geometricLevels({ mu: 1, count: n });
    expect(customLevels(mu, { probabilities: p }).rho).toBeCloseTo(expected, 5);
  });
});

describe("number of levels", () => {
  it.each([
    [-10, "float64", 0.01, 20],
    [-10, "float32", 0.01, 4],
    [-7, "float32", 0.01, 5],
    [-3, "float32", 0.1, 5],
  ] as const)("mu 2^%d in %s with tolerance %d: %d", (power, dtype, tolerance, count) => {
    expect(geometricLevels({ mu: 2 ** power, dtype, tolerance }).p).toHaveLength(count);
  });

  it.each([
    [-10, 23, 2 ** -52, 0.01],
    [-10, 25, 2 ** -52, 0.1],
    [-7, 25, 2 ** -52, 0.01],
    [-7, 27, 2 ** -52, 0.1],
    [-3, 27, 2 ** -52, 0.01],
    [-3, 30, 2 ** -52, 0.1],
    [-10, 6, 2 ** -23, 0.1],
    [-3, 8, 2 ** -23, 0.01],
  ])("rounding allows mu 2^%d at most %d levels", (power, most, epsilon, tolerance) => {
    const noise = (count: number) => levelNoise(geometricLevels({ mu: 2 ** power, count }), epsilon);
    expect(noise(most)).toBeLessThanOrEqual(tolerance);
    expect(noise(most + 1)).toBeGreaterThan(tolerance);
  });
});

describe("what is warned of", () => {
  it("exponents below 2.5", () => {
    expect(zipfLevels({ exponent: 2.4 }).warnings).toEqual([expect.stringMatching(/exponent is 2.4.*2.5/)]);
    for (const table of [
      zipfLevels(),
      zipfLevels({ exponent: 2.5 }),
      geometricLevels(),
      customLevels([2, 1]),
    ])
      expect(table.warnings).toEqual([]);
  });
});

describe("what is refused", () => {
  it.each([
    [() => geometricLevels({ mu: 0 }), /mu is 0.*above 0/],
    [() => geometricLevels({ mu: Number.NaN }), /mu is NaN/],
    [() => geometricLevels({ ratio: 1 }), /ratio is 1.*above 0 and below 1/],
    [() => geometricLevels({ ratio: 0 }), /ratio is 0/],
    [() => geometricLevels({ count: 0 }), /count is 0.*at least 1/],
    [() => geometricLevels({ count: Number.POSITIVE_INFINITY }), /count is Infinity/],
    [() => zipfLevels({ exponent: 1 }), /exponent is 1.*above 1/],
    [() => customLevels([0.1]), /at least 2/],
    [() => customLevels([0.1, 0.2]), /decrease/],
    [() => customLevels([0.2, 0.1, 0]), /above 0/],
    [() => customLevels([0.2, 0.1, 0.05], { probabilities: [1, 0] }), /probabilities\[1\] is 0/],
    [() => customLevels([0.2, 0.1, 0.05], { probabilities: [0.5, 0.4] }), /add up to 1/],
  ])("%s", (make, message) => {
    expect(make).toThrow(InvalidInput);
    expect(make).toThrow(message);
  });
});
