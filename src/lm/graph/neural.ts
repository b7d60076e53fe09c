/** What transformers are made of: normalisation, rotary positions, masks, attention and the token loss. */

import { InvalidInput } from "../../core/errors.ts";
import { broadcastShapes, type Dim, multiplyDims, sameShape, showShape } from "./dims.ts";
import { add, and, cast, cos, lessOrEqual, mul, neg, sin, where } from "./elementwise.ts";
import { fixedDim, requireType, type Tensor } from "./graph.ts";
import { logProbability } from "./indexing.ts";
import { expand, reshape, unsqueeze } from "./movement.ts";
import { matmul, softmax, weightedMean } from "./reduction.ts";

/** x·weight (+ bias) over the last axis; weight [in, out] as in GPT-2, or [out, in] with `transposed` as in Llama. */
export function linear(
  x: Tensor,
  weight: Tensor,
  options: { readonly bias?: Tensor; readonly transposed?: boolean } = {},
): Tensor {
  const product = matmul(x, weight, { transposeB: options.transposed ?? false });
  return options.bias === undefined ? product : add(product, options.bias);
}

/** (x − mean) / sqrt(variance + epsilon) · scale + bias over the last axis; epsilon defaults to 1e-5. */
export function layerNorm(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  options: { readonly epsilon?: number } = {},
): Tensor {
  requireVector("layerNorm", x, scale);
  requireVector("layerNorm", x, bias);
  const statistic = { dtype: "float" as const, shape: [...x.shape.slice(0, -1), 1] };
  return x.graph.make(
    "layerNorm",
    { epsilon: options.epsilon ?? 1e-5 },
    [x, scale, bias],
    [{ dtype: "float", shape: x.shape }, statistic, statistic],
  )[0]!;
}

/** x / sqrt(mean(x²) + epsilon) · scale over the last axis; epsilon defaults to 1e-6. */
export function rmsNorm(x: Tensor, scale: Tensor, options: { readonly epsilon?: number } = {}): Tensor {
  requireVector("rmsNorm", x, scale);
  const statistic = { dtype: "float" as const, shape: [...x.shape.slice(0, -1), 1] };
  return x.graph.make(
    "rmsNorm",
    { epsilon: options.epsilon ?? 1e-6 },
    [x, scale],
    [{ dtype: "float", shape: x.shape }, statistic],
  )[0]!;
}

function requireVector(where: string, x: Tensor, vector: Tensor): void {
  requireType(where, x, "float");
  requireType(where, vector, "float");
  const size = fixedDim(where, x, -1);
  if (!sameShape(vector.shape, [size]))
    throw new InvalidInput(`${where}: ${showShape(vector.shape)} should be [${size}]`);
}

/** Cosines and sines of rotary positions, both [..., 1, sequence, d/2] so that they broadcast over heads. */
export interface RotaryTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** The rotary tables of int32 positions [batch, sequence] (or [sequence]) for d/2 inverse frequencies. */
export function rotaryTables(
  positions: Tensor,
  inverseFrequencies: readonly number[] | Float64Array,
): RotaryTables {
  requireType("rotaryTables", positions, "int32");
  const frequencies = positions.graph.constant(inverseFrequencies);
  const places = cast(positions, "float");
  const angles = mul(unsqueeze(places, places.shape.length), frequencies);
  const perHead = unsqueeze(angles, -3);
  return { cos: cos(perHead), sin: sin(perHead) };
}

/** theta^(−2i/d) for i = 0, ..., d/2 − 1: the plain inverse frequencies (Su et al., RoFormer). */
export function inverseFrequencies(dimension: number, theta: number): Float64Array {
  return Float64Array.from({ length: dimension / 2 }, (_, i) => theta ** ((-2 * i) / dimension));
}

