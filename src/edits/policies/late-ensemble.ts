/** The late ensemble: which policy drafts next, learned from the edit costs that are seen after deployment. */
import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { type Chosen, OptimisticFtpl, type Selector, type SelectorState } from "../../games/index.ts";
import { createUcb, restoreUcb, type UcbOptions, type UcbState } from "./ucb.ts";

/** A rule that chooses among arms from their costs, and can be stored. */
export interface StoredSelector extends Selector<number, number> {
  toJSON(): unknown;
  /** Counts a choice of an arm that was made elsewhere, with the probability it had there, and gives its ticket. */
  assume(arm: number, probability: number): number;
  /** Takes back a choice whose cost will never come; without it, such a choice stays open. */
  discard?(ticket: number): void;
  /** Replaces the cost that was told of a choice; without it, the first cost stays. */
  revise?(choice: Chosen & { readonly ticket: number }, before: number, after: number): void;
}

/** How a rule is made, and made again from what its `toJSON` gave; costs are at most `maximumCost`. */
export interface SelectorKind {
  create(arms: number, maximumCost: number): StoredSelector;
  restore(state: unknown, arms: number, maximumCost: number): StoredSelector;
}

/** Options of `LateEnsemble`. */
export interface LateEnsembleOptions {
  /** Largest cost that counts; larger ones are clipped, so that one outlier cannot starve an arm. Default 2. */
  readonly maximumCost?: number;
  /** Width of the usual range of costs. Default 1, for costs divided by the number of tokens. */
  readonly costRange?: number;
  /** Exploration of the default rule in units of `costRange`. Default 0.2. */
  readonly alpha?: number;
  /** Discount of the default rule. Default 1. */
  readonly discount?: number;
  /** Another rule than the paper's, such as `ftplSelector()`. */
  readonly selector?: SelectorKind;
  /**
   * What arms cost before deployment, by name, such as their distances on held-out edits. Each counts as one seen cost in
   * every segment, so that a bad arm need not be tried first; an arm without one is. Default none, as in the paper.
   */
  readonly expectedCosts?: Readonly<Record<string, number>>;
}

/** A policy to draft with, and the ticket for its cost. */
export interface Selection<P> {
  readonly arm: string;
  readonly policy: P;
  readonly ticket: string;
  /** How likely this arm was to be chosen; 1 for rules without chance. */
  readonly probability: number;
}

/** The ensemble's state as plain data. */
export interface LateEnsembleState {
  readonly format: 1;
  readonly arms: readonly string[];
  /** State of one bandit by segment; "" is the common one. */
  readonly segments: Readonly<Record<string, unknown>>;
}

/**
 * Routes drafts among named policies (Misra et al. 2025, algorithm 1). Name the base policy as an arm, too: it is the
 * insurance when every trained policy is worse. One bandit is kept a segment, such as a user or a task.
 *
 * @example
 * const ensemble = new LateEnsemble({ base, sft, early });
 * const { policy, ticket } = ensemble.select();
 * ensemble.record(ticket, editCost(draft, edited));
 */
export class LateEnsemble<P> {
  readonly arms: readonly string[];
  readonly #policies: readonly P[];
  readonly #maximumCost: number;
  readonly #kind: SelectorKind;
  readonly #expected: readonly (readonly [arm: number, cost: number])[];
  readonly #segments = new Map<string, StoredSelector>();

