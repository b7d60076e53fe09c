/** `fpx fit`: a model that keeps rules for every input, from a CSV file. */
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import {
  domain,
  domainFromData,
  type FeatureSpec,
  type FitOptions,
  type FitResult,
  fitConstrained,
  parseRules,
  type Targets,
  type Task,
} from "../constraints/index.ts";
import { FpxError, InvalidInput } from "../core/errors.ts";
import { formatNumber } from "../report/index.ts";
import { certificateReport, printCertificate } from "./certificate-report.ts";
import type { Cli } from "./cli.ts";
import { refuseOverwrite, writeOutput } from "./files.ts";
import { type Row, readTable, readText, refuseMixed, splitColumns } from "./fit-table.ts";
import { number, oneOf } from "./options.ts";
import { type RecordFlags, recorded, recordOptions } from "./recording.ts";
import { placingRules } from "./rule-places.ts";

interface FitFlags extends RecordFlags {
  readonly target: readonly string[];
  readonly rules: string;
  readonly out: string;
  readonly task?: Task;
  readonly solver: "exact" | "sade";
  readonly l2: number;
  readonly margin?: number;
  readonly dropViolating?: boolean;
  readonly certificate?: string;
  readonly report?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const TASKS = ["leastSquares", "logistic", "oneVsRest"] as const;

/** Adds options of `fpx fit`. */
export function defineFit(command: Command, cli: Cli): void {
  recordOptions(command, cli)
    .description(
      "Fit an affine model to a CSV file such that the rules hold for every input of the domain, not only for the rows, and certify it in exact arithmetic. Bounds of features come from the rules file, else from the data; text columns are categories.",
    )
    .argument("<data>", "CSV with a header")
    .requiredOption("--target <columns>", "column to predict; several for one output each", (text) =>
      text.split(",").map((name) => name.trim()),
    )
    .requiredOption("--rules <file>", "rules in YAML or JSON")
    .requiredOption("--out <file>", "where to write the model")
    .option("--task <name>", `${TASKS.join(", ")} (default: by the target's values)`, oneOf(TASKS))
    .option(
      "--solver <name>",
      "exact (the best model) or sade (the published search)",
      oneOf(["exact", "sade"]),
      "exact",
    )
    .option("--l2 <number>", "penalty on squared weights", number({ minimum: 0 }), 1e-4)
    .option(
      "--margin <number>",
      "keep every rule with so much to spare (default: 1e-6)",
      number({ minimum: 0 }),
    )
    .option("--drop-violating", "leave out rows whose label breaks the rules")
    .option("--certificate <file>", "where to write the certificate as JSON")
    .option("--report <file>", "where to write the certificate as HTML")
    .option("--force", "replace existing files")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample of a rules file:\n  domain:\n    income: [1, 200]\n    credit: binary\n  rules:\n    - name: no-credit\n      when: credit = 0 and income < 5\n      then: approved < 0\n    - monotone: { output: approved, feature: income, direction: increasing }\n\nExample:\n  $ fpx fit loans.csv --target approved --rules rules.yaml --out model.json --report certificate.html\n",
    )
    .action((data: string, flags: FitFlags) => fitTable(data, flags, cli));
}

