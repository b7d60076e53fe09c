/** The parts from which the formats' lines are made and read. */

import { readAnswer, readMessages, ShapeError } from "../messages.ts";
import { type ChatMessage, contextMessages, type EditRecord } from "../record.ts";
import { RuleBroken } from "./format.ts";

/** One message of the assistant. */
export function assistant(content: string): ChatMessage {
  return { role: "assistant", content };
}

/** The messages of a record's context; at least one, of the `allowed` roles if given. */
export function promptMessages(record: EditRecord, allowed?: readonly string[]): readonly ChatMessage[] {
  const messages = contextMessages(record.context);
  if (messages.length === 0) throw new RuleBroken("no-context", "the record has no context");
  checkRoles(messages, allowed);
  return messages;
}

/** The text of a record's context, for formats that hold no messages. */
export function promptText(record: EditRecord): string {
  if (typeof record.context !== "string") {
    throw new RuleBroken("not-plain-text", "the context is a conversation; use the conversational format");
  }
  if (record.context === "") throw new RuleBroken("no-context", "the record has no context");
  return record.context;
}

/** Refuses messages of other roles than `allowed`. */
export function checkRoles(messages: readonly ChatMessage[], allowed?: readonly string[]): void {
  const stranger = allowed && messages.find((message) => !allowed.includes(message.role));
  if (stranger !== undefined) {
    throw new RuleBroken(
      "role",
      `a message has the role "${stranger.role}"; allowed are ${allowed!.join(", ")}`,
    );
  }
}

/** Refuses a line that lacks one of `required` or has a key beyond `required` and `optional`. */
export function checkKeys(
  line: Readonly<Record<string, unknown>>,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  for (const key of required)
    if (!Object.hasOwn(line, key)) throw new RuleBroken("bad-line", `the field "${key}" is missing`);
  for (const key of Object.keys(line)) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw new RuleBroken("extra-keys", `the field "${key}" has no place in this format`);
    }
  }
}

/** A text of a line. */
export function textField(line: Readonly<Record<string, unknown>>, key: string): string {
  const value = line[key];
  if (typeof value !== "string") throw new RuleBroken("bad-line", `the field "${key}" is not text`);
  return value;
}

/** A list of messages of a line, of the `allowed` roles if given. */
export function messagesField(
  line: Readonly<Record<string, unknown>>,
  key: string,
  allowed?: readonly string[],
): ChatMessage[] {
  return shaped(key, () => {
    const messages = readMessages(line[key]);
    checkRoles(messages, allowed);
    return messages;
  });
}

/** The content of a field that holds exactly one message of the assistant. */
export function answerField(line: Readonly<Record<string, unknown>>, key: string): string {
  const { context, answer } = conversationField(line, key);
  if (context.length > 0)
    throw new RuleBroken("bad-line", `the field "${key}" must hold one message of the assistant`);
  return answer;
}

/** A field that holds a conversation ending with a message of the assistant, cut before that message. */
export function conversationField(
  line: Readonly<Record<string, unknown>>,
  key: string,
  allowed?: readonly string[],
): { context: readonly ChatMessage[]; answer: string } {
  return shaped(key, () => {
    if (!Array.isArray(line[key])) throw new ShapeError("is not a list of messages");
    const { before, text } = readAnswer(line[key]);
    checkRoles(before, allowed);
    return { context: before, answer: text };
  });
}

function shaped<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeError) throw new RuleBroken("bad-line", `the field "${key}" ${error.message}`);
    throw error;
  }
}
