import { checkChoice, checkCount, checkPositive } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import { type Box, type BoxSearch, naturalSearch } from "./box-search.ts";
import { checkBox, checkInBox } from "./continuous-game.ts";
import { PERTURBATIONS, type Perturbation, samplePerturbation } from "./perturbation.ts";

/** A loss on a box. */
export type BoxLoss = (z: Float64Array) => number;

/** Options of `NonconvexFtplLearner`. */
export interface NonconvexLearnerOptions {
  readonly box: Box;
  /** The mean of the perturbations, in loss per unit of z; see `NonconvexFtplLearner.theoryScale`. */
  readonly scale: number;
  /** Points drawn in a round, which stand for the distribution played; default 1. */
  readonly samples?: number;
  /** Default "exponential", one-sided as in the paper. */
  readonly perturbation?: Perturbation;
  /** Default: a grid of 101 points in one dimension, else `multistart()`. */
  readonly oracle?: BoxSearch;
  /** Default 0. */
  readonly seed?: Seed;
}

/**
 * Follow-the-perturbed-leader against losses of any shape on a box (Suggala and Netrapalli, ALT 2020): a minimiser of all
 * losses so far, plus a guess of the next, less a random linear function. No deterministic choice can have vanishing
 * regret here; a mean of the points means nothing either: play one of them. Keeps every loss, so a round costs as many
 * evaluations as there were rounds.
 *
 * @throws InvalidInput for options out of range and calls out of turn; NonFinite for a loss that is not finite.
 * @example
 * const learner = new NonconvexFtplLearner({ box, scale: NonconvexFtplLearner.theoryScale({ lipschitz: 1, dimension: 2, rounds: 500 }) });
 * const [z] = learner.play();
 * learner.update((z) => lossOfToday(z));
 */
export class NonconvexFtplLearner {
  readonly #options: Required<NonconvexLearnerOptions>;
  readonly #rng: Rng;
  readonly #losses: BoxLoss[] = [];
  #last: readonly Float64Array[] = [];
  #open = false;

  constructor(options: NonconvexLearnerOptions) {
    const { box, scale, samples = 1, perturbation = "exponential", seed = 0 } = options;
    const { oracle = naturalSearch(box) } = options;
    checkBox("box", box);
    checkPositive("scale", scale);
    checkCount("samples", samples);
    checkChoice("perturbation", perturbation, PERTURBATIONS);
    this.#options = { box, scale, samples, perturbation, oracle, seed };
    this.#rng = createRng(seed);
  }

  /** The scale that is proved for so many rounds of losses with that Lipschitz constant in the l1 norm: 2 L sqrt(d T). */
  static theoryScale(of: {
    readonly lipschitz: number;
    readonly dimension: number;
    readonly rounds: number;
  }): number {
    checkCount("dimension", of.dimension);
    checkCount("rounds", of.rounds);
    return 2 * checkPositive("lipschitz", of.lipschitz) * Math.sqrt(of.dimension * of.rounds);
  }

  /** The points of the next round. `guess`: the loss expected; nothing for none. */
  play(guess?: BoxLoss | null): Float64Array[] {
    if (this.#open) throw new InvalidInput("the last round is open: call update before the next play");
    const { box, scale, samples, perturbation, oracle } = this.#options;
    const objective = totalOf(guess ? [...this.#losses, guess] : this.#losses.slice());
    const round = this.#losses.length + 1;
    const points = Array.from({ length: samples }, (_, j) => {
      const noise = this.#rng.stream("play", round, j);
      const sigma = samplePerturbation(perturbation, scale, noise, box.lower.length, false);
      const point = oracle(objective, sigma, box, this.#rng.stream("starts", round, j), this.#last[j]);
      checkInBox("the oracle's answer", point, box);
      return point;
    });
    this.#last = points;
    this.#open = true;
    return points.map((point) => point.slice());
  }

  /** The loss of the round, as a function on the box. */
  update(loss: BoxLoss): void {
    if (!this.#open) throw new InvalidInput("no round is open: call play first");
    this.#losses.push(loss);
    this.#open = false;
  }
}

function totalOf(losses: readonly BoxLoss[]): BoxLoss {
  return (z) => {
    let sum = 0;
    for (const loss of losses) sum += loss(z);
    if (!Number.isFinite(sum))
      throw new NonFinite(`the losses add up to ${sum}: they must be finite on the box`);
    return sum;
  };
}
