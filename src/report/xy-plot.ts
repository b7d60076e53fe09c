/** Line plots with bands and scatter plots: two numeric axes. */
import { InvalidInput, NonFinite } from "../core/errors.ts";
import {
  type AxisOptions,
  assemble,
  type Box,
  baseline,
  FONT,
  header,
  inBox,
  labelRoom,
  markPath,
  type PlotOptions,
  plotSize,
  type Reference,
  requireFinite,
  requireLength,
  xAxis,
  yAxis,
} from "./frame.ts";
import { formatNumber } from "./number.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { coordinate, element, seriesClass, textElement } from "./svg.ts";
import { pixelWidth } from "./text.ts";

/** Points of one series; x and y have the same length. */
export interface XySeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A line, with an optional band such as a confidence interval around it. */
export interface LineSeries extends XySeries {
  /** Lower and upper ends of the band, one pair a point. */
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** Marks each point; default only when the series has at most 12. */
  readonly marks?: boolean;
}

interface XyPlotOptions<Series extends XySeries> extends PlotOptions {
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly series: readonly Series[];
  readonly references?: readonly Reference[];
  /** Draws the line y = x, where a scatter of before against after shows no change; default false. */
  readonly diagonal?: boolean;
}

/** Options of `linePlot`. */
export type LinePlotOptions = XyPlotOptions<LineSeries>;

/** Options of `scatterPlot`. */
export type ScatterPlotOptions = XyPlotOptions<XySeries>;

/**
 * Draws lines with bands over numeric axes and gives the SVG element as text. Lines with many more points
 * than pixels are thinned to the least and greatest value of each pixel column, which looks the same.
 *
 * Throws `NonFinite` for a number that is not finite, `InvalidInput` for lengths that differ or values of
 * at most 0 on a log axis.
 *
 * @example
 * linePlot({
 *   title: "Training loss",
 *   x: { label: "step" },
 *   y: { label: "loss", scale: "log" },
 *   series: [{ name: "sft", x: [0, 1, 2], y: [2.1, 1.2, 0.9] }],
 * });
 */
export function linePlot(options: LinePlotOptions): string {
  return xyPlot(options, "Line plot", "line", (series, index, x, y) => drawLine(series, index, x, y));
}

/**
 * Draws one mark a point over numeric axes, another shape and colour a series; gives the SVG element as text.
 * Throws as `linePlot` does.
 */
export function scatterPlot(options: ScatterPlotOptions): string {
  return xyPlot(options, "Scatter plot", "point", (series, index, x, y) => drawMarks(series, index, x, y));
}

function xyPlot<Series extends LineSeries>(
  options: XyPlotOptions<Series>,
  kind: Kind,
  mark: "line" | "point",
  draw: (series: Series, index: number, x: Project, y: Project) => string,
): string {
  const { title, series, references = [] } = options;
  const size = plotSize(options, { height: 300 });
  for (const { name, x, y, band } of series) {
    requireLength(title, name, "y", y, x.length);
    requireFinite(title, name, "x", x);
    requireFinite(title, name, "y", y);
    if (band === undefined) continue;
    for (const [end, values] of Object.entries(band)) {
      requireLength(title, name, `band.${end}`, values, x.length);
      requireFinite(title, name, `band.${end}`, values);
    }
  }
  for (const { label, value } of references) requireFinite(title, label, "reference", [value]);
  const xs = scaleFor(title, "x", options.x, series, ({ x }) => [x], []);
  const ys = scaleFor(
    title,
    "y",
    options.y,
    series,
    ({ y, band }) => (band === undefined ? [y] : [y, band.low, band.high]),
    references.map(({ value }) => value),
  );
  const legend = series.length > 1 ? series.map(({ name }, index) => ({ name, index, mark })) : [];
  const head = header(size.width, title, legend, options.y.label);
  const lastLabel = xs.ticks[xs.ticks.length - 1]?.label ?? "";
  const box: Box = {
    left: Math.max(16, 10 + labelRoom(ys)),
    top: head.bottom,
    right: size.width - Math.max(6, pixelWidth(lastLabel, FONT) / 2),
    bottom: size.height - 44,
  };
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const px: Project = (value) => xs.position(value) * width;
  const py: Project = (value) => (1 - ys.position(value)) * height;
  const bands = series.map((one, index) => drawBand(one, index, px, py)).join("");
  const diagonal = options.diagonal === true ? drawDiagonal(xs, ys, px, py) : "";
  const marks = series.map((one, index) => draw(one, index, px, py)).join("");
  const content =
    head.svg +
    yAxis(ys, box) +
    xAxis(xs, box, options.x.label, { grid: true }) +
    baseline(box) +
    inBox(box, bands + diagonal + marks, {
      clip: options.x.domain !== undefined || options.y.domain !== undefined,
    }) +
    references.map((reference) => drawReference(reference, ys, box)).join("");
  return assemble(options, summarise(kind, options), size, content);
}

type Project = (value: number) => number;

