import { type Asking, ask, InvalidInput, type Oracle, type Problem, type Solver } from "../core/index.ts";
import { AveragedKieferWolfowitz } from "./averaged-kiefer-wolfowitz.ts";
import { checkInteger } from "./checks.ts";
import type { Row } from "./losses.ts";
import { type KieferWolfowitzOptions, settle } from "./options.ts";
import type { Loss } from "./pilot.ts";
import { createState, type KieferWolfowitzState } from "./state.ts";

/** A stretch of a stream: `count` observations from number `offset` on. */
export interface Stretch {
  readonly offset: number;
  readonly count: number;
}

/** A stream that can be read at any place, and the loss of its observations. */
export interface StreamProblem<Z> extends Problem {
  /** Answers with fewer observations than asked for at the stream's end only. */
  readonly read: Oracle<Stretch, readonly Z[]>;
  readonly loss: Loss<Z>;
}

/**
 * An iterable, sync or async, as the `read` of a problem: its observations in their order, once. The first of them is
 * number `first` of the stream (default 0); a run that goes on from a snapshot passes over those it has taken already.
 *
 * Throws `InvalidInput` where a run asks for observations that have gone by.
 *
 * @example run(solver, { fingerprint: "orders", loss, read: readOnce(consumer) }, { seed: 7 });
 */
export function readOnce<Z>(
  source: Iterable<Z> | AsyncIterable<Z>,
  { first = 0 }: { readonly first?: number } = {},
): Oracle<Stretch, readonly Z[]> {
  checkInteger("first", first, 0);
  let next = first;
  // Asked again after a lost answer, the latest stretch is still there.
  let latest: { readonly offset: number; readonly rows: Z[] } = { offset: first, rows: [] };

  const begin = ({ offset, count }: Stretch): { readonly rows: Z[]; readonly skip: number } | null => {
    if (offset === latest.offset && latest.rows.length === count) return null;
    if (offset < next) {
      throw new InvalidInput(
        `the run asks for observation ${offset}, and the iterable stands at ${next}: give it anew from its beginning, or say by first where it begins`,
      );
    }
    const rows: Z[] = [];
    latest = { offset, rows };
    return { rows, skip: offset - next };
  };
  const take = (rows: Z[], value: Z, offset: number): void => {
    if (next++ >= offset) rows.push(value);
  };

  if (Symbol.iterator in source) {
    const iterator = source[Symbol.iterator]();
    return {
      name: "read",
      answer(stretch) {
        const begun = begin(stretch);
        if (begun === null) return latest.rows;
        const { rows, skip } = begun;
        for (let left = skip + stretch.count; left > 0; left--) {
          const { done, value } = iterator.next();
          if (done) break;
          take(rows, value, stretch.offset);
        }
        return rows;
      },
    };
  }
  const iterator = source[Symbol.asyncIterator]();
  return {
    name: "read",
    async answer(stretch) {
      const begun = begin(stretch);
      if (begun === null) return latest.rows;
      const { rows, skip } = begun;
      for (let left = skip + stretch.count; left > 0; left--) {
        const { done, value } = await iterator.next();
        if (done) break;
        take(rows, value, stretch.offset);
      }
      return rows;
    },
  };
}

/** Plain data: the estimator, and where the stream stands. */
export interface StreamState<Z> {
  readonly estimator: KieferWolfowitzState<Z>;
  readonly offset: number;
  readonly ended: boolean;
}

/** Options of `kieferWolfowitz`: those of the estimator, its seed and loss excepted, which run and problem give. */
export interface KieferWolfowitzSolverOptions extends Omit<KieferWolfowitzOptions<unknown>, "seed" | "loss"> {
  /** Observations a step; default 1000. */
  readonly batch?: number;
}

/**
 * The estimator as a solver over a stream: runs, snapshots, stop rules and progress work. A run ends with the stream,
 * as `converged` or, where the diagnostics doubt it, as `stalled`; the result is the estimator.
 *
 * Z is the type of an observation; name it where it is no `Row`: `kieferWolfowitz<Visit>({ ... })`.
 *
 * @example const { result } = await run(kieferWolfowitz({ initial: [0, 0] }), problem, { seed: 7 });
 */
export function kieferWolfowitz<Z = Row>(
  options: KieferWolfowitzSolverOptions,
): Solver<StreamProblem<Z>, StreamState<Z>, AveragedKieferWolfowitz<Z>> {
  const { batch = 1000, ...rest } = options;
  checkInteger("batch", batch, 1);
  const settings = settle({ ...rest, loss: () => 0 });
  const metrics = ({ estimator: { seen, averaged, evaluations } }: StreamState<Z>) => ({
    observations: seen,
    averaged,
    evaluations,
  });
  return {
    name: "averaged-kiefer-wolfowitz",
    options: { batch, settings },
    *init(_problem, rng): Asking<StreamState<Z>> {
      return { estimator: createState({ ...settings, seed: rng.seed }), offset: 0, ended: false };
    },
    *step(problem, { estimator, offset }): Asking<StreamState<Z>> {
      const [rows] = yield* ask(problem.read, [{ offset, count: batch }]);
      const fit = new AveragedKieferWolfowitz<Z>(estimator, problem.loss);
      for (const row of rows!) fit.update(row);
      return { estimator, offset: offset + rows!.length, ended: rows!.length < batch };
    },
    metrics,
    status: ({ estimator, ended }) => {
      if (!ended) return "running";
      const { converged } = new AveragedKieferWolfowitz<Z>(estimator, () => 0).diagnostics();
      return converged === false ? "stalled" : "converged";
    },
    result: (problem, { estimator }) => new AveragedKieferWolfowitz<Z>(estimator, problem.loss),
  };
}
