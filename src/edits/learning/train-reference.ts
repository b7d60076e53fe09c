/** What `fitReference` does; it is loaded when first used, with the models and training of `lm`. */
import { fingerprint, InvalidInput } from "../../core/index.ts";
import {
  encodeResponse,
  initLlama,
  type LanguageModel,
  llamaConfig,
  loadTokenizer,
  trainTokenizer,
} from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import { contextText } from "../record.ts";
import { promptOrReason } from "./examples.ts";
import type { ContextDraft, ReferenceOptions } from "./reference.ts";
import { fitStage, type LearnContext } from "./stage.ts";
import { likelihoodObjective } from "./training-objectives.ts";

/** Fits the reference model by the options; see `fitReference`. */
export async function trainReference(
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
