/** Whether edits have a direction: the diagnosis for the symmetric editor, whose edits mislead preference learning. */

/** A token that drafts have or lack, and how often edits take it out or bring it in. */
export interface TokenTraffic {
  readonly token: string;
  /** Drafts that have it. */
  readonly inDrafts: number;
  /** Of these, how many lost it to the edit. */
  readonly removed: number;
  /** Of the other drafts, how many got it by the edit. */
  readonly added: number;
  /** 2 min(a, b) / (a + b) of the rates a = removed / with and b = added / without: 0 one way, 1 both ways alike. */
  readonly laterality: number;
}

/** How far edits go both ways. */
export interface Laterality {
  /** Mean of the tokens' laterality weighted by their changes, in [0, 1]; null where no token changes often enough. */
  readonly index: number | null;
  /** How many tokens the index rests on. */
  readonly tokens: number;
  /** The most changed of these, at most 10. */
  readonly traffic: readonly TokenTraffic[];
}

/** A token counts if at least this many drafts have it and as many lack it, ... */
const DRAFTS_EACH_WAY = 10;
/** ... and at least this many edits change it. */
const CHANGES = 5;
const SHOWN = 10;

/** Gathers token presence over the edits of a log. */
export class TrafficCounter {
  readonly #inDrafts: number[] = [];
  readonly #removed: number[] = [];
  readonly #added: number[] = [];
  #n = 0;

  /** Counts one edit, given the token ids of both texts. */
  add(draft: Int32Array, edited: Int32Array): void {
    this.#n++;
    const before = new Set(draft);
    const after = draft === edited ? before : new Set(edited);
    for (const id of before) {
      this.#inDrafts[id] = (this.#inDrafts[id] ?? 0) + 1;
      if (!after.has(id)) this.#removed[id] = (this.#removed[id] ?? 0) + 1;
    }
    for (const id of after) if (!before.has(id)) this.#added[id] = (this.#added[id] ?? 0) + 1;
  }

  /**
   * The laterality of the edits seen. An editor who makes every change as readily as its reverse
   * (q(y' | x, y) = q(y | x, y')) has index 1 up to noise, which lowers it; one who always edits the same way has 0.
   * Wishes that differ from context to context go both ways, too: the index alone cannot tell them from no wishes.
   *
   * Source: the symmetric editor trap of learning from edits by preference; see the guide on edits.
   */
  result(tokenOf: (id: number) => string): Laterality {
    const traffic: TokenTraffic[] = [];
    let weighted = 0;
    let weight = 0;
    this.#inDrafts.forEach((inDrafts, id) => {
      const removed = this.#removed[id] ?? 0;
      const added = this.#added[id] ?? 0;
      const without = this.#n - inDrafts;
      if (inDrafts < DRAFTS_EACH_WAY || without < DRAFTS_EACH_WAY || removed + added < CHANGES) return;
      const out = removed / inDrafts;
      const into = added / without;
      const laterality = (2 * Math.min(out, into)) / (out + into);
      weighted += laterality * (removed + added);
      weight += removed + added;
      traffic.push({ token: tokenOf(id), inDrafts, removed, added, laterality });
    });
    traffic.sort((a, b) => b.removed + b.added - a.removed - a.added || (a.token < b.token ? -1 : 1));
    return {
      index: weight === 0 ? null : weighted / weight,
      tokens: traffic.length,
      traffic: traffic.slice(0, SHOWN),
    };
  }
}
