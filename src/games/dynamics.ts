import { checkCount } from "../core/checks.ts";
import { NonFinite } from "../core/errors.ts";
import type { Asking, Solver } from "../core/index.ts";
import type { Rng } from "../random/index.ts";
import { bestResponses, costOfY, type Pair, payoffAt, type SaddleGame } from "./saddle-game.ts";
import { inner } from "./vectors.ts";

/** A pair of strategies with proven bounds on the game's value. */
export interface Certificate extends Pair {
  readonly iteration: number;
  /** The payoff at the pair. */
  readonly value: number;
  /** At most min over x' of f(x', y). */
  readonly lower: number;
  /** At least max over y' of f(x, y'). */
  readonly upper: number;
  /** upper - lower: NashConv in a bilinear game, else the Frank-Wolfe gap, which is never below it. */
  readonly nashConv: number;
}

/**
 * Certifies a pair by two unperturbed best responses (linear bounds, exact for bilinear games), allowing for the errors
 * that the sets declare for their oracles.
 * @throws NonFinite when a gradient is not finite.
 */
export function* certify(game: SaddleGame, pair: Pair, iteration = 0): Asking<Certificate> {
  const at = yield* payoffAt(game, pair);
  const best = yield* bestResponses(game, at.gx, costOfY(at));
  const lower = at.value - inner(at.gx, pair.x) + inner(at.gx, best.x) - (game.x.oracleError ?? 0);
  const upper = at.value - inner(at.gy, pair.y) + inner(at.gy, best.y) + (game.y.oracleError ?? 0);
  if (!Number.isFinite(upper - lower)) throw new NonFinite(`the certified bounds are ${lower} and ${upper}`);
  // Rounding can put the bounds of an exact equilibrium in the wrong order.
  return { ...pair, iteration, value: at.value, lower, upper, nashConv: Math.max(0, upper - lower) };
}

/** What every learning dynamics keeps: how many linear minimisations each player has made. */
export interface Play {
  readonly calls: { readonly x: number; readonly y: number };
}

/** A way of playing a game against itself. `round` returns a new play, it does not change the old one. */
export interface Dynamics<P extends Play> {
  start(game: SaddleGame, rng: Rng): Asking<P>;
  /** Round t, from 1. */
  round(game: SaddleGame, play: P, t: number, rng: Rng): Asking<P>;
  /** What stands for the play so far: averages over rounds for most. */
  average(play: P): Pair;
}

/** State of a game solver. */
export interface GameState<P extends Play> {
  readonly t: number;
  readonly play: P;
  /** The latest certificate, and the one with the least gap. */
  readonly latest: Certificate;
  readonly best: Certificate;
  readonly history: readonly { readonly iteration: number; readonly nashConv: number }[];
}

/** What game solvers return. */
export interface SaddlePoint extends Pair {
  /** The payoff at (x, y). */
  readonly value: number;
  /** The game's value lies in [lower, upper]. */
  readonly lower: number;
  readonly upper: number;
  /** upper - lower; a Frank-Wolfe gap, which bounds NashConv from above, unless the game is bilinear. */
  readonly nashConv: number;
  /** nashConv / 2. */
  readonly exploitability: number;
  readonly iterations: number;
  readonly oracleCalls: { readonly x: number; readonly y: number };
  readonly history: readonly { readonly iteration: number; readonly nashConv: number }[];
}

/** Options of every game solver. */
export interface EvaluationOptions {
  /** Rounds between certificates; default 10. */
  readonly evalEvery?: number;
  /** Converged when the certified gap is at most this; default 0. */
  readonly tolerance?: number;
}

export type GameSolver<P extends Play> = Solver<SaddleGame, GameState<P>, SaddlePoint>;

/** A core solver from a dynamics: a round a step, certificates on schedule, the best certified pair as result. */
export function gameSolver<P extends Play>(
  name: string,
  options: EvaluationOptions,
  dynamics: Dynamics<P>,
): GameSolver<P> {
  const { evalEvery = 10, tolerance = 0 } = options;
  checkCount("evalEvery", evalEvery);
  return {
    name,
    options,
    *init(game, rng) {
      const zero: Pair = { x: new Float64Array(game.x.dimension), y: new Float64Array(game.y.dimension) };
      const corner = yield* bestResponses(game, zero.x, zero.y);
      const first = yield* certify(game, corner);
      const play = yield* dynamics.start(game, rng);
      return { t: 0, play, latest: first, best: first, history: [] };
    },
    *step(game, state, rng) {
      const t = state.t + 1;
      const play = yield* dynamics.round(game, state.play, t, rng);
      if (t % evalEvery !== 0) return { ...state, t, play };
      const latest = yield* certify(game, dynamics.average(play), t);
      return {
        t,
        play,
        latest,
        best: latest.nashConv <= state.best.nashConv ? latest : state.best,
        history: [...state.history, { iteration: t, nashConv: latest.nashConv }],
      };
    },
    metrics: ({ latest, best }) => ({
      nashConv: latest.nashConv,
      best: best.nashConv,
      lower: latest.lower,
      upper: latest.upper,
    }),
    status: ({ best }) => (best.nashConv <= tolerance ? "converged" : "running"),
    result: (_, { t, play, best, history }) => ({
      x: best.x,
      y: best.y,
      value: best.value,
      lower: best.lower,
      upper: best.upper,
      nashConv: best.nashConv,
      exploitability: best.nashConv / 2,
      iterations: t,
      oracleCalls: play.calls,
      history,
    }),
  };
}
