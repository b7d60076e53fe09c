/**
 * What drafts: text in, text out. A model that runs here is one kind (`createPolicy`), a model behind a server
 * another (`serverPolicy`), and any object of this form a third; drafting, reranking and evaluation take them all.
 */

import type { Seed } from "../random/index.ts";
import type { Context } from "./tokenizers/prompt.ts";

/** How a policy is to answer. */
export interface AnswerOptions {
  /** Longest response, in the engine's tokens. Default the engine's own. */
  readonly maxNewTokens?: number;
  /** 0 takes the likeliest token (greedy). Default 0. */
  readonly temperature?: number;
  /** Seed of sampling; a context's draws depend on it and on the context's place. Default 0. */
  readonly seed?: Seed;
  /** Place of the first context among the random streams. Default 0. */
  readonly firstIndex?: number;
  readonly signal?: AbortSignal;
}

/** A context and a response to it. */
export interface ContextResponse {
  readonly context: Context;
  readonly response: string;
}

/** ln p(response | context), and over how many tokens, end token included. */
export interface ResponseLogProb {
  readonly logProb: number;
  readonly tokens: number;
}

/**
 * Anything that answers contexts.
 *
 * @example
 * const shout: Policy = {
 *   generate: async (contexts) => contexts.map((context) => ({ text: String(context).toUpperCase() })),
 * };
 */
export interface Policy {
  /** Answers contexts, in their order. */
  generate(
    contexts: readonly Context[],
    options?: AnswerOptions,
  ): Promise<readonly { readonly text: string }[]>;
  /** Log-probabilities of given responses, in their order; absent where the engine gives none. */
  logProbs?(
    pairs: readonly ContextResponse[],
    options?: Pick<AnswerOptions, "signal">,
  ): Promise<readonly ResponseLogProb[]>;
}
