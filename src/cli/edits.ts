/** `fpx edits`: statistics, export and import of edit logs. */
import type { Command } from "commander";
import { InvalidInput } from "../core/errors.ts";
import {
  checkExport,
  EDIT_FORMATS,
  type EditFormatName,
  type EditRecord,
  type ExportReport,
  exportLines,
  type FieldMap,
  importFormat,
  parseFieldMap,
} from "../edits/index.ts";
import { clearStale, recordDerived } from "../edits/node/index.ts";
import type { Cli } from "./cli.ts";
import { defineCost } from "./edits-cost.ts";
import { defineForget } from "./edits-forget.ts";
import { defineJob, defineSubmit } from "./edits-job.ts";
import { defineStats } from "./edits-stats.ts";
import { UsageError } from "./errors.ts";
import {
  describeRejects,
  lineNumbers,
  plural,
  type Rejection,
  readLog,
  readPieces,
  refuseOverwrite,
  rejected,
  STANDARD,
  writeOutput,
} from "./files.ts";
import { checked, oneOf } from "./options.ts";
import { loadRedact } from "./redact.ts";
import { describeUnused, readSelection, type SelectionFlags, selectionOptions } from "./selection.ts";
import { defineSimulate } from "./simulate.ts";

const FORMATS = EDIT_FORMATS.map(({ name }) => name);

/** Adds the subcommands of `fpx edits`. */
export function defineEdits(command: Command, cli: Cli): void {
  defineStats(command.command("stats"), cli);
  defineExport(command.command("export"), cli);
  defineImport(command.command("import"), cli);
  defineCost(command.command("cost"), cli);
  defineJob(command.command("job"), cli);
  defineSubmit(command.command("submit"), cli);
  defineForget(command.command("forget"), cli);
  defineSimulate(command.command("simulate"), cli);
}

