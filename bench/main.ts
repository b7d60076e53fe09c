/**
 * Runs every side-by-side measurement: `npm run bench`, or `npm run bench -- NAME ...` for some of them.
 * Prints one table a benchmark, or with --json one JSON line a row, and keeps what was measured in
 * bench/results.json and bench/RESULTS.md.
 */
import { readdirSync } from "node:fs";
import type { BenchRow } from "./harness.ts";
import { keep, keepsAim } from "./results.ts";

interface BenchModule {
  readonly name: string;
  /** Rows as they are measured, or all at the end. */
  bench(): AsyncGenerator<BenchRow> | Promise<BenchRow[]>;
}

const HELPERS = new Set(["main.ts", "harness.ts", "results.ts"]);
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const json = process.argv.includes("--json");
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !HELPERS.has(file))
  .map((file) => file.slice(0, -3))
  .sort();
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`there is no benchmark "${unknown}"; choose among ${names.join(", ")}`);
  process.exit(2);
}

for (const file of wanted.length > 0 ? names.filter((name) => wanted.includes(name)) : names) {
  const { name, bench } = (await import(`./${file}.ts`)) as BenchModule;
  if (!json) console.log(`\n${name}`);
  const began = performance.now();
  const rows: BenchRow[] = [];
  for await (const row of await bench()) {
    rows.push(row);
    console.log(json ? JSON.stringify({ bench: name, ...row }) : format(row));
  }
  keep(file, name, rows, (performance.now() - began) / 1000);
}

function format(row: BenchRow): string {
  const { name, ours, peer, peerName, unit, ratio, spread, target, limit, note } = row;
  const figure = (value: number | undefined) => (value === undefined ? "-" : value.toPrecision(3));
  const kept = keepsAim(row);
  const goal =
    target === undefined ? "" : `, aim ${target}${kept === undefined ? "" : kept ? ": kept" : ": missed"}`;
  const against = peer === undefined ? `${peerName} missing` : `${peerName} ${figure(peer)}`;
  const remarks = [limit, note].filter((words) => words !== undefined).join("; ");
  return `  ${name}: fpx ${figure(ours)} ${unit}, ${against}, ratio ${figure(ratio)} (${spread ?? "-"}${goal})${remarks ? ` ${remarks}` : ""}`;
}
