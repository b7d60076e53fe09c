export { adversityIndex } from "./adversity.ts";
export { fitPenalised, fitUnconstrained, type PenaltyOptions, postProcess } from "./baselines.ts";
export type {
  Certificate,
  CertificateStatus,
  ClauseProof,
  Counterexample,
  RuleResult,
} from "./certificate.ts";
export { certify } from "./certify.ts";
export { certifyWithSolver, type SolverLimits } from "./certify-with-solver.ts";
export { type Compiled, compileRules, type Warning } from "./compile.ts";
export { InfeasibleRules } from "./conflict.ts";
export { type DeepSadeFit, type DeepSadeOptions, trainDeepSade } from "./deep/train-deep-sade.ts";
export { type Domain, domain, domainFromData, type FeatureSpec, type Input } from "./domain.ts";
export { Expression, sum, type Variables } from "./expression.ts";
export { type FitOptions, type FitResult, fitConstrained } from "./fit.ts";
export { allOf, anyOf, type Formula, not } from "./formula.ts";
export {
  type ClassificationScores,
  type Evaluation,
  evaluate,
  type Predictor,
  type RegressionScores,
  type Scores,
} from "./metrics.ts";
export {
  type Labels,
  type LinearModel,
  linearModel,
  type Model,
  type NetworkModel,
  type Prediction,
  parseModel,
  predict,
  type Task,
} from "./model.ts";
export { parseFormula } from "./parse-formula.ts";
export { projectToBox } from "./projection.ts";
export {
  argmaxIn,
  dominance,
  type Effect,
  effectDominance,
  forAll,
  independent,
  monotone,
  type Rule,
  range,
  when,
} from "./rules.ts";
export { parseRules, type RulesFile, rulesFromData } from "./rules-file.ts";
export type { SadeOptions, SadeSearchReport } from "./sade/fit-sade.ts";
export type { SadeProblem, SadeResult } from "./sade/sade.ts";
export { sadeSearch } from "./sade/sade-search.ts";
export type { Targets } from "./table.ts";
export { verifyCertificate } from "./verify.ts";
