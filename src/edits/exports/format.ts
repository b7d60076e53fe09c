/** What a training-file format is. */

import type { EditRecord } from "../record.ts";

/**
 * What a line of the format teaches: a pair to choose from, a target to imitate, one text that is good or bad; or a draft
 * and what was made of it.
 */
export type FormatKind = "log" | "corrections" | "preference" | "supervised" | "unpaired";

/** The names of the formats. */
export type EditFormatName =
  | "fpx"
  | "trl-preference"
  | "trl-preference-standard"
  | "trl-prompt-completion"
  | "trl-prompt-completion-standard"
  | "trl-messages"
  | "trl-unpaired"
  | "trl-unpaired-standard"
  | `${"openai" | "azure" | "together" | "fireworks"}-${"dpo" | "sft"}`
  | "bedrock-sft"
  | "sagemaker-dpo"
  | "langfuse"
  | "langsmith"
  | "braintrust";

/** What a line gives back: as much of a record as the format carries. */
export type CarriedRecord = Partial<EditRecord>;

/** A training-file format: how a record becomes lines, and what a line gives back. */
export interface EditFormat {
  readonly name: EditFormatName;
  /** For whom, in words. */
  readonly title: string;
  readonly kind: FormatKind;
  /** Fewest and most lines that a file may have. */
  readonly lines: { readonly minimum: number; readonly maximum: number };
  /** The lines of a record, in order, as plain objects. Throws `RuleBroken` where the format has no place for it. */
  write(record: EditRecord): readonly object[];
  /** Reads one line. Throws `RuleBroken` where it breaks the format. */
  read(line: Readonly<Record<string, unknown>>): CarriedRecord;
}

/** Why a record cannot stand in a file, or a line cannot be read. */
export type RuleCode =
  | "unedited"
  | "empty-text"
  | "no-context"
  | "role"
  | "order"
  | "extra-keys"
  | "not-plain-text"
  | "lone-surrogate"
  | "no-correction"
  | "bad-line";

/** A rule of a format does not hold. */
export class RuleBroken extends Error {
  readonly code: RuleCode;

  constructor(code: RuleCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** No limit on the number of lines but that there is one. */
export const ANY_COUNT: EditFormat["lines"] = { minimum: 1, maximum: Number.POSITIVE_INFINITY };

/**
 * A value as one line of JSON. The separators U+0085, U+2028 and U+2029, at which some programs break lines, are
 * escaped as JSON allows, so that no program finds a line end inside.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (separator) => `\\u${separator.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
