import { fingerprint } from "../../core/index.ts";
import {
  type Context,
  encodePrompt,
  encodeResponse,
  initLlama,
  type LanguageModel,
  type LlamaConfig,
  llamaConfig,
  loadTokenizer,
  trainTokenizer,
} from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import type { EditRecord } from "../record.ts";
import { comparableRecord, contextKey, contextText } from "../record.ts";
import { likelihoodObjective } from "./methods.ts";
import { fitStage, type LearnContext } from "./stage.ts";

/** A context and the draft that a policy wrote for it. */
export interface ContextDraft {
  readonly context: Context;
  readonly draft: string;
}

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
export function distinctDrafts(records: readonly EditRecord[]): ContextDraft[] {
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
  const tokenizer = loadTokenizer(trainTokenizer(new Set(texts), { vocabSize }));
  const examples = drafts.map((pair) => {
    const prompt = encodePrompt(tokenizer, pair.context);
    return { prompt, response: encodeResponse(tokenizer, pair.draft) };
  });
  const longest = examples.reduce(
    (most, { prompt, response }) => Math.max(most, prompt.length + response.length),
    0,
  );
  const config = llamaConfig({
    ...sizes,
    vocabSize: tokenizer.vocabSize,
    maximumPositions: options.maximumPositions ?? 2 * longest,
  });
  const { loss, feeds } = likelihoodObjective(config, tokenizer.pad);
  const { weights } = await fitStage(
    "model",
    {
      loss,
      metrics: {},
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
