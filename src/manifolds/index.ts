export {
  checkGConvexity,
  checkGradient,
  type GConvexityCheck,
  type GradientCheck,
  type Smooth,
} from "./checking.ts";
export {
  boostedRiemacon,
  type MinimizeOptions,
  type Minimizer,
  type Minimum,
  prgd,
  type RiemaconOptions,
  ragd,
  riemacon,
  riemaconSC,
} from "./minimize/minimizers.ts";
export {
  auto,
  type GradientPlayOptions,
  type MinMaxOptions,
  type MinMaxSolver,
  rabr,
  ramma,
  ramma5,
  rceg,
  reg,
  rgda,
  rioda,
  rogda,
  rpeg,
  type SaddleResult,
} from "./minmax/solvers.ts";
export type { GapEntry } from "./outcome.ts";
export {
  type MinimizationParts,
  type MinimizationProblem,
  type MinMaxParts,
  type MinMaxProblem,
  type Moduli,
  minimizationProblem,
  minMaxProblem,
  type SaddleConstants,
} from "./problem.ts";
export {
  droFrechetMean,
  frechetMean,
  type RobustKarcherOptions,
  robustKarcher,
} from "./problems/means.ts";
export {
  type HyperbolicSaddleSpec,
  hyperbolicQuadratic,
  hyperbolicQuadraticSaddle,
  type LogdetSaddleSpec,
  logdetSaddle,
  type SolvedSaddle,
} from "./problems/quadratics.ts";
export { convexConcaveToStrong, convexToStrong } from "./reductions.ts";
export { type GeodesicBall, geodesicBall } from "./sets/ball.ts";
export { type ConvexSet, type CustomSet, customSet, wholeSpace } from "./sets/convex-set.ts";
export { halfSpace } from "./sets/half-space.ts";
export { productSet } from "./sets/product-set.ts";
export { simplex } from "./sets/simplex.ts";
export { spdBox } from "./sets/spd-box.ts";
export { minimize, type SolveMinimizeOptions, type SolveMinMaxOptions, solveMinMax } from "./solve.ts";
export { requireHadamard, riemaconXi, zeta } from "./spaces/curvature.ts";
export { euclidean } from "./spaces/euclidean.ts";
export { fromPoincare, hyperbolic, toPoincare } from "./spaces/hyperbolic.ts";
export {
  add,
  geodesic,
  isPoint,
  type Manifold,
  type ManyOperations,
  randomDirection,
  randomPoint,
  randomVector,
  scale,
  zeroVector,
} from "./spaces/manifold.ts";
export { expMany, logMany, parallelTransportMany } from "./spaces/many.ts";
export { type ProductManifold, product } from "./spaces/product.ts";
export { logdet, spd } from "./spaces/spd.ts";
