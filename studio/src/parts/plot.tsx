/** A line plot that grows. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme.ts";
import { number } from "../words.ts";

export interface Line {
  readonly label: string;
  /** Place among the series' colours. */
  readonly color: number;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** Ends of a band around the line. */
  readonly band?: readonly [lower: readonly (number | null)[], upper: readonly (number | null)[]];
}

interface Props {
  readonly title: string;
  readonly xLabel: string;
  readonly lines: readonly Line[];
  readonly log?: boolean;
}

const variable = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function Plot({ title, xLabel, lines, log = false }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shape = `${lines.map(({ label, band }) => `${label}${band === undefined ? "" : "±"}`).join("\n")}|${xLabel}|${log}|${theme.value}`;
  const data = table(lines, log);

  const drawn = lines.some(({ y }) => usable(y, log).filter((value) => value !== null).length > 1);

  // The data itself comes by the effect below.
  useEffect(() => {
    const host = place.current;
    if (host === null || !drawn) return;
    const made = new uPlot(options(host.clientWidth, lines, xLabel, log), data, host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, drawn]);
  useEffect(() => plot.current?.setData(data));

  const lasts = lines.map(({ y }) => y.findLast((value) => value !== null));
  const last = lines.map(({ label }, i) => `${label}: ${lasts[i]?.toPrecision(3) ?? "none"}`).join(", ");
  const name = `${title} against ${xLabel}. Last values: ${last}`;
  return (
    <figure class="card plot">
      <figcaption>{title}</figcaption>
      {drawn ? (
        <div key="plot" ref={place} role="img" aria-label={name} />
      ) : (
        <div key="nothing" class="nothing" role="img" aria-label={name}>
          A line needs two {log ? "positive values" : "values"}.
        </div>
      )}
      {drawn && (
        <ul class="legend">
          {lines.map(({ label, color }, i) => (
            <li key={label}>
              <Swatch color={color} />
              {label} {lasts[i] == null ? "" : number(lasts[i])}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

/** The colour of a series. */
export function Swatch({ color }: { readonly color: number }) {
  return <span class="swatch" style={{ "--color": `var(--series-${(color % 6) + 1})` }} />;
}

const HEIGHT = 230;

function options(width: number, lines: readonly Line[], xLabel: string, log: boolean): uPlot.Options {
  const grid = { stroke: variable("--rule"), width: 1 };
  const axis = { stroke: variable("--muted"), grid, ticks: { show: false } };
  // A logarithmic axis has a line at each power of ten, and at 2 and 5 times these where they are few.
  const powers = (_: uPlot, splits: number[]) => {
    const leading = (value: number) => Number(value.toExponential(0)[0]);
    const few = splits.filter((value) => leading(value) === 1).length < 3;
    return splits.map((value) => ((few ? [1, 2, 5] : [1]).includes(leading(value)) ? value : null));
  };
  const filter = log ? { grid: { ...grid, filter: powers }, filter: powers } : {};
  const series: uPlot.Series[] = [{ label: xLabel }];
  const bands: uPlot.Band[] = [];
  for (const { label, color, band } of lines) {
    const stroke = variable(`--series-${(color % 6) + 1}`);
    series.push({ label, stroke, width: 2, points: { show: false }, spanGaps: true });
    if (band === undefined) continue;
    bands.push({ series: [series.length + 1, series.length], fill: `${stroke}2e` });
    const edge = { stroke: `${stroke}55`, width: 1, points: { show: false }, spanGaps: true };
    series.push({ ...edge, label: `${label} lower` }, { ...edge, label: `${label} upper` });
  }
  return {
    width,
    height: HEIGHT,
    series,
    bands,
    axes: [
      { ...axis, size: 34, label: xLabel, labelSize: 18, labelFont: "12px system-ui" },
      { ...axis, size: 62, ...filter },
    ],
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    legend: { show: false },
    cursor: { points: { size: 6 } },
  };
}

/** What an axis can show; a logarithmic one has no place for 0. */
const usable = (values: readonly (number | null)[], log: boolean) =>
  values.map((value) => (value === null || (log && value <= 0) ? null : value));

/** One column of x for all lines. */
function table(lines: readonly Line[], log: boolean): uPlot.AlignedData {
  return lines.length === 0
    ? [[]]
    : uPlot.join(
        lines.map(({ x, y, band }) => [
          x as number[],
          usable(y, log),
          ...(band === undefined ? [] : [usable(band[0], log), usable(band[1], log)]),
        ]),
      );
}
