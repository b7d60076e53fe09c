import { checkChoice, checkCount, checkPositive, checkVector } from "../core/checks.ts";
import type { Asking } from "../core/index.ts";
import { type EvaluationOptions, type GameSolver, gameSolver, type Play } from "./dynamics.ts";
import { PERTURBATIONS, type Perturbation } from "./perturbation.ts";
import {
  type Both,
  bestResponses,
  costOfY,
  meanResponses,
  type Pair,
  payoffAt,
  type SaddleGame,
} from "./saddle-game.ts";
import {
  currentScale,
  fixedScale,
  hasKnownWidth,
  naturalLaw,
  type Plan,
  SCALES,
  type Scale,
  startTuning,
  type Tuning,
  tuned,
  widths,
} from "./scale.ts";
import { inner, plus, times } from "./vectors.ts";

/**
 * What a player expects the next gradient to be. `extragradient`: the gradient at what both would play without a guess;
 * `past` (half the calls): the last one; `none`: zero, which is plain follow-the-perturbed-leader; a function: your own.
 */
export type Guess = "extragradient" | "past" | "none" | CustomGuess;

/** A guess of the gradients (gx, gy) of round t from those of round t - 1; deterministic. */
export type CustomGuess = (
  round: number,
  last: { readonly gx: Float64Array; readonly gy: Float64Array },
) => {
  readonly gx: Float64Array;
  readonly gy: Float64Array;
};

/** Options of `optimisticFtpl`. */
export interface OptimisticFtplOptions extends EvaluationOptions {
  /** Default "extragradient". */
  readonly guess?: Guess;
  /** Perturbed best responses averaged in a round; default 8. More buy fewer rounds, not fewer calls. */
  readonly samples?: number;
  /** Default: gumbel on simplices, gaussian elsewhere. */
  readonly perturbation?: Perturbation;
  /** Default "auto". */
  readonly scale?: Scale;
  /** Rounds planned; the scale `theory` needs it where the guess is `none`. */
  readonly horizon?: number;
  /** Allows scale 0, which is follow-the-leader and has no guarantee. */
  readonly unsafeFollowTheLeader?: boolean;
}

/** What the players remember; `sum` are the gradients so far, `total` the strategies so far (as costs of minimisers). */
export interface FtplPlay extends Play {
  readonly sum: Both<Float64Array>;
  readonly last: Both<Float64Array>;
  readonly total: Pair;
  readonly rounds: number;
  readonly tuning: Both<Tuning>;
  /** Sum over rounds of <gx, x> - <gy, y>, for the certificate from regrets. */
  readonly earned: number;
}

const zeros = ({ x, y }: SaddleGame): Both<Float64Array> => [
  new Float64Array(x.dimension),
  new Float64Array(y.dimension),
];

/**
 * Optimistic follow-the-perturbed-leader for convex-concave games (Suggala and Netrapalli, NeurIPS 2020): both players
 * answer the sum of past gradients, plus a guess of the next, by the mean of `samples` perturbed best responses; the
 * averages over rounds approach a saddle point at rate 1/T. All responses of a phase are one batch of questions.
 *
 * @throws InvalidInput for options out of range.
 * @example const { result } = runSync(optimisticFtpl({ samples: 4 }), game, { seed: 1, stop: { maxSteps: 500 } });
 */
