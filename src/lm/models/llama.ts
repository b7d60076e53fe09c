/**
 * The Llama family as a tensor graph: RMSNorm before each block, rotary positions, grouped-query attention,
 * SwiGLU, and a head that may be the embedding matrix (Touvron et al. 2023). Qwen2 has biases on queries, keys and
 * values; Qwen3 normalises each head's queries and keys. Layout and weight names are those of Hugging Face.
 */

import {
  add,
  attention,
  gather,
  mul,
  reshape,
  rmsNorm,
  rotary,
  rotaryTables,
  silu,
  type Tensor,
  transpose,
} from "../graph/index.ts";
import type { Lora } from "../lora.ts";
import { type LlamaConfig, ropeFrequencies } from "./llama-config.ts";
import {
  inputBias,
  joinPast,
  type KeyValues,
  type ModelInputs,
  type ModelOutputs,
  modelWeights,
  type WeightShapes,
} from "./transformer.ts";

/**
 * The trunk of the model: hidden states of tokens. Weights become parameters of the graph, named as in the
 * checkpoint; calling it again on the same graph shares them.
 */
export function llama(
  config: LlamaConfig,
  inputs: ModelInputs,
  options: { readonly lora?: Lora } = {},
): ModelOutputs {
  const { tokens, past } = inputs;
  const { graph } = tokens;
  const positions = inputs.positions ?? graph.iota(tokens.shape[1]!);
  const tables = rotaryTables(positions, ropeFrequencies(config));
  const bias = inputBias(inputs);
  const { weight, dense } = modelWeights(graph, llamaShapes(config), options.lora);
  const norm = (module: string, x: Tensor): Tensor =>
    rmsNorm(x, weight(`${module}.weight`), { epsilon: config.normEpsilon });
  const heads = (x: Tensor, count: number): Tensor =>
    reshape(x, [...x.shape.slice(0, 2), count, config.headSize]);
  const byHead = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]);

  let x = gather(weight("model.embed_tokens.weight"), tokens);
  const cache: KeyValues[] = [];
  const states = [x];
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const normed = norm(`${at}.input_layernorm`, x);
    const project = (name: "q" | "k" | "v", count: number): Tensor => {
      const y = heads(dense(`${at}.self_attn.${name}_proj`, normed), count);
      const perHead = config.family === "qwen3" && name !== "v";
      return byHead(perHead ? norm(`${at}.self_attn.${name}_norm`, y) : y);
    };
    const query = rotary(project("q", config.heads), tables);
    const { key, value } = joinPast(past?.[layer], {
      key: rotary(project("k", config.keyValueHeads), tables),
      value: project("v", config.keyValueHeads),
    });
    cache.push({ key, value });
    const mixed = byHead(attention(query, key, value, { bias }));
    const joined = reshape(mixed, [...tokens.shape, config.heads * config.headSize]);
    x = add(x, dense(`${at}.self_attn.o_proj`, joined));
    const inner = norm(`${at}.post_attention_layernorm`, x);
    const gate = silu(dense(`${at}.mlp.gate_proj`, inner));
    x = add(x, dense(`${at}.mlp.down_proj`, mul(gate, dense(`${at}.mlp.up_proj`, inner))));
    states.push(x);
  }
  return { hidden: norm("model.norm", x), cache, states };
}

/** Every weight of the model with its shape, in a fixed order; matrices are [out, in]. */
export function llamaShapes(config: LlamaConfig): WeightShapes {
  const { hiddenSize, intermediateSize, headSize, heads, keyValueHeads, vocabSize, family } = config;
  const shapes = new Map<string, readonly number[]>();
  const dense = (module: string, out: number, size: number, biased: boolean): void => {
    shapes.set(`${module}.weight`, [out, size]);
    if (biased) shapes.set(`${module}.bias`, [out]);
  };
  shapes.set("model.embed_tokens.weight", [vocabSize, hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.set(`${at}.input_layernorm.weight`, [hiddenSize]);
    dense(`${at}.self_attn.q_proj`, heads * headSize, hiddenSize, config.attentionBias);
    dense(`${at}.self_attn.k_proj`, keyValueHeads * headSize, hiddenSize, config.attentionBias);
    dense(`${at}.self_attn.v_proj`, keyValueHeads * headSize, hiddenSize, config.attentionBias);
    dense(`${at}.self_attn.o_proj`, hiddenSize, heads * headSize, config.attentionBias && family !== "qwen2");
    if (family === "qwen3") {
      shapes.set(`${at}.self_attn.q_norm.weight`, [headSize]);
      shapes.set(`${at}.self_attn.k_norm.weight`, [headSize]);
    }
    shapes.set(`${at}.post_attention_layernorm.weight`, [hiddenSize]);
    dense(`${at}.mlp.gate_proj`, intermediateSize, hiddenSize, config.mlpBias);
    dense(`${at}.mlp.up_proj`, intermediateSize, hiddenSize, config.mlpBias);
    dense(`${at}.mlp.down_proj`, hiddenSize, intermediateSize, config.mlpBias);
  }
  shapes.set("model.norm.weight", [hiddenSize]);
  if (!config.tiedEmbeddings) dense("lm_head", vocabSize, hiddenSize, false);
  return shapes;
}
