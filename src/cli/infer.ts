/** `fpx infer`: estimates with intervals from one pass over a file or standard input. */
import { basename } from "node:path";
import type { Command } from "commander";
import { InvalidInput } from "../core/errors.ts";
import {
  AveragedKieferWolfowitz,
  type Loss,
  linearLoss,
  logisticLoss,
  quantileLoss,
  type Row,
} from "../inference/index.ts";
import { formatNumber, textTable } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { UsageError } from "./errors.ts";
import { loadFunction, readPieces, STANDARD } from "./files.ts";
import { type Columns, csvRows, jsonRows } from "./infer-rows.ts";
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
  readonly method: "random-scaling" | "plug-in";
  readonly format?: "csv" | "jsonl";
  readonly seed: number;
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
    .option("--method <name>", "random-scaling or plug-in", oneMethod, "random-scaling")
    .option(
      "--queries <number>",
      "directions a row (default: one a parameter, up to 50)",
      integer({ minimum: 1 }),
    )
    .option("--follow", "print intervals along the way that may be watched (confidence sequences)")
    .option("--every <rows>", "with --follow: rows between two prints", integer({ minimum: 1 }), 10_000)
    .option("--format <name>", "csv or jsonl (default: by the file's name; csv for -)", oneFormat)
    .option("--seed <number>", "seed of the directions", integer(), 1)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx infer --data latency.csv --response p95 --loss quantile:0.9\n\nThe interval printed at the end holds for the file's length. To stop when an interval is short enough, use --follow.\n",
    )
    .action((flags: InferFlags) => infer(flags, cli));
}

function oneMethod(text: string): InferFlags["method"] {
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
  const { data, seed } = flags;
  const signal = cli.interruptible("stopping; the rows so far count");
  const name = `infer ${data === STANDARD ? "standard input" : basename(data)}`;
  await recorded(flags, { name, command: "infer", seed, signal }, (recorder) =>
    estimate(flags, cli, recorder),
  );
}

