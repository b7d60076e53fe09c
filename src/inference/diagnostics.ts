/** What the estimator says of itself. */
import { eigh } from "../linalg/index.ts";
import { driftOf } from "./drift.ts";
import type { KieferWolfowitzState, Tuning } from "./state.ts";
import { largestStep } from "./tuning.ts";

/** Transients behind the burn-in that intervals need before their level can be trusted. */
const ENOUGH = 70;
/** Transients, by the curvature met on the way, that the burn-in must have lasted. */
const LEAST_BURN_IN = 2.5;

/** Pilots' lengths of averaged steps after which the Hessian met overrules what the pilot said of flat directions. */
const OVERRULES = 20;

/** Whether the figures can be trusted. */
export interface Diagnostics {
  /** Averaged observations over the length of the transient; null when the constants were given. */
  readonly effective: number | null;
  /** Steps that were cut to the longest length, after the burn-in. */
  readonly clipped: number;
  /** An eigenvalue of the plug-in Hessian lies under its floor: plug-in intervals mean nothing. */
  readonly hessianFloorActive: boolean;
  /** The pilot found a direction without curvature. */
  readonly singular: boolean;
  /** The iterates move in one direction as if the optimum moved. */
  readonly drifting: boolean;
  /** None of the above and effective at least 70: levels hold within a few points. Null when the constants were given. */
  readonly converged: boolean | null;
  /** One sentence for each thing that speaks against the figures; empty when nothing does. */
  readonly warnings: readonly string[];
}

/** Smallest eigenvalue of the curvature met while averaging; undefined without the plug-in. */
function leastCurvature({ plugIn, theta }: KieferWolfowitzState<unknown>): number | undefined {
  return plugIn !== null && plugIn.count > 0 ? eigh(plugIn.hessian, theta.length).values[0]! : undefined;
}

/** Samples of the transient by the curvature met on the way, which says more than that of the pilot. */
function transientOf(least: number, tuning: Tuning, floor: number): number {
  return 1 / (largestStep(tuning) * Math.max(least, floor));
}

/** Whether averaging began before so many transients, by the curvature that was met since. */
export function beganBefore(state: KieferWolfowitzState<unknown>, transients: number): boolean {
  const { tuning, averaged, settings } = state;
  const least = leastCurvature(state);
  if (least === undefined || tuning === null) return false;
  const transient = transientOf(least, tuning, settings.hessian.floor);
  return tuning.burnIn < transients * Math.min(transient, averaged);
}

export function diagnosticsOf(state: KieferWolfowitzState<unknown>): Diagnostics {
  const { tuning, averaged, clipped, settings, drift } = state;
  const { floor } = settings.hessian;
  const least = leastCurvature(state);
  const floored = least !== undefined && least < floor;
  let effective = tuning === null ? 0 : tuning.transient === null ? null : averaged / tuning.transient;
  let settled = true;
  if (least !== undefined && tuning !== null && effective !== null) {
    effective = averaged / transientOf(least, tuning, floor);
    settled = settings.warmStart || !beganBefore(state, LEAST_BURN_IN);
  }
  // A pilot of a hundred observations is rough; the Hessian of many more has the last word.
  const singular = (tuning?.singular ?? false) && (floored || averaged < OVERRULES * settings.pilot);
  const { drifting } = driftOf(drift);
  const long = effective === null || effective >= ENOUGH;
  const sound = settled && !floored && !singular && !drifting && long;
  const warnings = [
    long
      ? ""
      : `the average is ${effective!.toFixed(0)} transients long, and intervals need ${ENOUGH}: give more observations, or more queries each`,
    settled
      ? ""
      : "the curvature is far less than the pilot found, and the burn-in was too short for it: give burnIn",
    floored ? "the Hessian has an eigenvalue under its floor: plug-in intervals mean nothing" : "",
    singular
      ? "along some direction the loss has next to no curvature: leave out a coordinate that others explain"
      : "",
    drifting
      ? "the iterates move as if the optimum moved: the intervals describe the path, not a parameter"
      : "",
    clipped > 0 ? `${clipped} steps after the burn-in were cut: single observations pull very hard` : "",
    tuning?.curvatureGuessed
      ? "the smallest curvature was taken from the mean, as there are many coordinates: the transient may be longer"
      : "",
  ].filter((text) => text !== "");
  return {
    effective,
    clipped,
    hessianFloorActive: floored,
    singular,
    drifting,
    converged: sound && effective === null ? null : sound,
    warnings,
  };
}
