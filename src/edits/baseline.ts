/** The reference that every learned policy must beat: making the log's commonest changes again. */

import { InvalidInput } from "../core/errors.ts";
import { type Change, END, makeChange, placesOf, recurringChanges, START } from "./changes.ts";
import { type CostMeter, type CostOptions, costMeter } from "./cost.ts";
import { changedRanges } from "./hunks.ts";
import { cutPieces, joinPieces, type Pieces } from "./pieces.ts";
import { type Context, comparable, type EditRecord } from "./record.ts";
import { TokenIds } from "./tokens.ts";

/** Options of `fitCopyBaseline`. */
export interface CopyBaselineOptions {
  /** The cost that changes must save (default: words over the draft's words). */
  readonly cost?: CostOptions;
  /** Most changes taken (default 100). */
  readonly changes?: number;
  /** How many edits must have made a change (default 3). */
  readonly minSupport?: number;
  /** Most records learned from (default 2000), taken evenly from the whole log. */
  readonly maxRecords?: number;
}

/** A change that was taken. */
export interface LearnedChange extends Change {
  /** What it saved when it was taken: the sum of edit costs over the records learned from. */
  readonly saved: number;
}

/** Copies a log's commonest changes. */
export interface CopyBaseline {
  /** The draft with all changes made, in the order of `changes`; the context is not looked at. */
  apply(draft: string, context?: Context): string;
  readonly changes: readonly LearnedChange[];
  /** Records learned from. */
  readonly records: number;
  /** Mean cost between drafts and edited texts of these records, before and after the changes. */
  readonly costBefore: number;
  readonly costAfter: number;
}

/** Most candidates that are tried out; the others promise less. */
const CANDIDATES = 1000;

/**
 * Learns which replacements, insertions and deletions of phrases recur in the edits of a log, each tied to up to two
 * tokens on either side or to an end of the text, and takes, one after another, the one that saves most edit cost on
 * the drafts as changed so far. Deterministic. Texts are brought to comparable form.
 *
 * Throws `InvalidInput` for an empty log or an option out of range.
 *
 * @example const copy = fitCopyBaseline(train); copy.apply(draft);
 */
export function fitCopyBaseline(
  records: readonly EditRecord[],
  options: CopyBaselineOptions = {},
): CopyBaseline {
  const { changes = 100, minSupport = 3, maxRecords = 2000 } = options;
  for (const [name, value] of Object.entries({ changes, minSupport, maxRecords })) {
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidInput(`${name} must be a whole number from 1 up; got ${value}`);
  }
  if (records.length === 0)
    throw new InvalidInput("there is no record to copy changes from; read a log with at least one edit");
  const meter = costMeter(options.cost);
  const texts = evenly(records, maxRecords).map((record) => new FittedText(record, meter));
  const costBefore = meanCost(texts);
  const edits = texts.map((text) => [text.pieces, text.edited] as const);
  const index = new TextIndex(texts);
  const taken = takeBest(promising(recurringChanges(edits, minSupport), index), index, changes);
  return {
    apply(draft) {
      let pieces = cutPieces(comparable(draft));
      for (const change of taken) pieces = makeChange(change, pieces);
      return joinPieces(pieces);
    },
    changes: taken,
    records: texts.length,
    costBefore,
    costAfter: meanCost(texts),
  };
}

/** What the user did to a token of the draft: changed it, kept it, or kept it and the place before it. */
const [CHANGED, KEPT, CONTINUED] = [0, 1, 2] as const;

/** A draft on its way to the edited text. */
class FittedText {
  readonly edited: Pieces;
  /** For each token of the draft, and its end, what the user did. */
  readonly kept: Uint8Array;
  readonly #meter: CostMeter;
  readonly #goal: Int32Array;
  readonly #divisor: number;
  pieces: Pieces;
  cost: number;

  constructor(record: EditRecord, meter: CostMeter) {
    this.#meter = meter;
    this.#goal = meter.encode(record.edited);
    this.edited = cutPieces(comparable(record.edited));
    this.pieces = cutPieces(comparable(record.draft));
    this.kept = keptTokens(this.pieces, this.edited);
    this.#divisor = meter.divisor(meter.encode(record.draft), this.#goal);
    this.cost = this.#costOf(this.pieces);
  }

  /** The cost that a change would save, negative if it would add. */
  savingOf(change: Change): number {
    const pieces = makeChange(change, this.pieces);
    return pieces === this.pieces ? 0 : this.cost - this.#costOf(pieces);
  }

  /** Makes a change; false where it applies nowhere. */
  make(change: Change): boolean {
    const pieces = makeChange(change, this.pieces);
    if (pieces === this.pieces) return false;
    this.pieces = pieces;
    this.cost = this.#costOf(pieces);
    return true;
  }

  #costOf(pieces: Pieces): number {
    const { changes } = this.#meter.compare(this.#meter.encode(joinPieces(pieces)), this.#goal);
    return changes / this.#divisor;
  }
}

