export { type AdamwUpdate, adamwFeeds, adamwUpdate } from "./adamw.ts";
export { type AdamwNumbers, type AdamwOptions, adamwStep } from "./adamw-step.ts";
export { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./checkpoints/half-floats.ts";
export type { LanguageModel } from "./checkpoints/language-model.ts";
export {
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsFile,
  type StoredData,
  type StoredTensor,
  writeSafetensors,
} from "./checkpoints/safetensors.ts";
export type { Generation, StopReason } from "./decoding/draft.ts";
export {
  createPolicy,
  type GenerateOptions,
  type ModelPolicy,
  type ScoreOptions,
} from "./decoding/policy.ts";
export { cutRepetition, defaultRepetitionRun } from "./decoding/repetition.ts";
export { type SamplingOptions, sampleToken } from "./decoding/sampling.ts";
export { exportOnnx } from "./export-onnx.ts";
export * from "./graph/index.ts";
export {
  type Adapter,
  allTargets,
  checkAdapter,
  initAdapter,
  type Lora,
  type LoraConfig,
  loraShapes,
  mergeAdapter,
  resolveLora,
} from "./lora.ts";
export type { Gpt2Config } from "./models/gpt2.ts";
export { initLlama } from "./models/init.ts";
export { type LlamaConfig, llamaConfig, type RopeScaling } from "./models/llama-config.ts";
export {
  type ModelConfig,
  modelHead,
  modelShapes,
  modelTrunk,
  readModelConfig,
  writeModelConfig,
} from "./models/model.ts";
export type { KeyValues, ModelInputs, ModelOutputs } from "./models/transformer.ts";
export { type EmitOptions, emitOnnx } from "./onnx/index.ts";
export type { AnswerOptions, ContextResponse, Policy, ResponseLogProb } from "./policy.ts";
export { interpreterRuntime } from "./runtimes/interpreter.ts";
export type { LoadOptions, RunOptions, Runtime, Session, TensorData, Tensors } from "./runtimes/runtime.ts";
export { onnxRuntimeWeb, type WebOptions } from "./runtimes/web.ts";
export {
  packSequences,
  type SequenceFeeds,
  type SequenceInputs,
  type SequenceLogProbs,
  sequenceInputs,
  sequenceLogProbs,
  type TokenPair,
} from "./sequence-log-probs.ts";
export { type ServerPolicyOptions, serverPolicy } from "./server-policy.ts";
export {
  type ChatMessage,
  type Context,
  encodePrompt,
  encodeResponse,
  roleTokens,
} from "./tokenizers/prompt.ts";
export {
  loadTokenizer,
  type TextStream,
  type Tokenizer,
  type TokenizerDefinition,
  textStream,
} from "./tokenizers/tokenizer.ts";
export { type TrainTokenizerOptions, trainTokenizer } from "./tokenizers/train.ts";
export { loadProgram } from "./training/load-program.ts";
export { type Accumulation, type TrainingProgram, trainingProgram } from "./training/program.ts";
export {
  batchAt,
  type TrainingOptions,
  type TrainingProblem,
  type TrainingState,
  train,
} from "./training/train.ts";
export {
  createTrainer,
  type Trainer,
  type TrainerAnswer,
  type TrainerOptions,
  type TrainerQuestion,
} from "./training/trainer.ts";
