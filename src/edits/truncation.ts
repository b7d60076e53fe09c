/** Drafts that stop because the model's limit was reached, not because they were done. */

import type { EditRecord } from "./record.ts";

/** `reported`: the log says so. `suspected`: the text breaks off in the middle of a sentence. */
export type Truncation = "reported" | "suspected";

const STOP_FIELDS = ["finish_reason", "finishReason", "stop_reason", "stopReason"];
const LIMITS = new Set(["length", "max_tokens", "max_output_tokens", "MAX_TOKENS"]);
/** A last line this long is running text; a shorter one may be a name or a heading, which ends without a mark. */
const RUNNING_TEXT = 40;

/**
 * Tells a truncated draft: by `finish_reason`, `stop_reason` or `truncated` among the record's `meta`, else by a
 * last line of at least 40 characters that ends in a letter, a digit, a comma or an opening bracket.
 */
export function truncation(record: Pick<EditRecord, "draft" | "meta">): Truncation | undefined {
  const meta = record.meta ?? {};
  if (meta["truncated"] === true || STOP_FIELDS.some((field) => LIMITS.has(String(meta[field]))))
    return "reported";
  if (STOP_FIELDS.some((field) => typeof meta[field] === "string")) return undefined;
  const lastLine = record.draft
    .trimEnd()
    .split(/[\r\n]/)
    .at(-1)!
    .trim();
  const breaksOff =
    lastLine.length >= RUNNING_TEXT && /[\p{L}\p{N},;([{]$/u.test(lastLine) && !/^\S*$/.test(lastLine);
  return breaksOff ? "suspected" : undefined;
}
