export {
  type AnswerOf,
  type Asking,
  ask,
  askFolded,
  type Batch,
  type BatchOf,
  type Oracle,
} from "./ask.ts";
export { CODEC_VERSION, decode, encode } from "./codec.ts";
export type { Observer, RunOptions, RunResult, SnapshotPolicy, Status, StepView } from "./drive.ts";
export {
  Cancelled,
  FpxError,
  InvalidInput,
  MissingDependency,
  NonFinite,
  OracleFailure,
  SnapshotMismatch,
} from "./errors.ts";
export { type Executor, foldBlocks, inline } from "./executor.ts";
export { fingerprint } from "./fingerprint.ts";
export {
  type Experiment,
  type Figures,
  type Replication,
  type ReplicationsOptions,
  type ReplicationsResult,
  replications,
} from "./replications.ts";
export { type AskTell, type AsyncRunOptions, askTell, iterate, run, runSync } from "./run.ts";
export { decodeSnapshot, encodeSnapshot, type Snapshot } from "./snapshot.ts";
export type { Problem, Solver, SolverStatus } from "./solver.ts";
export type { StopRules } from "./stop.ts";
export { defineStudy, type Study } from "./study.ts";
