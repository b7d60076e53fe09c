import { checkChoice, checkCount, checkPositive, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { type Asking, ask, type Executor, run, type Solver, type Status } from "../core/index.ts";
import type { Rng, Seed } from "../random/index.ts";
import type { Box } from "./box-search.ts";
import {
  type ContinuousGame,
  checkInBox,
  type Each,
  type Found,
  type SearchPhase,
} from "./continuous-game.ts";
import { empirical, type Mixture, merge, normalised, nothing, thinned } from "./mixture.ts";
import { PERTURBATIONS, type Perturbation } from "./perturbation.ts";

/**
 * What a player expects the other to play next. `extragradient`: what both would play without a guess; `past`: the last
 * round's points; `none`: nothing, which is plain follow-the-perturbed-leader; a function: your own.
 */
export type MixedGuess = "extragradient" | "past" | "none" | CustomMixedGuess;

/** A guess of what both play in a round, from what they played in the one before (null in round 1); deterministic. */
export type CustomMixedGuess = (
  round: number,
  last: { readonly x: Mixture; readonly y: Mixture } | null,
) => { readonly x: Mixture; readonly y: Mixture };

/** Options of `mixedFtpl`. */
export interface MixedFtplOptions {
  /** Default "extragradient". */
  readonly guess?: MixedGuess;
  /** Draws of each player in a round; default 16. */
  readonly samples?: number;
  /** Default "exponential", one-sided as in the paper. */
  readonly perturbation?: Perturbation;
  /**
   * `practical` (default): 0.3 times the payoff's range over the box's longest side; `theory`: for `horizon` rounds with
   * exact answers; `paper`: the published constant; or a number.
   */
  readonly scale?: "practical" | "theory" | "paper" | number;
  /** Lipschitz constant of the payoff in the l1 norm, for `theory` and `paper`. */
  readonly lipschitz?: number;
  /** Rounds planned, for `theory`. */
  readonly horizon?: number;
  /** Mixtures of more than twice so many points are thinned to it; default 1024. Adds an error of range / sqrt of it. */
  readonly maxSupport?: number;
  readonly evalEvery?: number;
  readonly tolerance?: number;
}

/** Mixtures of both players with their gap; exact as far as the oracle's answers are. */
export interface MixedEquilibrium {
  readonly x: Mixture;
  readonly y: Mixture;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly nashConv: number;
  readonly exploitability: number;
  readonly iterations: number;
  readonly oracleCalls: { readonly x: number; readonly y: number };
  /** Whether mixtures were thinned. */
  readonly thinned: boolean;
  readonly history: readonly { readonly iteration: number; readonly nashConv: number }[];
}

interface Evaluated {
  readonly x: Mixture;
  readonly y: Mixture;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly nashConv: number;
}

interface MixedState {
  readonly t: number;
  readonly x: Mixture;
  readonly y: Mixture;
  readonly last: Each<readonly Float64Array[]>;
  readonly scale: Each<number>;
  readonly calls: number;
  readonly thinned: boolean;
  readonly latest: Evaluated | null;
  readonly best: Evaluated | null;
  readonly history: readonly { readonly iteration: number; readonly nashConv: number }[];
}

/** Random pairs whose payoffs tell the range. */
const RANGE_DRAWS = 256;

/**
 * Optimistic follow-the-perturbed-leader for games that are neither convex nor concave (Suggala and Netrapalli, ALT and
 * NeurIPS 2020): each player answers all that the other has played, plus a guess, less a linear perturbation, `samples`
 * times a round; the mixtures of all answers approach a mixed equilibrium.
 *
 * @throws InvalidInput for options out of range.
 */
export function mixedFtpl(
  options: MixedFtplOptions = {},
): Solver<ContinuousGame, MixedState, MixedEquilibrium> {
  const {
    guess = "extragradient",
    samples = 16,
    perturbation: law = "exponential",
    scale = "practical",
    maxSupport = 1024,
    evalEvery = 10,
    tolerance = 0,
  } = options;
  if (typeof guess === "string") checkChoice("guess", guess, ["extragradient", "past", "none"]);
  checkChoice("perturbation", law, PERTURBATIONS);
  checkCount("samples", samples);
  checkCount("maxSupport", maxSupport);
  checkCount("evalEvery", evalEvery);
  if (typeof scale === "number") checkPositive("scale", scale);
  else checkChoice("scale", scale, ["practical", "theory", "paper"]);

  /** What both are expected to play next; its weights add up to 1, or there are none. */
  function* expect(game: ContinuousGame, state: MixedState, rng: Rng): Asking<Each<Mixture>> {
    if (guess === "extragradient") {
      const guessed = yield* play(game, state, { x: state.x, y: state.y }, "guess", rng);
      return { x: empirical(guessed.x), y: empirical(guessed.y) };
    }
    const last = state.t === 0 ? null : { x: empirical(state.last.x), y: empirical(state.last.y) };
    if (guess === "past") return last ?? { x: nothing, y: nothing };
    if (guess === "none") return { x: nothing, y: nothing };
    const own = guess(state.t + 1, last);
    return {
      x: checkedMixture("the guess of x", own.x, game.xBox),
      y: checkedMixture("the guess of y", own.y, game.yBox),
    };
  }

  /** Answers of both players to what was played, `count` each, in one batch. */
  function* respond(
    game: ContinuousGame,
    phase: Omit<SearchPhase, "law">,
    count: number,
    incumbents: Each<readonly Float64Array[]>,
  ): Asking<Each<readonly Found[]>> {
    const questions = (["x", "y"] as const).flatMap((player) =>
      Array.from({ length: count }, (_, j) => ({ player, j, incumbent: incumbents[player][j] ?? null })),
    );
    const found = yield* ask(game.search, questions, { ...phase, law });
    return { x: found.slice(0, count), y: found.slice(count) };
  }

  function* play(
    game: ContinuousGame,
    state: MixedState,
    played: Each<Mixture>,
    purpose: string,
    rng: Rng,
  ): Asking<Each<Float64Array[]>> {
    const phase = { played, scale: state.scale, seed: rng.seed, purpose, step: state.t + 1 };
    const found = yield* respond(game, phase, samples, state.last);
    return { x: found.x.map(({ point }) => point), y: found.y.map(({ point }) => point) };
  }

  function* evaluate(game: ContinuousGame, state: MixedState, rng: Rng): Asking<Evaluated> {
    const [x, y] = [normalised(state.x), normalised(state.y)];
    const phase = {
      played: { x, y },
      scale: { x: 0, y: 0 },
      seed: rng.seed,
      purpose: "evaluate",
      step: state.t,
    };
    const best = yield* respond(game, phase, 1, state.last);
    const payoffs = yield* ask(game.meanPayoff, x.points, y);
    const value = payoffs.reduce((sum, payoff, k) => sum + x.weights[k]! * payoff, 0);
    // An answer that is worse than what the player does already proves nothing better.
    const lower = Math.min(best.x[0]!.cost, value);
    const upper = Math.max(-best.y[0]!.cost, value);
    return { x, y, value, lower, upper, nashConv: upper - lower };
  }

  return {
    name: "mixed-ftpl",
    options: { ...options, guess: typeof guess === "string" ? guess : "custom" },
    *init(game, rng) {
      const scales = yield* startScales(game, rng);
      return {
        t: 0,
        x: nothing,
        y: nothing,
        last: { x: [], y: [] },
        scale: scales,
        calls: 0,
        thinned: false,
        latest: null,
        best: null,
        history: [],
      };
    },
    *step(game, state, rng) {
      const t = state.t + 1;
      const expected = yield* expect(game, state, rng);
      const foreseen = { x: merge(state.x, expected.x), y: merge(state.y, expected.y) };
      const last = yield* play(game, state, foreseen, "action", rng);
      const cap = (mixture: Mixture, purpose: string): Mixture =>
        mixture.points.length > 2 * maxSupport ? thinned(mixture, maxSupport, rng, purpose, t) : mixture;
      const [fullX, fullY] = [merge(state.x, empirical(last.x)), merge(state.y, empirical(last.y))];
      const [x, y] = [cap(fullX, "thin/x"), cap(fullY, "thin/y")];
      const next: MixedState = {
        ...state,
        t,
        x,
        y,
        last,
        calls: state.calls + samples * (guess === "extragradient" ? 2 : 1),
        thinned: state.thinned || x !== fullX || y !== fullY,
      };
      if (t % evalEvery !== 0) return next;
      const latest = yield* evaluate(game, next, rng);
      return {
        ...next,
        latest,
        best: state.best && state.best.nashConv < latest.nashConv ? state.best : latest,
        history: [...state.history, { iteration: t, nashConv: latest.nashConv }],
      };
    },
    metrics: ({ latest }) => ({ nashConv: latest?.nashConv ?? Number.POSITIVE_INFINITY }),
    status: ({ best }) => (best && best.nashConv <= tolerance ? "converged" : "running"),
    result(_, { best, t, calls, thinned: wereThinned, history }) {
      if (!best)
        throw new InvalidInput(
          `the run ended before its first certificate: allow at least evalEvery = ${evalEvery} rounds`,
        );
      return {
        ...best,
        exploitability: best.nashConv / 2,
        iterations: t,
        oracleCalls: { x: calls, y: calls },
        thinned: wereThinned,
        history,
      };
    },
  };

  function* startScales(game: ContinuousGame, rng: Rng): Asking<Each<number>> {
    if (typeof scale === "number") return { x: scale, y: scale };
    const side = ({ lower, upper }: Box) => Math.max(...lower.map((low, i) => upper[i]! - low));
    if (scale === "practical") {
      const draw = (box: Box, purpose: string) => (k: number) => {
        const u = rng.stream(purpose, 0, k).uniforms(box.lower.length);
        return u.map((value, i) => box.lower[i]! + (box.upper[i]! - box.lower[i]!) * value);
      };
      const [drawX, drawY] = [draw(game.xBox, "range/x"), draw(game.yBox, "range/y")];
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      const size = Math.sqrt(RANGE_DRAWS);
      for (let k = 0; k < size; k++) {
        const xs = Array.from({ length: size }, (_, i) => drawX(k * size + i));
        for (const payoff of yield* ask(game.meanPayoff, xs, { points: [drawY(k)], weights: [1] })) {
          low = Math.min(low, payoff);
          high = Math.max(high, payoff);
        }
      }
      const range = Math.max(high - low, Number.MIN_VALUE);
      return { x: (0.3 * range) / side(game.xBox), y: (0.3 * range) / side(game.yBox) };
    }
    if (options.lipschitz === undefined)
      throw new InvalidInput(
        `scale "${scale}" needs lipschitz: give it, or use scale "practical" or a number`,
      );
    const lipschitz = checkPositive("lipschitz", options.lipschitz);
    const of = (box: Box): number => {
      const d = box.lower.length;
      if (scale === "paper") return 10 * d * d * side(box) * (lipschitz + 1);
      return 2 * lipschitz * Math.sqrt(d * checkCount("horizon", options.horizon ?? 0));
    };
    return { x: of(game.xBox), y: of(game.yBox) };
  }
}

function checkedMixture(name: string, { points, weights }: Mixture, box: Box): Mixture {
  checkVector(`the weights of ${name}`, weights, points.length);
  for (const [k, point] of points.entries()) checkInBox(`point ${k} of ${name}`, point, box);
  if (weights.some((weight) => weight <= 0))
    throw new InvalidInput(`${name} has weights that are not above 0`);
  return points.length === 0 ? nothing : normalised({ points, weights });
}

/** Options of `solveContinuousGame`. */
export interface ContinuousOptions extends MixedFtplOptions {
  /** Rounds at most; default 100. */
  readonly iterations?: number;
  /** Oracle questions at most, those for certificates included. */
  readonly maxCalls?: number;
  readonly seed?: Seed;
  readonly executor?: Executor;
  readonly signal?: AbortSignal;
}

/**
 * An approximate mixed equilibrium of a game on boxes, by `mixedFtpl`.
 * @throws InvalidInput for options or boxes out of range; OracleFailure when the payoff fails.
 */
export async function solveContinuousGame(
  game: ContinuousGame,
  options: ContinuousOptions = {},
): Promise<MixedEquilibrium & { readonly status: Status }> {
  const { iterations = 100, maxCalls, seed = 0, executor, signal, ...method } = options;
  checkCount("iterations", iterations);
  const evalEvery = Math.min(method.evalEvery ?? 10, iterations);
  const { result, status } = await run(mixedFtpl({ ...method, evalEvery }), game, {
    seed,
    stop: { maxSteps: iterations, ...(maxCalls === undefined ? {} : { maxCalls }) },
    ...(executor === undefined ? {} : { executor }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...result, status };
}
