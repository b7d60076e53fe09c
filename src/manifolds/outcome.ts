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
  readonly calls: number;
  readonly status: SolverStatus;
}

/** Calls, as multiples of what the theory asks for one halving, after which a run without one has stalled. */
const PATIENCE = 60;

export function begun<B>(best: B, gap: number, calls: number, tolerance: number): Progress<B> {
  return { best, gap, calls, history: [{ calls, gap }], status: gap <= tolerance ? "converged" : "running" };
}

/**
 * Takes a new point into account. A run has converged at a certificate within the tolerance, diverged at a gap that is
 * not a number or 1e12 times the first, and stalled when the gap has not halved for long.
 */
export function advanced<B>(
  progress: Progress<B>,
  at: B,
  gap: number,
  calls: number,
  tolerance: number,
  { callsPerHalving, stuck = false }: { readonly callsPerHalving: number; readonly stuck?: boolean },
): Progress<B> {
  const better = gap < progress.gap;
  const best = better ? { best: at, gap } : { best: progress.best, gap: progress.gap };
  const last = progress.history.at(-1)!;
  const halved = gap <= last.gap / 2 || (gap < last.gap && last.gap === Number.POSITIVE_INFINITY);
  const history = halved ? [...progress.history, { calls, gap }] : progress.history;
  const status = (): SolverStatus => {
    if (gap <= tolerance) return "converged";
    const first = progress.history[0]!.gap;
    if (Number.isNaN(gap) || (first < Number.POSITIVE_INFINITY && gap > 1e12 * Math.max(first, tolerance)))
      return "diverged";
    const since = calls - history.at(-1)!.calls;
    return stuck || since > PATIENCE * Math.max(20, callsPerHalving) ? "stalled" : "running";
  };
  return { ...best, history, calls, status: status() };
}

/** The certified gap to stop at, and its default. */
export function toleranceOf(tolerance: number | undefined): number {
  return tolerance === undefined ? 1e-8 : checkPositive("tolerance", tolerance);
}
