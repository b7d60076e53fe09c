/**
 * The repetition cut: a text that starts to repeat a long run of characters is cut where the repeated run begins
 * again (Misra et al. 2025, section 5: 200 characters, for every method's outputs).
 */

import { InvalidInput } from "../../core/errors.ts";

/** Characters in a run whose second occurrence ends a text. */
export const defaultRepetitionRun = 200;

/**
 * Cuts a text at e − run, where e is the smallest end of a run of `run` characters (code points) that also starts
 * at an earlier place; the two occurrences may overlap. `repeated` says whether there was one.
 *
 * @example cutRepetition("abcabcabc", 3) // { text: "abc", repeated: true }
 */
export function cutRepetition(
  text: string,
  run: number = defaultRepetitionRun,
): { readonly text: string; readonly repeated: boolean } {
  const watch = new RepetitionWatch(run);
  const repeated = watch.push(text);
  return { text: repeated ? text.slice(0, watch.start) : text, repeated };
}

/** Looks for the first repeated run in a growing text. */
export class RepetitionWatch {
  readonly #run: number;
  #text = "";
  #start = 0;
  #length = 0;

  /** Throws `InvalidInput` unless `run` is a positive whole number or Infinity (never cut). */
  constructor(run: number = defaultRepetitionRun) {
    if (run !== Infinity && (!Number.isSafeInteger(run) || run < 1)) {
      throw new InvalidInput(
        `the repetition run is ${run}; give a whole number of at least 1, or Infinity for no cut`,
      );
    }
    this.#run = run;
  }

  /**
   * Where the longest end of the text that also occurs earlier begins (UTF-16 units): no cut can ever fall before
   * it. Once `push` has returned true, the place of the cut.
   */
  get start(): number {
    return this.#start;
  }

  /** Takes the next piece of whole characters; true when a run is repeated, after which there is no more to look for. */
  push(piece: string): boolean {
    if (this.#run === Infinity) {
      this.#start += piece.length;
      return false;
    }
    for (const character of piece) {
      if (this.#length >= this.#run) return true;
      this.#text += character;
      this.#length++;
      while (this.#length > 0 && this.#text.indexOf(this.#text.slice(this.#start)) >= this.#start) {
        this.#start += this.#text.codePointAt(this.#start)! > 0xffff ? 2 : 1;
        this.#length--;
      }
    }
    return this.#length >= this.#run;
  }
}
