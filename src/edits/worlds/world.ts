/** What a simulated world is: contexts, hidden wishes, and users who edit drafts for them. */

/** What contexts are for: the log, fresh episodes after learning, or the corpus of a base model. */
export type ContextPurpose = "log" | "fresh" | "corpus";

/**
 * - `strong` edits for all wishes of the domain;
 * - `weak` edits for one or two of them, drawn anew in each episode, and accepts the others either way;
 * - `lazy` wants what `strong` wants, but mostly accepts a draft that would be much work;
 * - `lateral` grants some wishes and changes other things for no reason;
 * - `transfer` wants what `strong` wants, but overlooks a wish now and then: another person with the same wishes.
 *
 * Each of them takes out what nobody wished for: otherwise padding a draft would make it cheaper.
 */
export const USER_KINDS = ["strong", "weak", "lazy", "lateral", "transfer"] as const;
export type UserKind = (typeof USER_KINDS)[number];

export interface Wish {
  readonly dimension: string;
  readonly value: string;
  /** The wish in words. */
  readonly text: string;
}

/** A hidden kind of context and what its user wants; neither is named in a context. */
export interface HiddenDomain {
  readonly name: string;
  readonly wishes: readonly Wish[];
}

export interface EditOptions {
  /** Which simulated user edits (default "strong"). */
  readonly user?: UserKind;
  /** Addresses the user's random choices: the same episode of the same world repeats them (default 0). */
  readonly episode?: number;
}

/** A world in which every draft has a known user edit and a known cost. All of it follows from the seed. */
export interface EditWorld {
  readonly name: string;
  readonly version: number;
  readonly seed: number;
  /** The hidden kinds of context and their wishes: for reports, never for a learner. */
  readonly domains: readonly HiddenDomain[];
  /**
   * `count` distinct contexts; those of "fresh" never occur among those of "log" or "corpus". `draw`, an integer from 0
   * (default) to 2^32 - 1, gives other ones.
   */
  contexts(purpose: ContextPurpose, count: number, draw?: number): string[];
  /** The hidden domain of a context. */
  domainOf(context: string): HiddenDomain;
  /** A plain draft, as a model that knows no wishes would write it; `index` picks among wordings. */
  neutralDraft(context: string, index?: number): string;
  /** What a policy that knows the wishes writes: the strong user leaves it as it is. */
  ideal(context: string): string;
  /** The draft as the user leaves it: the acceptable text with the fewest changed tokens. */
  edit(context: string, draft: string, options?: EditOptions): string;
  /** Tokens changed between draft and edited text over the draft's tokens; 1 for a draft without tokens. */
  cost(draft: string, edited: string): number;
}
