import { describe, expect, it } from "vitest";
import { formatInterval, formatNumber } from "./number.ts";

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [7, "7"],
    [1234567, "1,234,567"],
    [0.21437, "0.214"],
    [-0.21437, "-0.214"],
    [12.345, "12.3"],
    [1234.5, "1,235"],
    [0.000012, "1.20×10⁻⁵"],
    [3.2e9, "3.20×10⁹"],
    [Number.NaN, "n/a"],
    [Number.NEGATIVE_INFINITY, "-∞"],
  ])("prints %d as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("takes decimals and percent", () => {
    expect(formatNumber(0.5, { decimals: 2 })).toBe("0.50");
    expect(formatNumber(-0.0004, { decimals: 2 })).toBe("0.00");
    expect(formatNumber(0.1234, { percent: true, decimals: 1 })).toBe("12.3%");
  });

  it("keeps one form within an interval", () => {
    expect(formatInterval(0.2, -0.05, 0.45)).toBe("0.200 [-0.050, 0.450]");
  });
});
