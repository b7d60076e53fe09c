import { describe, expect, it } from "vitest";
import { darkPalette, lightPalette, type Palette } from "./palette.ts";

type Rgb = readonly [number, number, number];

const linear = (hex: string): Rgb => {
  const channel = (start: number): number => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
};

const times = (matrix: readonly Rgb[], [r, g, b]: Rgb): Rgb => {
  const row = (i: number): number => matrix[i]![0] * r + matrix[i]![1] * g + matrix[i]![2] * b;
  return [row(0), row(1), row(2)];
};

const contrast = (a: string, b: string): number => {
  const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  const [high, low] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => y - x);
  return high! / low!;
};

/** OKLab (Ottosson 2020), whose Euclidean distance follows perceived difference. */
const oklab = (color: Rgb): Rgb => {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    color,
  ).map((value) => Math.cbrt(Math.max(0, value))) as unknown as Rgb;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms,
  );
};

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const visions: Readonly<Record<string, readonly Rgb[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

describe.each<[string, Palette]>([
  ["light", lightPalette],
  ["dark", darkPalette],
])("%s palette", (_, palette) => {
  it("has text that reads well and series that stand out from the surface", () => {
    for (const ground of [palette.surface, palette.raised]) {
      expect(contrast(palette.ink, ground)).toBeGreaterThan(7);
      expect(contrast(palette.muted, ground)).toBeGreaterThan(4.5);
    }
    expect(contrast(palette.insertInk, palette.insert)).toBeGreaterThan(7);
    expect(contrast(palette.deleteInk, palette.delete)).toBeGreaterThan(7);
    for (const color of palette.series) expect(contrast(color, palette.surface)).toBeGreaterThan(2.7);
  });

  it.each(Object.keys(visions))("keeps the series apart with %s vision", (vision) => {
    const seen = palette.series.map((color) => oklab(times(visions[vision]!, linear(color))));
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < seen.length; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const gap = Math.hypot(...seen[i]!.map((value, k) => value - seen[j]![k]!));
        nearest = Math.min(nearest, gap);
      }
    }
    expect(nearest).toBeGreaterThan(0.08);
  });
});
