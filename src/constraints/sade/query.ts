import type { HeadShape } from "../eliminate.ts";
import type { Table } from "../losses.ts";
import type { Task } from "../model.ts";

/** A wish for one training row: low <= f_k(row) <= high. */
export interface Soft {
  readonly output: number;
  /** Row of the table. */
  readonly row: number;
  readonly low: number;
  readonly high: number;
}

/** Find weights in the box that keep all clauses and as many wishes as possible. Plain data. */
export interface MaxsatQuery {
  readonly rows: readonly number[];
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Weights that must not keep this value (half-open box); empty for a closed one. */
  readonly excluded: Float64Array;
}

export interface MaxsatAnswer {
  readonly status: "sat" | "unsat" | "unknown";
  /** Empty unless `sat`. */
  readonly weights: Float64Array;
  /** Wishes that the method kept; the weights may keep more by luck. */
  readonly satisfied: number;
  readonly timedOut: boolean;
}

/** What stays the same for all queries of a run. */
export interface MaxsatProblem {
  /** What must hold, on the columns of the table. */
  readonly shapes: readonly HeadShape[];
  readonly margin: number;
  readonly table: Table;
  /** Wishes of a row. */
  soft(row: number): readonly Soft[];
}

/** Limits of one query, in the solver's own units, and by the clock (which makes runs irreproducible). */
export interface MaxsatLimits {
  /** Z3: `rlimit`; HiGHS: branch-and-bound nodes. */
  readonly resourceLimit?: number;
  readonly timeoutMs?: number;
}

export type Maxsat = (query: MaxsatQuery) => Promise<MaxsatAnswer> | MaxsatAnswer;

export const unanswered = (status: "unsat" | "unknown", timedOut = false): MaxsatAnswer => ({
  status,
  weights: new Float64Array(),
  satisfied: 0,
  timedOut,
});

/** Size of the largest target of each output. */
export const largestTargets = ({ targets }: Pick<Table, "targets">): number[] =>
  targets.map((target) => target.reduce((top, y) => Math.max(top, Math.abs(y)), 0));

/**
 * Wishes of a training row: for classes a score beyond each threshold on the right side, for values an error of at
 * most each threshold times the largest target.
 */
export function softConstraints(
  table: Table,
  task: Task,
  thresholds: readonly number[],
  largest: readonly number[] = largestTargets(table),
): (row: number) => Soft[] {
  return (row) =>
    table.targets.flatMap((target, output) =>
      thresholds.map((threshold): Soft => {
        const y = target[row]!;
        if (task === "leastSquares") {
          const error = threshold * largest[output]!;
          return { output, row, low: y - error, high: y + error };
        }
        return y === 1
          ? { output, row, low: threshold, high: Number.POSITIVE_INFINITY }
          : { output, row, low: Number.NEGATIVE_INFINITY, high: -threshold };
      }),
    );
}
