import { InvalidInput } from "../core/errors.ts";
import { MeanConfidenceSequence, type MeanSequenceOptions } from "./confidence-sequence.ts";

/** `first` or `second` has the lower mean cost; `equivalent` within the margin; `undecided` so far. */
export type Decision = "first" | "second" | "equivalent" | "undecided";

/** Options of `PairedComparison`; `bounds` are those of the difference of two costs. */
export interface PairedOptions extends MeanSequenceOptions {
  /** Differences up to this size count as none; default 0: never equivalent. */
  readonly margin?: number;
}

/**
 * Compares the mean costs of two policies that meet the same cases, pair by pair; may be watched, and stopped as soon
 * as it decides: the error over all counts together is 1 - level.
 *
 * @example
 * const duel = new PairedComparison({ margin: 0.01, bounds: [-1, 1] });
 * for (const [a, b] of costs) if (duel.push(a, b) !== "undecided") break;
 */
export class PairedComparison {
  readonly #differences: MeanConfidenceSequence;
  readonly #margin: number;
  #decision: Decision = "undecided";

  constructor(options: PairedOptions = {}) {
    const { margin = 0, ...sequence } = options;
    if (!(margin >= 0 && Number.isFinite(margin))) {
      throw new InvalidInput(`margin is ${margin}: give a number from 0 up`);
    }
    this.#differences = new MeanConfidenceSequence(sequence);
    this.#margin = margin;
  }

  /** Takes the costs of one case; gives the decision, which stays once it is made. */
  push(first: number, second: number): Decision {
    this.#differences.push(first - second);
    if (this.#decision === "undecided") {
      const [lower, upper] = this.#differences.interval();
      if (upper < 0) this.#decision = "first";
      else if (lower > 0) this.#decision = "second";
      else if (lower > -this.#margin && upper < this.#margin) this.#decision = "equivalent";
    }
    return this.#decision;
  }

  get decision(): Decision {
    return this.#decision;
  }

  get count(): number {
    return this.#differences.count;
  }

  /** The interval of the mean difference, first minus second. */
  interval(): [number, number] {
    return this.#differences.interval();
  }
}
