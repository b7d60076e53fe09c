import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { barPlot } from "./bar-plot.ts";
import { binValues, histogramPlot } from "./histogram.ts";
import { standaloneSvg } from "./svg.ts";
import { type LinePlotOptions, linePlot, scatterPlot } from "./xy-plot.ts";

const axes = { x: { label: "step" }, y: { label: "loss" } } as const;
const loss = (more: Partial<LinePlotOptions> = {}): string =>
  linePlot({ title: "Loss", ...axes, series: [{ name: "sft", x: [0, 1, 2], y: [2, 1, 0.5] }], ...more });

/** Throws unless every tag is closed in order and every attribute is quoted; returns the tag names. */
function parse(svg: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/gi, (_, close, name, __, single) => {
    if (close) expect(open.pop()).toBe(name);
    else {
      names.push(name);
      if (!single) open.push(name);
    }
    return "";
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
  return names;
}

const path = (svg: string, kind: string): string[] =>
  Array.from(svg.matchAll(new RegExp(`<path class="${kind}[^"]*" d="([^"]*)"`, "g")), (match) => match[1]!);

describe("every plot", () => {
  const hostile = `</text><script>alert(1)</script>"&'\u0000`;
  const plots: Readonly<Record<string, string>> = {
    line: linePlot({
      title: hostile,
      x: { label: hostile },
      y: { label: hostile },
      series: [
        { name: hostile, x: [0, 1], y: [0, 1], band: { low: [-1, 0], high: [1, 2] } },
        { name: "b", x: [], y: [] },
      ],
      references: [{ value: 0.5, label: hostile }],
    }),
    scatter: scatterPlot({
      title: hostile,
      ...axes,
      diagonal: true,
      series: [{ name: hostile, x: [1], y: [2] }],
    }),
    bars: barPlot({
      title: hostile,
      label: hostile,
      categories: [hostile],
      series: [{ name: hostile, values: [1] }],
    }),
    histogram: histogramPlot({ title: hostile, label: hostile, series: [{ name: hostile, values: [1, 2] }] }),
    empty: linePlot({ title: "", x: { label: "" }, y: { label: "" }, series: [] }),
    emptyBars: barPlot({ title: "", label: "", categories: [], series: [] }),
    emptyHistogram: histogramPlot({ title: "", label: "", series: [] }),
  };

  it.each(Object.keys(plots))("is well-formed, accessible and inert: %s", (kind) => {
    const svg = plots[kind]!;
    const names = parse(svg);
    expect(names).not.toContain("script");
    expect(names.slice(0, 3)).toEqual(["svg", "title", "desc"]);
    const labelled = /role="img" aria-labelledby="(\S+) (\S+)"/.exec(svg)!;
    expect(svg).toContain(`<title id="${labelled[1]}"`);
    expect(svg).toContain(`<desc id="${labelled[2]}"`);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|https?:(?!\/\/www\.w3\.org)/);
  });

  it("comes out the same every time, with ids of its own", () => {
    expect(loss()).toBe(loss());
    const id = (svg: string): string => /plot-[0-9a-f]{8}/.exec(svg)![0];
    expect(id(loss())).not.toBe(id(loss({ title: "Other" })));
  });

  it("carries its style sheet when it stands alone", () => {
    const file = standaloneSvg(loss());
    expect(file).toContain("prefers-color-scheme:dark");
    expect(file).toMatch(/^<svg [^>]*viewBox="-12 -10 464 320" width="464" height="320"/);
    expect(loss()).not.toContain("<style");
  });
});

