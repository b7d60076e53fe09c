/**
 * Log-probabilities of responses: ln p(response | prompt) summed over the response's tokens with its end token.
 * The head is computed only where a response token is predicted, and short texts share a row.
 */

import { InvalidInput } from "../core/errors.ts";
import {
  type Dim,
  type Graph,
  gather,
  logProbability,
  mul,
  reshape,
  type Shape,
  scatterAdd,
  type Tensor,
} from "./graph/index.ts";
import type { Lora } from "./lora.ts";
import { type ModelConfig, modelHead, modelTrunk } from "./models/model.ts";
import type { TensorData } from "./runtimes/runtime.ts";

/** A prompt and a response as token ids; the response ends with the end token. */
export interface TokenPair {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

/** The graph inputs of a batch of sequences (prompt then response), several of which may share a row. */
export interface SequenceInputs {
  /** int32 [rows, length]. */
  readonly tokens: Tensor;
  /** int32 [rows, length]: places of tokens in their own sequence. */
  readonly positions: Tensor;
  /** int32 [rows, length]: which sequence of its row a token belongs to, from 1; 0 is padding. */
  readonly segments: Tensor;
  /** int32 [targets]: where each response token is predicted from, as row · length + column. */
  readonly predictors: Tensor;
  /** int32 [targets]: the response tokens. */
  readonly targets: Tensor;
  /** int32 [targets]: the sequence of each response token. */
  readonly owners: Tensor;
  /** float [sequences]: numbers of response tokens. */
  readonly counts: Tensor;
}

/** Makes the inputs of `SequenceInputs`, each under its own name; `sequences` and `rows` are their numbers or names of them. */
export function sequenceInputs(
  graph: Graph,
  sequences: Dim = "sequences",
  rows: Dim = "rows",
): SequenceInputs {
  const row: Shape = [rows, "length"];
  return {
    tokens: graph.input("tokens", "int32", row),
    positions: graph.input("positions", "int32", row),
    segments: graph.input("segments", "int32", row),
    predictors: graph.input("predictors", "int32", ["targets"]),
    targets: graph.input("targets", "int32", ["targets"]),
    owners: graph.input("owners", "int32", ["targets"]),
    counts: graph.input("counts", "float", [sequences]),
  };
}

/** What `sequenceLogProbs` gives. */
export interface SequenceLogProbs {
  /** `[sequences]`: sums over response tokens. */
  readonly sums: Tensor;
  /** `[sequences]`: numbers of response tokens. */
  readonly counts: Tensor;
  /** `[targets]`: each response token's own. */
  readonly tokens: Tensor;
  /** Hidden states between the model's layers: checkpoints for `gradients`. */
  readonly states: readonly Tensor[];
}

/** The model's log-probability of each response in the batch. */
export function sequenceLogProbs(
  config: ModelConfig,
  inputs: SequenceInputs,
  options: { readonly lora?: Lora } = {},
): SequenceLogProbs {
  const { tokens, positions, segments, predictors, targets, owners, counts } = inputs;
  const { hidden, states } = modelTrunk(config, { tokens, positions, segments }, options);
  const flat = reshape(hidden, [-1, config.hiddenSize]);
  const logits = modelHead(config, gather(flat, predictors), options);
  const own = logProbability(logits, targets);
  return { sums: scatterAdd(mul(counts, 0), owners, own), counts, tokens: own, states };
}

type IntTensor = Extract<TensorData, { readonly type: "int32" }>;
type FloatTensor = Extract<TensorData, { readonly type: "float" }>;

/** Feeds for `SequenceInputs`, by input name. */
export interface SequenceFeeds extends Readonly<Record<string, TensorData>> {
  readonly tokens: IntTensor;
  readonly positions: IntTensor;
  readonly segments: IntTensor;
  readonly predictors: IntTensor;
  readonly targets: IntTensor;
  readonly owners: IntTensor;
  readonly counts: FloatTensor;
}

/**
 * Lays a batch out as feeds. Rows are as long as the longest sequence (or `length`), and short sequences share one, each
 * with its own positions and blind to the others; the rest of a row is padding. With `alone` sequence i is row i.
 *
 * Throws `InvalidInput` for an empty prompt or response, or a sequence longer than `length`.
 */
export function packSequences(
  pairs: readonly TokenPair[],
  options: { readonly pad: number; readonly length?: number; readonly alone?: boolean },
): SequenceFeeds {
  if (pairs.length === 0) throw new InvalidInput("a batch has no sequences; give at least one");
  for (const [i, { prompt, response }] of pairs.entries())
    if (prompt.length === 0 || response.length === 0)
      throw new InvalidInput(`sequence ${i} has an empty ${prompt.length === 0 ? "prompt" : "response"}`);
  const sizes = pairs.map(({ prompt, response }) => prompt.length + response.length);
  const longest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const length = options.length ?? longest;
  if (longest > length)
    throw new InvalidInput(`a sequence has ${longest} tokens where ${length} fit; shorten it or drop it`);
  const { places, rows } = options.alone
    ? { places: sizes.map((_, i) => ({ start: i * length, segment: 1 })), rows: sizes.length }
    : placeInRows(sizes, length);
  const tokens = new Int32Array(rows * length).fill(options.pad);
  const [positions, segments] = [new Int32Array(rows * length), new Int32Array(rows * length)];
  const count = pairs.reduce((total, { response }) => total + response.length, 0);
  const [predictors, targets, owners] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  let at = 0;
  for (const [i, { prompt, response }] of pairs.entries()) {
    const { start, segment } = places[i]!;
    tokens.set(prompt, start);
    tokens.set(response, start + prompt.length);
    segments.fill(segment, start, start + sizes[i]!);
    for (let place = 0; place < sizes[i]!; place++) positions[start + place] = place;
    for (const [k, token] of response.entries()) {
      predictors[at] = start + prompt.length + k - 1;
      targets[at] = token;
      owners[at++] = i;
    }
  }
  const ints = (data: Int32Array, ...dims: number[]): IntTensor => ({ type: "int32", dims, data });
  const counts = Float32Array.from(pairs, ({ response }) => response.length);
  return {
    tokens: ints(tokens, rows, length),
    positions: ints(positions, rows, length),
    segments: ints(segments, rows, length),
    predictors: ints(predictors, count),
    targets: ints(targets, count),
    owners: ints(owners, count),
    counts: { type: "float", dims: [pairs.length], data: counts },
  };
}

/**
 * Where sequences of these sizes begin in rows laid end to end, and which of its row each is, from 1: the longest first,
 * each into the first row with room (first fit, decreasing).
 */
function placeInRows(
  sizes: readonly number[],
  length: number,
): { places: { start: number; segment: number }[]; rows: number } {
  const filled: { tokens: number; sequences: number }[] = [];
  const places: { start: number; segment: number }[] = new Array(sizes.length);
  const byLength = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  for (const i of byLength) {
    let row = filled.findIndex(({ tokens }) => tokens + sizes[i]! <= length);
    if (row < 0) row = filled.push({ tokens: 0, sequences: 0 }) - 1;
    const { tokens, sequences } = filled[row]!;
    places[i] = { start: row * length + tokens, segment: sequences + 1 };
    filled[row] = { tokens: tokens + sizes[i]!, sequences: sequences + 1 };
  }
  return { places, rows: filled.length };
}
