/** The shape of a Llama-family model (Llama, Qwen2, Qwen3), read from and written to Hugging Face's `config.json`. */

import { InvalidInput } from "../../core/errors.ts";

/** How rotary frequencies are stretched beyond the positions seen in training. */
export type RopeScaling =
  | { readonly type: "default" }
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

/** The families of this layout, by the `model_type` of their `config.json`. */
const families = ["llama", "qwen2", "qwen3"] as const;

/** The sizes and options of a Llama-family model. */
export interface LlamaConfig {
  /** Which of the layout's families: qwen2 has no bias on its output projection, qwen3 normalises queries and keys. */
  readonly family: (typeof families)[number];
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; divides `heads` (grouped-query attention). */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Longest sequence, prompt and response together. */
  readonly maximumPositions: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** Whether the head is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
}

/** A config from its main sizes: no biases, tied embeddings, as many key/value heads as heads, plain rotary positions. */
export function llamaConfig(
  sizes: Pick<LlamaConfig, "vocabSize" | "hiddenSize" | "layers" | "heads"> & Partial<LlamaConfig>,
): LlamaConfig {
  const { hiddenSize, heads } = sizes;
  return checked(
    {
      family: "llama",
      intermediateSize: 32 * Math.ceil((8 * hiddenSize) / 3 / 32),
      keyValueHeads: heads,
      headSize: hiddenSize / heads,
      maximumPositions: 512,
      normEpsilon: 1e-5,
      ropeTheta: 10_000,
      ropeScaling: { type: "default" },
      tiedEmbeddings: true,
      attentionBias: false,
      mlpBias: false,
      ...sizes,
    },
    "llamaConfig",
  );
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the object of a `config.json`; `source` names it in errors. Both spellings of rotary options are read:
 * `rope_theta` with `rope_scaling`, and `rope_parameters`.
 *
 * Throws `InvalidInput` for another model type, or sizes that do not fit together.
 */
export function readLlamaConfig(json: Json, source = "config.json"): LlamaConfig {
  const family = families.find((name) => name === json["model_type"]);
  if (family === undefined) {
    throw new InvalidInput(
      `${source} is for a model of type ${show(json["model_type"])}; fpx runs "llama", "qwen2", "qwen3" and "gpt2"`,
    );
  }
  if (json["use_sliding_window"] === true) {
    throw new InvalidInput(`${source} asks for a sliding window; fpx attends to the whole sequence`);
  }
  const activation = json["hidden_act"] ?? "silu";
  if (activation !== "silu") {
    throw new InvalidInput(`${source} has hidden_act ${show(activation)}; fpx runs "silu"`);
  }
  const field = (name: string, fallback?: number): number => {
    const value = json[name] ?? fallback;
    if (typeof value !== "number") throw new InvalidInput(`${source} lacks the number ${name}`);
    return value;
  };
  const flag = (name: string): boolean => {
    const value = json[name] ?? false;
    if (typeof value !== "boolean") throw new InvalidInput(`${source}: ${name} must be true or false`);
    return value;
  };
  const heads = field("num_attention_heads");
  const hiddenSize = field("hidden_size");
  const rope = (json["rope_parameters"] ?? json["rope_scaling"] ?? {}) as Json;
  return checked(
    {
      family,
      vocabSize: field("vocab_size"),
      hiddenSize,
      intermediateSize: field("intermediate_size"),
      layers: field("num_hidden_layers"),
      heads,
      keyValueHeads: field("num_key_value_heads", heads),
      headSize: field("head_dim", family === "qwen3" ? 128 : hiddenSize / heads),
      maximumPositions: field("max_position_embeddings", family === "llama" ? 2048 : 32_768),
      normEpsilon: field("rms_norm_eps", 1e-6),
      ropeTheta: typeof rope["rope_theta"] === "number" ? rope["rope_theta"] : field("rope_theta", 10_000),
      ropeScaling: readRopeScaling(rope, field("max_position_embeddings", 2048), source),
      tiedEmbeddings: flag("tie_word_embeddings"),
      attentionBias: family === "qwen2" || flag("attention_bias"),
      mlpBias: flag("mlp_bias"),
    },
    source,
  );
}

/** The fields of a `config.json` that this library and Python's `transformers` read. */
export function writeLlamaConfig(config: LlamaConfig): Json {
  const scaling = writeRopeScaling(config.ropeScaling);
  return {
    architectures: [`${config.family[0]!.toUpperCase()}${config.family.slice(1)}ForCausalLM`],
    model_type: config.family,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    max_position_embeddings: config.maximumPositions,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.ropeTheta,
    rope_scaling: scaling,
    tie_word_embeddings: config.tiedEmbeddings,
    attention_bias: config.attentionBias,
    mlp_bias: config.mlpBias,
    hidden_act: "silu",
  };
}

/** Rotary frequency of each pair of a head's components, stretched as the config says; radians per position. */
export function ropeFrequencies(config: LlamaConfig): Float64Array {
  const { headSize, ropeTheta, ropeScaling } = config;
  const plain = Float64Array.from({ length: headSize / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headSize));
  switch (ropeScaling.type) {
    case "default":
      return plain;
    case "linear":
      return plain.map((frequency) => frequency / ropeScaling.factor);
    case "llama3": {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = ropeScaling;
      return plain.map((frequency) => {
        const turns = (originalPositions * frequency) / (2 * Math.PI);
        if (turns < low) return frequency / factor;
        if (turns > high) return frequency;
        const share = (turns - low) / (high - low);
        return (1 - share) * (frequency / factor) + share * frequency;
      });
    }
  }
}

function readRopeScaling(rope: Json, maximumPositions: number, source: string): RopeScaling {
  const type: unknown = rope["rope_type"] ?? rope["type"] ?? "default";
  const number = (name: string, fallback?: number): number => {
    const value = rope[name] ?? fallback;
    if (typeof value !== "number" || !(value > 0)) {
      throw new InvalidInput(`${source}: rotary scaling of type ${show(type)} lacks a positive ${name}`);
    }
    return value;
  };
  switch (type) {
    case "default":
      return { type: "default" };
    case "linear":
      return { type: "linear", factor: number("factor") };
    case "llama3":
      return {
        type: "llama3",
        factor: number("factor"),
        lowFrequencyFactor: number("low_freq_factor"),
        highFrequencyFactor: number("high_freq_factor"),
        originalPositions: number("original_max_position_embeddings", maximumPositions),
      };
    default:
      throw new InvalidInput(
        `${source} stretches rotary positions by ${show(type)}; fpx knows "default", "linear" and "llama3"`,
      );
  }
}

function writeRopeScaling(scaling: RopeScaling): Json | null {
  switch (scaling.type) {
    case "default":
      return null;
    case "linear":
      return { rope_type: "linear", factor: scaling.factor };
    case "llama3":
      return {
        rope_type: "llama3",
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalPositions,
      };
  }
}

function checked(config: LlamaConfig, source: string): LlamaConfig {
  const counts = [
    "vocabSize",
    "hiddenSize",
    "intermediateSize",
    "layers",
    "heads",
    "keyValueHeads",
    "headSize",
    "maximumPositions",
  ] as const;
  for (const name of counts) {
    if (!Number.isSafeInteger(config[name]) || config[name] < 1) {
      throw new InvalidInput(
        `${source}: ${name} is ${config[name]}; it must be a whole number of at least 1`,
      );
    }
  }
  if (config.headSize % 2 !== 0) {
    throw new InvalidInput(`${source}: the head size ${config.headSize} must be even for rotary positions`);
  }
  if (config.heads % config.keyValueHeads !== 0) {
    throw new InvalidInput(
      `${source}: ${config.heads} heads cannot share ${config.keyValueHeads} key/value heads evenly`,
    );
  }
  if (!(config.normEpsilon > 0) || !(config.ropeTheta > 0)) {
    throw new InvalidInput(`${source}: rms_norm_eps and rope_theta must be positive`);
  }
  return config;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "none";
}
