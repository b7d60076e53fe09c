import { InvalidInput } from "../../core/errors.ts";
import { type EvaluationOptions, type GameSolver, gameSolver, type Play } from "../dynamics.ts";
import { bestResponses, costOfY, type Pair, payoffAt } from "../saddle-game.ts";
import { mix } from "../vectors.ts";

/** Averages of best responses. */
export interface AveragePlay extends Play {
  readonly average: Pair;
}

/**
 * Fictitious play: each round both answer the other's average by an exact best response. Needs a bilinear game, where the
 * gradient at the average is the average gradient.
 */
export function fictitiousPlay(options: EvaluationOptions = {}): GameSolver<AveragePlay> {
  return averaging("fictitious-play", options, (t) => 1 / t, true);
}

/**
 * Frank-Wolfe for saddle points (Gidel, Jebara and Lacoste-Julien, AISTATS 2017) with step 2 / (t + 2).
 */
export function frankWolfeSaddle(options: EvaluationOptions = {}): GameSolver<AveragePlay> {
  return averaging("frank-wolfe-saddle", options, (t) => 2 / (t + 2), false);
}

function averaging(
  name: string,
  options: EvaluationOptions,
  weight: (t: number) => number,
  bilinearOnly: boolean,
): GameSolver<AveragePlay> {
  return gameSolver(name, options, {
    *start(game) {
      if (bilinearOnly && !game.bilinear)
        throw new InvalidInput(
          `${name} needs a bilinear game: use frankWolfeSaddle, or declare the game bilinear`,
        );
      const zero = { x: new Float64Array(game.x.dimension), y: new Float64Array(game.y.dimension) };
      return { calls: { x: 1, y: 1 }, average: yield* bestResponses(game, zero.x, zero.y) };
    },
    *round(game, { average, calls }, t) {
      const at = yield* payoffAt(game, average);
      const best = yield* bestResponses(game, at.gx, costOfY(at));
      const step = weight(t);
      return {
        calls: { x: calls.x + 1, y: calls.y + 1 },
        average: { x: mix(average.x, best.x, step), y: mix(average.y, best.y, step) },
      };
    },
    average: ({ average }) => average,
  });
}
