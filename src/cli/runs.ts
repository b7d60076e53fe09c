/** `fpx runs`: what was run, side by side, moved and deleted. */
import type { Command } from "commander";
import { InvalidInput } from "../core/errors.ts";
import { formatNumber, textTable } from "../report/index.ts";
import {
  deleteRun,
  exportLines,
  importLines,
  isAlive,
  isResumable,
  listPoints,
  listRuns,
  openStore,
  type RunPoint,
  type RunRecord,
  requestStop,
  requireRun,
  type Store,
} from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { UsageError } from "./errors.ts";
import { plural, readPieces, refuseOverwrite, STANDARD, writeOutput } from "./files.ts";
import { integer } from "./options.ts";
import { formatDuration } from "./progress.ts";
import { databaseOption } from "./recording.ts";

interface Flags {
  readonly db: string;
  readonly json?: boolean;
  readonly limit: number;
  readonly out: string;
  readonly force?: boolean;
  readonly all?: boolean;
}

/** Adds the subcommands of `fpx runs`. */
export function defineRuns(command: Command, cli: Cli): void {
  const add = (name: string, summary: string, example: string): Command =>
    databaseOption(command.command(name), cli)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .addHelpText("after", `\nExample:\n  $ fpx runs ${example}\n`);

  add("list", "list runs, the newest first", "list --limit 5")
    .option("--limit <number>", "at most so many", integer({ minimum: 1, maximum: 10_000 }), 30)
    .option("--json", "print JSON")
    .action((flags: Flags) => withStore(flags, (store) => list(store, flags, cli)));
  add("show", "show a run and where its curves ended", "show mk3f")
    .argument("<run>", "its id, or the beginning of it")
    .option("--json", "print JSON, with the curves")
    .action((id: string, flags: Flags) => withStore(flags, (store) => show(store, id, flags, cli)));
  add("compare", "compare runs side by side", "compare mk3f mk7a")
    .argument("<runs...>", "two or more ids")
    .option("--json", "print JSON")
    .action((ids: string[], flags: Flags) => withStore(flags, (store) => compare(store, ids, flags, cli)));
  add("stop", "ask a run to stop, wherever it works", "stop mk3f")
    .argument("<run>", "its id")
    .action((id: string, flags: Flags) => withStore(flags, (store) => stop(store, id, cli)));
  add("delete", "delete runs with their curves and snapshots", "delete mk3f mk7a")
    .argument("<runs...>", "their ids")
    .action((ids: string[], flags: Flags) => withStore(flags, (store) => remove(store, ids, cli)));
  add("export", "write a run, or the whole database, as JSON lines", "export --all --out backup.jsonl")
    .argument("[run]", "its id")
    .option("--all", "the whole database: runs, edits, bandits, certificates")
    .option("--out <file>", 'where to write; "-" for standard output', STANDARD)
    .option("--force", "replace an existing file")
    .action((id: string | undefined, flags: Flags) =>
      withStore(flags, (store) => exportRows(store, id, flags, cli)),
    );
  add(
    "import",
    "add what export wrote; what is there stays",
    "import backup.jsonl --db postgres://localhost/fpx",
  )
    .argument("<file>", 'JSON lines; "-" for standard input')
    .action((path: string, flags: Flags) => withStore(flags, (store) => importRows(store, path, cli)));
}