/** Rotates the pairs (x_i, x_{i+d/2}) of the last axis (the half-split convention of Hugging Face checkpoints). */
export function rotary(x: Tensor, tables: RotaryTables): Tensor {
  const { cos: c, sin: s } = tables;
  for (const tensor of [x, c, s]) requireType("rotary", tensor, "float");
  const half = fixedDim("rotary", x, -1) / 2;
  const halfShape: Dim[] = [...x.shape.slice(0, -1), half];
  if (
    !sameShape(c.shape, s.shape) ||
    c.shape.at(-1) !== half ||
    !sameShape(broadcastShapes(halfShape, c.shape, "rotary"), halfShape)
  ) {
    throw new InvalidInput(
      `rotary: tables ${showShape(c.shape)} and ${showShape(s.shape)} do not fit ${showShape(x.shape)}`,
    );
  }
  return x.graph.make("rotary", {}, [x, c, s], [{ dtype: "float", shape: x.shape }])[0]!;
}

/** True where the key's position is not after the query's: int32 [..., q] and [..., k] give bool [..., q, k]. */
export function causalMask(queryPositions: Tensor, keyPositions: Tensor): Tensor {
  return lessOrEqual(unsqueeze(keyPositions, -2), unsqueeze(queryPositions, queryPositions.shape.length));
}

/**
 * What is added to attention scores: 0 where attention is allowed, −1e9 elsewhere, as float [batch, 1, q, k]
 * (or [1, 1, q, k]). `causal` is a mask from `causalMask`, `keys` a bool [batch, k] that is false on padding.
 */
export function attentionBias(masks: { readonly causal?: Tensor; readonly keys?: Tensor }): Tensor {
  const keys = masks.keys === undefined ? undefined : unsqueeze(masks.keys, 1);
  const allowed =
    masks.causal === undefined ? keys : keys === undefined ? masks.causal : and(masks.causal, keys);
  if (allowed === undefined) throw new InvalidInput("attentionBias: give a causal mask, a key mask or both");
  const shape =
    allowed.shape.length === 2 ? [1, 1, ...allowed.shape] : [allowed.shape[0]!, 1, ...allowed.shape.slice(1)];
  return reshape(where(allowed, 0, -1e9), shape);
}

/** Repeats key/value heads [batch, heads, sequence, d] so that each serves `groups` consecutive query heads. */
export function repeatHeads(x: Tensor, groups: number): Tensor {
  const [batch, heads, ...rest] = x.shape as [Dim, Dim, ...Dim[]];
  const count = fixedDim("repeatHeads", x, 1);
  return reshape(expand(unsqueeze(x, 2), [batch, heads, groups, ...rest]), [batch, count * groups, ...rest]);
}

/**
 * softmax(q·kᵀ·scale + bias)·v for q [batch, heads, q, d] and k, v [batch, keyHeads, k, d], where keyHeads
 * divides heads (grouped queries; no head is copied). `scale` defaults to 1/sqrt(d).
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: { readonly bias?: Tensor; readonly scale?: number } = {},
): Tensor {
  const [batch, heads, queries, d] = q.shape as [Dim, Dim, Dim, Dim];
  const queryHeads = fixedDim("attention", q, 1);
  const keyHeads = fixedDim("attention", k, 1);
  if (queryHeads % keyHeads !== 0)
    throw new InvalidInput(`attention: ${keyHeads} key heads do not divide ${queryHeads} query heads`);
  const scale = options.scale ?? 1 / Math.sqrt(fixedDim("attention", q, -1));
  const rows = multiplyDims([queryHeads / keyHeads, queries]);
  const grouped = reshape(mul(q, scale), [batch, keyHeads, rows, d]);
  const products = reshape(matmul(grouped, k, { transposeB: true }), [batch, heads, queries, k.shape[2]!]);
  const weights = softmax(options.bias === undefined ? products : add(products, options.bias));
  const mixed = matmul(reshape(weights, [batch, keyHeads, rows, k.shape[2]!]), v);
  return reshape(mixed, [batch, heads, queries, v.shape[3]!]);
}

/** Mean over tokens, weighted, of −log softmax(logits)[target]: logits [..., classes], int32 targets [...], weights [...]. */
export function crossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  return weightedMean(neg(logProbability(logits, targets)), weights);
}
