import { type Asking, ask, type Oracle, type Problem, type Solver } from "../core/index.ts";
import { AveragedKieferWolfowitz } from "./averaged-kiefer-wolfowitz.ts";
import { checkInteger } from "./checks.ts";
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
 * @example const { result } = await run(kieferWolfowitz({ initial: [0, 0] }), problem, { seed: 7 });
 */
export function kieferWolfowitz<Z>(
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
