/** A text as words, marks and line breaks that can be replaced one by one without losing its spacing. */

import { tokenizeWords, tokenSpans } from "./tokens.ts";

/** The tokens of a text, runs of line breaks among them, and the white space around each. */
export interface Pieces {
  readonly tokens: string[];
  /** The white space before each token, and at last that after the text. */
  readonly gaps: string[];
}

/** Cuts a text in comparable form. */
export function cutPieces(text: string): Pieces {
  const words = tokenizeWords(text);
  const tokens: string[] = [];
  const gaps: string[] = [];
  let from = 0;
  /** Pushes the line breaks of the gap that ends at `end`, and returns the rest of it. */
  const breaks = (end: number): string => {
    for (const match of text.slice(from, end).matchAll(/([^\S\n]*)(\n(?:[^\S\n]*\n)*)/g)) {
      gaps.push(match[1]!);
      tokens.push(match[2]!);
      from += match[0].length;
    }
    return text.slice(from, end);
  };
  tokenSpans(text, words).forEach(({ start, end }, i) => {
    gaps.push(breaks(start));
    tokens.push(words[i]!);
    from = end;
  });
  gaps.push(breaks(text.length));
  return { tokens, gaps };
}

/** The text again. */
export function joinPieces({ tokens, gaps }: Pieces): string {
  let text = "";
  for (let i = 0; i < tokens.length; i++) text += gaps[i]! + tokens[i]!;
  return text + gaps[tokens.length]!;
}
