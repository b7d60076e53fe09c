import { checkBound, type Stream, uniform } from "./stream.ts";

const AT_A_TIME = 64;

/**
 * Reads a stream from its start, number after number, for code that draws a varying number of values; the
 * order of its own calls counts, nothing else.
 */
export class Draws {
  readonly #stream: Stream;
  #words: Uint32Array = new Uint32Array();
  #loaded = 0;
  #next = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The next uniform in (0, 1). */
  uniform(): number {
    const low = this.#word();
    return uniform(low, this.#word());
  }

  /** The next integer from 0 to `bound - 1`, each exactly equally likely. */
  integer(bound: number): number {
    checkBound(bound);
    const unfair = 2 ** 32 % bound;
    for (;;) {
      // Whole multiples of the bound are fair: words below 2^32 mod bound are passed over.
      const word = this.#word();
      if (word >= unfair) return word % bound;
    }
  }

  /** One of the items, each equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  #word(): number {
    if (this.#next === this.#words.length) {
      this.#words = this.#stream.words(AT_A_TIME, this.#loaded);
      this.#loaded += AT_A_TIME;
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }
}
