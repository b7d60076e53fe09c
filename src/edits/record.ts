/** One line of an edit log, and what can be asked of it alone. */

import type { ChatMessage, Context } from "../lm/index.ts";

export type { ChatMessage, Context };

/**
 * A draft and what its user left of it. The texts are the bytes of the log: nothing is trimmed or normalised here.
 *
 * @example const record: EditRecord = { context: "Ask Ann for the report.", draft: "Dear Ann, ...", edited: "Hi Ann, ..." };
 */
export interface EditRecord {
  readonly id?: string;
  readonly context: Context;
  /** What the policy wrote (y). */
  readonly draft: string;
  /** What the user left after editing (y'); equal to the draft where it was accepted as it was. */
  readonly edited: string;
  /** Which policy wrote the draft: a model's name and version. */
  readonly policy?: string;
  /** Who edited. */
  readonly user?: string;
  /** When, as the log says it. */
  readonly ts?: string;
  /** Every other field of the line. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/**
 * The form in which texts are compared, counted and learned from: line ends as `\n`, Unicode form NFC. The same for
 * draft and edited text, so that a change of form alone is no edit. Records and exports keep the original.
 */
export function comparable(text: string): string {
  const lines = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  return BEYOND_LATIN_1.test(lines) ? lines.normalize("NFC") : lines;
}

/** Text without these is in form NFC already: no combining marks in it. */
const BEYOND_LATIN_1 = /[\u0100-\uffff]/;

/** The record with its texts in comparable form, for training. */
export function comparableRecord(record: EditRecord): EditRecord {
  const { context } = record;
  return {
    ...record,
    context:
      typeof context === "string"
        ? comparable(context)
        : context.map((message) => ({ ...message, content: comparable(message.content) })),
    draft: comparable(record.draft),
    edited: comparable(record.edited),
  };
}

/** Whether the user changed the draft, differences of line ends and Unicode form aside. */
export function isEdited(record: Pick<EditRecord, "draft" | "edited">): boolean {
  return record.draft !== record.edited && comparable(record.draft) !== comparable(record.edited);
}

/** A context as messages: a text is one message of the user, an empty text none. */
export function contextMessages(context: Context): readonly ChatMessage[] {
  if (typeof context !== "string") return context;
  return context === "" ? [] : [{ role: "user", content: context }];
}

/** A context as one text for people: a lone message of the user by its content, else each message after its role. */
export function contextText(context: Context): string {
  const messages = contextMessages(context);
  if (messages.length === 1 && messages[0]!.role === "user") return messages[0]!.content;
  return messages.map(({ role, content }) => `${role}: ${content}`).join("\n\n");
}

/** A key that two contexts share if and only if they say the same, whether as a text or as messages. */
export function contextKey(context: Context): string {
  const messages = contextMessages(context);
  if (messages.length === 1 && messages[0]!.role === "user") return comparable(messages[0]!.content);
  return `\u0000${JSON.stringify(messages.map(({ role, content }) => [role, comparable(content)]))}`;
}

/** Whether `text` holds half of a surrogate pair: such text has no UTF-8 form, so no file could keep it. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
