import { checkCount } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { argmin } from "../vectors.ts";
import type { Decision, StrategySet } from "./strategy-set.ts";

/** An information set: what its player did before (a sequence) and how many actions there are. */
export interface InformationSet {
  readonly parent: number;
  readonly actions: number;
}

/**
 * The realisation plans of a player with perfect recall. Coordinate 0 is the empty sequence (always 1); the actions of
 * the information sets follow in their order, and a set's `parent` is the coordinate of the sequence before it.
 * @throws InvalidInput when a parent does not come before its information set.
 */
export function treeplex(sets: readonly InformationSet[]): StrategySet {
  if (sets.length === 0) throw new InvalidInput("a treeplex needs at least one information set");
  const decisions: Decision[] = [];
  let dimension = 1;
  for (const [k, { parent, actions }] of sets.entries()) {
    checkCount(`actions of information set ${k}`, actions);
    if (!(Number.isSafeInteger(parent) && parent >= 0 && parent < dimension))
      throw new InvalidInput(
        `the parent of information set ${k} is ${parent}: give a sequence from 0 to ${dimension - 1}`,
      );
    decisions.push({ parent, first: dimension, actions });
    dimension += actions;
  }
  return {
    name: `treeplex(${sets.length} sets, ${dimension} sequences)`,
    dimension,
    diameter: Math.sqrt(2 * Math.max(1, mostActive(dimension, decisions))),
    decisions,
    polytope: {
      rows: [
        { indices: [0], values: [1], right: 1 },
        ...decisions.map(({ parent, first, actions }) => {
          const own = Array.from({ length: actions }, (_, a) => first + a);
          return { indices: [parent, ...own], values: [-1, ...own.map(() => 1)], right: 0 };
        }),
      ],
    },
    lmo: (cost) => bestPlan(cost, decisions),
  };
}

/** One pass up for the values of sequences, one down for the plan. */
function bestPlan(cost: Float64Array, decisions: readonly Decision[]): Float64Array {
  const value = cost.slice();
  const choice = new Int32Array(decisions.length);
  for (let k = decisions.length - 1; k >= 0; k--) {
    const { parent, first, actions } = decisions[k]!;
    const best = argmin(value, first, first + actions);
    choice[k] = best;
    value[parent]! += value[best]!;
  }
  const plan = new Float64Array(cost.length);
  plan[0] = 1;
  for (const [k, { parent }] of decisions.entries()) plan[choice[k]!] = plan[parent]!;
  return plan;
}

/** The most sequences besides the empty one that a pure plan plays. */
function mostActive(dimension: number, decisions: readonly Decision[]): number {
  const count = new Float64Array(dimension).fill(1);
  count[0] = 0;
  for (let k = decisions.length - 1; k >= 0; k--) {
    const { parent, first, actions } = decisions[k]!;
    count[parent]! += Math.max(...count.subarray(first, first + actions));
  }
  return count[0]!;
}
