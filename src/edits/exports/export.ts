/** Writing a log as a training file. */

import { InvalidInput } from "../../core/errors.ts";
import { contextMessages, type EditRecord, hasLoneSurrogate, isEdited } from "../record.ts";
import {
  type EditFormat,
  type EditFormatName,
  type FormatKind,
  jsonLine,
  RuleBroken,
  type RuleCode,
} from "./format.ts";
import { editFormat } from "./formats.ts";
import { type Redact, redactRecord } from "./redact.ts";

/** Options of an export. */
export interface ExportOptions {
  /** Takes personal text out of every record first; what is equal afterwards counts as unedited. */
  readonly redact?: Redact;
  /** Whether supervised formats take drafts that were accepted as they were (default true). */
  readonly includeAccepted?: boolean;
}

/** Records left out for one reason. */
export interface Exclusion {
  readonly code: RuleCode | "accepted";
  readonly count: number;
  /** The reason, as it was for the first of them. */
  readonly message: string;
  /** Indices of the first of them, at most 20. */
  readonly records: readonly number[];
}

/** What an export holds and what it leaves out. */
export interface ExportReport {
  readonly format: EditFormatName;
  readonly kind: FormatKind;
  /** Records in the file. */
  readonly written: number;
  /** Lines in the file. */
  readonly lines: number;
  readonly excluded: readonly Exclusion[];
  /** Things to know before training on the file. */
  readonly warnings: readonly string[];
  /** Rules that the file as a whole would break; with any of them `exportLines` throws. */
  readonly problems: readonly string[];
}

const SHOWN_RECORDS = 20;

/**
 * What an export of `records` would hold: counts, records left out and why, rules broken. Preference formats take
 * edited records only.
 *
 * Throws `InvalidInput` for an unknown format.
 */
export function checkExport(
  records: readonly EditRecord[],
  format: EditFormatName,
  options: ExportOptions = {},
): ExportReport {
  const chosen = editFormat(format);
  const excluded = new Map<Exclusion["code"], { count: number; message: string; records: number[] }>();
  let written = 0;
  let lines = 0;
  let glued = 0;
  records.forEach((record, index) => {
    const result = exported(record, chosen, options);
    if (Array.isArray(result)) {
      written++;
      lines += result.length;
      if (isGlued(record, chosen)) glued++;
      return;
    }
    const { code, message } = result as Refusal;
    const entry = excluded.get(code) ?? { count: 0, message, records: [] };
    entry.count++;
    if (entry.records.length < SHOWN_RECORDS) entry.records.push(index);
    excluded.set(code, entry);
  });
  const exclusions = [...excluded].map(([code, entry]) => ({ code, ...entry }));
  return {
    format,
    kind: chosen.kind,
    written,
    lines,
    excluded: exclusions,
    warnings: glued === 0 ? [] : [gluedWarning(glued)],
    problems: countProblems(chosen, lines, exclusions),
  };
}

/**
 * The lines of a training file, one after another, each one whole JSON without a line end inside; the generator
 * returns the report. Texts stand in the file as they stand in the log, to the byte.
 *
 * Throws `InvalidInput` before the first line: for an unknown format, and with code `EXPORT_RULE` where the file as a
 * whole would break a rule of the format (no line at all, fewer or more than allowed).
 *
 * @example await writeLinesAtomic("dpo.jsonl", exportLines(records, "openai-dpo"));
 */
export function* exportLines(
  records: readonly EditRecord[],
  format: EditFormatName,
  options: ExportOptions = {},
): Generator<string, ExportReport> {
  const report = checkExport(records, format, options);
  if (report.problems.length > 0) throw new InvalidInput(report.problems.join("; "), { code: "EXPORT_RULE" });
  const chosen = editFormat(format);
  for (const record of records) {
    const result = exported(record, chosen, options);
    if (Array.isArray(result)) for (const line of result) yield jsonLine(line);
  }
  return report;
}

/** What a file with `count` lines breaks of the format's limits, in words. */
export function countProblems(
  format: EditFormat,
  count: number,
  excluded: readonly Pick<Exclusion, "count" | "message">[] = [],
): string[] {
  const { minimum, maximum } = format.lines;
  if (count >= minimum && count <= maximum) return [];
  const left = excluded.map((exclusion) => `${exclusion.count} left out because ${exclusion.message}`);
  const bound = count < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  return [
    `${format.name} takes files with ${bound} lines; this one would have ${count}${left.map((why) => `, ${why}`).join("")}`,
  ];
}

interface Refusal {
  readonly code: Exclusion["code"];
  readonly message: string;
}

function exported(
  original: EditRecord,
  format: EditFormat,
  options: ExportOptions,
): readonly object[] | Refusal {
  const record = options.redact === undefined ? original : redactRecord(original, options.redact);
  try {
    const refusal = refused(record, format.kind, options);
    return refusal ?? format.write(record);
  } catch (error) {
    if (error instanceof RuleBroken) return { code: error.code, message: error.message };
    throw error;
  }
}

function refused(record: EditRecord, kind: FormatKind, options: ExportOptions): Refusal | undefined {
  const edited = isEdited(record);
  if (kind === "preference" && !edited) {
    return { code: "unedited", message: "the draft was not changed, so nothing is preferred" };
  }
  if (kind === "supervised" && !edited && !(options.includeAccepted ?? true)) {
    return { code: "accepted", message: "the draft was accepted as it was" };
  }
  if (kind !== "log") {
    const used = kind === "supervised" ? [record.edited] : [record.edited, record.draft];
    if (used.some((text) => text.trim() === ""))
      return { code: "empty-text", message: "the draft or edited text is empty" };
  }
  const texts = [
    record.draft,
    record.edited,
    ...contextMessages(record.context).map((message) => message.content),
  ];
  if (texts.some(hasLoneSurrogate)) {
    return {
      code: "lone-surrogate",
      message: "a text holds half of a surrogate pair, which no UTF-8 file can keep",
    };
  }
  return undefined;
}

/** Formats of plain text put prompt and answer together as they are. */
function isGlued(record: EditRecord, format: EditFormat): boolean {
  if (!format.name.endsWith("-standard")) return false;
  return /\S$/u.test(record.context as string) && /^\S/u.test(record.edited);
}

function gluedWarning(count: number): string {
  return (
    `in ${count} records neither the prompt ends nor the answer begins with white space, and TRL joins the two without ` +
    "any: use the conversational format, or end the contexts with a line end"
  );
}
