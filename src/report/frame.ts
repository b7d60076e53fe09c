/** What all plots share: title, legend, the box between the axes, grid lines and labels. */
import { InvalidInput, NonFinite } from "../core/errors.ts";
import type { Scale } from "./scale.ts";
import { coordinate, element, seriesClass, svgRoot, textElement } from "./svg.ts";
import { pixelWidth, wrap } from "./text.ts";

/** Options that every plot takes. */
export interface PlotOptions {
  /** Shown above the plot and read out by screen readers. */
  readonly title: string;
  /** Read out by screen readers; by default a summary of the data. */
  readonly description?: string;
  /** Pixels; default 440. The picture scales with its surroundings. */
  readonly width?: number;
  /** Pixels; default 300, for bars as high as they need. */
  readonly height?: number;
}

/** One axis of a plot. */
export interface AxisOptions {
  readonly label: string;
  /** Default "linear"; "log" needs data above 0. */
  readonly scale?: "linear" | "log";
  /** Ends to keep exactly; by default the data's, widened to round numbers. */
  readonly domain?: readonly [low: number, high: number];
  /** Includes 0 in a linear axis whose ends follow the data; default false. */
  readonly zero?: boolean;
  /** Prints hundredths as percent; linear axes only; default false. */
  readonly percent?: boolean;
}

/** A dashed line across the plot at a value of the y axis, with its label. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

/** The rectangle between the axes, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A mark in the legend. */
export interface LegendEntry {
  readonly name: string;
  readonly index: number;
  readonly mark: "line" | "point" | "box";
}

export const FONT = 13;
const TITLE_FONT = 14.5;
const MARGIN = 2;

/** Title, legend and the label of the vertical axis, from the top down; `bottom` is where the box may begin. */
export function header(
  width: number,
  title: string,
  legend: readonly LegendEntry[],
  axisLabel: string | undefined,
): { readonly svg: string; readonly bottom: number } {
  let svg = "";
  let y = 4;
  for (const line of wrap(title, width - 2 * MARGIN, TITLE_FONT, 2)) {
    svg += textElement(line, { class: "title", x: MARGIN, y: y + 12 });
    y += 18;
  }
  y += 4;
  let x = MARGIN;
  let rows = legend.length > 0 ? 1 : 0;
  for (const { name, index, mark } of legend) {
    const [label = ""] = wrap(name, width - 2 * MARGIN - 30, FONT, 1);
    const extent = 24 + pixelWidth(label, FONT) + 12;
    if (x > MARGIN && x + extent - 12 > width) {
      x = MARGIN;
      y += 18;
      rows += 1;
    }
    svg += swatch(x, y + 5, index, mark) + textElement(label, { x: x + 23, y: y + 10 });
    x += extent;
  }
  if (rows > 0) y += 20;
  if (axisLabel !== undefined) {
    const [label = ""] = wrap(axisLabel, width - 2 * MARGIN, FONT, 1);
    svg += textElement(label, { class: "quiet", x: MARGIN, y: y + 11 });
    y += 18;
  }
  return { svg, bottom: y + 6 };
}

function swatch(x: number, y: number, index: number, mark: LegendEntry["mark"]): string {
  const color = seriesClass(index);
  if (mark === "line")
    return element("path", { class: `line ${color}`, d: `M${coordinate(x)} ${coordinate(y)}h17` });
  if (mark === "point") return element("path", { class: `mark ${color}`, d: markPath(x + 9, y, index) });
  return element("rect", { class: `bar ${color}`, x: x + 2, y: y - 5.5, width: 14, height: 11, rx: 2 });
}

/** The mark of series number `index` at a point: circle, square, triangle, diamond, then circle again. */
export function markPath(x: number, y: number, index: number): string {
  const at = `M${coordinate(x)} ${coordinate(y)}`;
  switch (index % 4) {
    case 0:
      return `${at}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z`;
    case 1:
      return `${at}m-3.2-3.2h6.4v6.4h-6.4z`;
    case 2:
      return `${at}m0-4.2l4 7h-8z`;
    default:
      return `${at}m0-4.6l4.2 4.6l-4.2 4.6l-4.2-4.6z`;
  }
}

/** How many pixels the labels of a vertical axis take. */
export function labelRoom(scale: Scale): number {
  return Math.max(...scale.ticks.map(({ label }) => pixelWidth(label, FONT)), 0);
}