async function estimate(flags: InferFlags, cli: Cli, recorder: CommandRecorder) {
  const { data, level, intercept, follow = false, every, queries, seed, json = false } = flags;
  const { loss, smooth } = await lossOf(flags.loss);
  const method = follow ? "plug-in" : flags.method;
  const lines: string[] = [];
  let fit: AveragedKieferWolfowitz<Row> | undefined;
  let parameters: string[] = [];
  let columns: Columns | undefined;
  let first: Float64Array | undefined;
  let constant: Uint8Array = new Uint8Array();
  const ones = intercept ? 1 : 0;

  const sink = {
    begin(chosen: Columns): void {
      columns = chosen;
      parameters = [...(intercept ? ["(intercept)"] : []), ...chosen.features];
      constant = new Uint8Array(chosen.features.length).fill(1);
      fit = new AveragedKieferWolfowitz<Row>({
        initial: new Float64Array(parameters.length),
        loss,
        smooth,
        inference: method,
        names: parameters,
        seed,
        ...(queries === undefined ? {} : { queries }),
      });
    },
    row(values: Float64Array, line: number): void {
      const features = constant.length;
      first ??= values;
      for (let k = 0; k < features; k++) if (values[k] !== first[k]) constant[k] = 0;
      const response = values[features]!;
      if (flags.loss === "logistic" && response !== 0 && response !== 1) {
        throw new InvalidInput(
          `${data}:${line}: column ${columns!.response} is ${response}; logistic regression needs 0 or 1`,
        );
      }
      let row = values;
      if (ones === 1) {
        row = new Float64Array(features + 2);
        row[0] = 1;
        row.set(values, 1);
      }
      try {
        fit!.update(row);
      } catch (error) {
        // The pilot meets a constant column as one without effect of its own.
        refuseConstant();
        throw error;
      }
      if (follow && fit!.count % every === 0) lines.push(progressLine());
    },
  };

  const refuseConstant = (): void => {
    const k = constant.indexOf(1);
    if (k < 0 || fit!.count < 2) return;
    if (intercept || first![k] === 0) {
      throw new InvalidInput(
        `${data}: column ${columns!.features[k]} is ${first![k]} in every row${intercept ? ", as the intercept is constant too" : ""}; leave it out by --features`,
        { code: "CONSTANT_COLUMN" },
      );
    }
  };

  const progressLine = (): string => {
    const intervals = fit!.confidenceSequence({ level });
    if (json) return JSON.stringify({ event: "sequence", rows: fit!.count, parameters: named(intervals) });
    const parts = intervals.map(
      ({ estimate, lower, upper }, k) =>
        `${parameters[k]} ${formatNumber(estimate)} [${formatNumber(lower)}, ${formatNumber(upper)}]`,
    );
    return `${fit!.count} rows: ${parts.join("  ")}`;
  };

  const named = <T extends object>(values: readonly T[]) =>
    values.map((value, k) => ({ name: parameters[k]!, ...value }));

  let drawn = Number.NEGATIVE_INFINITY;
  /** Curves may be watched, so they have bands where these are confidence sequences, and else none. */
  const draw = (last = false): void => {
    if (fit === undefined || (!last && performance.now() - drawn < CURVES_EVERY)) return;
    drawn = performance.now();
    const bands = method === "plug-in" ? fit.confidenceSequence({ level }) : undefined;
    const values = [...fit.estimate().subarray(0, CURVES)].flatMap((value, k) => [
      [parameters[k]!, value],
      ...(bands === undefined ? [] : bandOf(parameters[k]!, bands[k]!)),
    ]);
    recorder.point({ step: fit.count, calls: fit.evaluations, metrics: Object.fromEntries(values) });
  };

  const isJson = flags.format === undefined ? /\.(jsonl|ndjson)$/.test(data) : flags.format === "jsonl";
  const choice = { features: flags.features, response: flags.response };
  const parser = (isJson ? jsonRows : csvRows)(data, choice, sink);
  const decoder = new TextDecoder();
  let whole = true;
  for await (const piece of readPieces(data)) {
    parser.write(decoder.decode(piece, { stream: true }));
    for (const line of lines.splice(0)) await cli.print(`${line}\n`);
    draw();
    await recorder.flush();
    if (recorder.signal.aborted) {
      whole = false;
      break;
    }
  }
  if (whole) parser.end();
  for (const line of lines.splice(0)) await cli.print(`${line}\n`);
  refuseConstant();

  if (fit === undefined || fit.averaged < 2) {
    throw new InvalidInput(
      `${data}: ${fit?.count ?? 0} rows are too few: the pilot and the burn-in need more`,
    );
  }
  draw(true);
  const diagnostics = fit.diagnostics();
  const intervals = follow ? fit.confidenceSequence({ level }) : fit.confidenceInterval({ level });
  const tests = follow ? undefined : fit.test();
  const values = intervals.map((interval, k) => ({ ...interval, pValue: tests?.[k]?.pValue ?? null }));
  const facts = { loss: flags.loss, rows: fit.count, averaged: fit.averaged, evaluations: fit.evaluations };
  const kind = follow ? "confidence-sequence" : method;
  const summary = { ...facts, level, interval: kind, parameters: named(values), diagnostics };
  const status = !whole ? "cancelled" : diagnostics.converged ? "converged" : "budget";
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
        { label: "estimate" },
        { label: `lower ${percent}` },
        { label: `upper ${percent}` },
        { label: "p-value" },
      ],
      rows: values.map(({ estimate, lower, upper, pValue }, k) => [
        parameters[k]!,
        estimate,
        lower,
        upper,
        pValue,
      ]),
    })}\n`,
  );
  const { effective, converged, clipped } = diagnostics;
  await cli.print(
    `${facts.rows} rows, ${facts.averaged} averaged, ${facts.evaluations} calls of the loss, ${formatNumber(effective ?? 0)} transients, ${clipped} steps cut; ${converged ? "converged" : "NOT CONVERGED: the intervals may be too short"}\n`,
  );
  return outcome;
}
