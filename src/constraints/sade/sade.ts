import { type Asking, ask, type Oracle, type Problem, type Solver } from "../../core/index.ts";
import type { Convex } from "../interior-point.ts";
import type { MaxsatAnswer, MaxsatQuery } from "./query.ts";

/** What SaDe works on: a solver for its queries, and the loss that it walks down. */
export interface SadeProblem extends Problem {
  /** Rows of the training table. */
  readonly rows: number;
  readonly loss: Convex;
  readonly maxsat: Oracle<MaxsatQuery, MaxsatAnswer>;
  /** How many clauses the rules have. */
  readonly clauses: number;
  /** Whether weights, as doubles, keep the clause of that number: exact, and asked of every answer, all at once. */
  readonly check: Oracle<number, boolean, Float64Array>;
}

/** Settings of the search; defaults are the published ones where there are any. */
export interface SadeSearch {
  /** Rows a query; default 5. */
  readonly batchSize?: number;
  /** Passes over the table; default 10. */
  readonly epochs?: number;
  /** Side of the search box, in weights; default 1. */
  readonly stepSize?: number;
  /** `closed` (default) keeps the current weights in the box, so it is never empty; `halfOpen` is the published code. */
  readonly box?: "closed" | "halfOpen";
  /** Largest size of a weight; default 100. */
  readonly weightLimit?: number;
  /** Ends when the mean loss of 200 answers improves by less than 2 % over that of the 200 before; default true. */
  readonly stopEarly?: boolean;
}

/** State of the search: plain data. */
export interface SadeState {
  /** Queries asked. */
  asked: number;
  /** Current point; empty before the first answer. */
  weights: Float64Array;
  /** Signs of the gradient that shape the next box, turned round after a failure. */
  gradient: Float64Array;
  step: number;
  best: Float64Array;
  bestLoss: number;
  /** Losses of accepted answers, in order. */
  losses: number[];
  unsat: number;
  unknown: number;
  /** Answers whose rounded weights break a rule. */
  rejected: number;
  failures: number;
  /** Times that both the box and its mirror image failed. */
  stalls: number;
  ended: "running" | "converged" | "stalled";
}

export interface SadeResult {
  /** Admissible weights of the smallest loss; empty when none were found. */
  readonly weights: Float64Array;
  readonly loss: number;
  readonly accepted: number;
  readonly unsat: number;
  readonly unknown: number;
  readonly rejected: number;
  readonly stalls: number;
}

const WINDOW = 200;
const ENOUGH = 0.02;
/** After so many stalls, each of which halves the box, the search ends. */
const MOST_STALLS = 8;

/**
 * The search box after an accepted point: each weight moves against the sign of the gradient, by at most `step`
 * (a gradient of 0 counts as positive).
 */
export function searchBox(
  weights: Float64Array,
  gradient: Float64Array,
  step: number,
  weightLimit: number,
): { readonly lower: Float64Array; readonly upper: Float64Array } {
  const cut = (value: number): number => Math.max(-weightLimit, Math.min(weightLimit, value));
  return {
    lower: weights.map((w, j) => (gradient[j]! >= 0 ? cut(w - step) : w)),
    upper: weights.map((w, j) => (gradient[j]! >= 0 ? w : cut(w + step))),
  };
}

/**
 * SaDe (Goyal, Dumancic, Blockeel, ECML PKDD 2022, Algorithm 1): walks downhill by one MaxSMT problem a batch, in a box
 * on the side of the negative gradient, so that every point on the way keeps every rule. A failure turns the box
 * round; when both sides fail, the search goes on from the best point with half the step, and ends as `stalled`
 * after eight such stalls.
 */
