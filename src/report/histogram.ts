/** Histograms: how often values fall into bins of equal width. */
import {
  assemble,
  type Box,
  baseline,
  FONT,
  header,
  labelRoom,
  type PlotOptions,
  plotSize,
  requireFinite,
  xAxis,
  yAxis,
} from "./frame.ts";
import { formatNumber } from "./number.ts";
import { linearScale, multipleOf, roundStep } from "./scale.ts";
import { coordinate, element, seriesClass } from "./svg.ts";
import { pixelWidth } from "./text.ts";

/** The values of one series, in any order. */
export interface HistogramSeries {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/** Options of `histogramPlot`. */
export interface HistogramOptions extends PlotOptions {
  /** The label of the value axis. */
  readonly label: string;
  readonly series: readonly HistogramSeries[];
  /** About how many bins; by default chosen from the data (Freedman and Diaconis), 5 to 40. */
  readonly bins?: number;
  /** "count" (default) or "share", which compares series of different sizes. */
  readonly measure?: "count" | "share";
}

/** Bins shared by all series: bin i holds edges[i] <= value < edges[i + 1], the last one its upper edge too. */
export interface Bins {
  readonly edges: readonly number[];
  /** One row of counts a series. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts the values of all series in common bins whose edges are round numbers.
 * Throws nothing; values must be finite.
 */
export function binValues(series: readonly ArrayLike<number>[], wanted?: number): Bins {
  const sorted = Float64Array.from(series.flatMap((values) => Array.from(values))).sort();
  if (sorted.length === 0) return { edges: [0, 1], counts: series.map(() => [0]) };
  const low = sorted[0]!;
  const high = sorted[sorted.length - 1]!;
  const span = high - low > 1e-10 * Math.max(Math.abs(low), Math.abs(high)) ? high - low : 0;
  const step = roundStep(
    span === 0 ? Math.max(Math.abs(low), 1) / 10 : span / (wanted ?? suggestBins(sorted)),
  );
  const size = multipleOf(step, 1);
  const first = Math.floor(low / size + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / size - 1e-9));
  const edges = Array.from({ length: last - first + 1 }, (_, i) => multipleOf(step, first + i));
  const counts = series.map((values) => {
    const row = new Array<number>(edges.length - 1).fill(0);
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i]!;
      let bin = Math.min(row.length - 1, Math.max(0, Math.floor(value / size) - first));
      if (bin > 0 && value < edges[bin]!) bin -= 1;
      else if (bin + 1 < row.length && value >= edges[bin + 1]!) bin += 1;
      row[bin]! += 1;
    }
    return row;
  });
  return { edges, counts };
}

/**
 * Draws histograms over common bins, several series as translucent outlines over one another; gives the SVG
 * element as text. Throws `NonFinite` for a number that is not finite.
 */
export function histogramPlot(options: HistogramOptions): string {
  const { title, label, series, measure = "count" } = options;
  for (const { name, values } of series) requireFinite(title, name, "values", values);
  const size = plotSize(options, { height: 280 });
  const { edges, counts } = binValues(
    series.map(({ values }) => values),
    options.bins,
  );
  const heights = counts.map((row, i) =>
    measure === "count" ? row : row.map((count) => count / Math.max(1, series[i]!.values.length)),
  );
  const top = Math.max(...heights.flat(), measure === "count" ? 1 : 0.01);
  const ys = linearScale(0, top, measure === "count" ? { integer: true } : { percent: true });
  const xs = linearScale(edges[0]!, edges[edges.length - 1]!, { exact: true, ticks: 6 });
  const legend =
    series.length > 1 ? series.map(({ name }, index) => ({ name, index, mark: "box" as const })) : [];
  const head = header(size.width, title, legend, measure);
  const box: Box = {
    left: Math.max(16, 10 + labelRoom(ys)),
    top: head.bottom,
    right: size.width - Math.max(6, pixelWidth(xs.ticks[xs.ticks.length - 1]?.label ?? "", FONT) / 2),
    bottom: size.height - 44,
  };
  const px = (value: number): string => coordinate(box.left + xs.position(value) * (box.right - box.left));
  const py = (value: number): string => coordinate(box.bottom - ys.position(value) * (box.bottom - box.top));
  const shapes = heights.map((row, index) =>
    series.length === 1
      ? row.map((height, i) => drawBin(height, edges[i]!, edges[i + 1]!, px, py)).join("")
      : element("path", {
          class: `outline ${seriesClass(index)}`,
          d: `M${px(edges[0]!)} ${py(0)}${row.map((height, i) => `V${py(height)}H${px(edges[i + 1]!)}`).join("")}V${py(0)}z`,
        }),
  );
  const content =
    head.svg + yAxis(ys, box) + xAxis(xs, box, label, { grid: false }) + shapes.join("") + baseline(box);
  return assemble(options, summarise(options, edges), size, content);
}

/** One bin of a single series, with a hairline between neighbours. */
function drawBin(
  height: number,
  from: number,
  to: number,
  px: (value: number) => string,
  py: (value: number) => string,
): string {
  if (height === 0) return "";
  const x = Number(px(from)) + 0.5;
  const y = Number(py(height));
  return element("rect", {
    class: "bar s1",
    x,
    y,
    width: Number(px(to)) - 0.5 - x,
    height: Number(py(0)) - y,
  });
}

/** Freedman and Diaconis: bins of width 2 IQR n^(-1/3), at least 5 and at most 40. */
function suggestBins(sorted: Float64Array): number {
  const n = sorted.length;
  const quartiles = sorted[Math.floor(0.75 * (n - 1))]! - sorted[Math.floor(0.25 * (n - 1))]!;
  const span = sorted[n - 1]! - sorted[0]!;
  const bins = quartiles > 0 ? Math.ceil((span * Math.cbrt(n)) / (2 * quartiles)) : Math.ceil(Math.sqrt(n));
  return Math.min(40, Math.max(5, bins));
}

function summarise({ label, series }: HistogramOptions, edges: readonly number[]): string {
  const parts = series.map(({ name, values }) => {
    const n = values.length;
    if (n === 0) return `${name} has no values`;
    const mean = Array.from(values).reduce((sum, value) => sum + value / n, 0);
    return `${name} has ${n} values with mean ${formatNumber(mean)}`;
  });
  const ends = `${formatNumber(edges[0]!)} to ${formatNumber(edges[edges.length - 1]!)}`;
  return `Histogram of ${label} from ${ends} in ${edges.length - 1} bins: ${parts.join("; ")}.`;
}
