import { checkPositive } from "../core/checks.ts";
import type { SolverStatus } from "../core/index.ts";

/** How the certified gap fell: one entry whenever it had halved. */
export interface GapEntry {
  readonly calls: number;
  readonly gap: number;
}

/** What every solver of this room keeps beside its method's own state. */
export interface Progress<B> {
  /** The point with the least certified gap, and that gap. */
  readonly best: B;
  readonly gap: number;
  readonly history: readonly GapEntry[];
  /** The point of the last entry. */
  readonly mark: B;
  readonly calls: number;
  /** Steps in a row that asked nothing. */
  readonly idle: number;
  readonly status: SolverStatus;
}

/** Calls, as multiples of what the theory asks for one halving, after which a run without one has stalled. */
const PATIENCE = 60;
/** A gap of so many times the first has diverged. */
const DIVERGED = 1e12;
/** A gap of so small a share of the tolerance that is not certified never will be: the minimiser is outside the domain. */
const HOPELESS = 1e-12;
/** Steps that may ask nothing: some only move a center. */
const IDLE = 1000;

/** `certified`: whether the gap is proved; asked for at need only, since it can cost as much as a step. */
export function begun<B>(
  best: B,
  gap: number,
  calls: number,
  tolerance: number,
  certified: () => boolean,
): Progress<B> {
  const converged = gap <= tolerance && certified();
  const status = converged ? "converged" : gap === 0 ? "stalled" : "running";
  return { best, gap, calls, idle: 0, mark: best, history: [{ calls, gap }], status };
}

/**
 * Takes a new point into account. A run has converged at a certificate within the tolerance, diverged at a gap that is
 * not a number or 1e12 times the first, and stalled when the gap has not halved for long, nothing is asked any more, or
 * a gap far below the tolerance is still not certified.
 */
export function advanced<B>(
  progress: Progress<B>,
  at: B,
  gap: number,
  calls: number,
  tolerance: number,
  {
    certified,
    refute,
    callsPerHalving,
    stuck = false,
  }: {
    readonly certified: () => boolean;
    /** Throws when the last entry's point and this one refute what the certificate assumes. */
    readonly refute: (from: B, to: B) => void;
    readonly callsPerHalving: number;
    readonly stuck?: boolean;
  },
): Progress<B> {
  const converged = gap <= tolerance && certified();
  const better = converged || gap < progress.gap;
  const last = progress.history.at(-1)!;
  const halved = gap <= last.gap / 2 || (gap < last.gap && last.gap === Number.POSITIVE_INFINITY);
  const idle = calls === progress.calls ? progress.idle + 1 : 0;
  let status: SolverStatus = "running";
  if (converged) status = "converged";
  else if (Number.isNaN(gap) || gap > DIVERGED * Math.max(progress.history[0]!.gap, tolerance))
    status = "diverged";
  else if (stuck || gap <= HOPELESS * tolerance || idle > IDLE) status = "stalled";
  else if (!halved && calls - last.calls > PATIENCE * Math.max(20, callsPerHalving)) status = "stalled";
  if (halved || status !== "running") refute(progress.mark, at);
  return {
    best: better ? at : progress.best,
    gap: better ? gap : progress.gap,
    history: halved ? [...progress.history, { calls, gap }] : progress.history,
    mark: halved ? at : progress.mark,
    calls,
    idle,
    status,
  };
}

/** The gap to aim at next: the tolerance; less when that was reached, but not certified. */
export const targetOf = ({ gap }: Pick<Progress<unknown>, "gap">, tolerance: number): number =>
  gap <= tolerance ? gap / 2 : tolerance;

/** The certified gap to stop at, and its default. */
export function toleranceOf(tolerance: number | undefined): number {
  return tolerance === undefined ? 1e-8 : checkPositive("tolerance", tolerance);
}
