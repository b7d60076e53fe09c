/** Differences between two texts as HTML. */
import { escapeText } from "./text.ts";

/** A piece of a difference: text that stayed, came or went. */
export interface DiffSegment {
  readonly kind: "equal" | "insert" | "delete";
  readonly text: string;
}

/**
 * The segments as HTML with `<ins>` and `<del>`. Spaces and line breaks are kept; in changed pieces line
 * breaks, tabs and characters without a shape of their own are shown by a sign.
 */
export function diffHtml(segments: readonly DiffSegment[]): string {
  return segments
    .filter(({ text }) => text !== "")
    .map(({ kind, text }) => {
      if (kind === "equal") return reveal(text, false);
      const tag = kind === "insert" ? "ins" : "del";
      return `<${tag}>${reveal(text, true)}</${tag}>`;
    })
    .join("");
}

function reveal(text: string, changed: boolean): string {
  const pattern = changed ? CHANGED : INVISIBLE;
  let html = "";
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    html += escapeText(text.slice(last, match.index)) + sign(match[0]);
    last = match.index + match[0].length;
  }
  return html + escapeText(text.slice(last));
}

/** Odd spaces, zero-width characters but the joiners inside words and emoji, direction marks and overrides. */
const INVISIBLE = /[\u00a0\u00ad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;
const CHANGED = new RegExp(`\\r\\n|[\\t\\n\\r]|${INVISIBLE.source}`, "g");

function sign(character: string): string {
  switch (character) {
    case "\n":
    case "\r\n":
    case "\r":
      return '<span class="sign">↵</span>\n';
    case "\t":
      return '<span class="sign">⇥</span>\t';
  }
  const name = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return `<span class="sign" title="${name}">·</span>`;
}
