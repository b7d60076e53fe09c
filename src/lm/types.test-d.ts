/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type RunResult, run } from "fpx";
import {
  type Adapter,
  adamwUpdate,
  add,
  type ContextResponse,
  createPolicy,
  emitOnnx,
  exportOnnx,
  type Generation,
  Graph,
  interpret,
  interpreterRuntime,
  type LanguageModel,
  llamaConfig,
  type ModelPolicy,
  onnxRuntimeWeb,
  type Policy,
  packSequences,
  type ResponseLogProb,
  type Runtime,
  reshape,
  type StoredTensor,
  sampleToken,
  serverPolicy,
  type Tensor,
  type TensorData,
  type Tensors,
  type TrainingProblem,
  type TrainingState,
  train,
  writeSafetensors,
} from "fpx/lm";
import { loadPolicy, onnxRuntimeNode, readModel, writeModel } from "fpx/lm/node";
import { expectTypeOf, test } from "vitest";

declare const model: LanguageModel;
declare const policy: ModelPolicy;

test("graphs are of tensors", () => {
  const graph = new Graph();
  const x = graph.input("x", "float", ["rows", 3]);
  expectTypeOf(add(x, 1)).toEqualTypeOf<Tensor>();
  expectTypeOf(reshape(x, [3, "rows"])).toEqualTypeOf<Tensor>();
  const value = { dims: [3], data: new Float64Array(3) };
  expectTypeOf(interpret({ loss: x, sum: x }, { x: value })).toHaveProperty("sum");
  expectTypeOf(emitOnnx({ outputs: { x } })).toEqualTypeOf<Uint8Array>();
  // @ts-expect-error: there is no such output.
  expectTypeOf(interpret({ loss: x }, { x: value }).other).not.toBeAny();
  // @ts-expect-error: there is no such type.
  graph.input("x", "float64", [3]);
  // @ts-expect-error: numbers alone make no tensor of a graph here.
  reshape(3, [3]);
  // @ts-expect-error: an operation has its own attributes.
  graph.make("gelu", { epsilon: 1 }, [x], []);
  // @ts-expect-error: the option is called weightDecay.
  adamwUpdate([x], [x], { decay: 0.1 });
  expectTypeOf<Extract<TensorData, { type: "int64" }>["data"]>().toEqualTypeOf<BigInt64Array>();
  // @ts-expect-error: the data must be of the tensor's type.
  const mixed: TensorData = { type: "int32", dims: [3], data: new Float32Array(3) };
  expectTypeOf(mixed.dims).toEqualTypeOf<readonly number[]>();
});

test("a policy drafts and scores", async () => {
  expectTypeOf(await createPolicy(model, interpreterRuntime())).toEqualTypeOf<ModelPolicy>();
  expectTypeOf(policy.generate(["Dear"], { temperature: 0 })).toEqualTypeOf<Promise<Generation[]>>();
  expectTypeOf(policy.stream("Dear")).toEqualTypeOf<AsyncGenerator<string, Generation, void>>();
  expectTypeOf<Generation["stop"]>().toEqualTypeOf<"end" | "length" | "context" | "repetition">();
  const pairs: ContextResponse[] = [{ context: [{ role: "user", content: "Hi" }], response: "Hello" }];
  expectTypeOf(policy.logProbs(pairs)).toEqualTypeOf<Promise<ResponseLogProb[]>>();
  const remote = serverPolicy({ url: "http://localhost", model: "m" });
  expectTypeOf(remote).toEqualTypeOf<Policy>();
  // @ts-expect-error: not every policy knows log-probabilities.
  remote.logProbs(pairs);
  // @ts-expect-error: contexts are a list.
  policy.generate("Dear");
  // @ts-expect-error: the option is called maxNewTokens.
  policy.generate(["Dear"], { maxTokens: 5 });
  // @ts-expect-error: a message has a content.
  policy.generate([[{ role: "user" }]]);
  expectTypeOf(sampleToken([0, 1], { topK: 2 }, 0.5)).toBeNumber();
});

test("models, adapters and what is stored of them", async () => {
  const sizes = { vocabSize: 10, hiddenSize: 8, layers: 1, heads: 2 };
  expectTypeOf(llamaConfig(sizes).family).toEqualTypeOf<"llama" | "qwen2" | "qwen3">();
  expectTypeOf(exportOnnx(model, { adapter: {} as Adapter })).toEqualTypeOf<Uint8Array>();
  expectTypeOf(packSequences([], { pad: 0 }).tokens.data).toEqualTypeOf<Int32Array>();
  expectTypeOf(writeSafetensors(new Map<string, StoredTensor>())).toEqualTypeOf<Uint8Array>();
  expectTypeOf(await readModel("model")).toEqualTypeOf<LanguageModel>();
  expectTypeOf(await loadPolicy("model", { adapter: "out" })).toEqualTypeOf<ModelPolicy>();
  // @ts-expect-error: sizes have no defaults.
  llamaConfig({ vocabSize: 10 });
  // @ts-expect-error: weights are stored in one of three precisions.
  writeModel("model", model, { dtype: "I8" });
  // @ts-expect-error: a model is read only.
  model.weights = {};
});

test("runtimes load on use, training is a run", async () => {
  expectTypeOf(onnxRuntimeNode({ threads: 2 })).toEqualTypeOf<Promise<Runtime>>();
  expectTypeOf(onnxRuntimeWeb({ provider: "webgpu" })).toEqualTypeOf<Promise<Runtime>>();
  const problem = {} as TrainingProblem;
  const options = { steps: 10, batchSize: 4, learningRate: 1e-3 };
  expectTypeOf(await run(train(options), problem, { seed: 1 })).toEqualTypeOf<
    RunResult<TrainingState, Tensors>
  >();
  // @ts-expect-error: there is no such provider.
  onnxRuntimeWeb({ provider: "cuda" });
  // @ts-expect-error: there is no such schedule.
  train({ ...options, schedule: "linear" });
});
