/** The difference between two texts, word by word. */

import { changedRanges } from "./hunks.ts";
import { TokenIds, type TokenSpan, tokenizeWords, tokenSpans } from "./tokens.ts";

/** A piece of a difference: text of both, of the second alone, or of the first alone. */
export interface DiffSegment {
  readonly kind: "equal" | "insert" | "delete";
  readonly text: string;
}

/**
 * The difference of two texts in pieces of whole words. Nothing is lost: the equal and deleted pieces give `before`,
 * the equal and inserted ones `after`, to the byte. Between two equal pieces a deletion comes before an insertion.
 *
 * @example diffWords("by Friday.", "by Monday."); // equal "by ", delete "Friday", insert "Monday", equal "."
 */
export function diffWords(before: string, after: string): DiffSegment[] {
  const ids = new TokenIds();
  const [a, b] = [cut(before, ids), cut(after, ids)];
  const segments = new Segments();
  let [i, j] = [0, 0];
  /** What stands between the tokens `i` - 1 and `i` of the one text, `j` - 1 and `j` of the other. */
  const gap = (): void => {
    const [x, y] = [a.between(i), b.between(j)];
    if (x === y) segments.equal(x);
    else segments.change(x, y);
  };
  for (const { aStart, aEnd, bStart, bEnd } of changedRanges(a.ids, b.ids)) {
    for (; i < aStart; i++, j++) {
      gap();
      segments.equal(a.token(i));
    }
    const [x, y] = [a.between(i), b.between(j)];
    const shared = aEnd > aStart && bEnd > bStart && x === y;
    if (shared) segments.equal(x);
    segments.change(a.piece(aStart, aEnd, !shared), b.piece(bStart, bEnd, !shared));
    [i, j] = [aEnd, bEnd];
  }
  for (; i < a.ids.length; i++, j++) {
    gap();
    segments.equal(a.token(i));
  }
  gap();
  return segments.end();
}

interface CutText {
  readonly ids: Int32Array;
  token(index: number): string;
  /** The white space before token `index`, or at the end of the text. */
  between(index: number): string;
  /** The text of tokens `from` to `to`, with the white space before the first if asked; "" for no token. */
  piece(from: number, to: number, withGap: boolean): string;
}

function cut(text: string, ids: TokenIds): CutText {
  const tokens = tokenizeWords(text);
  const spans: readonly TokenSpan[] = tokenSpans(text, tokens);
  const endBefore = (index: number): number => (index === 0 ? 0 : spans[index - 1]!.end);
  return {
    ids: ids.of(tokens),
    token: (index) => tokens[index]!,
    between: (index) => text.slice(endBefore(index), spans[index]?.start ?? text.length),
    piece: (from, to, withGap) =>
      from === to ? "" : text.slice(withGap ? endBefore(from) : spans[from]!.start, spans[to - 1]!.end),
  };
}

/** Joins neighbouring pieces of a kind. */
class Segments {
  readonly #segments: DiffSegment[] = [];
  #equal = "";
  #deleted = "";
  #inserted = "";

  equal(text: string): void {
    if (text === "") return;
    this.#flushChange();
    this.#equal += text;
  }

  change(deleted: string, inserted: string): void {
    if (deleted === "" && inserted === "") return;
    this.#flushEqual();
    this.#deleted += deleted;
    this.#inserted += inserted;
  }

  end(): DiffSegment[] {
    this.#flushChange();
    this.#flushEqual();
    return this.#segments;
  }

  #flushEqual(): void {
    if (this.#equal !== "") this.#segments.push({ kind: "equal", text: this.#equal });
    this.#equal = "";
  }

  #flushChange(): void {
    if (this.#deleted !== "") this.#segments.push({ kind: "delete", text: this.#deleted });
    if (this.#inserted !== "") this.#segments.push({ kind: "insert", text: this.#inserted });
    this.#deleted = "";
    this.#inserted = "";
  }
}
