import type { Context, LanguageModel, LlamaConfig } from "../../lm/index.ts";
import { comparableRecord, contextKey, type EditRecord } from "../record.ts";
import { type LearnOptions, splitForLearning } from "./learn.ts";
import type { LearnContext } from "./stage.ts";

/** A context and the draft that a policy wrote for it. */
export interface ContextDraft {
  readonly context: Context;
  readonly draft: string;
}

/** What `fitReference` makes and how long it trains. */
export interface ReferenceOptions {
  readonly seed: number;
  readonly vocabSize: number;
  /** Sizes of the model beside its vocabulary. */
  readonly sizes: Pick<LlamaConfig, "hiddenSize" | "layers" | "heads" | "keyValueHeads">;
  /** Longest sequence; default what the longest draft needs, doubled. */
  readonly maximumPositions?: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
}

/** Each distinct pair of context and draft of a log, once. */
function distinctDrafts(records: readonly EditRecord[]): ContextDraft[] {
  const drafts = new Map<string, ContextDraft>();
  for (const record of records) {
    const { context, draft } = comparableRecord(record);
    drafts.set(`${contextKey(context)}\u0000${draft}`, { context, draft });
  }
  return [...drafts.values()];
}

/**
 * Fits a tokenizer and a small Llama-type model to drafts, from random weights: a stand-in for the policy that wrote them
 * where that policy's weights are not at hand.
 */
export async function fitReference(
  drafts: readonly ContextDraft[],
  options: ReferenceOptions,
  context: LearnContext,
): Promise<LanguageModel> {
  // As in `learn`: training is loaded when it is used.
  const { trainReference } = await import("./train-reference.ts");
  return trainReference(drafts, options, context);
}

/** Sizes for the drafts of one log: small enough for minutes on two cores, large enough for a few hundred words of vocabulary. */
const LOG_REFERENCE = {
  vocabSize: 2048,
  sizes: { hiddenSize: 128, layers: 3, heads: 4, keyValueHeads: 2 },
  batchSize: 8,
  learningRate: 2e-3,
  weightDecay: 0.1,
  epochs: 40,
};

/**
 * The reference that stands in when a log comes without a model: fitted to the drafts of the training side of the split
 * that `learn` makes with the same options, so that no held-out draft is in it.
 */
export async function fitLogReference(
  records: readonly EditRecord[],
  options: Pick<LearnOptions, "seed" | "validation" | "by">,
  context: LearnContext,
): Promise<LanguageModel> {
  const drafts = distinctDrafts(splitForLearning(records, options).train);
  const { epochs, ...sizes } = LOG_REFERENCE;
  const steps = Math.ceil((epochs * drafts.length) / Math.min(sizes.batchSize, drafts.length));
  return fitReference(drafts, { ...sizes, seed: options.seed, steps }, context);
}