export function optimisticFtpl(options: OptimisticFtplOptions = {}): GameSolver<FtplPlay> {
  const {
    guess = "extragradient",
    samples = 8,
    perturbation,
    scale = "auto",
    horizon,
    unsafeFollowTheLeader,
  } = options;
  checkCount("samples", samples);
  if (perturbation !== undefined) checkChoice("perturbation", perturbation, PERTURBATIONS);
  if (typeof guess === "string") checkChoice("guess", guess, ["extragradient", "past", "none"]);
  if (typeof scale === "string") checkChoice("scale", scale, SCALES);
  else if (!(scale === 0 && unsafeFollowTheLeader)) checkPositive("scale", scale);
  const plan: Plan = { scale, guess: typeof guess === "string" ? guess : "custom", horizon };
  const plain = { ...options, guess: plan.guess };
  const laws = (game: SaddleGame): Both<Perturbation> => [
    perturbation ?? naturalLaw(game.x),
    perturbation ?? naturalLaw(game.y),
  ];

  return gameSolver("optimistic-ftpl", plain, {
    *start(game, rng) {
      const law = laws(game);
      const fixed = [fixedScale(plan, law[0], game.x, game), fixedScale(plan, law[1], game.y, game)] as const;
      const sets = [game.x, game.y] as const;
      const needed = sets.some((set, i) => fixed[i] === undefined && !hasKnownWidth(law[i]!, set));
      const width = needed ? yield* widths(game, rng) : ([0, 0] as const);
      const [x, y] = zeros(game);
      return {
        calls: { x: 0, y: 0 },
        sum: zeros(game),
        last: zeros(game),
        total: { x, y },
        rounds: 0,
        tuning: [
          startTuning(fixed[0], law[0], game.x, width[0]),
          startTuning(fixed[1], law[1], game.y, width[1]),
        ],
        earned: 0,
      };
    },
    *round(game, play, t, rng) {
      const law = laws(game);
      const scales = [currentScale(play.tuning[0], t), currentScale(play.tuning[1], t)] as const;
      const respond = (cost: Both<Float64Array>, purpose: string): Asking<Pair> =>
        meanResponses(game, samples, { cost, law, scale: scales, seed: rng.seed, purpose, step: t });
      const guessed = yield* expected(game, play, t, respond);
      const pair = yield* respond([plus(play.sum[0], guessed[0]), plus(play.sum[1], guessed[1])], "action");
      const at = yield* payoffAt(game, pair);
      const costs = [at.gx, costOfY(at)] as const;
      const phases = guess === "extragradient" ? 2 : 1;
      return {
        calls: { x: play.calls.x + phases * samples, y: play.calls.y + phases * samples },
        sum: [plus(play.sum[0], costs[0]), plus(play.sum[1], costs[1])],
        last: costs,
        total: { x: plus(play.total.x, pair.x), y: plus(play.total.y, pair.y) },
        rounds: t,
        tuning: [
          tuned(play.tuning[0], t, costs[0], guessed[0]),
          tuned(play.tuning[1], t, costs[1], guessed[1]),
        ],
        earned: play.earned + inner(costs[0], pair.x) + inner(costs[1], pair.y),
      };
    },
    average: ({ total, rounds }) => ({ x: times(total.x, 1 / rounds), y: times(total.y, 1 / rounds) }),
  });

  /** The guessed costs of both players; never added to their sums. */
  function* expected(
    game: SaddleGame,
    play: FtplPlay,
    t: number,
    respond: (cost: Both<Float64Array>, purpose: string) => Asking<Pair>,
  ): Asking<Both<Float64Array>> {
    if (guess === "none") return zeros(game);
    if (guess === "past") return play.last;
    if (guess === "extragradient") {
      const at = yield* payoffAt(game, yield* respond(play.sum, "guess"));
      return [at.gx, costOfY(at)];
    }
    const own = guess(t, { gx: play.last[0], gy: play.last[1].map((c) => -c) });
    checkVector("gx", own.gx, game.x.dimension);
    checkVector("gy", own.gy, game.y.dimension);
    return [own.gx, own.gy.map((g) => -g)];
  }
}

/**
 * A second bound on the gap of the averages, from both players' regrets; looser than the certificate, and free of
 * gradients at the averages.
 */
export function* regretGap(game: SaddleGame, play: FtplPlay): Asking<number> {
  const best = yield* bestResponses(game, play.sum[0], play.sum[1]);
  return (play.earned - inner(play.sum[0], best.x) - inner(play.sum[1], best.y)) / play.rounds;
}
