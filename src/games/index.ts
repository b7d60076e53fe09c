export { type AveragePlay, fictitiousPlay, frankWolfeSaddle } from "./baselines/best-response.ts";
export {
  type GradientOptions,
  type GradientPlay,
  optimisticHedge,
  projectedExtragradient,
} from "./baselines/gradient.ts";
export { type RegretPlay, regretMatchingPlus } from "./baselines/regret-matching.ts";
export { type Box, type BoxSearch, gridSearch, multistart } from "./box-search.ts";
export {
  type ContinuousGame,
  type ContinuousGameSpec,
  continuousGame,
  type SeparablePayoff,
} from "./continuous-game.ts";
export type { Certificate, GameSolver, GameState, Play, SaddlePoint } from "./dynamics.ts";
export { certify } from "./dynamics.ts";
export { exactSaddlePoint } from "./exact.ts";
export { FtplLearner, type LearnerOptions, type LearnerState } from "./learner.ts";
export {
  type ContinuousOptions,
  type CustomMixedGuess,
  type MixedEquilibrium,
  type MixedFtplOptions,
  type MixedGuess,
  mixedFtpl,
  solveContinuousGame,
} from "./mixed-ftpl.ts";
export type { Mixture } from "./mixture.ts";
export { type BoxLoss, NonconvexFtplLearner, type NonconvexLearnerOptions } from "./nonconvex-learner.ts";
export {
  type CustomGuess,
  type FtplPlay,
  type Guess,
  type OptimisticFtplOptions,
  optimisticFtpl,
  regretGap,
} from "./optimistic-ftpl.ts";
export { type Perturbation, samplePerturbation } from "./perturbation.ts";
export { kuhnPoker, leducPoker } from "./poker.ts";
export {
  bilinearGame,
  type Pair,
  type PayoffAt,
  type SaddleGame,
  type SaddleGameSpec,
  saddleGame,
} from "./saddle-game.ts";
export type { Scale } from "./scale.ts";
export {
  type Choice,
  type Chosen,
  type Feedback,
  type LossOf,
  OptimisticFtpl,
  type Selector,
  type SelectorOptions,
  type SelectorState,
} from "./selector.ts";
export { type GameNode, type SequenceFormGame, sequenceForm } from "./sequence-form.ts";
export { box, kSubsets, l1Ball, l2Ball, simplex, traceNormBall } from "./sets/basic.ts";
export { birkhoff } from "./sets/birkhoff.ts";
export { dagPaths, type Graph, spanningTrees } from "./sets/graphs.ts";
export {
  checkStrategySet,
  type Decision,
  type Polytope,
  type StrategySet,
  strategySet,
} from "./sets/strategy-set.ts";
export { type InformationSet, treeplex } from "./sets/treeplex.ts";
export {
  type MatrixGameOptions,
  type MatrixGameSolution,
  type SolvedGame,
  type SolveOptions,
  solveMatrixGame,
  solveSaddlePoint,
} from "./solve.ts";
