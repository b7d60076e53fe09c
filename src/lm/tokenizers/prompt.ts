/**
 * How a context and a response become tokens.
 *
 * `roles`, the layout of tokenizers trained here: `<|begin|>`, then for each message its role marker, its content
 * and `<|end|>`, then `<|assistant|>`; a response is its text and `<|end|>`. A context that is a plain string is
 * one message of the user. `tokenizer_config.json` records it as `fpx_prompt_layout: "roles"` and, for other
 * programs, as the same thing in `chat_template`.
 *
 * `template`, for a tokenizer with a chat template of its own: what the template makes of the messages, up to where
 * the assistant answers; a text is one message of the user. What looks like a special token in a message stays text.
 *
 * `completion`, for any other tokenizer: the begin token where `add_bos_token` or the post-processor asks for one,
 * then the context's text; a response is its text and the end token. Messages have no place in it and are refused.
 */

import { InvalidInput } from "../../core/errors.ts";
import { compileTemplate } from "./templates/template.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** One turn of a conversation. Further keys of a logged message (`name`, `tool_calls`, ...) are kept as they came. */
export interface ChatMessage {
  /** `system`, `developer`, `user`, `assistant` or `tool`. */
  readonly role: string;
  readonly content: string;
}

/** What a model answers to: a text, which stands for one message of the user, or a conversation so far. */
export type Context = string | readonly ChatMessage[];

/** The special tokens of the `roles` layout, in the order of their ids. */
export const roleTokens = [
  "<|begin|>",
  "<|end|>",
  "<|pad|>",
  "<|system|>",
  "<|user|>",
  "<|assistant|>",
] as const;

/** The `roles` layout as a Jinja chat template. */
export const roleTemplate: string =
  "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/**
 * Token ids of a context, up to where the response begins.
 *
 * Throws `InvalidInput` for an empty conversation, an unknown role, or messages where the tokenizer has no layout
 * for them.
 */
export function encodePrompt(tokenizer: Tokenizer, context: Context): number[] {
  if (tokenizer.definition.config["fpx_prompt_layout"] === "roles") return encodeRoles(tokenizer, context);
  const template = chatTemplate(tokenizer);
  if (template !== undefined) return encodeTemplate(tokenizer, template, context);
  if (typeof context !== "string") {
    throw new InvalidInput("this model's tokenizer has no chat_template; give contexts as strings");
  }
  const ids = tokenizer.encode(context);
  return beginsPrompts(tokenizer) ? [tokenizer.bos!, ...ids] : ids;
}

/** Token ids of a response: its text and the end token. */
export function encodeResponse(tokenizer: Tokenizer, response: string): number[] {
  return [...tokenizer.encode(response), tokenizer.eos];
}

/** The tokenizer's own chat template; where it has several, the one named `default`. */
function chatTemplate(tokenizer: Tokenizer): string | undefined {
  const { chat_template: given } = tokenizer.definition.config;
  if (typeof given === "string") return given;
  if (!Array.isArray(given)) return undefined;
  const named = given as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const template = named.find(({ name }) => name === "default")?.template;
  return typeof template === "string" ? template : undefined;
}

/** A character that no text holds: it keeps what looks like a special token in a message from being one. */
const GUARD = "\uFDD0";

function encodeTemplate(tokenizer: Tokenizer, template: string, context: Context): number[] {
  const { config } = tokenizer.definition;
  const special = tokenizer.specialTokens;
  const pattern = new RegExp(
    [...special]
      .sort((a, b) => b.length - a.length)
      .map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
      .join("|") || "$^",
    "g",
  );
  const guarded = (text: string) =>
    text.replaceAll(GUARD, "").replace(pattern, (token) => token[0] + GUARD + token.slice(1));
  const messages = typeof context === "string" ? [{ role: "user", content: context }] : context;
  if (messages.length === 0) throw new InvalidInput("the context has no messages; give at least one");
  const name = (key: string): unknown => {
    const value = config[key];
    return typeof value === "object" && value !== null ? (value as { content?: unknown }).content : value;
  };
  const rendered = compileTemplate(template)({
    messages: messages.map((message) => ({ ...message, content: guarded(message.content) })),
    add_generation_prompt: true,
    bos_token: name("bos_token") ?? undefined,
    eos_token: name("eos_token") ?? undefined,
    pad_token: name("pad_token") ?? undefined,
  });
  const ids: number[] = [];
  const add = (text: string) => ids.push(...tokenizer.encode(text.replaceAll(GUARD, "")));
  let end = 0;
  for (const match of rendered.matchAll(pattern)) {
    add(rendered.slice(end, match.index));
    ids.push(tokenizer.idOf(match[0])!);
    end = match.index + match[0].length;
  }
  add(rendered.slice(end));
  return ids;
}

function encodeRoles(tokenizer: Tokenizer, context: Context): number[] {
  const messages = typeof context === "string" ? [{ role: "user", content: context }] : context;
  if (messages.length === 0) throw new InvalidInput("the context has no messages; give at least one");
  const ids = [tokenizer.bos!];
  for (const { role, content } of messages) {
    ids.push(roleMarker(tokenizer, role), ...tokenizer.encode(content), tokenizer.eos);
  }
  ids.push(roleMarker(tokenizer, "assistant"));
  return ids;
}

function roleMarker(tokenizer: Tokenizer, role: string): number {
  const id = tokenizer.idOf(`<|${role}|>`);
  if (id === undefined || !tokenizer.isSpecial(id)) {
    throw new InvalidInput(`a message has the role "${role}"; the model knows system, user and assistant`);
  }
  return id;
}

function beginsPrompts(tokenizer: Tokenizer): boolean {
  if (tokenizer.bos === undefined) return false;
  const { json, config } = tokenizer.definition;
  if (typeof config["add_bos_token"] === "boolean") return config["add_bos_token"];
  return postProcessorPutsFirst(json["post_processor"], tokenizer.bos);
}

/** Whether a post-processor (or one of its sequence) puts the token before a single text. */
function postProcessorPutsFirst(processor: unknown, id: number): boolean {
  const { type, processors, single, special_tokens } = (processor ?? {}) as {
    type?: string;
    processors?: readonly unknown[];
    single?: readonly { readonly SpecialToken?: { readonly id: string } }[];
    special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
  };
  if (type === "Sequence") return (processors ?? []).some((part) => postProcessorPutsFirst(part, id));
  if (type !== "TemplateProcessing") return false;
  const first = single?.[0]?.SpecialToken?.id;
  return first !== undefined && special_tokens?.[first]?.ids.includes(id) === true;
}
