/**
 * The GPT-2 architecture as a graph (Radford et al., 2019), with the parameter names of Hugging Face. In memory its
 * matrices are [out, in] like those of every family here; checkpoints hold them as [in, out].
 */

import { InvalidInput } from "../../core/errors.ts";
import {
  add,
  attention,
  gather,
  gelu,
  layerNorm,
  reshape,
  split,
  type Tensor,
  transpose,
} from "../graph/index.ts";
import type { Lora } from "../lora.ts";
import {
  inputBias,
  joinPast,
  type KeyValues,
  type ModelInputs,
  type ModelOutputs,
  modelWeights,
  type WeightShapes,
} from "./transformer.ts";

/** The sizes of a GPT-2 model, whose head is the token embedding. */
export interface Gpt2Config {
  readonly family: "gpt2";
  readonly vocabSize: number;
  /** The longest sequence. */
  readonly maximumPositions: number;
  readonly hiddenSize: number;
  /** Default four times `hiddenSize`. */
  readonly intermediateSize?: number;
  readonly layers: number;
  readonly heads: number;
  /** Default 1e-5. */
  readonly normEpsilon?: number;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the object of a GPT-2 `config.json`; `source` names it in errors.
 *
 * Throws `InvalidInput` for options of the layout that fpx does not run, or sizes that do not fit together.
 */
export function readGpt2Config(json: Json, source = "config.json"): Gpt2Config {
  const only = (name: string, wanted: unknown): void => {
    const value = json[name] ?? wanted;
    if (value !== wanted) {
      const [given, runs] = [JSON.stringify(value), JSON.stringify(wanted)];
      throw new InvalidInput(`${source} has ${name} ${given}; fpx runs ${runs}`);
    }
  };
  only("activation_function", "gelu_new");
  only("scale_attn_weights", true);
  only("scale_attn_by_inverse_layer_idx", false);
  only("add_cross_attention", false);
  only("tie_word_embeddings", true);
  const size = (name: string, fallback?: number): number => {
    const value = json[name] ?? fallback;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw new InvalidInput(`${source}: ${name} is ${value}; it must be a whole number of at least 1`);
    }
    return value;
  };
  const hiddenSize = size("n_embd");
  const heads = size("n_head");
  const normEpsilon = json["layer_norm_epsilon"] ?? 1e-5;
  if (typeof normEpsilon !== "number" || !(normEpsilon > 0)) {
    throw new InvalidInput(`${source}: layer_norm_epsilon must be positive`);
  }
  if (hiddenSize % heads !== 0) {
    throw new InvalidInput(`${source}: ${heads} heads do not divide the width ${hiddenSize}`);
  }
  return {
    family: "gpt2",
    vocabSize: size("vocab_size"),
    maximumPositions: size("n_positions"),
    hiddenSize,
    intermediateSize: size("n_inner", 4 * hiddenSize),
    layers: size("n_layer"),
    heads,
    normEpsilon,
  };
}

/** The fields of a GPT-2 `config.json` that this library and Python's `transformers` read. */
export function writeGpt2Config(config: Gpt2Config): Json {
  return {
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: config.vocabSize,
    n_positions: config.maximumPositions,
    n_embd: config.hiddenSize,
    n_inner: config.intermediateSize ?? null,
    n_layer: config.layers,
    n_head: config.heads,
    layer_norm_epsilon: config.normEpsilon ?? 1e-5,
    activation_function: "gelu_new",
    tie_word_embeddings: true,
  };
}

/** Names and shapes of all weights, in the order in which the model uses them; matrices are [out, in]. */
export function gpt2Shapes(config: Gpt2Config): WeightShapes {
  const { vocabSize, maximumPositions, hiddenSize: d, layers } = config;
  const inner = config.intermediateSize ?? 4 * d;
  const shapes = new Map<string, readonly number[]>([
    ["transformer.wte.weight", [vocabSize, d]],
    ["transformer.wpe.weight", [maximumPositions, d]],
  ]);
  const add = (name: string, shape: readonly number[]): void => {
    shapes.set(`transformer.${name}.weight`, shape);
    shapes.set(`transformer.${name}.bias`, [shape[0]!]);
  };
  for (let layer = 0; layer < layers; layer++) {
    add(`h.${layer}.ln_1`, [d]);
    add(`h.${layer}.attn.c_attn`, [3 * d, d]);
    add(`h.${layer}.attn.c_proj`, [d, d]);
    add(`h.${layer}.ln_2`, [d]);
    add(`h.${layer}.mlp.c_fc`, [inner, d]);
    add(`h.${layer}.mlp.c_proj`, [d, inner]);
  }
  add("ln_f", [d]);
  return shapes;
}

/** Whether a checkpoint of this layout holds the weight as [in, out] (its `Conv1D` modules). */
export function isConv1d(name: string): boolean {
  return /\.c_(attn|proj|fc)\.weight$/.test(name);
}

/**
 * The trunk of the model: hidden states of tokens, every weight a parameter of the graph. Throws `InvalidInput` when
 * the heads do not divide the width.
 */
export function gpt2(
  config: Gpt2Config,
  inputs: ModelInputs,
  options: { readonly lora?: Lora } = {},
): ModelOutputs {
  const { hiddenSize: d, heads, layers, normEpsilon: epsilon = 1e-5 } = config;
  if (d % heads !== 0) throw new InvalidInput(`gpt2: ${heads} heads do not divide the width ${d}`);
  const { tokens, past } = inputs;
  const { graph } = tokens;
  const { weight, dense } = modelWeights(graph, gpt2Shapes(config), options.lora);
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), { epsilon });

  const [batch, sequence] = tokens.shape;
  const positions = inputs.positions ?? graph.iota(sequence!);
  const bias = inputBias(inputs);
  const toHeads = (x: Tensor): Tensor =>
    transpose(reshape(x, [batch!, sequence!, heads, d / heads]), [0, 2, 1, 3]);
  const cache: KeyValues[] = [];
  let x = add(
    gather(weight("transformer.wte.weight"), tokens),
    gather(weight("transformer.wpe.weight"), positions),
  );
  const states = [x];
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    const [query, k, v] = split(dense(`${at}.attn.c_attn`, norm(x, `${at}.ln_1`)), 3, -1).map(toHeads);
    const { key, value } = joinPast(past?.[layer], { key: k!, value: v! });
    cache.push({ key, value });
    const mixed = transpose(attention(query!, key, value, { bias }), [0, 2, 1, 3]);
    x = add(x, dense(`${at}.attn.c_proj`, reshape(mixed, [batch!, sequence!, d])));
    const inner = gelu(dense(`${at}.mlp.c_fc`, norm(x, `${at}.ln_2`)), { approximate: "tanh" });
    x = add(x, dense(`${at}.mlp.c_proj`, inner));
    states.push(x);
  }
  return { hidden: norm(x, "transformer.ln_f"), cache, states };
}
