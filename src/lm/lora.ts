/**
 * Low-rank adapters (Hu et al. 2021): a frozen matrix W [out, in] is used as W + scale·B·A, where A [rank, in] and
 * B [out, rank] are trained. Names, files and defaults are those of Python's `peft`.
 */

import { InvalidInput } from "../core/errors.ts";
import type { Rng } from "../random/index.ts";
import { linear, mul, type Tensor } from "./graph/index.ts";
import { sharedParameter } from "./models/parameters.ts";
import type { TensorData, Tensors } from "./runtimes/runtime.ts";

/** Which matrices an adapter sits on, and how strongly. */
export interface LoraConfig {
  readonly rank: number;
  /** The product B·A is scaled by `alpha / rank`. */
  readonly alpha: number;
  /** Modules by the end of their names (`q_proj`), or one regular expression that a whole name must match. */
  readonly targets: readonly string[] | string;
  /** Scale by `alpha / sqrt(rank)` instead (rank-stabilised LoRA). Default false. */
  readonly rankStabilised?: boolean;
}

/** A config resolved against a model: which modules it adapts. */
export interface Lora {
  readonly rank: number;
  readonly scale: number;
  /** Names such as `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlySet<string>;
  /**
   * How many rows a batch has, each with an adapter of its own: the matrices are then A [rows, rank, in] and
   * B [rows, out, rank]. Default one adapter for all rows.
   */
  readonly rows?: number;
}

/** An adapter: its config and its matrices, named as in `adapter_model.safetensors`. */
export interface Adapter {
  readonly config: LoraConfig;
  readonly weights: Tensors;
  /** Path or id of the base model that it was trained on, where known. */
  readonly base?: string;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Names of an adapted module's two matrices. */
export function loraNames(module: string): { readonly a: string; readonly b: string } {
  const at = `base_model.model.${module}`;
  return { a: `${at}.lora_A.weight`, b: `${at}.lora_B.weight` };
}

/**
 * Finds the modules of a model (its weights by name and shape) that a config targets.
 *
 * Throws `InvalidInput` when rank or alpha is no positive number, a pattern is malformed, or a target fits no
 * matrix of the model.
 */
export function resolveLora(config: LoraConfig, shapes: Shapes): Lora {
  const { rank, alpha, targets } = config;
  if (!Number.isSafeInteger(rank) || rank < 1) {
    throw new InvalidInput(`LoRA rank is ${rank}; give a whole number of at least 1`);
  }
  if (!(alpha > 0) || !Number.isFinite(alpha))
    throw new InvalidInput(`LoRA alpha is ${alpha}; give a positive number`);
  const names = matrices(shapes);
  const modules = new Set<string>();
  for (const target of typeof targets === "string" ? [targets] : targets) {
    const fits = typeof targets === "string" ? matcher(target) : endMatcher(target);
    const found = names.filter(fits);
    if (found.length === 0) {
      const known = [...new Set(names.map(lastPart))].join(", ");
      throw new InvalidInput(`LoRA target "${target}" fits no matrix of the model; it has ${known}`);
    }
    for (const name of found) modules.add(name);
  }
  if (modules.size === 0) throw new InvalidInput("LoRA has no targets; name at least one, such as q_proj");
  return { rank, scale: alpha / (config.rankStabilised ? Math.sqrt(rank) : rank), modules };
}

/** Every matrix of a model but its tables and its head, as targets: what `peft` calls "all-linear". */
export function allTargets(shapes: Shapes): readonly string[] {
  return [...new Set(matrices(shapes).map(lastPart))].filter((target) => target !== "lm_head");
}

/**
 * What an adapter adds to a module's output: scale·(x·Aᵀ)·Bᵀ; the matrices become parameters of the graph.
 *
 * Throws `InvalidInput` when each row has its own adapter, and the module's input does not come in rows.
 */
export function loraDelta(lora: Lora, module: string, x: Tensor, outSize: number): Tensor {
  const { rank, scale, rows } = lora;
  if (rows !== undefined && (x.shape.length !== 3 || x.shape[0] !== rows))
    throw new InvalidInput(
      `${module} takes [${x.shape}], not ${rows} rows of tokens: an adapter for each row cannot sit there; leave it out of the targets, or give all rows one adapter (directions by batch)`,
    );
  const { a, b } = loraNames(module);
  const inSize = x.shape.at(-1) as number;
  const each = rows === undefined ? [] : [rows];
  const inner = linear(x, sharedParameter(x.graph, a, [...each, rank, inSize]), { transposed: true });
  return linear(mul(inner, scale), sharedParameter(x.graph, b, [...each, outSize, rank]), {
    transposed: true,
  });
}

/** Names and shapes of an adapter's matrices for a model, A before B, in the model's order. */
export function loraShapes(lora: Lora, shapes: Shapes): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const module of lora.modules) {
    const [outSize, inSize] = shapes.get(`${module}.weight`) as readonly [number, number];
    const { a, b } = loraNames(module);
    found.set(a, [lora.rank, inSize]);
    found.set(b, [outSize, lora.rank]);
  }
  return found;
}

