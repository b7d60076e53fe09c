/** What the model families share: their inputs and outputs, masks, and matrices that an adapter may sit on. */

import { InvalidInput } from "../../core/errors.ts";
import {
  add,
  and,
  attentionBias,
  cast,
  causalMask,
  concat,
  type Dim,
  equal,
  type Graph,
  linear,
  type Tensor,
  unsqueeze,
} from "../graph/index.ts";
import { type Lora, loraDelta } from "../lora.ts";
import { sharedParameter } from "./parameters.ts";

/** Keys and values of one layer, each [batch, keyValueHeads, length, headSize]. */
export interface KeyValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What a model's trunk takes. */
export interface ModelInputs {
  /** int32 [batch, sequence]. */
  readonly tokens: Tensor;
  /** int32 [batch, sequence] or [sequence]; by default 0, 1, ... as for sequences padded on the right. */
  readonly positions?: Tensor;
  /** bool [batch, past + sequence], false on padding. Not needed for padding on the right, which no token sees. */
  readonly keys?: Tensor;
  /** int32 [batch, sequence]: which text of its row a token belongs to; it sees no other. Not with `past`. */
  readonly segments?: Tensor;
  /** The cache of earlier tokens, by layer. */
  readonly past?: readonly KeyValues[];
}

/** What a model's trunk gives. */
export interface ModelOutputs {
  /** [batch, sequence, hiddenSize], normalised: what the head takes. */
  readonly hidden: Tensor;
  /** Keys and values of all tokens so far, by layer. */
  readonly cache: readonly KeyValues[];
  /** Hidden states before the first layer and after each, [batch, sequence, hiddenSize]: checkpoints of `gradients`. */
  readonly states: readonly Tensor[];
}

/** Names and shapes of weights; matrices are [out, in]. */
export type WeightShapes = ReadonlyMap<string, readonly number[]>;

/** The weights of one model as parameters of a graph, by name; calls share them. */
export interface ModelWeights {
  weight(name: string): Tensor;
  /** x·Wᵀ, with the module's bias where the model has one, and with the adapter's product where it sits there. */
  dense(module: string, x: Tensor): Tensor;
}

/** Access to a model's weights in a graph. Throws `InvalidInput` for a name that is not among the shapes. */
export function modelWeights(graph: Graph, shapes: WeightShapes, lora: Lora | undefined): ModelWeights {
  const weight = (name: string): Tensor => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new InvalidInput(`the model has no weight "${name}"`);
    return sharedParameter(graph, name, shape);
  };
  return {
    weight,
    dense(module, x) {
      const bias = shapes.has(`${module}.bias`) ? { bias: weight(`${module}.bias`) } : {};
      const y = linear(x, weight(`${module}.weight`), { transposed: true, ...bias });
      return lora?.modules.has(module) ? add(y, loraDelta(lora, module, x, y.shape.at(-1) as number)) : y;
    },
  };
}

/** What is added to attention scores: a token sees earlier ones of its own text, and no padding. */
export function inputBias({ tokens, past, keys, segments }: ModelInputs): Tensor {
  const causal = causalByColumn(tokens.graph, past?.[0]?.key.shape[2] ?? 0, tokens.shape[1]!);
  const own =
    segments === undefined
      ? causal
      : and(causal, equal(unsqueeze(segments, -2), unsqueeze(segments, segments.shape.length)));
  return attentionBias({ causal: own, ...(keys === undefined ? {} : { keys }) });
}

/** Fresh keys and values after those of the cache. */
export function joinPast(before: KeyValues | undefined, fresh: KeyValues): KeyValues {
  if (before === undefined) return fresh;
  return { key: concat([before.key, fresh.key], 2), value: concat([before.value, fresh.value], 2) };
}

/** True where a key's column is not after the query's: [sequence, past + sequence]. */
function causalByColumn(graph: Graph, past: Dim, sequence: Dim): Tensor {
  const fresh = graph.iota(sequence);
  if (past === 0) return causalMask(fresh, fresh);
  const queries = add(fresh, cast(graph.dimension(past), "int32"));
  return causalMask(queries, concat([graph.iota(past), queries], 0));
}
