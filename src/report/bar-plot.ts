/** Horizontal bars with error bars: one row a category, one bar a series. */
import { InvalidInput } from "../core/errors.ts";
import {
  assemble,
  type Box,
  FONT,
  header,
  type PlotOptions,
  plotSize,
  requireFinite,
  requireLength,
  xAxis,
} from "./frame.ts";
import { formatNumber } from "./number.ts";
import { linearScale } from "./scale.ts";
import { coordinate, element, seriesClass, textElement } from "./svg.ts";
import { pixelWidth, wrap } from "./text.ts";

/** One value a category, with an optional interval such as a confidence interval. */
export interface BarSeries {
  readonly name: string;
  readonly values: ArrayLike<number>;
  /** Lower and upper ends of the error bars, one pair a category. */
  readonly interval?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
}

/** Options of `barPlot`. */
export interface BarPlotOptions extends PlotOptions {
  /** The label of the value axis. */
  readonly label: string;
  readonly categories: readonly string[];
  readonly series: readonly BarSeries[];
  /** Categories drawn in grey, for what is only there to compare with. */
  readonly quiet?: readonly string[];
  /** Prints hundredths as percent; default false. */
  readonly percent?: boolean;
  /** Digits after the point in the printed values; by default three significant digits of the largest. */
  readonly decimals?: number;
}

const BAR = 18;
const GAP = 12;
const LINE = 15;

/**
 * Draws horizontal bars from zero with error bars and the value printed beside each; gives the SVG element
 * as text. Throws `NonFinite` for a number that is not finite, `InvalidInput` for lengths that differ or an
 * interval that does not hold its value.
 *
 * @example
 * barPlot({
 *   title: "Distance to the users' texts",
 *   label: "edit cost per token, 95 % interval",
 *   categories: ["logged drafts", "sft"],
 *   series: [{ name: "cost", values: [0.41, 0.22], interval: { low: [0.39, 0.2], high: [0.43, 0.24] } }],
 * });
 */
export function barPlot(options: BarPlotOptions): string {
  const { title, label, categories, series, quiet = [], percent = false, decimals } = options;
  check(options);
  const legend =
    series.length > 1 ? series.map(({ name }, index) => ({ name, index, mark: "box" as const })) : [];
  const { width } = plotSize(options, { height: 300 });
  const head = header(width, title, legend, undefined);
  const labelWidth = Math.min(
    0.4 * width,
    Math.max(...categories.map((name) => pixelWidth(name, FONT)), 0) + 2,
  );
  const labels = categories.map((name) => wrap(name, labelWidth, FONT, 2));
  const rowHeights = labels.map(
    (lines) => Math.max(series.length * BAR + (series.length - 1) * 2, lines.length * LINE) + GAP,
  );
  const all = series.flatMap(({ values, interval }) => [
    ...Array.from(values),
    ...Array.from(interval?.low ?? []),
    ...Array.from(interval?.high ?? []),
  ]);
  const digits = decimals ?? commonDecimals(all, percent);
  const print = (value: number): string =>
    formatNumber(value, { percent, decimals: digits }).replace(/^-/, "−");
  const room = (side: (value: number) => boolean): number => {
    const values = series.flatMap((one) => Array.from(one.values)).filter(side);
    return Math.max(...values.map((value) => pixelWidth(print(value), FONT) + 6), 0);
  };
  const box: Box = {
    left: 11 + labelWidth + room((value) => value < 0),
    top: head.bottom,
    right: width - 4 - room((value) => value >= 0),
    bottom: head.bottom + rowHeights.reduce((sum, height) => sum + height, 0),
  };
  const scale = linearScale(Math.min(0, ...all), Math.max(0, ...all), { percent, ticks: 4 });
  const px = (value: number): number => box.left + scale.position(value) * (box.right - box.left);

  let rows = "";
  let top = box.top;
  categories.forEach((name, row) => {
    const height = rowHeights[row]!;
    const middle = top + height / 2;
    const lines = labels[row]!;
    lines.forEach((line, i) => {
      const y = middle + (i - (lines.length - 1) / 2) * LINE + 4.3;
      rows += textElement(line, { class: "end", x: 2 + labelWidth, y });
    });
    const stack = series.length * BAR + (series.length - 1) * 2;
    series.forEach((one, index) => {
      const y = middle - stack / 2 + index * (BAR + 2);
      const color = quiet.includes(name) ? "plain" : seriesClass(index);
      rows += drawBar(one, row, y, color, px, print);
    });
    top += height;
  });
  const zero = element("path", {
    class: "axis",
    d: `M${coordinate(px(0))} ${coordinate(box.top)}V${coordinate(box.bottom)}`,
  });
  const content = head.svg + xAxis(scale, box, label, { grid: true }) + rows + zero;
  return assemble(
    options,
    summarise(options, print),
    { width, height: options.height ?? box.bottom + 46 },
    content,
  );
}

