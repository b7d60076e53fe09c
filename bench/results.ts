/** What the benchmarks measured, kept in results.json and written out as RESULTS.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { markdownTable } from "../src/report/index.ts";
import type { BenchRow } from "./harness.ts";

/** One benchmark's last run. */
export interface Measured {
  readonly title: string;
  /** The day, as 2026-01-31. */
  readonly day: string;
  readonly machine: string;
  /** Mean number of busy processes at the end: above the number of cores, times carry more noise. */
  readonly load: number;
  readonly seconds: number;
  readonly rows: readonly BenchRow[];
}

const json = join(import.meta.dirname, "results.json");
const page = join(import.meta.dirname, "RESULTS.md");

/** Keeps a run in the place of the benchmark's earlier one, and writes the page anew. */
export function keep(file: string, title: string, rows: readonly BenchRow[], seconds: number): void {
  const all = existsSync(json)
    ? (JSON.parse(readFileSync(json, "utf8")) as Readonly<Record<string, Measured>>)
    : {};
  const measured: Measured = {
    title,
    day: new Date().toISOString().slice(0, 10),
    machine: machine(),
    load: Math.round(10 * loadavg()[0]!) / 10,
    seconds: Math.round(seconds),
    rows,
  };
  const next = Object.fromEntries(
    Object.entries({ ...all, [file]: measured }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync(json, `${JSON.stringify(next, null, 1)}\n`);
  writeFileSync(page, resultsPage(next));
}

function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim() ?? "unknown processor"}, ${cores.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

/** Whether a row keeps its aim: that of its ratio where there is one, else that of its own figure. */
export function keepsAim({ target, ratio, ours, peer }: BenchRow): boolean | undefined {
  const aim = /^([<>])(=?)\s*([\d.e-]+)/.exec(target ?? "");
  if (aim === null) return undefined;
  const figure = ratio ?? (peer === undefined ? ours : undefined);
  if (figure === undefined) return undefined;
  const bound = Number(aim[3]);
  if (aim[2] === "=" && figure === bound) return true;
  return aim[1] === "<" ? figure < bound : figure > bound;
}

/** Whether the peer was better, aim or not; where a least ratio is the aim, a greater one is better. */
function isBehind({ target, ratio }: BenchRow): boolean {
  if (ratio === undefined) return false;
  return target?.startsWith(">") === true ? ratio < 1 : ratio > 1;
}

/** RESULTS.md. */
export function resultsPage(all: Readonly<Record<string, Measured>>): string {
  const lines = (chosen: (row: BenchRow) => boolean): string => {
    const found = Object.values(all).flatMap(({ title, rows }) =>
      rows
        .filter(chosen)
        .map(
          ({ name, peerName, ratio, ours, target }) =>
            `- ${title}: **${name}** against ${peerName}: ${figure(ratio ?? ours)}${target === undefined ? "" : `, aim ${target}`}`,
        ),
    );
    return found.length === 0 ? "None." : found.join("\n");
  };
  const sections = Object.entries(all).map(([file, measured]) => section(file, measured));
  return `# Measurements

Written by \`npm run bench\`; not by hand. Each row was measured side by side: the same work in one run, in
alternating order, as medians with the least and the greatest round, JavaScript after a warm-up. A ratio is fpx over the
peer, so below 1 fpx is faster (or smaller); rows whose aim is a least value count the other way. Where a limit of the
machine or of the runtime is known, the row names it.

## Aims that were missed

${lines((row) => keepsAim(row) === false)}

## Where the peer was better, aim kept or none set

${lines((row) => keepsAim(row) !== false && isBehind(row))}

${sections.join("\n\n")}
`;
}

function section(file: string, { title, day, machine, load, seconds, rows }: Measured): string {
  const table = markdownTable({
    columns: ["what", "fpx", "peer", "", "ratio", "spread", "aim", "", "limit and remarks"].map((label) => ({
      label,
    })),
    rows: rows.map((row) => {
      const kept = keepsAim(row);
      return [
        row.name,
        `${figure(row.ours)} ${row.unit}`,
        row.peerName,
        row.peer === undefined ? "not measured" : `${figure(row.peer)} ${row.unit}`,
        figure(row.ratio),
        row.spread ?? "",
        row.target ?? "",
        kept === undefined ? "" : kept ? "kept" : "missed",
        [row.limit, row.note].filter((words) => words !== undefined).join("; "),
      ];
    }),
  });
  return `## ${title}

\`npm run bench -- ${file}\`, ${day}, ${seconds} s, load ${load}; ${machine}.

${table}`;
}

const figure = (value: number | undefined): string =>
  value === undefined ? "" : value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
