export {
  type EditLogMiddleware,
  editLogMiddleware,
  type MiddlewareOptions,
  type ModelAnswer,
  type ModelCall,
  type ModelLike,
  type ModelStream,
} from "./ai-sdk.ts";
export {
  type DraftEdit,
  type DurableEditLog,
  type EditLogOptions,
  type Failure,
  type Generation,
  openEditLog,
} from "./edit-log.ts";
export { HOSTS, type HostName } from "./jobs/hosts.ts";
export {
  type FineTuningJob,
  fineTuningJob,
  JOB_DEFAULTS,
  JOB_METHODS,
  type JobMethod,
  type JobOptions,
  type JobPlan,
  type JobRequest,
} from "./jobs/job.ts";
export { readJob, type SubmitOptions, submitJob } from "./jobs/submit.ts";
export {
  type LangChainMiddleware,
  type LangChainOptions,
  langchainEditLog,
} from "./langchain.ts";
export { type LanguageModelLike, type LateEnsembleModelOptions, lateEnsemble } from "./late-ensemble.ts";
export { type TraceOptions, traceEdits } from "./open-telemetry.ts";
export { type OpenAiLike, type OpenAiOptions, recordOpenAi } from "./openai.ts";
export {
  generationId,
  type RecordingFaults,
  type RecordingOptions,
  type StreamedResult,
} from "./recorder.ts";
