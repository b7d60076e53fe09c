import type { Rng } from "../random/index.ts";
import type { Asking } from "./ask.ts";

/** What a problem must carry besides its oracles: a digest of its module and data, checked on resume and by workers. */
export interface Problem {
  readonly fingerprint: string;
}

/** What a solver says of its own state; budgets and cancellation belong to the driver. */
export type SolverStatus = "running" | "converged" | "stalled" | "diverged";

/**
 * A method as a value. State is plain data (numbers, strings, typed arrays, arrays and objects of these).
 *
 * `step` may change its state in place, but only after its last question is answered: until then the driver may
 * stop the run, keep the answers, and later re-run the step on them. Randomness comes from `rng` alone, which is
 * addressed by (purpose, step, index) and so does not depend on who answered first.
 */
export interface Solver<P extends Problem, S, R> {
  readonly name: string;
  /** Plain data that fixes the method; its digest guards snapshots. */
  readonly options?: unknown;
  init(problem: P, rng: Rng): Asking<S>;
  step(problem: P, state: S, rng: Rng): Asking<S>;
  /** What observers plot and tolerances read; cheap. */
  metrics(state: S): Readonly<Record<string, number>>;
  status(state: S): SolverStatus;
  result(problem: P, state: S): R;
  /**
   * For states that partly live inside an oracle (weights in a model runtime): `detach` returns the state with
   * all of it as plain data, `attach` puts it back before the first step of a resumed run. A solver with
   * `detach` is stopped between steps only.
   */
  attach?(problem: P, state: S): Asking<S>;
  detach?(problem: P, state: S): Asking<S>;
}
