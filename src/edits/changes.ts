/** The changes that recur in a log: what is replaced by what, between which words. */

import { changedRanges } from "./hunks.ts";
import type { Pieces } from "./pieces.ts";
import { TokenIds } from "./tokens.ts";

/** Stand at the ends of every text, so that a change can be tied to its beginning or end. */
export const START = "\u0002";
export const END = "\u0003";

/** Replaces the tokens `from`, where they stand between `left` and `right`, by `to`. */
export interface Change {
  /** Tokens before, up to two; `START` for the beginning of the text. */
  readonly left: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Tokens after, up to two; `END` for the end of the text. */
  readonly right: readonly string[];
  /** White space before each token of `to`. */
  readonly gaps: readonly string[];
  /** White space before what follows the change, where the change altered it. */
  readonly gapAfter: string | null;
  /** How many edits made this change. */
  readonly support: number;
}

const CONTEXT_SIZES = [0, 1, 2];
/** Longer changes are rewriting; they hardly recur. */
const LONGEST = 40;

/**
 * The changes that at least `minSupport` of the edits made, each with every choice of up to two tokens on either side
 * (an insertion with at least one).
 */
export function recurringChanges(
  edits: readonly (readonly [Pieces, Pieces])[],
  minSupport: number,
): Change[] {
  const ids = new TokenIds();
  const encoded = edits.map(([before, after]) => [ids.of(before.tokens), ids.of(after.tokens)] as const);
  const seen = new Map<string, { count: number; last: number; edit: number; at: Place }>();
  encoded.forEach(([a, b], edit) => {
    for (const { aStart, aEnd, bStart, bEnd } of changedRanges(a, b)) {
      if (aEnd - aStart > LONGEST || bEnd - bStart > LONGEST) continue;
      const what = `${a.slice(aStart, aEnd).join(" ")}>${b.slice(bStart, bEnd).join(" ")}`;
      for (const left of CONTEXT_SIZES) {
        for (const right of CONTEXT_SIZES) {
          if (aStart === aEnd && left + right === 0) continue;
          const before = around(a, aStart - left, aStart);
          const after = around(a, aEnd, aEnd + right);
          if (before === undefined || after === undefined) continue;
          const key = `${before}|${what}|${after}`;
          const entry = seen.get(key);
          if (entry === undefined) {
            seen.set(key, { count: 1, last: edit, edit, at: { aStart, aEnd, bStart, bEnd, left, right } });
          } else if (entry.last !== edit) {
            entry.count++;
            entry.last = edit;
          }
        }
      }
    }
  });
  const frequent = [...seen.values()].filter((entry) => entry.count >= minSupport);
  return frequent.map(({ count, edit, at }) => changeAt(edits[edit]!, at, count));
}

interface Place {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
  readonly left: number;
  readonly right: number;
}

/** The ids from `start` to `end`, with one edge beyond either end of the text; undefined for more beyond. */
function around(tokens: Int32Array, start: number, end: number): string | undefined {
  if (start < -1 || end > tokens.length + 1) return undefined;
  const before = start < 0 ? "edge " : "";
  const after = end > tokens.length ? " edge" : "";
  return before + tokens.slice(Math.max(0, start), end).join(" ") + after;
}

function changeAt([before, after]: readonly [Pieces, Pieces], at: Place, support: number): Change {
  const { aStart, aEnd, bStart, bEnd, left, right } = at;
  const slice = (start: number, end: number): string[] =>
    Array.from({ length: end - start }, (_, i) => tokenAt(before.tokens, start + i));
  const gapAfter = after.gaps[bEnd]!;
  return {
    left: slice(aStart - left, aStart),
    from: before.tokens.slice(aStart, aEnd),
    to: after.tokens.slice(bStart, bEnd),
    right: slice(aEnd, aEnd + right),
    gaps: after.gaps.slice(bStart, bEnd),
    gapAfter: gapAfter === before.gaps[aEnd] ? null : gapAfter,
    support,
  };
}

function tokenAt(tokens: readonly string[], index: number): string {
  return index < 0 ? START : (tokens[index] ?? END);
}

/** Where a change applies in a text: the positions of its first replaced token, not overlapping. */
export function placesOf(change: Change, tokens: readonly string[]): number[] {
  const places: number[] = [];
  const { left, from, right } = change;
  const pattern = [...left, ...from, ...right];
  const last = tokens.length + (pattern.at(-1) === END ? 1 : 0) - pattern.length;
  for (let start = pattern[0] === START ? -1 : 0; start <= last; start++) {
    let matched = 0;
    while (matched < pattern.length && tokenAt(tokens, start + matched) === pattern[matched]) matched++;
    if (matched < pattern.length) continue;
    places.push(start + left.length);
    start += Math.max(left.length + from.length, 1) - 1;
  }
  return places;
}

/** The text with the change made wherever it applies; the same object where it applies nowhere. */
export function makeChange(change: Change, text: Pieces): Pieces {
  const places = placesOf(change, text.tokens);
  if (places.length === 0) return text;
  const tokens: string[] = [];
  const gaps: string[] = [];
  let from = 0;
  let gapAfter: string | null = null;
  const copy = (end: number): void => {
    for (; from < end; from++) {
      gaps.push(gapAfter ?? text.gaps[from]!);
      gapAfter = null;
      tokens.push(text.tokens[from]!);
    }
  };
  for (const place of places) {
    copy(place);
    for (let i = 0; i < change.to.length; i++) {
      gaps.push((i === 0 ? gapAfter : null) ?? change.gaps[i]!);
      gapAfter = null;
      tokens.push(change.to[i]!);
    }
    from = place + change.from.length;
    gapAfter = change.gapAfter ?? gapAfter;
  }
  copy(text.tokens.length);
  gaps.push(gapAfter ?? text.gaps[text.tokens.length]!);
  return { tokens, gaps };
}
