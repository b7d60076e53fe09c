/** `fpx infer`: estimates with intervals from one pass over a file or standard input. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Command } from "commander";
import { InvalidInput } from "../core/errors.ts";
import {
  type AveragedKieferWolfowitz,
  type Interval,
  type Loss,
  linearLoss,
  logisticLoss,
  quantileLoss,
  type Row,
} from "../inference/index.ts";
import { decimalsOf, formatNumber, textTable } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { loadFunction, readPieces, STANDARD, writeOutput } from "./files.ts";
import { csvRows, jsonRows } from "./infer-rows.ts";
import { InferSession, readSaved } from "./infer-session.ts";
import { integer, number } from "./options.ts";
import { type CommandRecorder, type RecordFlags, recorded, recordOptions } from "./recording.ts";

interface InferFlags extends RecordFlags {
  readonly data: string;
  readonly loss: string;
  readonly level: number;
  readonly features?: readonly string[];
  readonly response?: string;
  readonly intercept: boolean;
  readonly follow?: boolean;
  readonly every: number;
  readonly queries?: number;
  readonly method?: "random-scaling" | "plug-in";
  readonly state?: string;
  readonly format?: "csv" | "jsonl";
  readonly seed?: number;
  readonly json?: boolean;
}

const names = (text: string): readonly string[] => text.split(",").map((name) => name.trim());

/** Adds options of `fpx infer`. */
export function defineInfer(command: Command, cli: Cli): void {
  recordOptions(command, cli)
    .description(
      "Fit a model to a stream in one pass and constant memory, without gradients, and print each parameter with its interval and p-value. Columns are named by the header (CSV) or the first object's keys (JSONL); all must hold numbers.",
    )
    .requiredOption("--data <file>", "CSV with a header, or JSONL; - for standard input")
    .option(
      "--loss <name>",
      "linear, logistic, quantile:TAU, or MODULE#name of (theta, row) => number",
      "linear",
    )
    .option("--level <number>", "level of the intervals", number({ minimum: 0.5, maximum: 0.9999 }), 0.95)
    .option("--features <names>", "columns of the model, separated by commas (default: all others)", names)
    .option("--response <name>", "column to be explained (default: the last)")
    .option("--no-intercept", "fit no constant term")
    .option(
      "--method <name>",
      "random-scaling or plug-in (default: random-scaling; with --follow plug-in)",
      oneMethod,
    )
    .option(
      "--queries <number>",
      "directions a row (default: one a parameter, up to 50)",
      integer({ minimum: 1 }),
    )
    .option("--follow", "print intervals along the way that may be watched (confidence sequences)")
    .option("--every <rows>", "with --follow: rows between two prints", integer({ minimum: 1 }), 10_000)
    .option(
      "--state <file>",
      "go on from this file where it exists, and save to it at the end and after Ctrl-C; rows of a --data file that were taken are passed over, standard input is taken whole",
    )
    .option("--format <name>", "csv or jsonl (default: by the file's name; csv for -)", oneFormat)
    .option("--seed <number>", "seed of the directions (default: 1)", integer())
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx infer --data latency.csv --response p95 --loss quantile:0.9\n\nThe interval printed at the end holds for the file's length. To stop when an interval is short enough, use --follow.\n\nDay by day, with intervals that may be looked at every day:\n  $ fpx infer --data - --follow --state fit.json < monday.csv\n  $ fpx infer --data - --follow --state fit.json < tuesday.csv\n",
    )
    .action((flags: InferFlags) => infer(flags, cli));
}

function oneMethod(text: string): "random-scaling" | "plug-in" {
  if (text === "random-scaling" || text === "plug-in") return text;
  throw new UsageError(`--method is ${text}; choose random-scaling or plug-in`);
}

function oneFormat(text: string): "csv" | "jsonl" {
  if (text === "csv" || text === "jsonl") return text;
  throw new UsageError(`--format is ${text}; choose csv or jsonl`);
}

async function lossOf(name: string): Promise<{ readonly loss: Loss<Row>; readonly smooth: boolean }> {
  if (name === "linear") return { loss: linearLoss, smooth: true };
  if (name === "logistic") return { loss: logisticLoss, smooth: true };
  if (name.startsWith("quantile:")) {
    const tau = Number(name.slice("quantile:".length));
    if (!(tau > 0 && tau < 1))
      throw new UsageError(`--loss ${name}: give a TAU between 0 and 1, as in quantile:0.9`);
    return { loss: quantileLoss(tau), smooth: false };
  }
  if (!name.includes("#")) {
    throw new UsageError(`--loss is ${name}; choose linear, logistic, quantile:TAU or MODULE#name`);
  }
  return { loss: (await loadFunction(name, "--loss")) as Loss<Row>, smooth: true };
}

