/** Whether one person changes the same words of like drafts always the same way: the diagnosis where drafts have one style. */

import { changedRanges } from "./hunks.ts";
import { comparable, contextText, type EditRecord } from "./record.ts";
import { TokenIds, tokenizeWords } from "./tokens.ts";

/** A place that edits change, and what they put there. */
export interface WaveringPlace {
  /** The word before and the first word that is replaced, or the word that text is put before. */
  readonly at: readonly [before: string, word: string];
  /** First words of what is put there, "" for nothing, the commonest first. */
  readonly to: readonly string[];
  readonly changes: number;
}

/** How far the way a place is changed can be told from the context. */
export interface Wavering {
  /** Share of changes that the context does not foretell, in [0, 1]; null for fewer than 300 changes at such places. */
  readonly share: number | null;
  /** Changes at places that one person changed at least 20 times. */
  readonly changes: number;
  /** Those with the most changes, at most 5. */
  readonly places: readonly WaveringPlace[];
}

/** A place counts if one person changed it this often, ... */
const PLACE_CHANGES = 20;
/** ... and a way to change it if it recurs this often. */
const WAY_CHANGES = 4;
const WAYS = 8;
/** With fewer changes, contexts are too few to foretell anything of an orderly log either. */
const CHANGES = 300;
/** More records say nothing more. */
const RECORDS = 2000;
const CONTEXT_LENGTH = 2000;
const SMOOTHING = 0.1;
const SHOWN = 5;

interface Change {
  readonly record: number;
  /** Token id of the first word that is put there, -1 for nothing. */
  readonly way: number;
}

interface Place {
  readonly at: readonly [number, number];
  readonly changes: Change[];
}

/**
 * Foretells, at every place that a person changed often, the way of each change by naive Bayes from the words of its
 * context and the other changes there. Wishes that differ by context are foretold, and so is a person who sees now to this
 * wish, now to that; who changes the same words now one way, now another for no reason that shows is not. Edits to and fro
 * are seen by `TrafficCounter` where drafts have all styles; where they have one, this is what is left to see.
 */
export function waveringOf(records: readonly EditRecord[]): Wavering {
  const step = Math.ceil(records.length / RECORDS);
  const sample = step <= 1 ? records : records.filter((_, i) => i % step === 0);
  const ids = new TokenIds();
  const places = placesOf(sample, ids)
    .map(({ at, changes }) => ({ at, changes: recurringWays(changes) }))
    .filter(({ changes }) => changes.length >= PLACE_CHANGES)
    .sort((a, b) => b.changes.length - a.changes.length);
  const words = sample.map(({ context }) => {
    const text = comparable(contextText(context)).slice(-CONTEXT_LENGTH).toLowerCase();
    return [...new Set(tokenizeWords(text))];
  });
  let changes = 0;
  let wrong = 0;
  for (const place of places) {
    changes += place.changes.length;
    wrong += unforetold(place.changes, words);
  }
  const token = (id: number): string => (id < 0 ? "" : ids.token(id));
  return {
    share: changes < CHANGES ? null : wrong / changes,
    changes,
    places: places.slice(0, SHOWN).map((place) => ({
      at: [token(place.at[0]), token(place.at[1])],
      to: waysOf(place.changes).map(([way]) => token(way)),
      changes: place.changes.length,
    })),
  };
}

/** The places that edits change, each of one person: the word before, the first word after, and whether it stays. */
function placesOf(records: readonly EditRecord[], ids: TokenIds): Place[] {
  const places = new Map<string, Place>();
  const encode = (text: string): Int32Array => ids.of(tokenizeWords(comparable(text)));
  records.forEach(({ draft, edited, user = "" }, record) => {
    if (draft === edited) return;
    const [a, b] = [encode(draft), encode(edited)];
    for (const { aStart, aEnd, bStart, bEnd } of changedRanges(a, b)) {
      const at = [a[aStart - 1] ?? -1, a[aStart] ?? -1] as const;
      const key = `${at.join(" ")} ${aStart === aEnd} ${user}`;
      const change = { record, way: bStart === bEnd ? -1 : b[bStart]! };
      const place = places.get(key);
      if (place === undefined) places.set(key, { at, changes: [change] });
      else place.changes.push(change);
    }
  });
  return [...places.values()];
}

/** How often each way is gone, the commonest first. */
function waysOf(changes: readonly Change[]): [way: number, count: number][] {
  const counts = new Map<number, number>();
  for (const { way } of changes) counts.set(way, (counts.get(way) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function recurringWays(changes: readonly Change[]): Change[] {
  if (changes.length < PLACE_CHANGES) return [];
  const common = waysOf(changes).filter(([, count]) => count >= WAY_CHANGES);
  const ways = new Set(common.slice(0, WAYS).map(([way]) => way));
  return changes.filter(({ way }) => ways.has(way));
}

/** How many of the changes naive Bayes on the words foretells wrongly from the others. */
function unforetold(changes: readonly Change[], words: readonly (readonly string[])[]): number {
  const ways = waysOf(changes).map(([way, count]) => ({ way, count, words: new Map<string, number>() }));
  for (const { way, record } of changes) {
    const seen = ways.find((one) => one.way === way)!.words;
    for (const word of words[record]!) seen.set(word, (seen.get(word) ?? 0) + 1);
  }
  let wrong = 0;
  for (const { way, record } of changes) {
    let best = Number.NEGATIVE_INFINITY;
    let foretold: number | undefined;
    for (const one of ways) {
      const own = one.way === way ? 1 : 0;
      const count = one.count - own;
      let score = Math.log(count);
      for (const word of words[record]!)
        score += Math.log(((one.words.get(word) ?? 0) - own + SMOOTHING) / (count + 2 * SMOOTHING));
      if (score > best) {
        best = score;
        foretold = one.way;
      }
    }
    if (foretold !== way) wrong++;
  }
  return wrong;
}