export function sade(search: SadeSearch = {}): Solver<SadeProblem, SadeState, SadeResult> {
  const {
    batchSize = 5,
    epochs = 10,
    stepSize = 1,
    box = "closed",
    weightLimit = 100,
    stopEarly = true,
  } = search;

  const queryOf = (problem: SadeProblem, state: SadeState): MaxsatQuery => {
    const batches = Math.max(1, Math.floor(problem.rows / batchSize));
    const at = (state.asked % batches) * batchSize;
    const rows = Array.from({ length: Math.min(batchSize, problem.rows) }, (_, i) => at + i);
    if (state.weights.length > 0) {
      const sides = searchBox(state.weights, state.gradient, state.step, weightLimit);
      return { rows, ...sides, excluded: box === "halfOpen" ? state.weights.slice() : new Float64Array() };
    }
    const whole = new Float64Array(problem.loss.size).fill(weightLimit);
    return { rows, lower: whole.map((w) => -w), upper: whole, excluded: new Float64Array() };
  };

  const accept = (problem: SadeProblem, state: SadeState, weights: Float64Array): void => {
    const loss = problem.loss.value(weights);
    state.losses.push(loss);
    state.failures = 0;
    if (loss < state.bestLoss) {
      state.bestLoss = loss;
      state.best = weights.slice();
    }
    moveTo(problem, state, weights);
  };

  const fail = (problem: SadeProblem, state: SadeState): void => {
    state.failures++;
    if (state.weights.length === 0) {
      // Nothing to turn round yet: other rows may do, the rules alone do not depend on them.
      if (state.failures >= 2 * MOST_STALLS) state.ended = "stalled";
    } else if (state.failures % 2 === 1) state.gradient = state.gradient.map((g) => (g >= 0 ? -1 : 1));
    else {
      state.stalls++;
      state.step /= 2;
      moveTo(problem, state, state.best);
      if (state.stalls >= MOST_STALLS) state.ended = "stalled";
    }
  };

  return {
    name: "sade",
    options: { batchSize, epochs, stepSize, box, weightLimit, stopEarly },
    *init(): Asking<SadeState> {
      return {
        asked: 0,
        weights: new Float64Array(),
        gradient: new Float64Array(),
        step: stepSize,
        best: new Float64Array(),
        bestLoss: Number.MAX_VALUE,
        losses: [],
        unsat: 0,
        unknown: 0,
        rejected: 0,
        failures: 0,
        stalls: 0,
        ended: "running",
      };
    },
    *step(problem, state) {
      const [answer] = yield* ask(problem.maxsat, [queryOf(problem, state)]);
      const { status, weights } = answer!;
      const clauses = status === "sat" ? Array.from({ length: problem.clauses }, (_, c) => c) : [];
      const kept = clauses.length === 0 ? [] : yield* ask(problem.check, clauses, weights);
      // The state is changed only after the last answer.
      state.asked++;
      if (status === "sat" && kept.every(Boolean)) accept(problem, state, weights);
      else {
        state[status === "sat" ? "rejected" : status]++;
        fail(problem, state);
      }
      const batches = Math.max(1, Math.floor(problem.rows / batchSize));
      if (
        state.ended === "running" &&
        (state.asked >= epochs * batches || (stopEarly && isFlat(state.losses)))
      )
        state.ended = "converged";
      return state;
    },
    metrics: ({ bestLoss, losses, asked, unsat, unknown, stalls }) => ({
      bestLoss,
      loss: losses.at(-1) ?? Number.MAX_VALUE,
      accepted: losses.length,
      asked,
      unsat,
      unknown,
      stalls,
    }),
    status: ({ ended }) => ended,
    result: (_, { best, bestLoss, losses, unsat, unknown, rejected, stalls }) => ({
      weights: best,
      loss: bestLoss,
      accepted: losses.length,
      unsat,
      unknown,
      rejected,
      stalls,
    }),
  };
}

/** Takes a point, and the gradient of the loss on the whole table there. */
function moveTo({ loss }: SadeProblem, state: SadeState, weights: Float64Array): void {
  state.weights = weights.slice();
  state.gradient = new Float64Array(loss.size);
  loss.derivatives(state.weights, state.gradient, new Float64Array(loss.size ** 2));
}

function isFlat(losses: readonly number[]): boolean {
  if (losses.length < 2 * WINDOW || losses.length % 100 !== 0) return false;
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const before = mean(losses.slice(-2 * WINDOW, -WINDOW));
  return (before - mean(losses.slice(-WINDOW))) / before <= ENOUGH;
}
