/** Choosing among policies from the cost that is seen after each choice. */

/** One choice: an arm, how likely each arm was, and the ticket under which its loss is told. */
export interface Choice {
  /** Index of the arm. */
  readonly arm: number;
  /** [arms]; 1 for the arm of a rule that draws nothing. */
  readonly probabilities: readonly number[];
  readonly ticket: string;
}

/** A bandit or expert rule. Losses may come late, in any order and in batches: each names its ticket. */
export interface Selector {
  readonly arms: number;
  /** Chooses; `hint` guesses the next losses [arms], for rules that use one. */
  choose(hint?: ArrayLike<number>): Choice;
  /** Throws `InvalidInput` for a ticket that is unknown or was answered before. */
  update(ticket: string, loss: number): void;
  /** Plain data from which the rule can be made again, to the bit. */
  toJSON(): unknown;
}
