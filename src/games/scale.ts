import { checkCount } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { type Asking, ask } from "../core/index.ts";
import type { Rng, Stream } from "../random/index.ts";
import { ballVolumeRatio, type Perturbation, samplePerturbation } from "./perturbation.ts";
import type { Both, Response, SaddleGame } from "./saddle-game.ts";
import { isSimplex, type StrategySet } from "./sets/strategy-set.ts";
import { distance, inner, spread } from "./vectors.ts";

/**
 * How large the perturbation is. `auto` (default) tunes itself from how well the guesses predict; `theory` is what the
 * rate 1/T is proved for (without guesses, T^-1/2 for a planned `horizon`); `practical` a tested fraction of it; `paper`
 * the published constant, about a hundred times too large to be useful; a number is taken as it is.
 */
export type Scale = ScaleName | number;

type ScaleName = "auto" | "practical" | "theory" | "paper";

export const SCALES: readonly ScaleName[] = ["auto", "practical", "theory", "paper"];

const AUTO = 0.3;
const FLOOR = 1e-6;
export const WIDTH_DRAWS = 64;

/** The law that suits a set. */
export const naturalLaw = (set: StrategySet): Perturbation => (isSimplex(set) ? "gumbel" : "gaussian");

/** What a scale is fixed from besides the game: how the next gradient is guessed, and the rounds planned. */
export interface Plan {
  readonly scale: Scale;
  readonly guess: "extragradient" | "past" | "none" | "custom";
  readonly horizon?: number | undefined;
}

/** The last gradient is further from the next than an extrapolated one: the proof needs that much more noise. */
const PAST = Math.sqrt(8);

/** The fixed scale of one player, or `undefined` for `auto`. */
export function fixedScale(
  { scale, guess, horizon }: Plan,
  law: Perturbation,
  set: StrategySet,
  game: Pick<SaddleGame, "bilinear" | "smoothness" | "payoffRange">,
): number | undefined {
  if (typeof scale === "number") return scale;
  if (scale === "auto") return undefined;
  const { smoothness, payoffRange, bilinear } = game;
  const simplexRange = (): number => {
    if (law === "gumbel" && isSimplex(set) && payoffRange !== undefined) return payoffRange;
    throw new InvalidInput(
      `scale "${scale}" with ${law} is known for matrix games on simplices only: use "auto" or a number`,
    );
  };
  const lipschitz = (): number => {
    if (smoothness === undefined)
      throw new InvalidInput(
        `scale "${scale}" needs the game's smoothness: give it, or use scale "auto" or a number`,
      );
    return smoothness;
  };
  const { dimension: d, diameter } = set;
  if (scale === "paper") {
    if (law !== "ball")
      throw new InvalidInput(`scale "paper" is published for the perturbation "ball", not "${law}"`);
    return 6 * d * diameter * (lipschitz() + 1);
  }
  const practical = scale === "practical";
  if (guess === "none") {
    if (practical)
      throw new InvalidInput(
        'scale "practical" was tested with guesses only: without one use "auto", "theory" or a number',
      );
    const rounds = checkCount("horizon, the rounds planned without a guess,", horizon ?? 0);
    return simplexRange() * Math.sqrt(rounds / (8 * Math.log(Math.max(d, 2))));
  }
  const fraction = (tested: number): number => (practical ? tested : guess === "past" ? PAST : 1);
  const double = bilinear ? 1 : 2;
  switch (law) {
    case "gumbel":
      return (fraction(0.5) * simplexRange()) / 2;
    case "gaussian":
      return (fraction(0.1) * double * diameter * lipschitz()) / Math.sqrt(2 * Math.PI);
    case "ball":
      return fraction(0.1) * double * diameter * lipschitz() * ((ballVolumeRatio(d) * d) / (d + 1));
    default:
      throw new InvalidInput(`no theory gives a scale for ${law} here: use scale "auto" or a number`);
  }
}

/** The scale of one player: fixed, or `factor` times the root of the squared errors of the guesses so far. */
export interface Tuning {
  readonly fixed: number | null;
  readonly factor: number;
  /** Errors are measured by their range (Gumbel on a simplex), else by their l2 norm. */
  readonly byRange: boolean;
  readonly errors: number;
}

/** The scale before a round; nondecreasing. The first round, which knows nothing, has 1. */
export function currentScale({ fixed, factor, errors }: Tuning, round: number): number {
  if (fixed !== null) return fixed;
  return round === 1 ? 1 : factor * Math.sqrt(errors + FLOOR);
}

/** After a round: adds how far the guess was from the gradient. The first round does not count. */
export function tuned(tuning: Tuning, round: number, gradient: Float64Array, guess: Float64Array): Tuning {
  if (tuning.fixed !== null || round === 1) return tuning;
  const error = tuning.byRange
    ? spread(gradient.map((g, i) => g - guess[i]!)) ** 2
    : distance(gradient, guess) ** 2;
  return { ...tuning, errors: tuning.errors + error };
}

/** The tuning at the start; `width` is the mean of max over the set of a standard normal's inner product. */
export function startTuning(
  fixed: number | undefined,
  law: Perturbation,
  set: StrategySet,
  width: number,
): Tuning {
  const base = { fixed: fixed ?? null, byRange: hasKnownWidth(law, set), errors: 0 };
  if (base.byRange) {
    const logarithm = Math.log(set.dimension);
    return { ...base, factor: logarithm > 0 ? AUTO / Math.sqrt(8 * logarithm) : 0 };
  }
  const deviation = width > 0 ? AUTO * Math.sqrt(set.diameter / (2 * Math.sqrt(2 * Math.PI) * width)) : 0;
  return { ...base, factor: deviation * scalePerDeviation(law, set.dimension) };
}

export const hasKnownWidth = (law: Perturbation, set: StrategySet): boolean =>
  law === "gumbel" && isSimplex(set);

/** The scale at which a law's coordinates have standard deviation 1. */
function scalePerDeviation(law: Perturbation, dimension: number): number {
  switch (law) {
    case "gumbel":
      return Math.sqrt(6) / Math.PI;
    case "laplace":
      return Math.SQRT1_2;
    case "ball":
      return Math.sqrt(dimension);
    default:
      return 1;
  }
}

/** Widths of both sets by 64 best responses to normals each, in one batch. */
export function* widths(game: SaddleGame, rng: Rng): Asking<Both<number>> {
  const zero = [new Float64Array(game.x.dimension), new Float64Array(game.y.dimension)] as const;
  const questions: Response[] = [];
  for (const player of [0, 1] as const) for (let j = 0; j < WIDTH_DRAWS; j++) questions.push({ player, j });
  const answers = yield* ask(game.respond, questions, {
    cost: zero,
    law: ["gaussian", "gaussian"],
    scale: [1, 1],
    seed: rng.seed,
    purpose: "width",
    step: 0,
  });
  return [
    width(answers.slice(0, WIDTH_DRAWS), (j) => rng.stream("width/x", 0, j)),
    width(answers.slice(WIDTH_DRAWS), (j) => rng.stream("width/y", 0, j)),
  ];
}

/** Mean inner product of responses with the normals, read from their streams, that they answered. */
export function width(answers: readonly Float64Array[], streamOf: (j: number) => Stream): number {
  let mean = 0;
  for (const [j, answer] of answers.entries())
    mean += inner(samplePerturbation("gaussian", 1, streamOf(j), answer.length), answer) / answers.length;
  return mean;
}
