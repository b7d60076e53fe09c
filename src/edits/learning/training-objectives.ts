/**
 * The learning methods as step programs: each is a loss on sequence log-probabilities and the feeds of a batch.
 */
import {
  type Dim,
  Graph,
  type Lora,
  type ModelConfig,
  mul,
  multiplyDims,
  packSequences,
  reciprocal,
  reduceSum,
  reshape,
  sequenceInputs,
  sequenceLogProbs,
  slice,
  type Tensor,
  type Tensors,
  type TokenPair,
} from "../../lm/index.ts";
import { dpoLoss, earlyLoss, sftLoss } from "../objectives.ts";
import type { Example } from "./examples.ts";
import { type MethodOptions, methodDefaults } from "./methods.ts";

/** Sums of log-probabilities under the policy that wrote the drafts. */
export interface ReferenceLogProbs {
  readonly edited: number;
  readonly draft: number;
}

/** A loss ready for training: its graph tensors and what to feed for a batch. */
export interface Objective<E> {
  readonly loss: Tensor;
  /** Scalars to watch beside the loss. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** Hidden states between the model's layers, where the graph may be split. */
  readonly states: readonly Tensor[];
  feeds(batch: readonly E[]): Tensors;
  /** What the loss of a batch is a mean over. */
  weight(batch: readonly E[]): number;
  /** The same loss with an adapter of its own for each example of a batch of this size, where it is a sum over examples. */
  rows?(batchSize: number): RowObjective<E>;
}

/** An objective by example: each is a row of the batch, with its own adapter and loss. */
export interface RowObjective<E> {
  /** [rows]: their mean is the batch's loss. */
  readonly losses: Tensor;
  feeds(batch: readonly E[]): Tensors;
}

/** An edit with the reference's log-probabilities of its texts. */
export interface PreferencePair extends Example {
  readonly reference: ReferenceLogProbs;
}

/** Maximises the likelihood of responses, averaged over the batch's tokens. */
export function likelihoodObjective(config: ModelConfig, pad: number, lora?: Lora): Objective<TokenPair> {
  const inputs = sequenceInputs(new Graph());
  const logProbs = sequenceLogProbs(config, inputs, lora ? { lora } : {});
  return {
    loss: sftLoss(logProbs),
    metrics: {},
    states: logProbs.states,
    feeds: (batch) => packSequences(batch, { pad }),
    weight: (batch) => batch.reduce((tokens, { response }) => tokens + response.length, 0),
    ...(lora ? { rows: (batchSize) => likelihoodByRow(config, pad, lora, batchSize) } : {}),
  };
}

function likelihoodByRow(
  config: ModelConfig,
  pad: number,
  lora: Lora,
  rows: number,
): RowObjective<TokenPair> {
  const inputs = sequenceInputs(new Graph(), rows, rows);
  const { sums, counts } = sequenceLogProbs(config, inputs, { lora: { ...lora, rows } });
  return {
    losses: mul(sums, mul(reciprocal(reduceSum(counts)), -rows)),
    feeds: (batch) => packSequences(batch, { pad, alone: true }),
  };
}

/** Prefers the edited text to the draft (`dpo`), and imitates it besides (`early`). */
export function preferenceObjective(
  config: ModelConfig,
  pad: number,
  method: "dpo" | "early",
  options: MethodOptions,
  lora: Lora,
): Objective<PreferencePair> {
  const { dpoBeta, sftWeight } = { ...methodDefaults, ...options };
  const graph = new Graph();
  const pairs: Dim = "pairs";
  // The first half of the sequences are edited texts, the second drafts.
  const inputs = sequenceInputs(graph, multiplyDims([2, pairs]));
  const reference = graph.input("reference", "float", [2, pairs]);
  const { sums, counts, states } = sequenceLogProbs(config, inputs, { lora });
  const half = (tensor: Tensor, side: number) => reshape(slice(tensor, 0, side, side + 1), [pairs]);
  const byText = reshape(sums, [2, pairs]);
  const chosen = half(byText, 0);
  const dpo = dpoLoss(
    {
      chosen,
      rejected: half(byText, 1),
      referenceChosen: half(reference, 0),
      referenceRejected: half(reference, 1),
    },
    { dpoBeta },
  );
  const sft = sftLoss(
    { sums: chosen, counts: half(reshape(counts, [2, pairs]), 0) },
    { reduction: "sequence-sum" },
  );
  return {
    loss: method === "dpo" ? dpo : earlyLoss(dpo, sft, { sftWeight }),
    metrics: { dpo, sft },
    states,
    weight: (batch) => batch.length,
    feeds(batch) {
      const data = new Float32Array(2 * batch.length);
      for (const [i, { reference: known }] of batch.entries()) {
        data[i] = known.edited;
        data[batch.length + i] = known.draft;
      }
      const texts = [...batch.map(({ edited }) => edited), ...batch.map(({ draft }) => draft)];
      return {
        ...packSequences(texts, { pad }),
        reference: { type: "float", dims: [2, batch.length], data },
      };
    },
  };
}
