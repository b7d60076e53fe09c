import { InvalidInput } from "./errors.ts";

/** When a run ends, besides the solver's own status. All given rules hold together; the first to fire ends the run. */
export interface StopRules {
  /** Steps in all, those before a resume included. */
  readonly maxSteps?: number;
  /** Oracle questions in all; a batch that would pass it is not asked. */
  readonly maxCalls?: number;
  /** Seconds since this start of the run; a clock, so the result is marked `reproducible: false` when it fires. */
  readonly maxSeconds?: number;
  /** Converged when a metric of the solver falls to `below` or lower. */
  readonly tolerance?: { readonly metric: string; readonly below: number };
}

/** Throws `InvalidInput` for a rule that cannot be meant. */
export function checkStopRules(stop: StopRules): void {
  for (const rule of ["maxSteps", "maxCalls"] as const) {
    const limit = stop[rule];
    if (
      limit !== undefined &&
      !(limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0))
    )
      throw new InvalidInput(`stop.${rule} is ${limit}: give a whole number of at least 0`);
  }
  if (stop.maxSeconds !== undefined && !(stop.maxSeconds >= 0))
    throw new InvalidInput(`stop.maxSeconds is ${stop.maxSeconds}: give a number of at least 0`);
  if (stop.tolerance !== undefined && !Number.isFinite(stop.tolerance.below))
    throw new InvalidInput(`stop.tolerance.below is ${stop.tolerance.below}: give a finite number`);
}
