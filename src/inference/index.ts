export {
  AveragedKieferWolfowitz,
  type Interval,
  type IntervalOptions,
  type SavedEstimator,
  type TestResult,
} from "./averaged-kiefer-wolfowitz.ts";
export {
  confidenceRadius,
  MeanConfidenceSequence,
  type MeanSequenceOptions,
} from "./confidence-sequence.ts";
export type { Diagnostics } from "./diagnostics.ts";
export type { DirectionLaw } from "./directions.ts";
export { type GramOptions, gramMatrix } from "./gram.ts";
export {
  linearLoss,
  logisticLoss,
  quantileLoss,
  type Row,
  type ScoreLoss,
  scoreLoss,
} from "./losses.ts";
export type { IntervalMethod, KieferWolfowitzOptions, Settings } from "./options.ts";
export { type Decision, PairedComparison, type PairedOptions } from "./paired-comparison.ts";
export type { Loss } from "./pilot.ts";
export { lastIterateCovariance } from "./plug-in.ts";
export { jointRandomScalingPValue, randomScalingPValue, randomScalingQuantile } from "./random-scaling.ts";
export type { KieferWolfowitzState, Tuning } from "./state.ts";
export {
  type KieferWolfowitzSolverOptions,
  kieferWolfowitz,
  readOnce,
  type StreamProblem,
  type StreamState,
  type Stretch,
} from "./stream-solver.ts";
export { WatchedInterval } from "./watched-interval.ts";
