/** Text to token ids and back, for any `tokenizer.json` that `@huggingface/tokenizers` reads. */

import type { Tokenizer as Engine } from "@huggingface/tokenizers";
import { InvalidInput } from "../../core/errors.ts";

/** What `tokenizer.json` (`json`) and `tokenizer_config.json` (`config`) hold. */
export interface TokenizerDefinition {
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly definition: TokenizerDefinition;
  /** One more than the highest token id. */
  readonly vocabSize: number;
  /** Put before every prompt, where the model was trained so. */
  readonly bos: number | undefined;
  /** Ends a response. */
  readonly eos: number;
  /** Fills up the shorter rows of a batch; masked, so any id will do (`eos` where the tokenizer names none). */
  readonly pad: number;
  /** Ids of a text. What looks like a special token in the text is read as plain text, so a text cannot forge one. */
  encode(text: string): number[];
  /** Text of ids; special tokens are left out and spaces stay as they are. */
  decode(ids: readonly number[]): string;
  /** Id of a token, special ones included. */
  idOf(token: string): number | undefined;
  isSpecial(id: number): boolean;
  /** The texts of the special tokens. */
  readonly specialTokens: readonly string[];
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/**
 * Makes a tokenizer from its definition; `source` names it in errors.
 *
 * Rejects with `InvalidInput` when the definition is not one, or names no end-of-sequence token.
 */
export async function loadTokenizer(
  definition: TokenizerDefinition,
  source = "tokenizer",
): Promise<Tokenizer> {
  const { json, config } = definition;
  for (const [file, value] of Object.entries({ "tokenizer.json": json, "tokenizer_config.json": config }))
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new InvalidInput(`${source}: ${file} must hold an object; fetch the file again`);
  const added = readAddedTokens(json, source);
  const special = added.filter((token) => token.special);
  const specialIds = new Set(special.map((token) => token.id));
  const engine = await startEngine(
    { ...json, added_tokens: added.filter((token) => !token.special) },
    { ...config, additional_special_tokens: [] },
    source,
  );
  const ids = new Map(special.map((token) => [token.content, token.id]));
  const idOf = (token: string): number | undefined => ids.get(token) ?? engine.token_to_id(token);

  const named = (key: string): number | undefined => {
    const value = config[key];
    const content =
      typeof value === "string" ? value : (value as { content?: unknown } | null | undefined)?.content;
    if (typeof content !== "string") return undefined;
    const id = idOf(content);
    if (id === undefined) throw new InvalidInput(`${source}: ${key} "${content}" is not in the vocabulary`);
    return id;
  };
  const eos = named("eos_token");
  if (eos === undefined) {
    throw new InvalidInput(
      `${source}: tokenizer_config.json names no eos_token, which ends a response; add one`,
    );
  }
  let vocabSize = 0;
  for (const id of [...engine.get_vocab().values(), ...specialIds]) vocabSize = Math.max(vocabSize, id + 1);

  return {
    definition,
    vocabSize,
    bos: named("bos_token"),
    eos,
    pad: named("pad_token") ?? eos,
    encode: (text) => (text === "" ? [] : engine.encode(text, { add_special_tokens: false }).ids),
    decode: (given) => {
      const plain = given.filter((id) => !specialIds.has(id));
      return plain.length === 0 ? "" : engine.decode(plain, { clean_up_tokenization_spaces: false });
    },
    idOf,
    isSpecial: (id) => specialIds.has(id),
    specialTokens: [...ids.keys()],
  };
}

/** Text of a growing list of ids, piece by piece; a piece never ends inside a character. */
export interface TextStream {
  /** The text that `id` completes; empty while a character is still open. */
  push(id: number): string;
  /** What is left at the end, an unfinished character as U+FFFD. */
  end(): string;
}

/** Decodes ids one at a time; the pieces together are the decoded whole. */
export function textStream(tokenizer: Tokenizer): TextStream {
  const ids: number[] = [];
  let start = 0;
  let given = 0;
  const piece = (final: boolean): string => {
    const before = tokenizer.decode(ids.slice(start, given));
    const now = tokenizer.decode(ids.slice(start));
    if (!final && (now.endsWith("\uFFFD") || now.length <= before.length)) return "";
    start = given;
    given = ids.length;
    return now.slice(before.length);
  };
  return {
    push: (id) => {
      ids.push(id);
      return piece(false);
    },
    end: () => piece(true),
  };
}

function readAddedTokens(json: TokenizerDefinition["json"], source: string): AddedToken[] {
  const list = json["added_tokens"] ?? [];
  const isToken = (token: unknown): token is AddedToken =>
    typeof token === "object" &&
    token !== null &&
    Number.isSafeInteger((token as AddedToken).id) &&
    typeof (token as AddedToken).content === "string";
  if (!Array.isArray(list) || !list.every(isToken)) {
    throw new InvalidInput(`${source}: tokenizer.json has no valid added_tokens; fetch the file again`);
  }
  return list;
}

async function startEngine(
  json: Readonly<Record<string, unknown>>,
  config: object,
  source: string,
): Promise<Engine> {
  const { Tokenizer: Engine } = await import("@huggingface/tokenizers");
  const absent = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  try {
    return new Engine({ ...absent, ...json }, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInput(`${source}: tokenizer.json cannot be used: ${reason}`, { cause });
  }
}
