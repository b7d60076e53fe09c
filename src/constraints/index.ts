export type {
  Certificate,
  CertificateStatus,
  ClauseProof,
  Counterexample,
  RuleResult,
} from "./certificate.ts";
export { certify, verifyCertificate } from "./certify.ts";
export type { Warning } from "./compile.ts";
export { InfeasibleRules } from "./conflict.ts";
export { type Domain, domain, domainFromData, type FeatureSpec, type Input } from "./domain.ts";
export { Expression, sum, type Variables } from "./expression.ts";
export { type FitOptions, type FitResult, fitConstrained } from "./fit.ts";
export { allOf, anyOf, type Formula, not } from "./formula.ts";
export {
  type LinearModel,
  linearModel,
  type Model,
  type NetworkModel,
  type Prediction,
  parseModel,
  predict,
  type Task,
} from "./model.ts";
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
