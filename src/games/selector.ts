import { checkChoice, checkCount, checkPositive, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import { softmin, spread } from "./vectors.ts";

/** What `choose` says: the arm, how likely each was, and a ticket that the loss is reported under. */
export interface Choice<T> {
  readonly arm: number;
  readonly probabilities: Float64Array;
  readonly ticket: T;
}

/**
 * Chooses among arms, round after round. Losses may come late and out of order: each `update` names the ticket of the
 * choice it belongs to.
 */
export interface Selector<T = number, L = number | ArrayLike<number>> {
  /** `hint`: expected losses of all arms; null or nothing for none. */
  choose(hint?: ArrayLike<number> | null): Choice<T>;
  update(ticket: T, loss: L): void;
}

/** What is heard after a choice: the losses of all arms, or that of the chosen one. */
export type Feedback = "full" | "bandit";

/** What `OptimisticFtpl.update` takes. */
export type LossOf<F extends Feedback> = F extends "full" ? ArrayLike<number> : number;

/** Options of `OptimisticFtpl`. */
export interface SelectorOptions<F extends Feedback = Feedback> {
  readonly arms: number;
  /** `full`: `update` gets the losses of all arms; `bandit`: that of the chosen one. */
  readonly feedback: F;
  /** Scale of the Gumbel perturbations; `auto` (default) follows how well the hints predict. */
  readonly scale?: "auto" | number;
  /** Default 0. */
  readonly seed?: Seed;
}

/** A choice of an arm, with the probability that it had. */
export interface Chosen {
  readonly arm: number;
  readonly probability: number;
}

interface Open {
  readonly ticket: number;
  readonly arm: number;
  readonly probability: number;
  readonly hint: Float64Array;
}

/** State of a selector as JSON. */
export interface SelectorState<F extends Feedback = Feedback> {
  readonly version: 1;
  readonly options: {
    readonly arms: number;
    readonly feedback: F;
    readonly scale: "auto" | number;
    readonly seed: string;
  };
  readonly round: number;
  readonly totals: readonly number[];
  readonly errors: number;
  /** What bandit feedback has added to the bound on the regret; null: unknown, in states that did not keep it. */
  readonly stability?: number | null;
  readonly open: readonly {
    readonly ticket: number;
    readonly arm: number;
    readonly probability: number;
    readonly hint: readonly number[];
  }[];
}

/** A bandit draws from the uniform law so often: its estimates never divide by less than this over the number of arms. */
const UNIFORM = 1e-6;

/**
 * Optimistic follow-the-perturbed-leader over arms with losses in [0, 1]: the arm with the least total loss plus hint
 * less a fresh Gumbel perturbation, whose probabilities are a softmax (mixed with a millionth of the uniform law for
 * bandits) and are reported. Good hints lower the regret, bad ones cost at most a constant factor.
 *
 * @throws InvalidInput for arms, scales, hints or losses out of range, and for an unknown ticket.
 * @example
 * const selector = new OptimisticFtpl({ arms: 3, feedback: "full" });
 * const { arm, ticket } = selector.choose(predictedLosses);
 * selector.update(ticket, losses);
 */
export class OptimisticFtpl<F extends Feedback = Feedback> implements Selector<number, LossOf<F>> {
  readonly #options: Required<SelectorOptions<F>>;
  readonly #rng: Rng;
  #round = 0;
  #errors = 0;
  #stability = 0;
  #totals: Float64Array;
  readonly #open = new Map<number, Open>();

  constructor(options: SelectorOptions<F>) {
    const { arms, feedback, scale = "auto", seed = 0 } = options;
    checkCount("arms", arms, 2);
    checkChoice("feedback", feedback, ["full", "bandit"]);
    if (scale !== "auto") checkPositive("scale", scale);
    this.#options = { arms, feedback, scale, seed };
    this.#rng = createRng(seed);
    this.#totals = new Float64Array(arms);
  }

  choose(hint?: ArrayLike<number> | null): Choice<number> {
    const { arms, feedback } = this.#options;
    if (hint) checkVector("hint", hint, arms);
    const expected = hint ? Float64Array.from(hint) : new Float64Array(arms);
    const softmax = softmin(
      this.#totals.map((total, i) => total + expected[i]!),
      this.scale,
    );
    const probabilities =
      feedback === "full" ? softmax : softmax.map((p) => (1 - UNIFORM) * p + UNIFORM / arms);
    const ticket = this.#round++;
    let place = this.#rng.stream("choose", ticket).uniforms(1)[0]!;
    let arm = 0;
    while (arm < arms - 1 && (place -= probabilities[arm]!) >= 0) arm++;
    this.#open.set(ticket, { ticket, arm, probability: probabilities[arm]!, hint: expected });
    return { arm, probabilities, ticket };
  }

  update(ticket: number, loss: LossOf<F>): void {
    const open = this.#open.get(ticket);
    if (!open) throw unknownTicket(ticket);
    if (this.#options.feedback === "full") this.#learnAll(open, loss);
    else this.#learnOne(open, loss);
    this.#open.delete(ticket);
  }

  /** Counts a choice that was made elsewhere, without a hint, and gives its ticket. */
  assume({ arm, probability }: Chosen): number {
    const { arms } = this.#options;
    checkCount("arm", arm, 0);
    if (arm >= arms) throw new InvalidInput(`there is no arm ${arm} among ${arms}`);
    if (!(probability > 0 && probability <= 1))
      throw new InvalidInput(`a choice's probability is ${probability}; give a number in (0, 1]`);
    const ticket = this.#round++;
    this.#open.set(ticket, { ticket, arm, probability, hint: new Float64Array(arms) });
    return ticket;
  }

  /** Takes back a choice whose loss will never come; throws as `update` does. */
  discard(ticket: number): void {
    if (!this.#open.delete(ticket)) throw unknownTicket(ticket);
  }

  /**
   * Replaces the loss that bandit feedback told of a choice made without a hint; the regret's bound stays as it is.
   * Throws `InvalidInput` with full feedback and for losses out of range.
   */
  revise({ arm, probability }: Chosen, before: number, after: number): void {
    if (this.#options.feedback === "full")
      throw new InvalidInput("a loss can be revised with bandit feedback only");
    checkLoss(before);
    checkLoss(after);
    this.#totals[arm]! += (after - before) / probability;
    this.#errors += (after ** 2 - before ** 2) / probability;
  }

  /** Scale of the perturbation in the next choice. */
  get scale(): number {
    const { arms, feedback, scale } = this.#options;
    if (scale !== "auto") return scale;
    return feedback === "full"
      ? Math.sqrt((this.#errors + 1) / (4 * Math.log(arms)))
      : Math.sqrt((arms + this.#errors) / (2 * Math.log(arms)));
  }

  /**
   * Expected regret so far is at most this, against losses that do not depend on the draws and are reported before the
   * next choice. With bandit feedback the bound is itself random: its mean bounds the mean regret.
   */
  regretBound(): number {
    const { arms, feedback, scale } = this.#options;
    if (feedback === "bandit") return this.scale * Math.log(arms) + this.#stability;
    return scale === "auto"
      ? Math.sqrt((this.#errors + 1) * Math.log(arms))
      : scale * Math.log(arms) + this.#errors / (8 * scale);
  }

  toJSON(): SelectorState<F> {
    return {
      version: 1,
      options: { ...this.#options, seed: String(this.#options.seed) },
      round: this.#round,
      totals: [...this.#totals],
      errors: this.#errors,
      stability: Number.isFinite(this.#stability) ? this.#stability : null,
      open: [...this.#open.values()].map((open) => ({ ...open, hint: [...open.hint] })),
    };
  }

  /** The selector that `toJSON` described; it goes on with the same choices. Throws InvalidInput for a damaged state. */
  static fromJSON<F extends Feedback>(state: SelectorState<F>): OptimisticFtpl<F> {
    const { version, options, round, totals, errors, stability, open } = (state ?? {}) as SelectorState<F>;
    if (version !== 1) throw new InvalidInput(`selector state version ${version} is unknown: update fpx`);
    if (!/^\d{1,20}$/.test(String(options?.seed)) || !Array.isArray(open))
      throw new InvalidInput("the selector's state is damaged: its seed or its open choices are missing");
    const wide = BigInt(options.seed);
    const selector = new OptimisticFtpl({
      ...options,
      seed: wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide,
    });
    checkVector("totals", totals, options.arms);
    selector.#round = checkCount("round", round, 0);
    selector.#totals = Float64Array.from(totals);
    checkVector("errors", [errors], 1);
    selector.#errors = errors;
    if (stability !== undefined && stability !== null) checkVector("stability", [stability], 1);
    selector.#stability = stability ?? Number.POSITIVE_INFINITY;
    for (const choice of open) {
      checkVector("an open choice's hint", choice?.hint, options.arms);
      checkCount("an open choice's ticket", choice.ticket, 0);
      checkVector("an open choice", [choice.arm, choice.probability], 2);
      if (!(choice.arm in totals)) throw new InvalidInput(`an open choice is of arm ${choice.arm}`);
      selector.#open.set(choice.ticket, { ...choice, hint: Float64Array.from(choice.hint) });
    }
    return selector;
  }

  #learnAll({ hint }: Open, loss: number | ArrayLike<number>): void {
    if (typeof loss === "number")
      throw new InvalidInput("with full feedback, update needs the losses of all arms");
    checkVector("loss", loss, this.#options.arms);
    for (let i = 0; i < loss.length; i++) checkLoss(loss[i]!);
    this.#errors += spread(hint.map((h, i) => loss[i]! - h)) ** 2;
    for (let i = 0; i < loss.length; i++) this.#totals[i]! += loss[i]!;
  }

  #learnOne({ arm, hint, probability }: Open, loss: number | ArrayLike<number>): void {
    if (typeof loss !== "number")
      throw new InvalidInput("with bandit feedback, update needs the chosen arm's loss as a number");
    checkLoss(loss);
    const residual = loss - hint[arm]!;
    const softmax = Math.max(0, (probability - UNIFORM / hint.length) / (1 - UNIFORM));
    this.#stability += stability(softmax, residual / probability, this.scale) + UNIFORM;
    this.#errors += residual ** 2 / probability;
    for (let i = 0; i < hint.length; i++) this.#totals[i]! += hint[i]!;
    this.#totals[arm]! += residual / probability;
  }
}

/**
 * What a round adds to the bound: <p, r> + b ln sum of p exp(-r / b), where the estimated losses r less hints are 0 but
 * for the chosen arm (the analysis of follow-the-regularised-leader with negative entropy, its last step kept exact).
 */
function stability(probability: number, residual: number, scale: number): number {
  const exponent = -residual / scale;
  if (exponent <= 500) return probability * residual + scale * Math.log1p(probability * Math.expm1(exponent));
  const power = exponent + Math.log(probability);
  return probability * residual + scale * (Math.max(0, power) + Math.log1p(Math.exp(-Math.abs(power))));
}

const unknownTicket = (ticket: number): InvalidInput =>
  new InvalidInput(`ticket ${ticket} is unknown or already settled: report each choice's loss once`);

function checkLoss(loss: number): void {
  if (!(loss >= 0 && loss <= 1)) throw new InvalidInput(`a loss is ${loss}: scale losses to [0, 1]`);
}
