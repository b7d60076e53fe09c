import { type BatchMeans, createBatchMeans } from "./batch-means.ts";
import { createDrift, type Drift } from "./drift.ts";
import { createNewton, type Newton } from "./newton.ts";
import type { Settings } from "./options.ts";
import { createPlugIn, type PlugIn } from "./plug-in.ts";
import { createScatter, type Scatter } from "./scatter.ts";

/** Constants of the recursion: eta_n = eta0 (n + offset)^-alpha in coordinates divided by `scales`. */
export interface Tuning {
  readonly scales: Float64Array;
  readonly eta0: number;
  readonly alpha: number;
  readonly offset: number;
  readonly clip: number;
  readonly burnIn: number;
  /** Samples of the transient; null where the constants were given and nothing was measured. */
  readonly transient: number | null;
  readonly singular: boolean;
  /** Whether the pilot took the smallest curvature from the mean one, as it does in many dimensions. */
  readonly curvatureGuessed: boolean;
}

/** Everything that the estimator is: plain data, of a size that the stream's length does not change. */
export interface KieferWolfowitzState<Z> {
  readonly settings: Settings;
  /** Observations taken in all. */
  seen: number;
  evaluations: number;
  /** Observations that wait for the pilot. */
  waiting: Z[];
  tuning: Tuning | null;
  /** The search with all directions that finds the start for one with few. */
  warm: KieferWolfowitzState<Z> | null;
  /** Pilots after the first. */
  looks: number;
  /** Steps of the recursion in hand. */
  steps: number;
  readonly theta: Float64Array;
  /** Mean of the iterates after the burn-in, and their number. */
  averaged: number;
  readonly average: Float64Array;
  readonly order: Uint32Array;
  scatter: Scatter | null;
  contrastScatter: Scatter | null;
  plugIn: PlugIn | null;
  newton: Newton | null;
  batchMeans: BatchMeans | null;
  drift: Drift;
  clipped: number;
  /** Count at which an interval for a fixed number of observations was asked for. */
  askedAt: number | null;
}

export function createState<Z>(settings: Settings): KieferWolfowitzState<Z> {
  const { initial } = settings;
  return {
    settings,
    seen: 0,
    evaluations: 0,
    waiting: [],
    tuning: null,
    warm: null,
    looks: 0,
    steps: 0,
    theta: initial.slice(),
    averaged: 0,
    average: initial.slice(),
    order: Uint32Array.from({ length: initial.length }, (_, k) => k),
    ...freshSums(settings),
    askedAt: null,
  };
}

/** What the averaged steps are summed into. */
function freshSums({ initial, methods, contrasts, fullScatter, newton }: Settings) {
  const d = initial.length;
  const scaling = methods.includes("random-scaling");
  return {
    scatter: scaling ? createScatter(d, fullScatter) : null,
    contrastScatter: scaling && contrasts.length > 0 ? createScatter(contrasts.length, true) : null,
    plugIn: methods.includes("plug-in") ? createPlugIn(d) : null,
    newton: newton ? createNewton(d) : null,
    batchMeans: methods.includes("batch-means") ? createBatchMeans(initial) : null,
    drift: createDrift(d),
    clipped: 0,
  };
}

/** Forgets the averaged steps: averaging begins anew from the present iterate. */
export function restartAverage(state: KieferWolfowitzState<unknown>): void {
  state.averaged = 0;
  Object.assign(state, freshSums(state.settings));
}
