import { checkPositive } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { type EvaluationOptions, type GameSolver, gameSolver, type Play } from "../dynamics.ts";
import { costOfY, type Pair, payoffAt, type SaddleGame } from "../saddle-game.ts";
import { isSimplex, type StrategySet } from "../sets/strategy-set.ts";
import { mix, plus, softmin } from "../vectors.ts";

/** Options of the gradient baselines. */
export interface GradientOptions extends EvaluationOptions {
  /** Default: the largest that theory allows, from the payoff's range or smoothness. */
  readonly stepSize?: number;
}

/** The current point and the uniform average. */
export interface GradientPlay extends Play {
  readonly current: Pair;
  readonly average: Pair;
  readonly sum: Pair;
  readonly last: Pair;
}

const zeros = (game: SaddleGame): Pair => ({
  x: new Float64Array(game.x.dimension),
  y: new Float64Array(game.y.dimension),
});

/** Optimistic Hedge on simplices: softmax of the sum of past gradients with the last one counted twice. */
export function optimisticHedge(options: GradientOptions = {}): GameSolver<GradientPlay> {
  if (options.stepSize !== undefined) checkPositive("stepSize", options.stepSize);
  return gameSolver<GradientPlay>("optimistic-hedge", options, {
    *start(game) {
      if (!(isSimplex(game.x) && isSimplex(game.y)))
        throw new InvalidInput("optimisticHedge plays on simplices only: use optimisticFtpl elsewhere");
      const start = zeros(game);
      return { calls: { x: 0, y: 0 }, current: start, average: start, sum: start, last: start };
    },
    *round(game, play, t) {
      const temperature = 1 / (options.stepSize ?? stepFrom(game.payoffRange, "payoffRange") * 2);
      const current = {
        x: softmin(plus(play.sum.x, play.last.x), temperature),
        y: softmin(plus(play.sum.y, play.last.y), temperature),
      };
      const at = yield* payoffAt(game, current);
      const last = { x: at.gx, y: costOfY(at) };
      return {
        calls: { x: play.calls.x + 1, y: play.calls.y + 1 },
        current,
        average: { x: mix(play.average.x, current.x, 1 / t), y: mix(play.average.y, current.y, 1 / t) },
        sum: { x: plus(play.sum.x, last.x), y: plus(play.sum.y, last.y) },
        last,
      };
    },
    average: ({ average }) => average,
  });
}

/** Extragradient with projections, on sets that have one. */
export function projectedExtragradient(options: GradientOptions = {}): GameSolver<GradientPlay> {
  if (options.stepSize !== undefined) checkPositive("stepSize", options.stepSize);
  return gameSolver<GradientPlay>("projected-extragradient", options, {
    *start(game) {
      const start = zeros(game);
      const current = { x: project(game.x, start.x), y: project(game.y, start.y) };
      return { calls: { x: 1, y: 1 }, current, average: current, sum: start, last: start };
    },
    *round(game, play, t) {
      const step = options.stepSize ?? stepFrom(game.smoothness, "smoothness");
      const { current } = play;
      const move = function* (from: Pair) {
        const at = yield* payoffAt(game, from);
        return {
          x: project(game.x, plus(current.x, at.gx, -step)),
          y: project(game.y, plus(current.y, at.gy, step)),
        };
      };
      const half = yield* move(current);
      const next = yield* move(half);
      return {
        ...play,
        calls: { x: play.calls.x + 2, y: play.calls.y + 2 },
        current: next,
        average: { x: mix(play.average.x, half.x, 1 / t), y: mix(play.average.y, half.y, 1 / t) },
      };
    },
    average: ({ average }) => average,
  });
}

function stepFrom(bound: number | undefined, what: string): number {
  if (bound === undefined) throw new InvalidInput(`the game's ${what} is unknown: give stepSize`);
  return bound > 0 ? 1 / bound : 1;
}

function project(set: StrategySet, point: Float64Array): Float64Array {
  if (!set.project) throw new InvalidInput(`${set.name} has no cheap projection: use optimisticFtpl`);
  return set.project(point);
}