function keptTokens(before: Pieces, after: Pieces): Uint8Array {
  const ids = new TokenIds();
  const kept = new Uint8Array(before.tokens.length + 1).fill(CONTINUED);
  for (const { aStart, aEnd } of changedRanges(ids.of(before.tokens), ids.of(after.tokens))) {
    kept.fill(CHANGED, aStart, aEnd);
    if (kept[aEnd] === CONTINUED) kept[aEnd] = KEPT;
  }
  return kept;
}

/** Finds the texts in which a change may apply by its rarest token. */
class TextIndex {
  readonly #texts: readonly FittedText[];
  readonly #textsWith = new Map<string, Set<FittedText>>();

  constructor(texts: readonly FittedText[]) {
    this.#texts = texts;
    for (const text of texts) this.#note(text, text.pieces.tokens);
  }

  /** All texts in which the change applies, and maybe more. */
  candidates({ left, from, right }: Change): Iterable<FittedText> {
    let fewest: Iterable<FittedText> = this.#texts;
    let size = this.#texts.length;
    for (const token of [...left, ...from, ...right]) {
      if (token === START || token === END) continue;
      const texts = this.#textsWith.get(token);
      if (texts === undefined) return [];
      if (texts.size < size) [fewest, size] = [texts, texts.size];
    }
    return fewest;
  }

  /** Makes a change wherever it applies. */
  make(change: Change): void {
    for (const text of [...this.candidates(change)]) if (text.make(change)) this.#note(text, change.to);
  }

  #note(text: FittedText, tokens: readonly string[]): void {
    for (const token of tokens) {
      const texts = this.#textsWith.get(token);
      if (texts === undefined) this.#textsWith.set(token, new Set([text]));
      else texts.add(text);
    }
  }
}

function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}

function meanCost(texts: readonly FittedText[]): number {
  return texts.reduce((sum, text) => sum + text.cost, 0) / texts.length;
}

interface Candidate {
  readonly change: Change;
  /** Place in the order of promise, which decides between equal savings. */
  readonly rank: number;
  /** What it saved when it was last tried. */
  saving: number;
}

/**
 * The candidates that promise most: the tokens that the change puts right in the edits that made it, less those that
 * it puts wrong where users left the place alone. Where users made another change it does neither.
 */
function promising(changes: readonly Change[], index: TextIndex): Candidate[] {
  const promises: { change: Change; promise: number; around: number; name: string }[] = [];
  for (const change of changes) {
    const { left, from, to, right, support } = change;
    let promise = support * Math.max(from.length, to.length);
    for (const { pieces, kept } of index.candidates(change)) {
      for (const place of placesOf(change, pieces.tokens)) promise -= harm(change, place, kept);
    }
    if (promise <= 0) continue;
    promises.push({
      change,
      promise,
      around: left.length + right.length,
      name: JSON.stringify([left, from, to, right]),
    });
  }
  promises.sort((a, b) => b.promise - a.promise || a.around - b.around || (a.name < b.name ? -1 : 1));
  return promises.slice(0, CANDIDATES).map(({ change }, rank) => ({ change, rank, saving: 0 }));
}

/** How many tokens the change would put wrong at a place, given the tokens that the user kept. */
function harm({ from, to }: Change, place: number, kept: Uint8Array): number {
  if (from.length === 0) return kept[place] === CONTINUED ? to.length : 0;
  let wrong = 0;
  for (let i = place; i < place + from.length; i++) if (kept[i] !== CHANGED) wrong++;
  return wrong;
}

/** Takes the change that saves most on the texts as they are, makes it there, and so on while any saves. */
function takeBest(candidates: readonly Candidate[], index: TextIndex, most: number): LearnedChange[] {
  const taken: LearnedChange[] = [];
  const queue: Candidate[] = [];
  for (const candidate of candidates) enqueue(queue, candidate, index);
  while (taken.length < most && queue.length > 0) {
    const best = queue.pop()!;
    // savings were counted on earlier texts: the best is taken once it is the best on the present ones, too
    enqueue(queue, best, index);
    if (queue.at(-1) !== best) continue;
    queue.pop();
    index.make(best.change);
    taken.push({ ...best.change, saved: best.saving });
  }
  return taken;
}

/** Puts a candidate with its present saving where it belongs in the queue, the best last; or drops it. */
function enqueue(queue: Candidate[], candidate: Candidate, index: TextIndex): void {
  candidate.saving = 0;
  for (const text of index.candidates(candidate.change)) candidate.saving += text.savingOf(candidate.change);
  if (candidate.saving <= EPSILON) return;
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle]!;
    if (other.saving < candidate.saving || (other.saving === candidate.saving && other.rank > candidate.rank))
      low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, candidate);
}

/** Savings below this are rounding. */
const EPSILON = 1e-9;
