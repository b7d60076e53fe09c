/** The GPT-2 architecture as a graph (Radford et al., 2019), with the parameter names of Hugging Face. */

import { InvalidInput } from "../../core/errors.ts";
import {
  add,
  attention,
  attentionBias,
  causalMask,
  type Graph,
  gather,
  gelu,
  layerNorm,
  linear,
  reshape,
  split,
  type Tensor,
  transpose,
} from "../graph/index.ts";

/** The sizes of a GPT-2 model; the inner layer is four times as wide as the model. */
export interface Gpt2Config {
  readonly vocabSize: number;
  /** The longest sequence. */
  readonly maximumPositions: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Default 1e-5. */
  readonly normEpsilon?: number;
}

/** Names and shapes of all weights, in the order in which the model uses them. */
export function gpt2Shapes(config: Gpt2Config): ReadonlyMap<string, readonly number[]> {
  const { vocabSize, maximumPositions, hiddenSize: d, layers } = config;
  const shapes = new Map<string, readonly number[]>([
    ["wte.weight", [vocabSize, d]],
    ["wpe.weight", [maximumPositions, d]],
  ]);
  const add = (name: string, shape: readonly number[]): void => {
    shapes.set(`${name}.weight`, shape);
    shapes.set(`${name}.bias`, [shape.at(-1)!]);
  };
  for (let layer = 0; layer < layers; layer++) {
    add(`h.${layer}.ln_1`, [d]);
    add(`h.${layer}.attn.c_attn`, [d, 3 * d]);
    add(`h.${layer}.attn.c_proj`, [d, d]);
    add(`h.${layer}.ln_2`, [d]);
    add(`h.${layer}.mlp.c_fc`, [d, 4 * d]);
    add(`h.${layer}.mlp.c_proj`, [4 * d, d]);
  }
  add("ln_f", [d]);
  return shapes;
}

/**
 * Logits [batch, sequence, vocabSize] of int32 tokens [batch, sequence], every weight a parameter of the graph; the
 * head is the token embedding. Throws InvalidInput when the heads do not divide the width.
 */
export function gpt2Logits(graph: Graph, config: Gpt2Config, tokens: Tensor): Tensor {
  const { hiddenSize: d, heads, layers, normEpsilon: epsilon = 1e-5 } = config;
  if (d % heads !== 0) throw new InvalidInput(`gpt2: ${heads} heads do not divide the width ${d}`);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of gpt2Shapes(config)) weights.set(name, graph.parameter(name, shape));
  const weight = (name: string): Tensor => weights.get(name)!;
  const dense = (x: Tensor, name: string): Tensor =>
    linear(x, weight(`${name}.weight`), { bias: weight(`${name}.bias`) });
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, weight(`${name}.weight`), weight(`${name}.bias`), { epsilon });

  const [batch, sequence] = tokens.shape;
  const positions = graph.iota(sequence!);
  const bias = attentionBias({ causal: causalMask(positions, positions) });
  const toHeads = (x: Tensor): Tensor =>
    transpose(reshape(x, [batch!, sequence!, heads, d / heads]), [0, 2, 1, 3]);
  let x = add(gather(weight("wte.weight"), tokens), gather(weight("wpe.weight"), positions));
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = split(dense(norm(x, `h.${layer}.ln_1`), `h.${layer}.attn.c_attn`), 3, -1).map(toHeads);
    const mixed = reshape(transpose(attention(q!, k!, v!, { bias }), [0, 2, 1, 3]), [batch!, sequence!, d]);
    x = add(x, dense(mixed, `h.${layer}.attn.c_proj`));
    const inner = gelu(dense(norm(x, `h.${layer}.ln_2`), `h.${layer}.mlp.c_fc`), { approximate: "tanh" });
    x = add(x, dense(inner, `h.${layer}.mlp.c_proj`));
  }
  return linear(norm(x, "ln_f"), weight("wte.weight"), { transposed: true });
}
