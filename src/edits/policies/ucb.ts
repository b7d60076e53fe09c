/**
 * The late ensemble's rule (Misra et al. 2025, algorithm 1): each arm once, then the arm with the lowest
 * mean cost − alpha · sqrt(ln t / pulls). Costs are minimised, so the bonus is subtracted.
 */
import { InvalidInput, NonFinite } from "../../core/errors.ts";
import type { Choice, Selector } from "../../games/index.ts";

/** Options of `createUcb`. */
export interface UcbOptions {
  /** Weight of exploration in units of cost. Default 0.2, which fits costs in [0, 1]. */
  readonly alpha?: number;
  /** What an older round counts against the next one, in (0, 1]. Default 1; below 1 it follows users who change. */
  readonly discount?: number;
}

/** The state as plain data; version 1. */
export interface UcbState {
  readonly format: 1;
  readonly alpha: number;
  readonly discount: number;
  readonly rounds: number;
  /** By arm: choices made, costs received, and their sum, all discounted. */
  readonly pulls: readonly number[];
  readonly answered: readonly number[];
  readonly costs: readonly number[];
  /** Choices whose cost has not come: ticket and arm. A ticket is the number of its round. */
  readonly pending: readonly (readonly [ticket: number, arm: number])[];
}

/** What `createUcb` gives: the rule, and what it has seen. */
export interface Ucb extends Selector<number, number> {
  readonly arms: number;
  /** Choices by arm, discounted. */
  readonly pulls: readonly number[];
  /** Mean cost by arm; NaN where none has come. */
  readonly means: readonly number[];
  /** Takes back a choice whose cost will never come. Throws as `update` does. */
  discard(ticket: number): void;
  /** Counts a choice that was made elsewhere, and gives its ticket. */
  assume(arm: number): number;
  /** Replaces a cost that was told of a choice. */
  revise(choice: { readonly arm: number; readonly ticket: number }, before: number, after: number): void;
  /** Plain data from which `restoreUcb` makes the rule again, to the bit. */
  toJSON(): UcbState;
}

/**
 * Creates the rule. A choice counts when it is made and its cost when it comes; an arm whose costs are all still to
 * come is taken for average.
 *
 * @throws InvalidInput for no arm, a negative alpha, a discount outside of (0, 1], or a state of another shape.
 * @example
 * const ucb = createUcb(2);
 * const { arm, ticket } = ucb.choose();
 * ucb.update(ticket, 0.3);
 */
export function createUcb(arms: number, options: UcbOptions = {}): Ucb {
  const { alpha = 0.2, discount = 1 } = options;
  if (!(Number.isInteger(arms) && arms >= 1)) throw new InvalidInput(`${arms} arms; give at least one`);
  const zeros = new Array<number>(arms).fill(0);
  return restoreUcb({
    format: 1,
    alpha,
    discount,
    rounds: 0,
    pulls: zeros,
    answered: zeros,
    costs: zeros,
    pending: [],
  });
}

/**
 * Makes the rule from its state again; options that are given take the place of the state's from now on. Throws
 * `InvalidInput` when the state is damaged or options are out of range.
 */
export function restoreUcb(state: UcbState, options: UcbOptions = {}): Ucb {
  checkState(state);
  const { alpha = state.alpha, discount = state.discount } = options;
  if (!(alpha >= 0 && Number.isFinite(alpha)))
    throw new InvalidInput(`alpha is ${alpha}; give a number from 0 up, about 0.2 times the range of costs`);
  if (!(discount > 0 && discount <= 1))
    throw new InvalidInput(`discount is ${discount}; give a number in (0, 1]`);
  let { rounds } = state;
  const pulls = [...state.pulls];
  const answered = [...state.answered];
  const costs = [...state.costs];
  const pending = new Map(state.pending);
  const arms = pulls.length;

  const lowest = (): number => {
    const fresh = pulls.indexOf(0);
    if (fresh >= 0) return fresh;
    const total = pulls.reduce((sum, count) => sum + count, 0);
    const seen = answered.reduce((sum, count) => sum + count, 0);
    const average = seen > 0 ? costs.reduce((sum, cost) => sum + cost, 0) / seen : 0;
    let best = 0;
    let bestIndex = Number.POSITIVE_INFINITY;
    for (let k = 0; k < arms; k++) {
      const mean = answered[k]! > 0 ? costs[k]! / answered[k]! : average;
      const index = mean - alpha * Math.sqrt(Math.log(total + 1) / pulls[k]!);
      if (index < bestIndex) [best, bestIndex] = [k, index];
    }
    return best;
  };
  const take = (ticket: number): { readonly arm: number; readonly weight: number } => {
    const arm = pending.get(ticket);
    if (arm === undefined)
      throw new InvalidInput(`ticket ${ticket} is unknown, or its cost was told before`, {
        code: "UNKNOWN_TICKET",
      });
    pending.delete(ticket);
    return { arm, weight: discount ** (rounds - ticket) };
  };

  const assume = (arm: number): number => {
    if (!(Number.isInteger(arm) && arm >= 0 && arm < arms))
      throw new InvalidInput(`there is no arm ${arm} among ${arms}`);
    rounds++;
    if (discount < 1)
      for (let k = 0; k < arms; k++) {
        pulls[k]! *= discount;
        answered[k]! *= discount;
        costs[k]! *= discount;
      }
    pulls[arm]! += 1;
    pending.set(rounds, arm);
    return rounds;
  };

  return {
    arms,
    assume,
    choose(): Choice<number> {
      const arm = lowest();
      const ticket = assume(arm);
      return { arm, ticket, probabilities: Float64Array.from(pulls, (_, k) => (k === arm ? 1 : 0)) };
    },
    update(ticket, loss) {
      if (!Number.isFinite(loss)) throw new NonFinite(`the cost of ticket ${ticket} is ${loss}`);
      const { arm, weight } = take(ticket);
      answered[arm]! += weight;
      costs[arm]! += weight * loss;
    },
    discard(ticket) {
      const { arm, weight } = take(ticket);
      pulls[arm] = Math.max(0, pulls[arm]! - weight);
    },
    revise({ arm, ticket }, before, after) {
      costs[arm]! += discount ** (rounds - ticket) * (after - before);
    },
    get pulls() {
      return [...pulls];
    },
    get means() {
      return costs.map((cost, k) => cost / answered[k]!);
    },
    toJSON: () => ({
      format: 1,
      alpha,
      discount,
      rounds,
      pulls: [...pulls],
      answered: [...answered],
      costs: [...costs],
      pending: [...pending],
    }),
  };
}

function checkState(state: UcbState): void {
  const { format, pulls, answered, costs, rounds, pending } = (state ?? {}) as UcbState;
  if (format !== 1)
    throw new InvalidInput(`the bandit's state has format ${String(format)}; this version reads format 1`);
  const counts = [pulls, answered, costs];
  if (
    !counts.every(
      (list) => Array.isArray(list) && list.length === pulls.length && list.every(Number.isFinite),
    )
  )
    throw new InvalidInput(
      "the bandit's state is damaged: pulls, answered and costs must be lists of one number an arm",
    );
  if (![...pulls, ...answered].every((count) => count >= 0))
    throw new InvalidInput("the bandit's state is damaged: pulls or answered has a negative count");
  const isChoice = (entry: unknown): boolean =>
    Array.isArray(entry) && Number.isInteger(entry[0]) && entry[1] in pulls;
  if (!Number.isInteger(rounds) || !Array.isArray(pending) || !pending.every(isChoice))
    throw new InvalidInput("the bandit's state is damaged: rounds or pending is missing or no longer fits");
}