  /** Throws `InvalidInput` without an arm or for options out of range. */
  constructor(policies: Readonly<Record<string, P>>, options: LateEnsembleOptions = {}) {
    const { costRange = 1, maximumCost = 2 * costRange } = options;
    for (const [name, value] of Object.entries({ costRange, maximumCost }))
      if (!(value > 0 && Number.isFinite(value)))
        throw new InvalidInput(`${name} is ${value}; give a positive number in the units of your costs`);
    this.arms = Object.keys(policies);
    this.#policies = Object.values(policies);
    this.#maximumCost = maximumCost;
    this.#kind = options.selector ?? ucbKind(ruleOf(options));
    this.#expected = Object.entries(options.expectedCosts ?? {}).map(([name, cost]) => {
      if (!(cost >= 0 && Number.isFinite(cost)))
        throw new InvalidInput(`expectedCosts.${name} is ${cost}; give a number from 0 up`);
      return [this.#index(name), Math.min(cost, maximumCost)];
    });
    // Finds wrong options before the first draft.
    this.#kind.create(this.arms.length, maximumCost);
  }

  /** Chooses the policy of the next draft. */
  select({ segment = "" }: { readonly segment?: string } = {}): Selection<P> {
    const { arm, ticket, probabilities } = this.#segment(segment).choose();
    return {
      arm: this.arms[arm]!,
      policy: this.#policies[arm]!,
      ticket: JSON.stringify([segment, ticket]),
      probability: probabilities[arm]!,
    };
  }

  /**
   * Counts a choice that was made earlier, as in a log that is read again, and gives its ticket. Throws `InvalidInput`
   * for an arm that there is not.
   */
  assume(
    arm: string,
    { segment = "", probability = 1 }: { readonly segment?: string; readonly probability?: number } = {},
  ): string {
    const index = this.#index(arm);
    if (!(probability > 0 && probability <= 1))
      throw new InvalidInput(`probability is ${probability}; give a number in (0, 1]`);
    return JSON.stringify([segment, this.#segment(segment).assume(index, probability)]);
  }

  /** Takes back a choice whose cost will never come, such as that of a draft nobody got. Throws as `record` does. */
  discard(ticket: string): void {
    const [selector, inner] = this.#find(ticket);
    selector.discard?.(inner);
  }

  /**
   * Tells the edit cost of a draft; it may come at any time and in any order.
   *
   * Throws `InvalidInput` for an unknown or answered ticket and a negative cost, `NonFinite` for one that is no number.
   */
  record(ticket: string, cost: number): void {
    const counted = this.#counted(ticket, cost);
    const [selector, inner] = this.#find(ticket);
    selector.update(inner, counted);
  }

  /**
   * Replaces a cost that was told before, as when a user edits again: `choice` is what `select` gave, `before` what `record`
   * was told. Throws `InvalidInput` for a ticket of another ensemble.
   */
  revise(
    { arm, ticket, probability }: Pick<Selection<P>, "arm" | "ticket" | "probability">,
    before: number,
    after: number,
  ): void {
    const [selector, inner] = this.#find(ticket);
    const choice = { arm: this.#index(arm), ticket: inner, probability };
    selector.revise?.(choice, this.#counted(ticket, before), this.#counted(ticket, after));
  }

  /** The bandit of a segment, to look at. */
  selector(segment = ""): StoredSelector | undefined {
    return this.#segments.get(segment);
  }

  toJSON(): LateEnsembleState {
    const segments = [...this.#segments].map(([name, selector]) => [name, selector.toJSON()] as const);
    return { format: 1, arms: this.arms, segments: Object.fromEntries(segments) };
  }

  /**
   * The ensemble from its state and the same policies. An `alpha` or a `discount` that is given counts from now on; one that
   * is not stays as it was. Throws `InvalidInput` when arms differ or the state is damaged.
   */
  static fromJSON<P>(
    state: LateEnsembleState,
    policies: Readonly<Record<string, P>>,
    options: LateEnsembleOptions = {},
  ): LateEnsemble<P> {
    const ensemble = new LateEnsemble(policies, options);
    const { format, arms, segments } = (state ?? {}) as Partial<LateEnsembleState>;
    if (format !== 1)
      throw new InvalidInput(
        `the ensemble's state has format ${String(format)}; this version reads format 1`,
      );
    if (!Array.isArray(arms) || arms.join("\n") !== ensemble.arms.join("\n"))
      throw new InvalidInput(
        `the state is of the arms ${arms?.join?.(", ")}, not of ${ensemble.arms.join(", ")}; name the same policies in the same order`,
      );
    if (typeof segments !== "object" || segments === null)
      throw new InvalidInput("the ensemble's state is damaged: its segments are missing");
    for (const [name, inner] of Object.entries(segments))
      ensemble.#segments.set(
        name,
        ensemble.#kind.restore(inner, ensemble.arms.length, ensemble.#maximumCost),
      );
    return ensemble;
  }

  /** The bandit that gave a ticket, and its own ticket. */
  #find(ticket: string): readonly [selector: StoredSelector, inner: number] {
    const [segment, inner] = parseTicket(ticket);
    const selector = this.#segments.get(segment);
    if (selector === undefined) throw unknownTicket(ticket);
    return [selector, inner];
  }

  #counted(ticket: string, cost: number): number {
    if (!Number.isFinite(cost)) throw new NonFinite(`the cost of ticket ${ticket} is ${cost}`);
    if (cost < 0)
      throw new InvalidInput(`the cost of ticket ${ticket} is ${cost}; edit costs are not negative`);
    return Math.min(cost, this.#maximumCost);
  }

  #segment(name: string): StoredSelector {
    const known = this.#segments.get(name);
    if (known !== undefined) return known;
    const selector = this.#kind.create(this.arms.length, this.#maximumCost);
    for (const [arm, cost] of this.#expected) selector.update(selector.assume(arm, 1), cost);
    this.#segments.set(name, selector);
    return selector;
  }

  #index(arm: string): number {
    const index = this.arms.indexOf(arm);
    if (index < 0)
      throw new InvalidInput(`there is no arm "${arm}"; the ensemble has ${this.arms.join(", ")}`);
    return index;
  }
}

/** Options of `ftplSelector`. */
export interface FtplSelectorOptions {
  /** Seed of the draws; a stored rule goes on with its own. Default 0. */
  readonly seed?: number;
}

/**
 * Optimistic follow-the-perturbed-leader with bandit feedback, for late ensembles: it draws arms, so that a user who
 * adapts cannot foresee them. Losses are costs over the ensemble's `maximumCost`.
 *
 * @example new LateEnsemble(policies, { selector: ftplSelector({ seed: 1 }) });
 */
export function ftplSelector({ seed = 0 }: FtplSelectorOptions = {}): SelectorKind {
  const scaled = (inner: OptimisticFtpl<"bandit">, maximumCost: number): StoredSelector => ({
    choose: (hint) => inner.choose(hint),
    update: (ticket, cost) => inner.update(ticket, cost / maximumCost),
    toJSON: () => inner.toJSON(),
    assume: (arm, probability) => inner.assume({ arm, probability }),
    discard: (ticket) => inner.discard(ticket),
    revise: (choice, before, after) => inner.revise(choice, before / maximumCost, after / maximumCost),
  });
  return {
    create: (arms, maximumCost) =>
      scaled(new OptimisticFtpl({ arms, feedback: "bandit", seed }), maximumCost),
    restore(state, arms, maximumCost) {
      const inner = OptimisticFtpl.fromJSON(state as SelectorState<"bandit">);
      checkArms(inner.toJSON().options.arms, arms);
      return scaled(inner, maximumCost);
    },
  };
}

/** Options of the default rule, in units of cost; those that are not given are left out. */
function ruleOf({ alpha, costRange, discount }: LateEnsembleOptions): UcbOptions {
  const given = alpha !== undefined || costRange !== undefined;
  return {
    ...(given ? { alpha: (alpha ?? 0.2) * (costRange ?? 1) } : {}),
    ...(discount === undefined ? {} : { discount }),
  };
}

const ucbKind = (options: UcbOptions): SelectorKind => ({
  create: (arms) => createUcb(arms, options),
  restore(state, arms) {
    const selector = restoreUcb(state as UcbState, options);
    checkArms(selector.arms, arms);
    return selector;
  },
});

function checkArms(stored: number, arms: number): void {
  if (stored !== arms) throw new InvalidInput(`the bandit's state has ${stored} arms, expected ${arms}`);
}

function parseTicket(ticket: string): readonly [segment: string, inner: number] {
  try {
    const [segment, inner]: unknown[] = JSON.parse(ticket);
    if (typeof segment === "string" && typeof inner === "number") return [segment, inner];
  } catch {
    // Said below.
  }
  throw unknownTicket(ticket);
}

const unknownTicket = (ticket: string): InvalidInput =>
  new InvalidInput(`ticket ${ticket} is none of this ensemble's; pass what select() returned`, {
    code: "UNKNOWN_TICKET",
  });
