/** The shapes in which logs and training files write texts and conversations. */

import type { ChatMessage, Context } from "./record.ts";

/** A value that does not have the shape it must have; `message` says how. */
export class ShapeError extends Error {}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list of messages. Content may be a text, parts that are all text, or nothing where a tool is called. */
export function readMessages(value: unknown): ChatMessage[] {
  if (!Array.isArray(value)) throw new ShapeError(`is ${kindOf(value)}, not a list of messages`);
  return value.map((message: unknown, i) => {
    if (!isObject(message) || typeof message["role"] !== "string" || message["role"] === "") {
      throw new ShapeError(`message ${i + 1} is not an object with a role`);
    }
    const content = readContent(message["content"] ?? (message["tool_calls"] === undefined ? undefined : ""));
    if (content === undefined) throw new ShapeError(`the content of message ${i + 1} is not text`);
    return content === message["content"]
      ? (message as unknown as ChatMessage)
      : { ...message, role: message["role"], content };
  });
}

function readContent(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part: unknown) =>
    isObject(part) && part["type"] === "text" ? part["text"] : undefined,
  );
  return texts.every((text) => typeof text === "string") ? texts.join("") : undefined;
}

/** A context: a text, a list of messages, or an object that holds one as `messages`. */
export function readContext(value: unknown): Context {
  if (typeof value === "string") return value;
  if (isObject(value) && "messages" in value) return readMessages(value["messages"]);
  if (!Array.isArray(value)) throw new ShapeError(`is ${kindOf(value)}, not a text or a list of messages`);
  return readMessages(value);
}

/** A written answer: the text, and the conversation before it where the value holds the whole. */
export interface Answer {
  readonly text: string;
  readonly before: readonly ChatMessage[];
}

/** A draft or edited text: a text, one message of the assistant, or a conversation that ends with it. */
export function readAnswer(value: unknown): Answer {
  if (typeof value === "string") return { text: value, before: [] };
  if (!Array.isArray(value) && !isObject(value)) throw new ShapeError(`is ${kindOf(value)}, not text`);
  const messages = readMessages(Array.isArray(value) ? value : [value]);
  const last = messages.at(-1);
  if (last?.role !== "assistant") throw new ShapeError("does not end with a message of the assistant");
  return { text: last.content, before: messages.slice(0, -1) };
}

/** Whether two conversations have the same messages, all their keys counted. */
export function sameMessages(a: readonly ChatMessage[], b: readonly ChatMessage[]): boolean {
  return a.length === b.length && a.every((message, i) => JSON.stringify(message) === JSON.stringify(b[i]));
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
