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
export type { Method } from "./stencils.ts";
