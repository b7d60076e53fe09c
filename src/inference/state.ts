import { type BatchMeans, createBatchMeans } from "./batch-means.ts";
import { createDrift, type Drift } from "./drift.ts";
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
  readonly scatter: Scatter | null;
  readonly contrastScatter: Scatter | null;
  readonly plugIn: PlugIn | null;
  batchMeans: BatchMeans | null;
  readonly drift: Drift;
  clipped: number;
  /** Count at which an interval for a fixed number of observations was asked for. */
  askedAt: number | null;
}

export function createState<Z>(settings: Settings): KieferWolfowitzState<Z> {
  const d = settings.initial.length;
  const { methods, contrasts, fullScatter } = settings;
  const scaling = methods.includes("random-scaling");
  return {
    settings,
    seen: 0,
    evaluations: 0,
    waiting: [],
    tuning: null,
    warm: null,
    looks: 0,
    steps: 0,
    theta: settings.initial.slice(),
    averaged: 0,
    average: settings.initial.slice(),
    order: Uint32Array.from({ length: d }, (_, k) => k),
    scatter: scaling ? createScatter(d, fullScatter) : null,
    contrastScatter: scaling && contrasts.length > 0 ? createScatter(contrasts.length, true) : null,
    plugIn: methods.includes("plug-in") ? createPlugIn(d) : null,
    batchMeans: methods.includes("batch-means") ? createBatchMeans(settings.initial) : null,
    drift: createDrift(d),
    clipped: 0,
    askedAt: null,
  };
}
