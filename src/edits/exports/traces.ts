/** The shapes in which traces of language models hold texts, brought to those of messages.ts. */

import { ShapeError } from "../messages.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Roles by the names that LangChain has for kinds of messages. */
const ROLES: Readonly<Record<string, string>> = { human: "user", ai: "assistant", chat: "user" };

/**
 * What was asked: a text, or messages. Taken apart are messages of LangChain (serialised with `kwargs`, with `data`, or
 * plain with `type`), a list of messages in a list, and objects by field: `messages` alone is the conversation, whatever
 * parameters stand beside it; the one list of messages and the one text of an object are the conversation and its last
 * message; any other fields are a text of lines `name: value`.
 */
export function tracedContext(value: unknown): unknown {
  if (Array.isArray(value)) return messagesOf(value);
  if (!isObject(value) || "role" in value) return value;
  if (Array.isArray(value["messages"])) return messagesOf(value["messages"]);
  const fields = Object.entries(value).filter(([, held]) => held !== null && held !== undefined);
  if (fields.length === 1) return tracedContext(fields[0]![1]);
  const lists = fields.filter(([, held]) => Array.isArray(held) && held.length > 0);
  const texts = fields.filter(([, held]) => typeof held === "string");
  if (lists.length === 1 && texts.length === 1 && fields.length === 2) {
    const before = messagesOf(lists[0]![1] as unknown[]);
    if (before.every((message) => isObject(message) && "role" in message))
      return [...before, { role: "user", content: texts[0]![1] }];
  }
  return fields
    .map(([name, held]) => `${name}: ${typeof held === "string" ? held : JSON.stringify(held)}`)
    .join("\n");
}

/**
 * What was answered: a text, or a message of the assistant. Taken apart are the first of `choices` (also as the list
 * alone), the first of `generations`, messages of LangChain, and objects with one field or one of the usual names. Throws
 * `ShapeError` for an object of which no field is known to be the answer.
 */
export function tracedAnswer(value: unknown): unknown {
  if (Array.isArray(value)) {
    const [first] = value as unknown[];
    if (Array.isArray(first) || isChoice(first)) return tracedAnswer(first);
    return messagesOf(value);
  }
  if (!isObject(value)) return value;
  for (const list of ["choices", "generations"])
    if (Array.isArray(value[list])) return tracedAnswer((value[list] as unknown[])[0]);
  if (isChoice(value)) {
    const { message, text } = value;
    return typeof text === "string" && text !== "" ? text : tracedAnswer(message ?? text);
  }
  const message = messageOf(value);
  if (isObject(message) && "role" in message) return message;
  for (const name of ["messages", "output", "message", "content", "text", "answer"])
    if (name in value) return tracedAnswer(value[name]);
  const held = Object.values(value);
  if (held.length === 1) return tracedAnswer(held[0]);
  throw new ShapeError(
    `has the fields ${Object.keys(value).join(", ")}, none of which is known to be the text; name it output`,
  );
}

/** One of several answers: OpenAI's with an index, LangChain's with its text, both beside the message. */
const isChoice = (value: unknown): value is Fields =>
  isObject(value) && !("role" in value) && (isObject(value["message"]) || "generation_info" in value);

/** Messages, or the first list of them where lists are batched. */
function messagesOf(values: readonly unknown[]): readonly unknown[] {
  const list = values.length === 1 && Array.isArray(values[0]) ? (values[0] as unknown[]) : values;
  return list.map(messageOf);
}

/** A message of LangChain as one with a role; everything else as it is. */
function messageOf(value: unknown): unknown {
  if (!isObject(value) || "role" in value) return value;
  const { kwargs, data, type, id } = value;
  const inner = isObject(kwargs) ? kwargs : isObject(data) ? data : value;
  if (!("content" in inner)) return value;
  // By its own type, else by the name of its class: HumanMessage, AIMessageChunk.
  const name = [inner["type"], type, Array.isArray(id) ? id.at(-1) : undefined].find(
    (text): text is string => typeof text === "string" && text !== "constructor",
  );
  if (name === undefined) return value;
  const kind = name.replace(/Message(Chunk)?$/, "").toLowerCase();
  return { role: ROLES[kind] ?? kind, content: contentOf(inner["content"]) };
}

/** An answer whose text has parts of other kinds beside it, such as thinking, by its text. */
function contentOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  const texts = content.filter((part) => isObject(part) && part["type"] === "text");
  return texts.length > 0 ? texts : content;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