async function withStore(flags: Flags, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(flags.db);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

async function list(store: Store, { limit, json = false }: Flags, cli: Cli): Promise<void> {
  const runs = await listRuns(store, { limit });
  if (json) {
    await cli.print(`${JSON.stringify({ runs: runs.map(shown) })}\n`);
    return;
  }
  if (runs.length === 0) cli.note("no runs yet: fpx run makes one");
  else await cli.print(textTable({ columns: COLUMNS, rows: runs.map(row) }));
}

const COLUMNS = [
  { label: "run" },
  { label: "name" },
  { label: "status" },
  { label: "steps", numeric: true },
  { label: "calls", numeric: true },
  { label: "time", numeric: true },
  { label: "started" },
];

const row = (run: RunRecord) => [
  run.id,
  run.name,
  stateOf(run),
  run.steps,
  run.calls,
  formatDuration(run.seconds),
  new Date(run.started).toISOString().slice(0, 16).replace("T", " "),
];

/** A run that gave no sign of life for long is not said to be running. */
const stateOf = (run: RunRecord): string => (run.status === "running" && !isAlive(run) ? "lost" : run.status);

const shown = (run: RunRecord) => ({ ...run, alive: isAlive(run) });

async function show(store: Store, id: string, { json = false }: Flags, cli: Cli): Promise<void> {
  const run = await requireRun(store, id);
  const points = await listPoints(store, run.id);
  if (json) {
    await cli.print(`${JSON.stringify({ ...shown(run), points })}\n`);
    return;
  }
  const metrics = Object.entries(lastMetrics(points)).map(
    ([name, value]) => `  ${name}  ${value === null ? "" : formatNumber(value)}\n`,
  );
  const lines = [
    textTable({ columns: COLUMNS, rows: [row(run)] }),
    `${run.command}${run.solver === null ? "" : `, ${run.solver}`}${run.seed === null ? "" : `, seed ${run.seed}`}\n`,
    ...metrics,
    ...(run.error === null ? [] : [`error  ${run.error}\n`]),
    ...(isResumable(run) ? [`Go on: fpx ${run.resume!.join(" ")}\n`] : []),
  ];
  await cli.print(lines.join(""));
}

/** Where each curve ended; those of an earlier stage of the work ended earlier. */
const lastMetrics = (points: readonly RunPoint[]): RunPoint["metrics"] =>
  Object.assign({}, ...points.map(({ metrics }) => metrics));

async function compare(
  store: Store,
  ids: readonly string[],
  { json = false }: Flags,
  cli: Cli,
): Promise<void> {
  if (ids.length < 2) throw new UsageError("name two runs or more; see fpx runs list");
  const compared: { readonly run: RunRecord; readonly metrics: RunPoint["metrics"] }[] = [];
  for (const id of ids) {
    const run = await requireRun(store, id);
    compared.push({ run, metrics: lastMetrics(await listPoints(store, run.id)) });
  }
  const names = [...new Set(compared.flatMap(({ metrics }) => Object.keys(metrics)))];
  if (json) {
    const runs = compared.map(({ run, metrics }) => ({ ...shown(run), metrics }));
    await cli.print(`${JSON.stringify({ runs })}\n`);
    return;
  }
  const columns = [...COLUMNS, ...names.map((label) => ({ label, numeric: true }))];
  const rows = compared.map(({ run, metrics }) => [
    ...row(run),
    ...names.map((name) => metrics[name] ?? null),
  ]);
  await cli.print(textTable({ columns, rows }));
}

async function stop(store: Store, id: string, cli: Cli): Promise<void> {
  const run = await requireRun(store, id);
  if (!(isAlive(run) && (await requestStop(store, run.id))))
    throw new UsageError(`run ${run.id} is not going on`);
  cli.note(`asked ${run.id} to stop`);
}

async function remove(store: Store, ids: readonly string[], cli: Cli): Promise<void> {
  for (const id of ids) {
    const run = await requireRun(store, id);
    await deleteRun(store, run.id);
    cli.note(`deleted ${run.id}`);
  }
}

async function exportRows(store: Store, id: string | undefined, flags: Flags, cli: Cli): Promise<void> {
  const { out, all = false, force = false } = flags;
  if ((id === undefined) !== all) throw new UsageError("name a run, or take everything by --all");
  await refuseOverwrite(out, force);
  const run = id === undefined ? undefined : (await requireRun(store, id)).id;
  const lines: string[] = [];
  for await (const line of exportLines(store, run)) {
    if (out === STANDARD) await cli.print(line);
    else lines.push(line);
  }
  if (out === STANDARD) return;
  await writeOutput(out, lines);
  cli.note(`wrote ${plural(lines.length - 1, "row")} to ${out}`);
}

async function importRows(store: Store, path: string, cli: Cli): Promise<void> {
  const added = await importLines(store, linesOf(path));
  const parts = Object.entries(added).map(([table, n]) => `${n} ${table}`);
  cli.note(`added ${parts.join(", ") || "nothing"}`);
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const piece of readPieces(path)) {
    let text: string;
    try {
      text = decoder.decode(piece, { stream: true });
    } catch (error) {
      throw new InvalidInput(`${path} is no UTF-8 text: import what fpx runs export wrote`, { cause: error });
    }
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
