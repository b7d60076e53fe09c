export type { AcceptanceByCost } from "./acceptance.ts";
export type { Advice, AdviceEvidence, LearningMethod, MethodAdvice } from "./advice.ts";
export {
  APP_LOG_HEADER,
  type AppLogLine,
  AppLogReplay,
  type FailedCall,
  parseAppLogLine,
} from "./app-log.ts";
export {
  type CopyBaseline,
  type CopyBaselineOptions,
  fitCopyBaseline,
  type LearnedChange,
} from "./baseline.ts";
export type { Change } from "./changes.ts";
export {
  type CostOptions,
  costDefinition,
  type EditCosts,
  editCost,
  editCosts,
  type Normalize,
} from "./cost.ts";
export { type DiffSegment, diffWords } from "./diff.ts";
export { type EditStep, editScript } from "./edit-script.ts";
export type { Estimate, Histogram, Share } from "./estimates.ts";
export {
  checkExport,
  type Exclusion,
  type ExportOptions,
  type ExportReport,
  exportLines,
} from "./exports/export.ts";
export type { CarriedRecord, EditFormat, EditFormatName, FormatKind } from "./exports/format.ts";
export { EDIT_FORMATS, editFormat } from "./exports/formats.ts";
export { type ImportedFile, type ImportReject, importFormat } from "./exports/import.ts";
export { type Redact, type RedactedField, redactRecord } from "./exports/redact.ts";
export { FIELD_ALIASES, type FieldMap, type FieldRole, parseFieldMap } from "./fields.ts";
export type { Laterality, TokenTraffic } from "./laterality.ts";
export { draftAll, episodeCosts, evaluatePolicy, type PolicyEvaluation } from "./learning/evaluate.ts";
export {
  type Learned,
  type LearnOptimizer,
  type LearnOptions,
  learn,
  optimizers,
  type PolicyScores,
  type Sample,
} from "./learning/learn.ts";
export {
  type DirectionScope,
  directionScopes,
  type Method,
  type MethodOptions,
  methods,
  trainingDefaults,
} from "./learning/methods.ts";
export { fitLogReference, fitReference, type ReferenceOptions } from "./learning/reference.ts";
export {
  type CandidateOptions,
  type CostTargetOptions,
  costTargets,
  type RerankOptions,
  reranked,
} from "./learning/rerank.ts";
export type { Curve, LearnContext, LearnObserver, ReferenceCache, StageStore } from "./learning/stage.ts";
export type { WriterResult, WriterScores } from "./learning/writers.ts";
export { levenshtein, levenshteinAll } from "./levenshtein.ts";
export {
  type CostModel,
  type CostModelOptions,
  type CostModelState,
  fitCost,
  restoreCost,
} from "./policies/cost-model.ts";
export {
  type CostPolicyOptions,
  candidateWeights,
  costPolicy,
  regularizedCost,
} from "./policies/cost-policy.ts";
export {
  type FtplSelectorOptions,
  ftplSelector,
  LateEnsemble,
  type LateEnsembleOptions,
  type LateEnsembleState,
  type Selection,
  type SelectorKind,
  type StoredSelector,
} from "./policies/late-ensemble.ts";
export {
  type ChoiceLog,
  earlyLoss,
  fitLogLinear,
  greedy,
  imitationLoss,
  type LogLinearFitOptions,
  logits,
  policyGradient,
  preferenceLoss,
  probabilities,
  type ResponseSet,
  type ValueAndGradient,
} from "./policies/log-linear.ts";
export { maxSubOpt, type SubOptimality } from "./policies/max-sub-opt.ts";
export {
  fitTextCost,
  restoreTextCost,
  type TextCost,
  type TextCostOptions,
  type TextCostState,
  textFeatures,
} from "./policies/text-cost.ts";
export { createUcb, restoreUcb, type Ucb, type UcbOptions, type UcbState } from "./policies/ucb.ts";
export {
  type EditLog,
  type LogWarning,
  parseEditLog,
  type ReadOptions,
  type Reject,
  type RejectCode,
  readEditLog,
  requireRecords,
} from "./reader.ts";
export {
  type ChatMessage,
  type Context,
  comparable,
  comparableRecord,
  contextKey,
  contextText,
  type EditRecord,
  isEdited,
} from "./record.ts";
export {
  parseWhere,
  type SelectedRecords,
  type SelectOptions,
  selectRecords,
  type Where,
} from "./select.ts";
export { assertDisjoint, type Split, type SplitOptions, splitLog } from "./split.ts";
export { type EditStats, editStats, type GroupStats, type Quantiles, type StatsOptions } from "./stats.ts";
export { type Tokenize, tokenizeWords } from "./tokens.ts";
export { type Truncation, truncation } from "./truncation.ts";
export type { Wavering, WaveringPlace } from "./wavering.ts";
export { createMailWorld } from "./worlds/mail.ts";
export { simulateLog, type WorldMeta, worldOfLog } from "./worlds/simulated-log.ts";
export { createSummaryWorld } from "./worlds/summary.ts";
export { type EditWorld, USER_KINDS, type UserKind } from "./worlds/world.ts";