interface ExportFlags extends SelectionFlags {
  readonly format: EditFormatName;
  readonly out: string;
  readonly redact?: string;
  readonly accepted: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

function defineExport(command: Command, cli: Cli): void {
  selectionOptions(command)
    .summary("write a log as a training file")
    .description("Write an edit log as a training file of another program.")
    .argument("<log>", 'the edit log, JSON lines; "-" for standard input')
    .requiredOption("--format <name>", "format of the training file, see below", oneOf(FORMATS))
    .option("--out <file>", 'where to write; "-" for standard output', STANDARD)
    .option(
      "--redact <module#name>",
      "function (text, field) => text that takes personal data out of every text",
    )
    .option("--no-accepted", "leave drafts that were accepted unchanged out of supervised formats")
    .option("--force", "replace an existing file")
    .option("--json", "print a report as JSON; needs --out FILE")
    .addHelpText(
      "after",
      `\n${formatList()}\n\nExample:\n  $ fpx edits export log.jsonl --format openai-dpo --out dpo.jsonl\n`,
    )
    .action((path: string, flags: ExportFlags) => exportLog(path, flags, cli));
}

async function exportLog(path: string, flags: ExportFlags, cli: Cli): Promise<void> {
  const { format, out, json = false, force = false } = flags;
  if (json && out === STANDARD)
    throw new UsageError("--json needs --out FILE: standard output holds the lines");
  await refuseOverwrite(out, force);
  const redact = flags.redact === undefined ? {} : { redact: await loadRedact(flags.redact) };
  const log = await readSelection(path, flags);
  const options = { ...redact, includeAccepted: flags.accepted };
  const report = checkExport(log.records, format, options);
  if (report.problems.length > 0)
    throw new InvalidInput(`${path}: ${report.problems.join("; ")}`, { code: "EXPORT_RULE" });
  const lines = terminated(exportLines(log.records, format, options));
  if (out === STANDARD) for (const chunk of chunks(lines)) await cli.print(chunk);
  else {
    // Before the texts are copied, so that forgetting a person finds the copy.
    if (log.live && path !== STANDARD) await recordDerived(path, [{ kind: "export", path: out }]);
    await writeOutput(out, lines);
    await clearStale(out);
  }

  const excluded = report.excluded.map(({ records, ...rest }) => ({
    ...rest,
    lines: records.map((index) => log.lines[index]!),
  }));
  if (json) {
    const { written, kind, warnings } = report;
    const result = {
      format,
      kind,
      out,
      written,
      lines: report.lines,
      left: log.left,
      excluded,
      rejects: log.rejects,
      warnings,
    };
    await cli.print(`${JSON.stringify(result)}\n`);
    return;
  }
  for (const text of describeUnused(log)) cli.note(text);
  for (const { count, message, lines: numbers } of excluded) {
    cli.note(`${plural(count, "record")} left out: ${message} (${lineNumbers(numbers, count)})`);
  }
  for (const warning of report.warnings) cli.note(`warning: ${warning}`);
  cli.note(`${summary(report)} to ${out === STANDARD ? "standard output" : out}`);
}

interface ImportFlags {
  readonly format: EditFormatName | "auto";
  readonly out: string;
  readonly map?: FieldMap;
  readonly skipRejected?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

function defineImport(command: Command, cli: Cli): void {
  command
    .summary("turn another program's file into a log")
    .description("Turn a file of another program into an edit log of fpx.")
    .argument("<file>", 'the file, JSON lines; "-" for standard input')
    .option(
      "--format <name>",
      'its format, see below; "auto" knows fields by their names',
      oneOf(["auto", ...FORMATS]),
      "auto",
    )
    .requiredOption("--out <log>", 'where to write the log; "-" for standard output')
    .option(
      "--map <roles>",
      "with auto: which field is what, as in draft=preedit,edited=postedit",
      checked(parseFieldMap),
    )
    .option("--skip-rejected", "go on without lines that hold no edit")
    .option("--force", "replace an existing file")
    .option("--json", "print a report as JSON; needs --out FILE")
    .addHelpText(
      "after",
      `\n${formatList()}\n\nExample:\n  $ fpx edits import dpo.jsonl --format openai-dpo --out log.jsonl\n`,
    )
    .action((path: string, flags: ImportFlags) => importLog(path, flags, cli));
}

async function importLog(path: string, flags: ImportFlags, cli: Cli): Promise<void> {
  const { format, out, json = false, force = false, skipRejected = false } = flags;
  if (json && out === STANDARD)
    throw new UsageError("--json needs --out FILE: standard output holds the lines");
  if (flags.map !== undefined && format !== "auto") {
    throw new UsageError(`--map goes with --format auto; ${format} has its own field names`);
  }
  await refuseOverwrite(out, force);
  const { records, rejects, notes, live } =
    format === "auto" ? await readByNames(path, flags) : await readByFormat(path, format, skipRejected);
  const lines = terminated(exportLines(records, "fpx"));
  if (out === STANDARD) for (const chunk of chunks(lines)) await cli.print(chunk);
  else {
    // As for an export: forgetting a person finds the copy.
    if (live && path !== STANDARD) await recordDerived(path, [{ kind: "export", path: out }]);
    await writeOutput(out, lines);
    await clearStale(out);
  }
  if (json) {
    await cli.print(`${JSON.stringify({ format, out, written: records.length, rejects, notes })}\n`);
    return;
  }
  for (const text of [...describeRejects(rejects), ...notes]) cli.note(text);
  cli.note(`wrote ${plural(records.length, "edit")} to ${out === STANDARD ? "standard output" : out}`);
}

interface Imported {
  readonly records: readonly EditRecord[];
  readonly rejects: readonly Rejection[];
  readonly notes: readonly string[];
  /** Whether it is the log of an app. */
  readonly live: boolean;
}

async function readByNames(path: string, { map, skipRejected = false }: ImportFlags): Promise<Imported> {
  const log = await readLog(path, { ...(map === undefined ? {} : { map }), skipRejected });
  return {
    live: log.live,
    records: log.records,
    rejects: log.rejects,
    notes: log.warnings.map(({ message, count }) => `warning: ${count} ${message}`),
  };
}

async function readByFormat(path: string, format: EditFormatName, skipRejected: boolean): Promise<Imported> {
  const file = importFormat(format, await readText(path));
  if (file.rejects.length > 0 && (!skipRejected || file.records.length === 0)) {
    throw rejected(path, file.rejects, file.records.length);
  }
  if (file.records.length === 0)
    throw new InvalidInput(`${path} holds no edit: it is empty`, { code: "EMPTY_LOG" });
  const records = file.records.map(({ context = "", draft, edited, ...rest }) => {
    if (draft === undefined || edited === undefined) {
      const missing = draft === undefined ? "draft" : "edited text";
      throw new InvalidInput(
        `${path}: ${format} keeps no ${missing} beside the other text, so it cannot become an edit log; import a preference format`,
        { code: "NOT_A_LOG" },
      );
    }
    return { ...rest, context, draft, edited };
  });
  return {
    live: false,
    records,
    rejects: file.rejects,
    notes: file.problems.map((problem) => `warning: ${problem}`),
  };
}

async function readText(path: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  try {
    for await (const piece of readPieces(path)) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new InvalidInput(`${path} is not UTF-8; convert it, for example with iconv -t UTF-8`, {
      code: "NOT_UTF8",
    });
  }
}

function summary({ lines, written, format }: ExportReport): string {
  return `wrote ${plural(lines, "line")} from ${plural(written, "edit")} as ${format}`;
}

function formatList(): string {
  const width = Math.max(...FORMATS.map((name) => name.length));
  return ["Formats:", ...EDIT_FORMATS.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`)].join(
    "\n",
  );
}

function* terminated(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

/** Joins short texts into pieces worth a write. */
function* chunks(texts: Iterable<string>): Generator<string> {
  let chunk = "";
  for (const text of texts) {
    chunk += text;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}
