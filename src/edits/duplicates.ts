/** Records that say the same thing again. */

import { contextKey, type EditRecord } from "./record.ts";

/**
 * Finds records with the same context, draft, edited text and user as an earlier one. Keeps a number per record,
 * not a text.
 */
export class DuplicateFinder {
  readonly #seen = new Map<number, EditRecord[]>();

  /** The earlier record that `record` repeats, if there is one; else remembers `record`. */
  add(record: EditRecord): EditRecord | undefined {
    const key = hash(contextKey(record.context), record.draft, record.edited, record.user ?? "");
    const candidates = this.#seen.get(key);
    if (candidates === undefined) {
      this.#seen.set(key, [record]);
      return undefined;
    }
    const earlier = candidates.find((candidate) => isSame(candidate, record));
    if (earlier === undefined) candidates.push(record);
    return earlier;
  }
}

function isSame(a: EditRecord, b: EditRecord): boolean {
  return (
    a.draft === b.draft &&
    a.edited === b.edited &&
    a.user === b.user &&
    contextKey(a.context) === contextKey(b.context)
  );
}

/** 53 bits over the UTF-16 units of `texts` (two FNV-1a lanes); equal hashes are compared in full. */
function hash(...texts: readonly string[]): number {
  let high = 0x811c9dc5;
  let low = 0x050c5d1f;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit, 0x85ebca6b);
    }
    high = Math.imul(high ^ 0x10000, 0x01000193);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
