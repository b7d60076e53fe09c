import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { linearScale, logScale } from "./scale.ts";

const labels = (scale: { ticks: readonly { label: string }[] }): string[] =>
  scale.ticks.map(({ label }) => label);
const values = (scale: { ticks: readonly { value: number }[] }): number[] =>
  scale.ticks.map(({ value }) => value);

/** What a label claims, read back. */
function read(label: string): number {
  const digits = label
    .replace("−", "-")
    .replaceAll(",", "")
    .replace(/^10(?=[⁰-⁹⁻¹²³])/, "1×10")
    .replace(
      /×10(.*)$/,
      (_, power: string) =>
        `e${[...power]
          .map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))
          .map((i) => (i < 0 ? "-" : i))
          .join("")}`,
    );
  return Number(digits);
}

describe("linearScale", () => {
  it.each<[number, number, string[]]>([
    [0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]],
    [0, 299, ["0", "50", "100", "150", "200", "250", "300"]],
    [-0.13, 0.31, ["−0.2", "−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"]],
    [0, 45_000, ["0", "10,000", "20,000", "30,000", "40,000", "50,000"]],
    [0, 3e6, ["0", "0.5×10⁶", "1.0×10⁶", "1.5×10⁶", "2.0×10⁶", "2.5×10⁶", "3.0×10⁶"]],
    [0, 4e-5, ["0", "1×10⁻⁵", "2×10⁻⁵", "3×10⁻⁵", "4×10⁻⁵"]],
    [5, 5, ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]],
    [0, 0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]],
  ])("ticks %d to %d at round numbers", (low, high, expected) => {
    expect(labels(linearScale(low, high))).toEqual(expected);
  });

  it("prints percent and whole numbers", () => {
    expect(labels(linearScale(0, 0.2, { percent: true }))).toEqual(["0%", "5%", "10%", "15%", "20%"]);
    expect(labels(linearScale(0, 2, { integer: true }))).toEqual(["0", "1", "2"]);
  });

  it("keeps exact ends", () => {
    const scale = linearScale(0.13, 0.97, { exact: true });
    expect(scale.domain).toEqual([0.13, 0.97]);
    expect(values(scale)).toEqual([0.2, 0.4, 0.6, 0.8]);
  });

  it("covers the data with few distinct ticks whose labels say their values", () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(double, double, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const scale = linearScale(low, high);
        expect(scale.domain[0]).toBeLessThanOrEqual(low);
        expect(scale.domain[1]).toBeGreaterThanOrEqual(high);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(3);
        expect(scale.ticks.length).toBeLessThanOrEqual(11);
        expect(new Set(labels(scale)).size).toBe(scale.ticks.length);
        const span = scale.domain[1] - scale.domain[0];
        for (const { value, label } of scale.ticks) {
          expect(Math.abs(read(label) - value)).toBeLessThanOrEqual(1e-9 * Math.max(span, Math.abs(value)));
          expect(scale.position(value)).toBeGreaterThanOrEqual(-1e-9);
          expect(scale.position(value)).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("refuses ends that are no range", () => {
    expect(() => linearScale(2, 1)).toThrow(InvalidInput);
    expect(() => linearScale(Number.NaN, 1)).toThrow(InvalidInput);
    expect(() => linearScale(-1.7e308, 1.7e308)).toThrow(InvalidInput);
  });
});

describe("logScale", () => {
  it.each<[number, number, string[]]>([
    [10, 100_000, ["10", "100", "1,000", "10,000", "100,000"]],
    [0.3, 40, ["0.2", "0.5", "1", "2", "5", "10", "20", "50"]],
    [1e-9, 1, ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]],
    [2, 7, ["2", "4", "6", "8", "10"]],
    [3, 3, ["1", "2", "5", "10"]],
  ])("ticks %d to %d at decades or round numbers", (low, high, expected) => {
    expect(labels(logScale(low, high))).toEqual(expected);
  });

  it("places equal ratios at equal distances", () => {
    const scale = logScale(1, 1000);
    expect(scale.position(10)).toBeCloseTo(1 / 3, 12);
    expect(scale.position(100)).toBeCloseTo(2 / 3, 12);
  });

  it("covers the data with distinct ticks whose labels say their values", () => {
    const exponent = fc.double({ noNaN: true, min: -290, max: 290 });
    fc.assert(
      fc.property(exponent, exponent, (a, b) => {
        const [low, high] = [10 ** Math.min(a, b), 10 ** Math.max(a, b)];
        const scale = logScale(low, high);
        expect(scale.domain[0]).toBeLessThanOrEqual(low * (1 + 1e-8));
        expect(scale.domain[1]).toBeGreaterThanOrEqual(high * (1 - 1e-8));
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(12);
        expect(new Set(labels(scale)).size).toBe(scale.ticks.length);
        for (const { value, label } of scale.ticks) {
          expect(read(label) / value).toBeCloseTo(1, 9);
          expect(scale.position(value)).toBeGreaterThanOrEqual(-1e-9);
          expect(scale.position(value)).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("refuses zero and below", () => {
    expect(() => logScale(0, 1)).toThrow(/above 0/);
  });
});