describe("linePlot", () => {
  it("puts points where their values are", () => {
    const svg = linePlot({
      title: "t",
      x: { label: "x", domain: [0, 10] },
      y: { label: "y", domain: [0, 4] },
      series: [{ name: "a", x: [0, 5, 10], y: [0, 4, 1] }],
    });
    const numbers = (text: string): number[] => (text.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    const [x0, y0, x1, y1, x2, y2] = numbers(path(svg, "line")[0]!) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect(x0).toBe(0);
    expect(y1).toBe(0);
    expect(x1 / x2).toBeCloseTo(0.5, 3);
    expect(y2 / y0).toBeCloseTo(0.75, 2);
  });

  it("is straight on log axes for a power law", () => {
    const x = [1, 10, 100, 1000];
    const svg = linePlot({
      title: "t",
      x: { label: "x", scale: "log" },
      y: { label: "y", scale: "log" },
      series: [{ name: "a", x, y: x.map((value) => 1 / value ** 2) }],
    });
    const points = path(svg, "line")[0]!
      .slice(1)
      .split("L")
      .map((point) => point.split(" ").map(Number));
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      expect(points[b]![0]! - points[a]![0]!).toBeCloseTo(points[1]![0]!, 1);
      expect(points[b]![1]! - points[a]![1]!).toBeCloseTo(points[1]![1]!, 1);
    }
  });

  it("thins dense lines but keeps their extremes", () => {
    const n = 200_000;
    const y = Float64Array.from({ length: n }, (_, i) => (i === 123_456 ? 50 : Math.sin(i)));
    const svg = linePlot({
      title: "t",
      ...axes,
      series: [{ name: "a", x: Float64Array.from(y, (_, i) => i), y }],
    });
    expect(svg.length).toBeLessThan(80_000);
    const heights = path(svg, "line")[0]!
      .slice(1)
      .split("L")
      .map((point) => Number(point.split(" ")[1]));
    const spike = Math.min(...heights);
    expect(heights.filter((height) => height < spike + 20)).toHaveLength(1);
  });

  it("names series and index of a number that is not finite", () => {
    const bad = (): string => loss({ series: [{ name: "dpo", x: [0, 1], y: [1, Number.NaN] }] });
    expect(bad).toThrow(NonFinite);
    expect(bad).toThrow('plot "Loss", series "dpo": y[1] is NaN');
    expect(() =>
      loss({
        series: [{ name: "dpo", x: [0], y: [1], band: { low: [Number.NEGATIVE_INFINITY], high: [2] } }],
      }),
    ).toThrow("band.low[0] is -Infinity");
    expect(() => loss({ references: [{ value: Number.NaN, label: "base" }] })).toThrow(NonFinite);
  });

  it("refuses lengths that differ, log axes at zero, domains that fall, absurd sizes", () => {
    expect(() => loss({ series: [{ name: "a", x: [0, 1], y: [1] }] })).toThrow(InvalidInput);
    expect(() => loss({ y: { label: "l", scale: "log" }, series: [{ name: "a", x: [0], y: [0] }] })).toThrow(
      'series "a": y value 0 at index 0 does not fit a log axis',
    );
    expect(() => loss({ y: { label: "l", domain: [1, 0] } })).toThrow("must rise");
    expect(() => loss({ width: 10 })).toThrow("width must lie in 200 to 10000");
  });

  it("describes itself unless told how", () => {
    expect(loss()).toContain(
      ">Line plot of loss against step: sft goes from 2 to 0.500 over 3 points.</desc>",
    );
    expect(loss({ description: "Falls." })).toContain(">Falls.</desc>");
  });
});

describe("barPlot", () => {
  const bars = (values: number[], interval?: { low: number[]; high: number[] }): string =>
    barPlot({
      title: "Cost",
      label: "cost",
      categories: values.map((_, i) => `c${i}`),
      series: [{ name: "s", values, ...(interval === undefined ? {} : { interval }) }],
    });

  it("begins every bar at zero, so that lengths are proportional to values", () => {
    const widths = Array.from(
      bars([1, 2, -1]).matchAll(/<rect class="bar[^"]*"[^>]*width="([\d.]+)"/g),
      (m) => Number(m[1]),
    );
    expect(widths[1]! / widths[0]!).toBeCloseTo(2, 2);
    expect(widths[2]).toBeCloseTo(widths[0]!, 1);
  });

  it("prints values and draws error bars that hold them", () => {
    const svg = bars([0.41, 0.08], { low: [0.39, 0.07], high: [0.43, 0.09] });
    expect(svg).toContain(">0.410</text>");
    expect(svg).toContain(">0.080</text>");
    expect(path(svg, 'whisker"').length + (svg.match(/class="whisker"/g) ?? []).length).toBe(2);
    expect(() => bars([1], { low: [1.1], high: [2] })).toThrow("does not hold its value 1");
    expect(() => bars([Number.POSITIVE_INFINITY])).toThrow('series "s": values[0] is Infinity');
  });
});

describe("binValues", () => {
  it("counts every value once, edges belonging to the bin above", () => {
    const { edges, counts } = binValues([[0, 0.1, 0.2, 0.3, 0.3, 0.95, 1]], 10);
    expect(edges).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    expect(counts).toEqual([[1, 1, 1, 2, 0, 0, 0, 0, 0, 2]]);
  });

  it("copes with one value, equal values and none", () => {
    for (const values of [[3], [0, 0, 0], [-7, -7]]) {
      const { edges, counts } = binValues([values]);
      expect(counts[0]!.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      expect(edges[0]!).toBeLessThanOrEqual(values[0]!);
      expect(edges.at(-1)!).toBeGreaterThanOrEqual(values[0]!);
    }
    expect(binValues([[]]).counts).toEqual([[0]]);
  });

  it("shows shares of series of different sizes alike", () => {
    const svg = histogramPlot({
      title: "t",
      label: "x",
      measure: "share",
      series: [
        { name: "a", values: [0, 1, 1] },
        { name: "b", values: [0, 0, 1, 1, 1, 1] },
      ],
    });
    const [a, b] = path(svg, "outline");
    expect(a).toBe(b);
  });
});
