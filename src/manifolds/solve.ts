import { checkChoice, checkCount } from "../core/checks.ts";
import { InvalidInput, runSync, type SnapshotPolicy, type Solver, type Status } from "../core/index.ts";
import * as minimizers from "./minimize/minimizers.ts";
import * as solvers from "./minmax/solvers.ts";
import type { MinimizationProblem, MinMaxProblem } from "./problem.ts";
import { refuteMinimization, refuteSaddle } from "./refutation.ts";

/** How a solve ended beside its certificate. */
export interface Ended {
  readonly status: Status;
}

/** Which method: gradient methods and RIODA take a step size, the others choose their own. */
type Choice =
  | { readonly method?: "auto" | "ramma" | "ramma5" | "rabr" /** Default "auto". */; readonly step?: never }
  | { readonly method: "rceg" | "rgda" | "reg" | "rpeg" | "rogda" | "rioda"; readonly step?: number };

export type SolveMinMaxOptions = Choice & SolveLimits;

interface SolveLimits extends solvers.MinMaxOptions {
  /** Partial gradients to spend at most; default 1e6. */
  readonly maxCalls?: number;
  readonly signal?: AbortSignal;
  readonly snapshots?: SnapshotPolicy;
}

const minMaxMethods = {
  auto: solvers.auto,
  ramma: solvers.ramma,
  ramma5: solvers.ramma5,
  rabr: solvers.rabr,
  rceg: solvers.rceg,
  rgda: solvers.rgda,
  reg: solvers.reg,
  rpeg: solvers.rpeg,
  rogda: solvers.rogda,
  rioda: solvers.rioda,
} as const;

const names = Object.keys as <T extends object>(of: T) => (keyof T & string)[];

/**
 * Solves a min-max problem whose functions answer at once; the result carries a proved gap. For asynchronous
 * functions, snapshots and observers give a solver (`auto()`, `ramma()`, ...) to `run`.
 *
 * Where the problem has a cost and its moduli are claimed, not proved, differences of the cost are compared with the
 * gradients at the start, and a few second ones with muX and muY, first.
 *
 * @throws InvalidInput for options out of range, gradients or moduli that the samples refute, a method that the problem does not allow, or a budget too small for a
 *   first certificate.
 * @example const { x, gap, certified } = solveMinMax(robustKarcher(hyperbolic(2), points, 4));
 */
export function solveMinMax(
  problem: MinMaxProblem,
  options: SolveMinMaxOptions = {},
): solvers.SaddleResult & Ended {
  const { method = "auto", maxCalls = 1e6, signal, snapshots, step, ...rest } = options;
  checkChoice("method", method, names(minMaxMethods));
  if (step !== undefined && ["auto", "ramma", "ramma5", "rabr"].includes(method))
    throw new InvalidInput(`${method} chooses its own steps: leave step out`);
  refuteSaddle(problem);
  const make = minMaxMethods[method] as (o: object) => solvers.MinMaxSolver;
  const solver = make(step === undefined ? rest : { ...rest, step });
  return solved(solver, problem, maxCalls, signal, snapshots);
}

export interface SolveMinimizeOptions extends minimizers.MinimizeOptions {
  /** Default "ragd" with mu > 0, else "prgd". */
  readonly method?: "prgd" | "ragd" | "riemacon" | "riemaconSC" | "boostedRiemacon";
  /** Gradients to spend at most; default 1e6. */
  readonly maxCalls?: number;
  readonly signal?: AbortSignal;
  readonly snapshots?: SnapshotPolicy;
}

const minimizeMethods = {
  prgd: minimizers.prgd,
  ragd: minimizers.ragd,
  riemacon: minimizers.riemacon,
  riemaconSC: minimizers.riemaconSC,
  boostedRiemacon: minimizers.boostedRiemacon,
} as const;

/**
 * Minimises a g-convex function whose gradient answers at once; the result carries a proved gap.
 *
 * @throws InvalidInput as `solveMinMax` does.
 * @example const mean = minimize(frechetMean(spd(3), matrices)).x;
 */
export function minimize(
  problem: MinimizationProblem,
  options: SolveMinimizeOptions = {},
): minimizers.Minimum & Ended {
  const { method = problem.mu > 0 ? "ragd" : "prgd", maxCalls = 1e6, signal, snapshots, ...rest } = options;
  checkChoice("method", method, names(minimizeMethods));
  refuteMinimization(problem);
  const make = minimizeMethods[method] as (o: object) => minimizers.Minimizer;
  return solved(make(rest), problem, maxCalls, signal, snapshots);
}

function solved<P extends { readonly fingerprint: string }, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  maxCalls: number,
  signal: AbortSignal | undefined,
  snapshots: SnapshotPolicy | undefined,
): R & Ended {
  checkCount("maxCalls", maxCalls);
  const { result, status } = runSync(solver, problem, {
    seed: 0,
    stop: { maxCalls },
    ...(signal ? { signal } : {}),
    ...(snapshots ? { snapshots } : {}),
  });
  return { ...result, status };
}
