import { fingerprint, InvalidInput } from "../../core/index.ts";
import {
  type Context,
  encodeResponse,
  initLlama,
  type LanguageModel,
  type LlamaConfig,
  llamaConfig,
  loadTokenizer,
  trainTokenizer,
} from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import { comparableRecord, contextKey, contextText, type EditRecord } from "../record.ts";
import { promptOrReason } from "./examples.ts";
import { type LearnOptions, splitForLearning } from "./learn.ts";
import { likelihoodObjective } from "./methods.ts";
import { fitStage, type LearnContext } from "./stage.ts";

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
  const { seed, vocabSize, sizes, steps, learningRate, weightDecay = 0.01 } = options;
  const texts = drafts.flatMap((pair) => [contextText(pair.context), pair.draft]);
  const tokenizer = await loadTokenizer(trainTokenizer(new Set(texts), { vocabSize }));
  const examples = drafts.flatMap(({ context, draft }) => {
    const prompt = promptOrReason(tokenizer, context);
    return typeof prompt === "string" ? [] : [{ prompt, response: encodeResponse(tokenizer, draft) }];
  });
  if (examples.length === 0) {
    const reason = drafts.length === 0 ? "there is none" : promptOrReason(tokenizer, drafts[0]!.context);
    throw new InvalidInput(`no draft of the log can be learned by the reference model: ${reason}`);
  }
  const longest = examples.reduce(
    (most, { prompt, response }) => Math.max(most, prompt.length + response.length),
    0,
  );
  const config = llamaConfig({
    ...sizes,
    vocabSize: tokenizer.vocabSize,
    maximumPositions: options.maximumPositions ?? 2 * longest,
  });
  const { loss, metrics, states, feeds } = likelihoodObjective(config, tokenizer.pad);
  const { weights } = await fitStage(
    "model",
    {
      loss,
      metrics,
      states,
      feeds: (places) => feeds(places.map((place) => examples[place]!)),
      examples: examples.length,
      frozen: {},
      initial: initLlama(config, createRng(seed)),
      identity: { config, texts: fingerprint(texts) },
    },
    {
      steps,
      batchSize: Math.min(options.batchSize, examples.length),
      learningRate,
      adamw: { weightDecay, maximumNorm: 1, beta2: 0.98 },
    },
    seed,
    context,
  );
  return { config, tokenizer, weights, stopTokens: [tokenizer.eos] };
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
