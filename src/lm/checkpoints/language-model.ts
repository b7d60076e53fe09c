import { InvalidInput } from "../../core/errors.ts";
import { type ModelConfig, modelShapes } from "../models/model.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { StoredTensor } from "./safetensors.ts";

/** A causal language model in memory: everything that its folder holds. */
export interface LanguageModel {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** By Hugging Face names; matrices are [out, in], row-major float32. */
  readonly weights: Tensors;
  /** Tokens after which a response ends; the tokenizer's end token is among them. */
  readonly stopTokens: readonly number[];
}

/** A stored tensor as float32; `where` names file and tensor. Throws `InvalidInput` for whole numbers. */
export function floatTensor(tensor: StoredTensor, where: string): TensorData {
  const { data, shape } = tensor;
  if (data instanceof Float32Array) return { type: "float", dims: shape, data };
  if (data instanceof Float64Array) return { type: "float", dims: shape, data: Float32Array.from(data) };
  throw new InvalidInput(`${where} is of type ${tensor.dtype}; weights must be F64, F32, F16 or BF16`);
}

/**
 * Checks that weights are those of the config: none missing, none of another shape, none left over.
 *
 * Throws `InvalidInput` naming `source` and the weight. Rotary tables of old checkpoints and the copy of a tied
 * head are accepted and left out of the result.
 */
export function checkWeights(config: ModelConfig, weights: Tensors, source: string): Tensors {
  const kept: Record<string, TensorData> = {};
  const shapes = modelShapes(config);
  for (const [name, shape] of shapes) {
    const found = weights[name];
    if (found === undefined)
      throw new InvalidInput(`${source} lacks the weight "${name}"; fetch the model again`);
    if (found.dims.join() !== shape.join()) {
      throw new InvalidInput(
        `${source}: "${name}" has shape [${found.dims}], config.json asks for [${shape}]; use the config of these weights`,
      );
    }
    kept[name] = found;
  }
  for (const name of Object.keys(weights)) {
    const redundant =
      name.endsWith("rotary_emb.inv_freq") ||
      (name === "lm_head.weight" && !shapes.has(name)) ||
      isGpt2Mask(name);
    if (!shapes.has(name) && !redundant) {
      throw new InvalidInput(`${source} has a weight "${name}" that a model of this config does not use`);
    }
  }
  return kept;
}

/** Old GPT-2 checkpoints hold their causal masks. */
function isGpt2Mask(name: string): boolean {
  return /\.attn\.(masked_)?bias$/.test(name);
}

/** Checks that every token id of the tokenizer has a row in the embedding. Throws `InvalidInput` when not. */
export function checkVocabulary(config: ModelConfig, tokenizer: Tokenizer, source: string): void {
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new InvalidInput(
      `${source}: the tokenizer has ${tokenizer.vocabSize} tokens, the model only ${config.vocabSize}; use the tokenizer of this model`,
    );
  }
}
