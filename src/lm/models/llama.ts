/**
 * The Llama family as a tensor graph: RMSNorm before each block, rotary positions, grouped-query attention,
 * SwiGLU, and a head that may be the embedding matrix (Touvron et al. 2023; the layout and the weight names are
 * those of Hugging Face's `LlamaForCausalLM`).
 */

import { InvalidInput } from "../../core/errors.ts";
import {
  add,
  attention,
  attentionBias,
  cast,
  causalMask,
  concat,
  type Dim,
  type Graph,
  gather,
  linear,
  mul,
  reshape,
  rmsNorm,
  rotary,
  rotaryTables,
  silu,
  type Tensor,
  transpose,
} from "../graph/index.ts";
import { type Lora, loraDelta } from "../lora.ts";
import { type LlamaConfig, ropeFrequencies } from "./llama-config.ts";
import { sharedParameter } from "./parameters.ts";

/** Keys and values of one layer, each [batch, keyValueHeads, length, headSize]. */
export interface KeyValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

export interface LlamaInputs {
  /** int32 [batch, sequence]. */
  readonly tokens: Tensor;
  /** int32 [batch, sequence] or [sequence]; by default 0, 1, ... as for sequences padded on the right. */
  readonly positions?: Tensor;
  /** bool [batch, past + sequence], false on padding. Not needed for padding on the right, which no token sees. */
  readonly keys?: Tensor;
  /** The cache of earlier tokens, by layer. */
  readonly past?: readonly KeyValues[];
}

export interface LlamaOutputs {
  /** [batch, sequence, hiddenSize], normalised: what the head takes. */
  readonly hidden: Tensor;
  /** Keys and values of all tokens so far, by layer. */
  readonly cache: readonly KeyValues[];
}

/**
 * The trunk of the model: hidden states of tokens. Weights become parameters of the graph, named as in the
 * checkpoint; calling it again on the same graph shares them.
 *
 * @example
 * const graph = new Graph();
 * const { hidden } = llama(config, { tokens: graph.input("tokens", "int32", ["batch", "sequence"]) });
 * const logits = llamaHead(config, hidden);
 */
export function llama(
  config: LlamaConfig,
  inputs: LlamaInputs,
  options: { readonly lora?: Lora } = {},
): LlamaOutputs {
  const { tokens, past } = inputs;
  const { graph } = tokens;
  const sequence = tokens.shape[1]!;
  const pastLength = past?.[0]?.key.shape[2] ?? 0;
  const positions = inputs.positions ?? graph.iota(sequence);
  const tables = rotaryTables(positions, ropeFrequencies(config));
  const bias = attentionBias({
    causal: causalByColumn(graph, pastLength, sequence),
    ...(inputs.keys === undefined ? {} : { keys: inputs.keys }),
  });
  const dense = (module: string, x: Tensor, biased: boolean): Tensor =>
    denseModule(config, module, x, biased, options.lora);
  const norm = (module: string, x: Tensor): Tensor =>
    rmsNorm(x, weight(graph, config, `${module}.weight`), { epsilon: config.normEpsilon });
  const heads = (x: Tensor, count: number): Tensor =>
    transpose(reshape(x, [...x.shape.slice(0, 2), count, config.headSize]), [0, 2, 1, 3]);

  let x = gather(weight(graph, config, "model.embed_tokens.weight"), tokens);
  const cache: KeyValues[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const normed = norm(`${at}.input_layernorm`, x);
    const project = (name: string, count: number): Tensor =>
      heads(dense(`${at}.self_attn.${name}_proj`, normed, config.attentionBias), count);
    const query = rotary(project("q", config.heads), tables);
    const before = past?.[layer];
    const fresh = {
      key: rotary(project("k", config.keyValueHeads), tables),
      value: project("v", config.keyValueHeads),
    };
    const key = before === undefined ? fresh.key : concat([before.key, fresh.key], 2);
    const value = before === undefined ? fresh.value : concat([before.value, fresh.value], 2);
    cache.push({ key, value });
    const mixed = transpose(attention(query, key, value, { bias }), [0, 2, 1, 3]);
    const joined = reshape(mixed, [...tokens.shape, config.heads * config.headSize]);
    x = add(x, dense(`${at}.self_attn.o_proj`, joined, config.attentionBias));
    const inner = norm(`${at}.post_attention_layernorm`, x);
    const gate = silu(dense(`${at}.mlp.gate_proj`, inner, config.mlpBias));
    const up = dense(`${at}.mlp.up_proj`, inner, config.mlpBias);
    x = add(x, dense(`${at}.mlp.down_proj`, mul(gate, up), config.mlpBias));
  }
  return { hidden: norm("model.norm", x), cache };
}

/** Logits [..., vocabSize] of hidden states [..., hiddenSize]. */
export function llamaHead(
  config: LlamaConfig,
  hidden: Tensor,
  options: { readonly lora?: Lora } = {},
): Tensor {
  if (!config.tiedEmbeddings) return denseModule(config, "lm_head", hidden, false, options.lora);
  return linear(hidden, weight(hidden.graph, config, "model.embed_tokens.weight"), { transposed: true });
}

/** Every weight of the model with its shape, in a fixed order; matrices are [out, in]. */
export function llamaShapes(config: LlamaConfig): ReadonlyMap<string, readonly number[]> {
  const { hiddenSize, intermediateSize, headSize, heads, keyValueHeads, vocabSize } = config;
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
    dense(`${at}.self_attn.o_proj`, hiddenSize, heads * headSize, config.attentionBias);
    shapes.set(`${at}.post_attention_layernorm.weight`, [hiddenSize]);
    dense(`${at}.mlp.gate_proj`, intermediateSize, hiddenSize, config.mlpBias);
    dense(`${at}.mlp.up_proj`, intermediateSize, hiddenSize, config.mlpBias);
    dense(`${at}.mlp.down_proj`, hiddenSize, intermediateSize, config.mlpBias);
  }
  shapes.set("model.norm.weight", [hiddenSize]);
  if (!config.tiedEmbeddings) dense("lm_head", vocabSize, hiddenSize, false);
  return shapes;
}

/** True where a key's column is not after the query's: [sequence, past + sequence]. */
function causalByColumn(graph: Graph, past: Dim, sequence: Dim): Tensor {
  const fresh = graph.iota(sequence);
  if (past === 0) return causalMask(fresh, fresh);
  const queries = add(fresh, cast(graph.dimension(past), "int32"));
  return causalMask(queries, concat([graph.iota(past), queries], 0));
}

function denseModule(
  config: LlamaConfig,
  module: string,
  x: Tensor,
  biased: boolean,
  lora: Lora | undefined,
): Tensor {
  const { graph } = x;
  const bias = biased ? { bias: weight(graph, config, `${module}.bias`) } : {};
  const y = linear(x, weight(graph, config, `${module}.weight`), { transposed: true, ...bias });
  return lora?.modules.has(module) ? add(y, loraDelta(lora, module, x, y.shape.at(-1) as number)) : y;
}

function weight(graph: Graph, config: LlamaConfig, name: string): Tensor {
  const shape = llamaShapes(config).get(name);
  if (shape === undefined) throw new InvalidInput(`the model has no weight "${name}"`);
  return sharedParameter(graph, name, shape);
}
