/** A line plot that grows. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme.ts";

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

  // The data itself comes by the effect below.
  useEffect(() => {
    const host = place.current!;
    const made = new uPlot(options(host.clientWidth, lines, xLabel, log), data, host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data));

  const last = lines
    .map(({ label, y }) => `${label}: ${y.findLast((value) => value !== null)?.toPrecision(3) ?? "none"}`)
    .join(", ");
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div ref={place} role="img" aria-label={`${title} against ${xLabel}. Last values: ${last}`} />
    </figure>
  );
}

const HEIGHT = 230;

function options(width: number, lines: readonly Line[], xLabel: string, log: boolean): uPlot.Options {
  const axis = {
    stroke: variable("--muted"),
    grid: { stroke: variable("--rule"), width: 1 },
    ticks: { stroke: variable("--rule") },
  };
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
      { ...axis, label: xLabel, labelSize: 20 },
      { ...axis, size: 62 },
    ],
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    legend: { show: lines.length > 1 && lines.length <= 8, live: false },
    hooks: {
      // The ends of bands need no entry of their own.
      init: [
        ({ root }) => {
          for (const [i, row] of root.querySelectorAll<HTMLElement>(".u-series").entries())
            row.hidden = i === 0 || / (lower|upper)$/.test(String(series[i]?.label));
        },
      ],
    },
    cursor: { points: { size: 6 } },
  };
}

/** One column of x for all lines. */
function table(lines: readonly Line[], log: boolean): uPlot.AlignedData {
  const usable = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null || (log && value <= 0) ? null : value));
  return lines.length === 0
    ? [[]]
    : uPlot.join(
        lines.map(({ x, y, band }) => [
          x as number[],
          usable(y),
          ...(band === undefined ? [] : [usable(band[0]), usable(band[1])]),
        ]),
      );
}
