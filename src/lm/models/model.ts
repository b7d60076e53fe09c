/** Any model that fpx runs: which family a `config.json` is of, and that family's trunk, head and weights. */

import { InvalidInput } from "../../core/errors.ts";
import { linear, type Tensor } from "../graph/index.ts";
import type { Lora } from "../lora.ts";
import { type Gpt2Config, gpt2, gpt2Shapes, readGpt2Config, writeGpt2Config } from "./gpt2.ts";
import { llama, llamaShapes } from "./llama.ts";
import { type LlamaConfig, readLlamaConfig, writeLlamaConfig } from "./llama-config.ts";
import { type ModelInputs, type ModelOutputs, modelWeights, type WeightShapes } from "./transformer.ts";

/** The shape of a model of any family: Llama, Qwen2, Qwen3, GPT-2. */
export type ModelConfig = LlamaConfig | Gpt2Config;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the object of a `config.json` of any family; `source` names it in errors.
 *
 * Throws `InvalidInput` for another model type, a quantised model, or sizes that do not fit together.
 */
export function readModelConfig(json: Json, source = "config.json"): ModelConfig {
  if (json["quantization_config"] != null) {
    throw new InvalidInput(`${source} describes a quantised model; use weights in F32, F16 or BF16`);
  }
  return json["model_type"] === "gpt2" ? readGpt2Config(json, source) : readLlamaConfig(json, source);
}

/** The object of a `config.json` that this library and Python's `transformers` read; `dtype` is how weights are stored. */
export function writeModelConfig(
  config: ModelConfig,
  tokens: { readonly bos: number | undefined; readonly eos: number; readonly pad: number },
  dtype: "F32" | "F16" | "BF16" = "F32",
): Json {
  return {
    ...(config.family === "gpt2" ? writeGpt2Config(config) : writeLlamaConfig(config)),
    bos_token_id: tokens.bos ?? null,
    eos_token_id: tokens.eos,
    pad_token_id: tokens.pad,
    torch_dtype: { F32: "float32", F16: "float16", BF16: "bfloat16" }[dtype],
  };
}

/**
 * The trunk of a model: hidden states of tokens. Weights become parameters of the graph, named as in the checkpoint;
 * calling it again on the same graph shares them.
 *
 * @example
 * const graph = new Graph();
 * const { hidden } = modelTrunk(config, { tokens: graph.input("tokens", "int32", ["batch", "sequence"]) });
 * const logits = modelHead(config, hidden);
 */
export function modelTrunk(
  config: ModelConfig,
  inputs: ModelInputs,
  options: { readonly lora?: Lora } = {},
): ModelOutputs {
  return config.family === "gpt2" ? gpt2(config, inputs, options) : llama(config, inputs, options);
}

/** Logits [..., vocabSize] of hidden states [..., hiddenSize]. */
export function modelHead(
  config: ModelConfig,
  hidden: Tensor,
  options: { readonly lora?: Lora } = {},
): Tensor {
  const { weight, dense } = modelWeights(hidden.graph, modelShapes(config), options.lora);
  if (config.family !== "gpt2" && !config.tiedEmbeddings) return dense("lm_head", hidden);
  return linear(hidden, weight(embeddingName(config)), { transposed: true });
}

/** Every weight of a model with its shape, in a fixed order; matrices are [out, in]. */
export function modelShapes(config: ModelConfig): WeightShapes {
  return config.family === "gpt2" ? gpt2Shapes(config) : llamaShapes(config);
}

/** Heads of keys and values in a layer's cache, and numbers in each. */
export function cacheSizes(config: ModelConfig): { readonly heads: number; readonly headSize: number } {
  return config.family === "gpt2"
    ? { heads: config.heads, headSize: config.hiddenSize / config.heads }
    : { heads: config.keyValueHeads, headSize: config.headSize };
}

function embeddingName(config: ModelConfig): string {
  return config.family === "gpt2" ? "transformer.wte.weight" : "model.embed_tokens.weight";
}
