/**
 * Log-probabilities of responses: ln p(response | prompt) summed over the response's tokens with its end token.
 * The head is computed only where a response token is predicted.
 */

import { InvalidInput } from "../core/errors.ts";
import {
  type Dim,
  expand,
  type Graph,
  gather,
  logProbability,
  reshape,
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

/** The graph inputs of a batch of sequences (prompt then response, padded on the right). */
export interface SequenceInputs {
  /** int32 [sequences, length]. */
  readonly tokens: Tensor;
  /** int32 [targets]: where each response token is predicted from, as row · length + column. */
  readonly predictors: Tensor;
  /** int32 [targets]: the response tokens. */
  readonly targets: Tensor;
  /** int32 [targets]: the sequence of each response token. */
  readonly rows: Tensor;
}

/** Makes the inputs `tokens`, `predictors`, `targets` and `rows`; `sequences` names the batch dimension. */
export function sequenceInputs(graph: Graph, sequences: Dim = "sequences"): SequenceInputs {
  return {
    tokens: graph.input("tokens", "int32", [sequences, "length"]),
    predictors: graph.input("predictors", "int32", ["targets"]),
    targets: graph.input("targets", "int32", ["targets"]),
    rows: graph.input("rows", "int32", ["targets"]),
  };
}

/** What `sequenceLogProbs` gives. */
export interface SequenceLogProbs {
  /** [sequences]: sums over response tokens. */
  readonly sums: Tensor;
  /** [sequences]: numbers of response tokens. */
  readonly counts: Tensor;
  /** [targets]: each response token's own. */
  readonly tokens: Tensor;
}

/** The model's log-probability of each response in the batch. */
export function sequenceLogProbs(
  config: ModelConfig,
  inputs: SequenceInputs,
  options: { readonly lora?: Lora } = {},
): SequenceLogProbs {
  const { hidden } = modelTrunk(config, { tokens: inputs.tokens }, options);
  const flat = reshape(hidden, [-1, config.hiddenSize]);
  const logits = modelHead(config, gather(flat, inputs.predictors), options);
  const tokens = logProbability(logits, inputs.targets);
  const { graph } = tokens;
  const zeros = expand(graph.constant(0), [inputs.tokens.shape[0]!]);
  const ones = expand(graph.constant(1), tokens.shape);
  return {
    sums: scatterAdd(zeros, inputs.rows, tokens),
    counts: scatterAdd(zeros, inputs.rows, ones),
    tokens,
  };
}

type IntTensor = Extract<TensorData, { readonly type: "int32" }>;

/** Feeds for `SequenceInputs`, by input name. */
export interface SequenceFeeds extends Readonly<Record<string, TensorData>> {
  readonly tokens: IntTensor;
  readonly predictors: IntTensor;
  readonly targets: IntTensor;
  readonly rows: IntTensor;
}

/**
 * Lays a batch out as feeds, padded on the right to the longest sequence (or to `length`).
 *
 * Throws `InvalidInput` for an empty prompt or response, or a sequence longer than `length`.
 */
export function packSequences(
  pairs: readonly TokenPair[],
  options: { readonly pad: number; readonly length?: number },
): SequenceFeeds {
  const longest = pairs.reduce((most, pair) => Math.max(most, pair.prompt.length + pair.response.length), 0);
  const length = options.length ?? longest;
  if (pairs.length === 0) throw new InvalidInput("a batch has no sequences; give at least one");
  if (longest > length)
    throw new InvalidInput(`a sequence has ${longest} tokens where ${length} fit; shorten it or drop it`);
  const tokens = new Int32Array(pairs.length * length).fill(options.pad);
  const count = pairs.reduce((total, pair) => total + pair.response.length, 0);
  const [predictors, targets, rows] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  let at = 0;
  for (const [row, { prompt, response }] of pairs.entries()) {
    if (prompt.length === 0 || response.length === 0) {
      throw new InvalidInput(`sequence ${row} has an empty ${prompt.length === 0 ? "prompt" : "response"}`);
    }
    tokens.set(prompt, row * length);
    tokens.set(response, row * length + prompt.length);
    for (const [i, token] of response.entries()) {
      predictors[at] = row * length + prompt.length + i - 1;
      targets[at] = token;
      rows[at++] = row;
    }
  }
  const ints = (data: Int32Array, ...dims: number[]): IntTensor => ({ type: "int32", dims, data });
  return {
    tokens: ints(tokens, pairs.length, length),
    predictors: ints(predictors, count),
    targets: ints(targets, count),
    rows: ints(rows, count),
  };
}