function drawBar(
  { values, interval }: BarSeries,
  row: number,
  y: number,
  color: string,
  px: (value: number) => number,
  print: (value: number) => string,
): string {
  const value = values[row]!;
  const from = Math.min(px(0), px(value));
  const to = Math.max(px(0), px(value));
  let svg = element("rect", { class: `bar ${color}`, x: from, y, width: to - from, height: BAR, rx: 2 });
  let [start, end] = [from, to];
  if (interval !== undefined) {
    const low = px(interval.low[row]!);
    const high = px(interval.high[row]!);
    const [middle, top, bottom] = [y + BAR / 2, y + 5, y + BAR - 5].map(coordinate);
    const [left, right] = [low, high].map(coordinate);
    const d = `M${left} ${middle}H${right}M${left} ${top}V${bottom}M${right} ${top}V${bottom}`;
    svg += element("path", { class: "whisker-edge", d }) + element("path", { class: "whisker", d });
    start = Math.min(start, low);
    end = Math.max(end, high);
  }
  const text = value < 0 ? { class: "halo end", x: start - 6 } : { class: "halo", x: end + 6 };
  return svg + textElement(print(value), { ...text, y: y + BAR / 2 + 4.3 });
}

/** Digits after the point that show three significant ones of the largest value. */
function commonDecimals(values: readonly number[], percent: boolean): number {
  const largest = Math.max(...values.map(Math.abs), 0) * (percent ? 100 : 1);
  if (largest === 0) return 0;
  return Math.min(20, Math.max(0, (percent ? 1 : 2) - Math.floor(Math.log10(largest))));
}

function check({ title, categories, series }: BarPlotOptions): void {
  for (const { name, values, interval } of series) {
    requireLength(title, name, "values", values, categories.length);
    requireFinite(title, name, "values", values);
    if (interval === undefined) continue;
    for (const [end, ends] of Object.entries(interval)) {
      requireLength(title, name, `interval.${end}`, ends, categories.length);
      requireFinite(title, name, `interval.${end}`, ends);
    }
    for (let i = 0; i < categories.length; i += 1) {
      if (interval.low[i]! > values[i]! || interval.high[i]! < values[i]!) {
        throw new InvalidInput(
          `plot "${title}", series "${name}": the interval [${interval.low[i]}, ${interval.high[i]}] of "${categories[i]}" does not hold its value ${values[i]}`,
        );
      }
    }
  }
}

function summarise({ label, categories, series }: BarPlotOptions, print: (value: number) => string): string {
  const parts = series.flatMap(({ name, values, interval }) =>
    categories.map((category, i) => {
      const range =
        interval === undefined ? "" : ` (${print(interval.low[i]!)} to ${print(interval.high[i]!)})`;
      return `${category}${series.length > 1 ? `, ${name}` : ""} ${print(values[i]!)}${range}`;
    }),
  );
  return `Bars of ${label}: ${parts.join("; ")}.`;
}