/** The first so many parameters are recorded as curves, so often in milliseconds. */
const CURVES = 12;
const CURVES_EVERY = 250;

const bandOf = (name: string, { lower, upper }: { readonly lower: number; readonly upper: number }) => [
  [`${name}.lower`, lower],
  [`${name}.upper`, upper],
];

async function infer(flags: InferFlags, cli: Cli): Promise<void> {
  const { data, seed = 1, state } = flags;
  const signal = cli.interruptible(
    state === undefined ? "stopping; the rows so far count" : `stopping; ${state} keeps the rows so far`,
  );
  const name = `infer ${data === STANDARD ? "standard input" : basename(data)}`;
  await recorded(flags, { name, command: "infer", seed, signal }, (recorder) =>
    estimate(flags, cli, recorder),
  );
}

async function estimate(flags: InferFlags, cli: Cli, recorder: CommandRecorder) {
  const { signal } = recorder;
  const { data, level, intercept, follow = false, every, queries, seed = 1, state, json = false } = flags;
  const { loss, smooth } = await lossOf(flags.loss);
  if (follow && flags.method === "random-scaling") {
    throw new UsageError(
      "--follow and --method random-scaling exclude each other: an interval by random scaling must not be watched; leave out one",
    );
  }
  const method = flags.method ?? (follow ? "plug-in" : "random-scaling");
  const model = { loss: flags.loss, intercept, method };
  const text = state === undefined ? undefined : await readIfThere(state);
  const saved = text === undefined ? undefined : readSaved(text, state!, model);
  const lines: string[] = [];
  const options = {
    ...model,
    data,
    call: loss,
    smooth,
    seed,
    queries,
    taken: ({ fit }: InferSession) => {
      if (follow && fit!.count % every === 0) lines.push(progressLine(fit!));
    },
  };
  const before = saved === undefined ? undefined : new InferSession(options, saved).fit!;
  if (before !== undefined && !follow && before.state.askedAt !== null) {
    throw new InvalidInput(
      `${state}: an interval was printed at ${before.state.askedAt} rows, and its level holds for that count alone; begin anew with another --state, and with --follow for intervals that may be looked at on the way`,
      { code: "WATCHED_INTERVAL" },
    );
  }
  const skip = data === STANDARD ? 0 : (before?.count ?? 0);
  const session = new InferSession({ ...options, skip }, saved);
  const progressLine = (fit: AveragedKieferWolfowitz<Row>): string => {
    const intervals = fit.confidenceSequence({ level });
    if (json) return JSON.stringify({ event: "sequence", rows: fit.count, parameters: named(intervals) });
    const parts = intervals.map((interval, k) => {
      const [estimate, lower, upper] = printed(interval);
      return `${session.parameters[k]} ${estimate} [${lower}, ${upper}]`;
    });
    return `${fit.count} rows: ${parts.join("  ")}`;
  };

  const named = <T extends object>(values: readonly T[]) =>
    values.map((value, k) => ({ name: session.parameters[k]!, ...value }));

  let drawn = Number.NEGATIVE_INFINITY;
  /** Curves may be watched, so they have bands where these are confidence sequences, and else none. */
  const draw = (last = false): void => {
    const { fit } = session;
    if (fit === undefined || (!last && performance.now() - drawn < CURVES_EVERY)) return;
    drawn = performance.now();
    const bands = method === "plug-in" ? fit.confidenceSequence({ level }) : undefined;
    const values = [...fit.estimate().subarray(0, CURVES)].flatMap((value, k) => [
      [session.parameters[k]!, value],
      ...(bands === undefined ? [] : bandOf(session.parameters[k]!, bands[k]!)),
    ]);
    recorder.point({ step: fit.count, calls: fit.evaluations, metrics: Object.fromEntries(values) });
  };

  const isJson = flags.format === undefined ? /\.(jsonl|ndjson)$/.test(data) : flags.format === "jsonl";
  const choice = {
    features: flags.features ?? saved?.columns.features,
    response: flags.response ?? saved?.columns.response,
  };
  if (saved !== undefined && before !== undefined) {
    const { settings } = before.state;
    for (const [option, asked, had] of [
      ["--features", choice.features, saved.columns.features],
      ["--response", choice.response, saved.columns.response],
      ["--queries", queries, settings.queries],
      ["--seed", flags.seed, settings.seed],
    ] as const)
      if (asked !== undefined && String(asked) !== String(had))
        throw new InvalidInput(
          `${state}: the saved run has ${option} ${String(had)}; leave out ${option}, or give another --state`,
          { code: "STATE_MISMATCH" },
        );
  }
  const parser = (isJson ? jsonRows : csvRows)(data, choice, session);
  const decoder = new TextDecoder();
  for await (const piece of readPieces(data, signal)) {
    parser.write(decoder.decode(piece, { stream: true }));
    for (const line of lines.splice(0)) await cli.print(`${line}\n`);
    draw();
    await recorder.flush();
    if (signal.aborted) break;
  }
  if (!signal.aborted) parser.end();
  for (const line of lines.splice(0)) await cli.print(`${line}\n`);
  const { fit } = session;
  if (session.missing > 0) {
    if (signal.aborted) return { status: "cancelled", steps: 0, calls: 0 } as const;
    throw new InvalidInput(
      `${data} ends ${session.missing} rows before those that ${state} has taken already; give the same file with rows added, or new rows by standard input (--data -)`,
      { code: "STATE_MISMATCH" },
    );
  }
  if (signal.aborted && state !== undefined) {
    // Without an interval, so that the run may go on to its end and have one there.
    if (fit !== undefined) await writeOutput(state, session.save());
    return { status: "cancelled", steps: fit?.count ?? 0, calls: fit?.evaluations ?? 0 } as const;
  }
  if (fit !== undefined) session.refuseConstant();

  if (fit === undefined || fit.averaged < 2) {
    if (fit !== undefined && state !== undefined) await writeOutput(state, session.save());
    throw new InvalidInput(
      `${data}: ${fit?.count ?? 0} rows are too few: the pilot and the burn-in need more${state === undefined ? "" : `; ${state} keeps them for the next run`}`,
      { code: "TOO_FEW_ROWS" },
    );
  }
  draw(true);
  const diagnostics = fit.diagnostics();
  const intervals = follow ? fit.confidenceSequence({ level }) : fit.confidenceInterval({ level });
  const tests = follow ? undefined : fit.test();
  const values = intervals.map((interval, k) => ({ ...interval, pValue: tests?.[k]?.pValue ?? null }));
  if (state !== undefined) await writeOutput(state, session.save());
  const facts = { loss: flags.loss, rows: fit.count, averaged: fit.averaged, evaluations: fit.evaluations };
  const kind = follow ? "confidence-sequence" : method;
  const summary = { ...facts, level, interval: kind, parameters: named(values), diagnostics };
  const status = signal.aborted ? "cancelled" : diagnostics.converged ? "converged" : "budget";
  const outcome = { status, steps: fit.count, calls: fit.evaluations, summary } as const;
  if (json) {
    await cli.print(`${JSON.stringify(summary)}\n`);
    return outcome;
  }
  const percent = `${formatNumber(100 * level)} %`;
  await cli.print(
    `${textTable({
      columns: [
        { label: "parameter" },
        ...["estimate", `lower ${percent}`, `upper ${percent}`].map((label) => ({ label, numeric: true })),
        { label: "p-value" },
      ],
      rows: values.map((value, k) => [session.parameters[k]!, ...printed(value), value.pValue]),
    })}\n`,
  );
  const { effective, converged, warnings } = diagnostics;
  await cli.print(
    `${facts.rows} rows, ${facts.averaged} averaged, ${facts.evaluations} calls of the loss, ${formatNumber(effective ?? 0)} transients; ${converged ? "converged" : "NOT CONVERGED: do not trust the level"}\n${warnings.map((text) => `- ${text}\n`).join("")}`,
  );
  return outcome;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(path, error);
  }
}

/** An estimate and its bounds, with the digits that the interval's width leaves. */
function printed({ estimate, lower, upper }: Interval): [estimate: string, lower: string, upper: string] {
  const decimals = decimalsOf(lower, upper);
  const print = (value: number): string => formatNumber(value, decimals === undefined ? {} : { decimals });
  return [print(estimate), print(lower), print(upper)];
}
