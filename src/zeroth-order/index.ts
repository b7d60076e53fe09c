export { type Advice, advise, type ProblemShape } from "./advise.ts";
export { type CheckGradientOptions, checkGradient, type GradientCheck } from "./check-gradient.ts";
export { DIRECTION_LAWS, type DirectionLaw } from "./directions.ts";
export {
  type BlackBox,
  blackBox,
  type EstimatedGradient,
  estimateGradient,
  type GradientEstimate,
  type GradientOptions,
  type Objective,
} from "./gradient.ts";
export {
  customLevels,
  geometricLevels,
  type LevelCount,
  type LevelTable,
  levelNoise,
  zipfLevels,
} from "./levels.ts";
export { type MinimizeOptions, type Minimum, minimize, type Progress } from "./minimize.ts";
export { decodeReplayLog, encodeReplayLog, type ReplayLog, replay } from "./replay-log.ts";
export { residentWeights, rowWeights } from "./resident-weights.ts";
export {
  type MezoRun,
  mezo,
  type ResidentQuestion,
  type ResidentWeights,
  type Scaling,
  type SeedReplayOptions,
  type SeedReplayState,
  seedReplay,
  stepsWithin,
} from "./seed-replay.ts";
export {
  type Descended,
  type DescentState,
  type SvrgOptions,
  type ZerothOrderOptions,
  zerothOrder,
} from "./solver.ts";
export type { Method } from "./stencils.ts";
export { type Constraint, type Optimizer, type Schedule, spsaGains } from "./updates.ts";
