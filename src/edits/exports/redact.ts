/** Taking personal text out of records before they leave. */

import { InvalidInput } from "../../core/errors.ts";
import type { ChatMessage, EditRecord } from "../record.ts";

/** Where a text stands in its record. */
export type RedactedField = "context" | "draft" | "edited" | "id" | "user" | "meta";

/** Gives back a text without what must not leave. The same text must give the same answer. */
export type Redact = (text: string, field: RedactedField) => string;

/**
 * The record with every text passed through `redact`: context (contents and all further texts of its messages),
 * draft, edited text, id, user and all texts inside `meta`; not policy and time. Throws `InvalidInput` when `redact`
 * gives back no text.
 */
export function redactRecord(record: EditRecord, redact: Redact): EditRecord {
  const apply = (text: string, field: RedactedField): string => {
    const redacted = redact(text, field);
    if (typeof redacted !== "string")
      throw new InvalidInput(`redact must return a text; for a text of ${field} it gave ${redacted}`);
    return redacted;
  };
  const { context, id, user, meta } = record;
  return {
    ...record,
    ...(id === undefined ? {} : { id: apply(id, "id") }),
    context:
      typeof context === "string"
        ? apply(context, "context")
        : context.map((message) => redactMessage(message, apply)),
    draft: apply(record.draft, "draft"),
    edited: apply(record.edited, "edited"),
    ...(user === undefined ? {} : { user: apply(user, "user") }),
    ...(meta === undefined
      ? {}
      : { meta: deep(meta, (text) => apply(text, "meta")) as Record<string, unknown> }),
  };
}

function redactMessage(message: ChatMessage, apply: Redact): ChatMessage {
  const { role, ...rest } = message;
  return { role, ...(deep(rest, (text) => apply(text, "context")) as Omit<ChatMessage, "role">) };
}

function deep(value: unknown, apply: (text: string) => string): unknown {
  if (typeof value === "string") return apply(value);
  if (Array.isArray(value)) return value.map((item) => deep(item, apply));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner, apply)]));
}
