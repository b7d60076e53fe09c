import { checkCount, checkOpen } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { ask, runSync, type Status } from "../core/index.ts";
import type { Seed } from "../random/index.ts";
import { answered, blackBox, type Objective, point } from "./gradient.ts";
import { evaluationsOf, type ZerothOrderOptions, zerothOrder } from "./solver.ts";

/** Options of `minimize`. */
export interface MinimizeOptions extends ZerothOrderOptions {
  /** Evaluations of the loss at most, the last one for `value` included; never exceeded, even inside a draw. */
  readonly maxEvaluations: number;
  /** Default 0. */
  readonly seed?: Seed;
  /** Converged when the norm of estimates, averaged over the window, falls to this; a single estimate never decides. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: Progress) => void;
}

/** What is known after a step. */
export interface Progress {
  readonly evaluations: number;
  /** Mean loss of the step's evaluations: f near x. */
  readonly loss: number;
}

/** What `minimize` found. */
export interface Minimum {
  readonly x: Float64Array;
  /** The loss of sample 0 at x. */
  readonly value: number;
  readonly evaluations: number;
  /** Why it ended. */
  readonly reason: Status;
  readonly history: readonly Progress[];
  /** What to mind about the loss or the level table, in words: a loss that does not repeat, an exponent too small. */
  readonly warnings: readonly string[];
}

/**
 * Minimises f from its values; see `zerothOrder` for the parts. For promises, workers, snapshots or manual control give
 * `zerothOrder(options)` and `blackBox(f, x0)` to `run` or `askTell`.
 *
 * @throws InvalidInput for options out of range, a budget below one step, or an f that returns promises; NonFinite when
 * the loss is not finite where the search ends.
 * @example minimize((x) => (x[0]! - 1) ** 2, [0], { stepSize: 0.1, maxEvaluations: 400 }).x;
 */
export function minimize(f: Objective, x0: ArrayLike<number>, options: MinimizeOptions): Minimum {
  const { maxEvaluations, seed = 0, tolerance, signal, onStep, ...method } = options;
  const problem = blackBox(f, x0);
  const solver = zerothOrder(method);
  const { first, step } = evaluationsOf(method, x0.length);
  checkCount("maxEvaluations", maxEvaluations);
  if (maxEvaluations < first + step + 1)
    throw new InvalidInput(
      `maxEvaluations is ${maxEvaluations}: one step and the last loss take up to ${first + step + 1}`,
    );
  if (tolerance !== undefined) checkOpen("tolerance", tolerance, 0);
  const history: Progress[] = [];
  const { result, status, calls } = runSync(solver, problem, {
    seed,
    stop: {
      maxCalls: maxEvaluations - 1,
      ...(tolerance === undefined ? {} : { tolerance: { metric: "gradientNorm", below: tolerance } }),
    },
    ...(signal === undefined ? {} : { signal }),
    observers: [
      ({ calls: evaluations, state }) => {
        const progress = { evaluations, loss: state.loss };
        history.push(progress);
        onStep?.(progress);
      },
    ],
  });
  const [value] = answered(ask(problem.value, [result.x], 0), f) as [number];
  if (!Number.isFinite(value)) throw new NonFinite(`the loss is ${value} at ${point(result.x)}`);
  const { x, warnings } = result;
  return { x, value, evaluations: calls + 1, reason: status, history, warnings };
}