/**
 * An adapter to train from, as `peft` begins: A uniform within ±1/sqrt(in) (Kaiming, a = √5), B zero, so that the
 * model is unchanged. Each matrix has its own random stream.
 */
export function initAdapter(lora: Lora, shapes: Shapes, rng: Rng): Tensors {
  const weights: Record<string, TensorData> = {};
  for (const [index, [name, dims]] of [...loraShapes(lora, shapes)].entries()) {
    const [rows, columns] = dims as readonly [number, number];
    const data = new Float32Array(rows * columns);
    if (name.endsWith("lora_A.weight")) {
      rng.stream("adapter weights", 0, index).uniforms(data);
      const bound = 1 / Math.sqrt(columns);
      for (let i = 0; i < data.length; i++) data[i] = (2 * data[i]! - 1) * bound;
    }
    weights[name] = { type: "float", dims, data };
  }
  return weights;
}

/**
 * Checks that an adapter fits a model: every targeted module has its two matrices of the right shape, and there
 * are no others. Throws `InvalidInput` that names `source` and the matrix.
 */
export function checkAdapter(adapter: Adapter, shapes: Shapes, source = "the adapter"): Lora {
  const lora = resolveLora(adapter.config, shapes);
  const expected = loraShapes(lora, shapes);
  for (const [name, shape] of expected) {
    const found = adapter.weights[name];
    if (found === undefined)
      throw new InvalidInput(`${source} lacks the matrix "${name}"; was it made for this model?`);
    if (found.dims.join() !== shape.join()) {
      throw new InvalidInput(
        `${source}: "${name}" has shape [${found.dims}], the model needs [${shape}]; use the model that it was made for`,
      );
    }
  }
  for (const name of Object.keys(adapter.weights)) {
    if (!expected.has(name)) {
      throw new InvalidInput(
        `${source} has a matrix "${name}" that fits no target of its config; was it made for this model?`,
      );
    }
  }
  return lora;
}

/**
 * The model's weights with the adapter's products added: W + scale·B·A, summed in float64. The other weights are
 * shared, not copied. Throws `InvalidInput` when the adapter does not fit.
 */
export function mergeAdapter(weights: Tensors, adapter: Adapter): Tensors {
  const shapes = new Map(Object.entries(weights).map(([name, tensor]) => [name, tensor.dims]));
  const lora = checkAdapter(adapter, shapes);
  const merged: Record<string, TensorData> = { ...weights };
  for (const module of lora.modules) {
    const { a, b } = loraNames(module);
    const name = `${module}.weight`;
    merged[name] = addProduct(weights[name]!, adapter.weights[b]!, adapter.weights[a]!, lora.scale);
  }
  return merged;
}

/** w [out, in] + scale · b [out, rank] · a [rank, in]. */
function addProduct(w: TensorData, b: TensorData, a: TensorData, scale: number): TensorData {
  const [outSize, inSize] = w.dims as readonly [number, number];
  const rank = a.dims[0]!;
  const row = new Float64Array(inSize);
  const out = new Float32Array(outSize * inSize);
  for (let i = 0; i < outSize; i++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * Number(b.data[i * rank + k]!);
      for (let j = 0; j < inSize; j++) row[j] = row[j]! + factor * Number(a.data[k * inSize + j]!);
    }
    for (let j = 0; j < inSize; j++) out[i * inSize + j] = Number(w.data[i * inSize + j]!) + row[j]!;
  }
  return { type: "float", dims: w.dims, data: out };
}

/** The modules of a model that multiply with a matrix. */
function matrices(shapes: Shapes): string[] {
  return [...shapes]
    .filter(([name, shape]) => shape.length === 2 && name.endsWith(".weight") && !isEmbedding(name))
    .map(([name]) => name.slice(0, -".weight".length));
}

function lastPart(module: string): string {
  return module.slice(module.lastIndexOf(".") + 1);
}

/** Tables that are looked up, not multiplied with. */
function isEmbedding(name: string): boolean {
  return /(embed_tokens|wte|wpe)\.weight$/.test(name);
}

function endMatcher(target: string): (name: string) => boolean {
  return (name) => name === target || name.endsWith(`.${target}`);
}

function matcher(pattern: string): (name: string) => boolean {
  try {
    const whole = new RegExp(`^(?:${pattern})$`);
    return (name) => whole.test(name);
  } catch (cause) {
    throw new InvalidInput(`LoRA target "${pattern}" is not a regular expression`, { cause });
  }
}
