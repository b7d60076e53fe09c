import { checkChoice, checkCount, checkPositive, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import { PERTURBATIONS, type Perturbation } from "./perturbation.ts";
import { type Draw, perturbedResponses } from "./responses.ts";
import {
  currentScale,
  hasKnownWidth,
  naturalLaw,
  startTuning,
  type Tuning,
  tuned,
  WIDTH_DRAWS,
  width,
} from "./scale.ts";
import type { StrategySet } from "./sets/strategy-set.ts";
import { inner, plus, sum, times } from "./vectors.ts";

/** Options of `FtplLearner`. */
export interface LearnerOptions {
  readonly set: StrategySet;
  /** Perturbed best responses averaged in a round; default 1, which plays a vertex. */
  readonly samples?: number;
  /** Default: gumbel on simplices, gaussian elsewhere. */
  readonly perturbation?: Perturbation;
  /** `auto` (default) follows how well the hints predict. */
  readonly scale?: "auto" | number;
  /** Default 0. */
  readonly seed?: Seed;
}

/** State of a learner as JSON. */
export interface LearnerState {
  readonly version: 1;
  readonly set: string;
  readonly round: number;
  readonly sum: readonly number[];
  readonly earned: number;
  readonly tuning: Tuning | null;
}

/**
 * Optimistic follow-the-perturbed-leader on its own, against losses that come round after round (Suggala and Netrapalli,
 * NeurIPS 2020): it answers the sum of past gradients plus a hint of the next by the mean of perturbed best responses.
 * For choices that cannot be listed, such as paths or assignments; among listed arms `OptimisticFtpl` is shorter.
 * Without hints it is plain follow-the-perturbed-leader.
 *
 * @throws InvalidInput for options, hints or gradients out of range, and for calls out of turn; NonFinite.
 * @example
 * const learner = new FtplLearner({ set: dagPaths(roads, home, work), seed: 1 });
 * const path = await learner.play(expectedDelays);
 * learner.update(delays);
 */
export class FtplLearner {
  readonly #options: Required<LearnerOptions>;
  readonly #rng: Rng;
  readonly #respond: (cost: Float64Array, law: Perturbation, scale: number) => Draw;
  #round = 0;
  #sum: Float64Array;
  #earned = 0;
  #tuning: Tuning | null = null;
  #open: { readonly strategy: Float64Array; readonly hint: Float64Array } | undefined;

  constructor(options: LearnerOptions) {
    const { set, samples = 1, perturbation = naturalLaw(set), scale = "auto", seed = 0 } = options;
    checkCount("samples", samples);
    checkChoice("perturbation", perturbation, PERTURBATIONS);
    if (scale !== "auto") checkPositive("scale", scale);
    this.#options = { set, samples, perturbation, scale, seed };
    this.#rng = createRng(seed);
    this.#respond = perturbedResponses(set);
    this.#sum = new Float64Array(set.dimension);
  }

  /** The strategy of the next round. `hint`: the gradient expected; null or nothing for none. */
  async play(hint?: ArrayLike<number> | null): Promise<Float64Array> {
    if (this.#open) throw new InvalidInput("the last round is open: call update before the next play");
    const { set, samples, perturbation } = this.#options;
    if (hint) checkVector("hint", hint, set.dimension);
    const expected = hint ? Float64Array.from(hint) : new Float64Array(set.dimension);
    this.#tuning ??= await this.#start();
    const round = this.#round + 1;
    const scale = currentScale(this.#tuning, round);
    const draw = this.#respond(plus(this.#sum, expected), perturbation, scale);
    const answers = await Promise.all(
      Array.from({ length: samples }, (_, j) => draw(this.#rng.stream("play", round, j))),
    );
    const strategy = times(sum(answers), 1 / samples);
    this.#open = { strategy, hint: expected };
    return strategy.slice();
  }

  /** The gradient of the round's loss at the strategy played; for a linear loss its coefficients. */
  update(gradient: ArrayLike<number>): void {
    if (!this.#open || !this.#tuning) throw new InvalidInput("no round is open: call play first");
    checkVector("gradient", gradient, this.#options.set.dimension);
    const cost = Float64Array.from(gradient);
    const { strategy, hint } = this.#open;
    this.#round++;
    this.#sum = plus(this.#sum, cost);
    this.#earned += inner(cost, strategy);
    this.#tuning = tuned(this.#tuning, this.#round, cost, hint);
    this.#open = undefined;
  }

  /** Regret so far against the best fixed strategy: exact for linear losses, an upper bound for convex ones. */
  async regret(): Promise<number> {
    const best = await this.#respond(this.#sum, "gaussian", 0)(this.#rng.stream("regret"));
    return this.#earned - inner(this.#sum, best);
  }

  toJSON(): LearnerState {
    if (this.#open) throw new InvalidInput("a round is open: call update before the state is saved");
    return {
      version: 1,
      set: this.#options.set.name,
      round: this.#round,
      sum: [...this.#sum],
      earned: this.#earned,
      tuning: this.#tuning,
    };
  }

  /**
   * The learner that `toJSON` described, with the options it had; it goes on with the same strategies. Throws
   * InvalidInput or NonFinite for a damaged state.
   */
  static fromJSON(options: LearnerOptions, state: LearnerState): FtplLearner {
    const { version, set, round, sum, earned, tuning } = (state ?? {}) as LearnerState;
    if (version !== 1) throw new InvalidInput(`learner state version ${version} is unknown: update fpx`);
    if (set !== options.set.name)
      throw new InvalidInput(`the state is of ${set}, not of ${options.set.name}: give its own set`);
    const learner = new FtplLearner(options);
    checkVector("sum", sum, options.set.dimension);
    checkVector("earned", [earned], 1);
    if (tuning !== null)
      checkVector(
        "tuning",
        [tuning?.fixed ?? 0, tuning?.factor ?? Number.NaN, tuning?.errors ?? Number.NaN],
        3,
      );
    learner.#round = checkCount("round", round, 0);
    learner.#sum = Float64Array.from(sum);
    learner.#earned = earned;
    learner.#tuning = tuning;
    return learner;
  }

  async #start(): Promise<Tuning> {
    const { set, perturbation, scale } = this.#options;
    if (scale !== "auto" || hasKnownWidth(perturbation, set))
      return startTuning(scale === "auto" ? undefined : scale, perturbation, set, 0);
    const streamOf = (j: number) => this.#rng.stream("width", 0, j);
    const draw = this.#respond(new Float64Array(set.dimension), "gaussian", 1);
    const answers = await Promise.all(Array.from({ length: WIDTH_DRAWS }, (_, j) => draw(streamOf(j))));
    return startTuning(undefined, perturbation, set, width(answers, streamOf));
  }
}
