/** Reading a training file back. */

import { LineCutter } from "../lines.ts";
import { countProblems } from "./export.ts";
import { type CarriedRecord, type EditFormatName, RuleBroken, type RuleCode } from "./format.ts";
import { editFormat } from "./formats.ts";

/** A line that breaks its format. */
export interface ImportReject {
  /** From 1. */
  readonly line: number;
  readonly code: RuleCode | "invalid-json";
  readonly reason: string;
}

/** A training file as read: every line that is not blank is a record or a reject. */
export interface ImportedFile {
  /** As much of each record as the format carries: formats for imitation have no draft. */
  readonly records: readonly CarriedRecord[];
  readonly rejects: readonly ImportReject[];
  /** Rules that the file as a whole breaks. */
  readonly problems: readonly string[];
}

/**
 * Reads the lines of a training file, or its whole text, and checks it against the rules of the format.
 *
 * Throws `InvalidInput` for an unknown format.
 */
export function importFormat(format: EditFormatName, source: string | Iterable<string>): ImportedFile {
  const chosen = editFormat(format);
  const records: CarriedRecord[] = [];
  const rejects: ImportReject[] = [];
  let line = 0;
  for (const text of typeof source === "string" ? linesOf(source) : source) {
    line++;
    if (text.trim() === "") continue;
    try {
      records.push(chosen.read(parse(text)));
    } catch (error) {
      if (error instanceof RuleBroken) rejects.push({ line, code: error.code, reason: error.message });
      else if (error instanceof SyntaxError)
        rejects.push({ line, code: "invalid-json", reason: "the line is not JSON" });
      else throw error;
    }
  }
  return { records, rejects, problems: countProblems(chosen, records.length) };
}

function linesOf(text: string): string[] {
  const cutter = new LineCutter();
  return [...cutter.push(text.startsWith("\ufeff") ? text.slice(1) : text), ...cutter.end()] as string[];
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new RuleBroken("bad-line", "the line is JSON but no object");
}
