/** How texts are cut into the tokens that edit costs count. */

import { InvalidInput } from "../core/errors.ts";

/** A way to cut a text into tokens: one of ours by name, or a function of yours (its `name` stands in results). */
export type Tokenize = "words" | "characters" | "whitespace" | ((text: string) => readonly string[]);

/** Scripts that write no space between words: every letter of theirs, with its marks, is a token. */
const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const LETTER = `(?:[A-Za-z0-9_]|(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])`;
const WORD = `${LETTER}+(?:(?:[-'’.\u200c\u200d]|(?<=\\p{N})[,:](?=\\p{N}))${LETTER}+)*`;
const PICTURE = "\\p{Extended_Pictographic}\\p{M}*[\\u{1F3FB}-\\u{1F3FF}]?";
const EMOJI = `${PICTURE}(?:\u200d${PICTURE})*|\\p{Regional_Indicator}{2}`;
const TOKENS = new RegExp(`${WORD}|\\.{2,}|-{2,}|${EMOJI}|[^\\s]\\p{M}*`, "gu");
const CLITIC = /^(.+)(n['’]t|['’](?:s|re|ve|ll|d|m))$/iu;

/**
 * Words and punctuation marks, in the spirit of the word tokeniser of NLTK.
 *
 * A token is a run of letters, marks and digits of any script, joined by single inner hyphens, apostrophes and full
 * stops (`well-known`, `o'clock`, `e.g`, `example.org`) and, between digits, commas and colons (`3,000.50`, `10:30`);
 * a run of full stops or hyphens; an emoji with its modifiers; or any other single character that is no white
 * space. English clitics are tokens of their own (`do`+`n't`, `it`+`'s`). In scripts without spaces between words
 * every letter is a token. Tokens are pieces of the text in its order; only white space is left out between them.
 *
 * @example tokenizeWords("Don't wait, Ann!"); // ["Do", "n't", "wait", ",", "Ann", "!"]
 */
export function tokenizeWords(text: string): string[] {
  const found = text.match(TOKENS) ?? [];
  if (!/['’]/.test(text)) return found;
  return found.flatMap((token) => {
    const parts = /['’]/.test(token) ? CLITIC.exec(token) : null;
    return parts === null ? token : [parts[1]!, parts[2]!];
  });
}

/** The function behind a `Tokenize`. Throws `InvalidInput` for an unknown name. */
export function tokenizer(tokenize: Tokenize = "words"): (text: string) => readonly string[] {
  if (typeof tokenize === "function") return tokenize;
  if (tokenize === "words") return tokenizeWords;
  if (tokenize === "characters") return (text) => Array.from(text);
  if (tokenize === "whitespace") return (text) => text.match(/\S+/gu) ?? [];
  throw new InvalidInput(
    `unknown tokenizer ${JSON.stringify(tokenize)}; use "words", "characters", "whitespace" or a function from text to tokens`,
  );
}

/** Where a token stands in its text, in UTF-16 units. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
}

/** The places of tokens that are pieces of `text` in its order, as `tokenizeWords` gives them. */
export function tokenSpans(text: string, tokens: readonly string[]): TokenSpan[] {
  let from = 0;
  return tokens.map((token) => {
    const start = text.indexOf(token, from);
    if (start < 0)
      throw new InvalidInput(
        `token ${JSON.stringify(token)} is not a piece of the text after position ${from}`,
      );
    from = start + token.length;
    return { start, end: from };
  });
}

/** Gives each distinct token a small whole number, the same for every text of one log. */
export class TokenIds {
  readonly #ids = new Map<string, number>();
  readonly #tokens: string[] = [];

  /** Number of distinct tokens so far. */
  get size(): number {
    return this.#tokens.length;
  }

  /** The ids of `tokens`, new ones given out in order. */
  of(tokens: readonly string[]): Int32Array {
    const ids = new Int32Array(tokens.length);
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      let id = this.#ids.get(token);
      if (id === undefined) {
        id = this.#tokens.push(token) - 1;
        this.#ids.set(token, id);
      }
      ids[i] = id;
    }
    return ids;
  }

  /** The token of an id that `of` gave. */
  token(id: number): string {
    return this.#tokens[id]!;
  }
}