function scaleFor<Series extends XySeries>(
  plot: string,
  axis: string,
  options: AxisOptions,
  series: readonly Series[],
  pick: (series: Series) => readonly ArrayLike<number>[],
  also: readonly number[],
): Scale {
  const { scale = "linear", domain, zero = false, percent = false } = options;
  let low = Math.min(...also);
  let high = Math.max(...also);
  for (const one of series) {
    for (const values of pick(one)) {
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index]!;
        if (scale === "log" && value <= 0) {
          throw new InvalidInput(
            `plot "${plot}", series "${one.name}": ${axis} value ${value} at index ${index} does not fit a log axis; use a linear axis or leave it out`,
          );
        }
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (domain !== undefined) {
    if (!domain.every(Number.isFinite))
      throw new NonFinite(`plot "${plot}": the domain of ${axis} is not finite`);
    if (!(domain[0] < domain[1])) {
      throw new InvalidInput(
        `plot "${plot}": the domain of ${axis} must rise, got ${domain[0]} to ${domain[1]}`,
      );
    }
    [low, high] = domain;
  } else if (low > high) {
    [low, high] = scale === "log" ? [1, 10] : [0, 1];
  }
  const exact = domain !== undefined;
  if (scale === "log") return logScale(low, high, { exact });
  if (zero && !exact) [low, high] = [Math.min(0, low), Math.max(0, high)];
  return linearScale(low, high, { exact, percent });
}

function drawLine(series: LineSeries, index: number, px: Project, py: Project): string {
  const points = project(series.x, series.y, px, py);
  const path = element("path", { class: `line ${seriesClass(index)}`, d: polyline(thin(points)) });
  const marked = series.marks ?? series.x.length <= 12;
  return marked ? path + drawMarks(series, index, px, py) : path;
}

function drawMarks(series: XySeries, index: number, px: Project, py: Project): string {
  const d = project(series.x, series.y, px, py).map(([x, y]) => markPath(x, y, index));
  return d.length === 0 ? "" : element("path", { class: `mark ${seriesClass(index)}`, d: d.join("") });
}

function drawBand(series: LineSeries, index: number, px: Project, py: Project): string {
  if (series.band === undefined || series.x.length === 0) return "";
  const upper = thin(project(series.x, series.band.high, px, py));
  const lower = thin(project(series.x, series.band.low, px, py)).reverse();
  return element("path", { class: `band ${seriesClass(index)}`, d: `${polyline([...upper, ...lower])}z` });
}

function drawDiagonal(xs: Scale, ys: Scale, px: Project, py: Project): string {
  const low = Math.max(xs.domain[0], ys.domain[0]);
  const high = Math.min(xs.domain[1], ys.domain[1]);
  if (low >= high) return "";
  const values =
    xs.kind === ys.kind ? [low, high] : Array.from({ length: 65 }, (_, i) => low + ((high - low) * i) / 64);
  return element("path", {
    class: "reference",
    fill: "none",
    d: polyline(values.map((value) => [px(value), py(value)])),
  });
}

function drawReference({ value, label }: Reference, ys: Scale, box: Box): string {
  const position = ys.position(value);
  if (position < 0 || position > 1) return "";
  const y = box.bottom - position * (box.bottom - box.top);
  const above = y - box.top > 18;
  return (
    element("path", {
      class: "reference",
      d: `M${coordinate(box.left)} ${coordinate(y)}H${coordinate(box.right)}`,
    }) + textElement(label, { class: "quiet end halo", x: box.right - 4, y: above ? y - 5 : y + 14 })
  );
}

type Point = readonly [x: number, y: number];

function project(x: ArrayLike<number>, y: ArrayLike<number>, px: Project, py: Project): readonly Point[] {
  return Array.from({ length: x.length }, (_, i) => [px(x[i]!), py(y[i]!)] as const);
}

function polyline(points: readonly Point[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${coordinate(x)} ${coordinate(y)}`).join("");
}

/** First, lowest, highest and last point of each half-pixel column, when x rises and points are dense. */
function thin(points: readonly Point[]): Point[] {
  const rises = points.every(([x], i) => i === 0 || x >= points[i - 1]![0]);
  const extent = points.length === 0 ? 0 : points[points.length - 1]![0] - points[0]![0];
  if (!rises || points.length <= 8 * extent) return [...points];
  const kept: Point[] = [];
  for (let begin = 0; begin < points.length; ) {
    const column = Math.floor(points[begin]![0] * 2);
    let end = begin + 1;
    while (end < points.length && Math.floor(points[end]![0] * 2) === column) end += 1;
    let lowest = begin;
    let highest = begin;
    for (let i = begin; i < end; i += 1) {
      if (points[i]![1] < points[lowest]![1]) lowest = i;
      if (points[i]![1] > points[highest]![1]) highest = i;
    }
    const indices = [...new Set([begin, lowest, highest, end - 1])].sort((a, b) => a - b);
    for (const i of indices) kept.push(points[i]!);
    begin = end;
  }
  return kept;
}

type Kind = "Line plot" | "Scatter plot";

function summarise(kind: Kind, { x, y, series, references = [] }: XyPlotOptions<XySeries>): string {
  const parts = series.map((one) => {
    const n = one.y.length;
    if (n === 0) return `${one.name} has no points`;
    if (kind === "Line plot") {
      return `${one.name} goes from ${formatNumber(one.y[0]!)} to ${formatNumber(one.y[n - 1]!)} over ${n} points`;
    }
    const mean = Array.from(one.y).reduce((sum, value) => sum + value / n, 0);
    return `${one.name} has ${n} points with mean ${formatNumber(mean)}`;
  });
  for (const { value, label } of references) parts.push(`reference ${label} at ${formatNumber(value)}`);
  return `${kind} of ${y.label} against ${x.label}: ${parts.join("; ")}.`;
}