async function fitTable(data: string, flags: FitFlags, cli: Cli): Promise<void> {
  const { target, rules: rulesPath, out, solver, l2, margin, force = false, json = false } = flags;
  for (const path of [out, flags.certificate, flags.report])
    if (path !== undefined) await refuseOverwrite(path, force);
  const file = await parseRules(await readText(rulesPath), rulesPath);
  const { rows, lines } = readTable(await readText(data), data);
  const { features, columns } = splitColumns(rows, target, data);
  refuseMixed(
    data,
    rows,
    lines,
    new Set([...(flags.task === "oneVsRest" ? target : []), ...Object.keys(file.domain)]),
  );
  const task = flags.task ?? taskOf(columns);
  const y = targetsOf(columns, target, task);
  const named = domainOf(features, file.domain);
  const outputs = file.outputs ?? (task === "oneVsRest" ? undefined : target);
  const run = { name: `fit ${basename(data)}`, command: "fit", signal: cli.interruptible("stopping") };
  const { fitted } = await recorded(flags, run, async ({ signal, keepCertificate }) => {
    const options: FitOptions = {
      X: features,
      y,
      domain: named,
      constraints: file.rules,
      task,
      solver,
      l2,
      dropViolatingRows: flags.dropViolating ?? false,
      signal,
      ...(margin === undefined ? {} : { margin }),
      ...(outputs === undefined ? {} : { outputs }),
    };
    const fitted = await placingRules(file, () => placed(data, lines, options));
    await keepCertificate(basename(out), fitted.certificate);
    const summary = { model: resolve(out), task, loss: fitted.loss, status: fitted.certificate.status };
    return { status: "done", steps: 0, calls: 0, summary, fitted };
  });
  const { model, certificate, loss, warnings, dropped, search } = fitted;
  await writeOutput(out, `${JSON.stringify(model, null, 1)}\n`);
  if (flags.certificate !== undefined)
    await writeOutput(flags.certificate, `${JSON.stringify(certificate, null, 1)}\n`);
  if (flags.report !== undefined) await writeOutput(flags.report, certificateReport(certificate, model));
  for (const { message } of warnings) cli.note(`warning: ${message}`);
  if (search?.status === "stalled")
    cli.note(
      `warning: SaDe stalled after ${search.accepted} admissible steps; --solver exact has no such limit`,
    );
  if (json) {
    const { status, results } = certificate;
    await cli.print(
      `${JSON.stringify({ model: out, rows: features.length - dropped.length, dropped: dropped.length, task, loss, status, results, warnings, ...(search === undefined ? {} : { search }) })}\n`,
    );
    return;
  }
  const left =
    dropped.length === 0 ? "" : `, ${dropped.length} left out because their label breaks the rules`;
  cli.note(
    `${features.length - dropped.length} rows${left}; ${task}, loss ${formatNumber(loss)}; model in ${out}`,
  );
  await cli.print(printCertificate(certificate));
}

function taskOf(columns: readonly (readonly (number | string)[])[]): Task {
  const values = columns.flat();
  if (values.some((value) => typeof value === "string")) return "oneVsRest";
  return columns.length === 1 && values.every((value) => value === 0 || value === 1)
    ? "logistic"
    : "leastSquares";
}

function targetsOf(columns: readonly (number | string)[][], target: readonly string[], task: Task): Targets {
  if (task === "leastSquares")
    return Object.fromEntries(target.map((name, k) => [name, columns[k]!.map(Number)]));
  if (columns.length > 1)
    throw new InvalidInput(
      `--target names ${target.join(", ")}: ${task} takes one column; use --task leastSquares`,
    );
  return columns[0]!;
}

/** Fits; errors that name a row name the line of the file. */
async function placed(path: string, lines: readonly number[], options: FitOptions): Promise<FitResult> {
  try {
    return await fitConstrained(options);
  } catch (error) {
    const [start, row] = /^[Xy], row (\d+): /.exec(error instanceof Error ? error.message : "") ?? [];
    if (row === undefined || !(error instanceof FpxError)) throw error;
    throw new FpxError(error.code, `${path}:${lines[Number(row)]}: ${error.message.slice(start!.length)}`);
  }
}

/** The file's features where it gives them, the data's for the others. Throws for one that the data lack. */
function domainOf(rows: readonly Row[], specs: Readonly<Record<string, FeatureSpec>>) {
  const names = Object.keys(rows[0]!);
  return names.every((name) => specs[name] !== undefined) && Object.keys(specs).length === names.length
    ? domain(Object.fromEntries(names.map((name) => [name, specs[name]!])))
    : domainFromData(rows, specs);
}
