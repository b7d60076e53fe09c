import { InvalidInput } from "../../core/errors.ts";
import { type EvaluationOptions, type GameSolver, gameSolver, type Play } from "../dynamics.ts";
import { costOfY, type Pair, payoffAt } from "../saddle-game.ts";
import type { Decision, StrategySet } from "../sets/strategy-set.ts";
import { mix } from "../vectors.ts";

/** Positive regrets of every action, and averages with weights 1, 2, 3, ... */
export interface RegretPlay extends Play {
  readonly regret: Pair;
  readonly current: Pair;
  readonly average: Pair;
}

/**
 * Regret matching plus on simplices, which on treeplexes is CFR+ (Tammelin, 2014): alternating updates, linear
 * averages. Each update costs one pass over the decisions; `oracleCalls` counts passes.
 */
export function regretMatchingPlus(options: EvaluationOptions = {}): GameSolver<RegretPlay> {
  return gameSolver<RegretPlay>("regret-matching-plus", options, {
    *start(game) {
      const start = { x: behave(game.x, undefined), y: behave(game.y, undefined) };
      return {
        calls: { x: 0, y: 0 },
        regret: { x: new Float64Array(game.x.dimension), y: new Float64Array(game.y.dimension) },
        current: start,
        average: start,
      };
    },
    *round(game, play, t) {
      const seen = yield* payoffAt(game, play.current);
      const regretX = matched(game.x, play.regret.x, seen.gx);
      const x = behave(game.x, regretX);
      const answered = yield* payoffAt(game, { x, y: play.current.y });
      const regretY = matched(game.y, play.regret.y, costOfY(answered));
      const y = behave(game.y, regretY);
      const weight = 2 / (t + 1);
      return {
        calls: { x: play.calls.x + 1, y: play.calls.y + 1 },
        regret: { x: regretX, y: regretY },
        current: { x, y },
        average: { x: mix(play.average.x, x, weight), y: mix(play.average.y, y, weight) },
      };
    },
    average: ({ average }) => average,
  });
}

function decisionsOf(set: StrategySet): readonly Decision[] {
  if (!set.decisions)
    throw new InvalidInput(
      `regretMatchingPlus needs decisions, which ${set.name} lacks: use a simplex or a treeplex`,
    );
  return set.decisions;
}

/** The strategy in proportion to positive regrets, uniform where there are none. */
function behave(set: StrategySet, regret: Float64Array | undefined): Float64Array {
  const plan = new Float64Array(set.dimension);
  const decisions = decisionsOf(set);
  if (decisions[0]!.parent !== -1) plan[0] = 1;
  for (const { parent, first, actions } of decisions) {
    const reach = parent === -1 ? 1 : plan[parent]!;
    let sum = 0;
    if (regret) for (let a = first; a < first + actions; a++) sum += regret[a]!;
    for (let a = first; a < first + actions; a++)
      plan[a] = reach * (sum > 0 ? regret![a]! / sum : 1 / actions);
  }
  return plan;
}

/** Regrets after a round with linear cost, cut off at 0. */
function matched(set: StrategySet, regret: Float64Array, cost: Float64Array): Float64Array {
  const decisions = decisionsOf(set);
  const next = regret.slice();
  const value = cost.slice();
  for (let k = decisions.length - 1; k >= 0; k--) {
    const { parent, first, actions } = decisions[k]!;
    let sum = 0;
    for (let a = first; a < first + actions; a++) sum += regret[a]!;
    let expected = 0;
    for (let a = first; a < first + actions; a++) {
      const share = sum > 0 ? regret[a]! / sum : 1 / actions;
      expected += share * value[a]!;
    }
    for (let a = first; a < first + actions; a++) next[a] = Math.max(0, regret[a]! + expected - value[a]!);
    if (parent !== -1) value[parent]! += expected;
  }
  return next;
}