/** Horizontal grid lines with their labels on the left. */
export function yAxis(scale: Scale, box: Box): string {
  const at = (value: number): number => box.bottom - scale.position(value) * (box.bottom - box.top);
  const minor = lines(
    "minor",
    scale.minor.map(at),
    (y) => `M${coordinate(box.left)} ${coordinate(y)}H${coordinate(box.right)}`,
  );
  const major = lines(
    "grid",
    scale.ticks.map(({ value }) => at(value)),
    (y) => `M${coordinate(box.left)} ${coordinate(y)}H${coordinate(box.right)}`,
  );
  const labels = scale.ticks.map(({ value, label }) =>
    textElement(label, { class: "quiet end", x: box.left - 7, y: at(value) + 4.3 }),
  );
  return minor + major + labels.join("");
}

/** Vertical grid lines with their labels below, the axis line, and the axis label at the right end. */
export function xAxis(scale: Scale, box: Box, label: string, options: { readonly grid: boolean }): string {
  const at = (value: number): number => box.left + scale.position(value) * (box.right - box.left);
  const vertical = (x: number): string =>
    `M${coordinate(x)} ${coordinate(box.top)}V${coordinate(box.bottom)}`;
  const positions = scale.ticks.map(({ value }) => at(value));
  let svg = options.grid
    ? lines("minor", scale.minor.map(at), vertical) + lines("grid", positions, vertical)
    : lines("axis", positions, (x) => `M${coordinate(x)} ${coordinate(box.bottom)}v4`);
  let free = Number.NEGATIVE_INFINITY;
  scale.ticks.forEach((tick, i) => {
    const x = positions[i]!;
    const half = pixelWidth(tick.label, FONT) / 2;
    if (x - half < free) return;
    free = x + half + 8;
    svg += textElement(tick.label, { class: "quiet middle", x, y: box.bottom + 18 });
  });
  const [text = ""] = wrap(label, box.right - MARGIN, FONT, 1);
  return svg + textElement(text, { class: "quiet end", x: box.right, y: box.bottom + 36 });
}

/** The line along the bottom of the box. */
export function baseline(box: Box): string {
  return element("path", {
    class: "axis",
    d: `M${coordinate(box.left)} ${coordinate(box.bottom)}H${coordinate(box.right)}`,
  });
}

/** Draws in box coordinates (0, 0 at the box's upper left); with `clip` what leaves the box is cut off. */
export function inBox(box: Box, content: string, { clip }: { readonly clip: boolean }): string {
  const size = { width: box.right - box.left, height: box.bottom - box.top };
  return element("svg", { x: box.left, y: box.top, ...size, overflow: clip ? "hidden" : "visible" }, content);
}

/** Puts a plot together. */
export function assemble(
  options: PlotOptions,
  summary: string,
  size: { width: number; height: number },
  content: string,
): string {
  return svgRoot({ title: options.title, description: options.description ?? summary, ...size, content });
}

/** The plot's width in pixels, checked. */
export function plotSize(
  options: PlotOptions,
  defaults: { readonly height: number },
): { width: number; height: number } {
  const { width = 440, height = defaults.height } = options;
  if (!(width >= 200 && width <= 10_000) || !(height >= 120 && height <= 10_000)) {
    throw new InvalidInput(
      `plot "${options.title}": width must lie in 200 to 10000 and height in 120 to 10000 pixels, got ${width} x ${height}`,
    );
  }
  return { width, height };
}

/** Throws `NonFinite` naming plot, series, field and index for the first number that is not finite. */
export function requireFinite(plot: string, series: string, field: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    if (!Number.isFinite(value)) {
      throw new NonFinite(
        `plot "${plot}", series "${series}": ${field}[${index}] is ${value}; leave the point out or give a finite number`,
      );
    }
  }
}

/** Throws `InvalidInput` when two arrays of a series differ in length. */
export function requireLength(
  plot: string,
  series: string,
  field: string,
  values: ArrayLike<number>,
  length: number,
): void {
  if (values.length !== length) {
    throw new InvalidInput(
      `plot "${plot}", series "${series}": ${field} has ${values.length} numbers, expected ${length}`,
    );
  }
}

function lines(kind: string, positions: readonly number[], path: (position: number) => string): string {
  return positions.length === 0 ? "" : element("path", { class: kind, d: positions.map(path).join("") });
}
