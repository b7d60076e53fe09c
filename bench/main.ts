/**
 * Runs every side-by-side measurement: `npm run bench`, or `npm run bench -- NAME ...` for some of them.
 * Prints one table; with --json one JSON line per row.
 */
import { readdirSync } from "node:fs";
import type { BenchRow } from "./harness.ts";

interface BenchModule {
  readonly name: string;
  bench(): Promise<BenchRow[]>;
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const json = process.argv.includes("--json");
const files = readdirSync(import.meta.dirname).filter(
  (file) => file.endsWith(".ts") && !["main.ts", "harness.ts"].includes(file),
);

for (const file of files.sort()) {
  if (wanted.length > 0 && !wanted.includes(file.slice(0, -3))) continue;
  const { name, bench } = (await import(`./${file}`)) as BenchModule;
  if (!json) console.log(`\n${name}`);
  for (const row of await bench()) {
    if (json) console.log(JSON.stringify({ bench: name, ...row }));
    else console.log(format(row));
  }
}

function format({ name, ours, peer, peerName, unit, ratio, spread, target, note }: BenchRow): string {
  const figure = (value: number | undefined) => (value === undefined ? "-" : value.toPrecision(3));
  const goal = target === undefined ? "" : `, aim ${target}`;
  const against = peer === undefined ? `${peerName} missing` : `${peerName} ${figure(peer)}`;
  return `  ${name}: fpx ${figure(ours)} ${unit}, ${against}, ratio ${figure(ratio)} (${spread ?? "-"}${goal})${note ? ` ${note}` : ""}`;
}
