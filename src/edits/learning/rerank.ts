import { InvalidInput, NonFinite } from "../../core/errors.ts";
import type { AnswerOptions, Context, Policy } from "../../lm/index.ts";
import { createRng, type Seed } from "../../random/index.ts";
import { candidateWeights } from "../policies/cost-policy.ts";
import type { EditRecord } from "../record.ts";

/** How candidates are drawn and what they cost. */
export interface CandidateOptions {
  /** The cost that a user's edit of the draft is expected to have, such as a fitted cost model's. */
  cost(context: Context, draft: string): number;
  /** Drafts sampled for each context. Default 8. */
  readonly candidates?: number;
  /** Temperature of the candidates, above 0. Default 1. */
  readonly temperature?: number;
}

/** Options of `reranked`. */
export type RerankOptions = CandidateOptions;

/** Options of `costTargets`. */
export interface CostTargetOptions extends CandidateOptions {
  /** How much cost a nat of distance from the policy is worth; see `costPolicy`. */
  readonly klBeta: number;
  /** Default 0. */
  readonly seed?: Seed;
  readonly maxNewTokens?: number;
  readonly signal?: AbortSignal;
}

/**
 * A policy that draws several drafts from another and gives the one of least cost, the first at a tie: cost learning at
 * inference, without training (the limit of `candidateWeights` for a small klBeta). It answers with samples whatever
 * `temperature` it is asked with, and has no log-probabilities.
 *
 * Throws `InvalidInput` for options out of their range; `generate` throws `NonFinite` for a cost that is no number.
 *
 * @example
 * const brief = reranked(policy, { cost: (_, draft) => draft.length, candidates: 4 });
 */
export function reranked(policy: Policy, options: RerankOptions): Policy {
  const draw = drawer(policy, options);
  return {
    async generate(contexts, asked = {}) {
      const drawn = await draw(contexts, asked);
      return drawn.map(({ texts, costs }) => ({ text: texts[costs.indexOf(Math.min(...costs))]! }));
    },
  };
}

/**
 * Cost learning by imitation: for every context a draft drawn from candidates of the policy with weights
 * exp(-cost / klBeta), as a record whose edited text it is. Imitating these (method `sft`) is imitation weighted by cost,
 * in expectation; the draft of a record is the first candidate.
 *
 * Throws as `reranked` and `candidateWeights` do.
 *
 * @example await learn(await costTargets(policy, contexts, { cost, klBeta: 0.05 }), base, undefined, { seed: 1, methods: ["sft"] }, run);
 */
export async function costTargets(
  policy: Policy,
  contexts: readonly Context[],
  options: CostTargetOptions,
): Promise<EditRecord[]> {
  const { klBeta, seed = 0, maxNewTokens, signal } = options;
  const drawn = await drawer(policy, options)(contexts, {
    seed,
    ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
    ...(signal === undefined ? {} : { signal }),
  });
  const rng = createRng(seed);
  return drawn.map(({ texts, costs }, i) => {
    const weights = candidateWeights(costs, { klBeta });
    let place = rng.stream("cost targets", i).uniforms(1)[0]!;
    let chosen = 0;
    while (chosen < weights.length - 1 && (place -= weights[chosen]!) >= 0) chosen++;
    return { context: contexts[i]!, draft: texts[0]!, edited: texts[chosen]! };
  });
}

interface Drawn {
  readonly texts: readonly string[];
  readonly costs: readonly number[];
}

/** Draws candidates and their costs, context by context. */
function drawer(
  policy: Policy,
  { cost, candidates = 8, temperature = 1 }: CandidateOptions,
): (contexts: readonly Context[], asked: AnswerOptions) => Promise<readonly Drawn[]> {
  if (!Number.isSafeInteger(candidates) || candidates < 1)
    throw new InvalidInput(`candidates is ${candidates}; give a whole number of at least 1`);
  if (!(temperature > 0) || !Number.isFinite(temperature))
    throw new InvalidInput(`temperature is ${temperature}; give a number above 0, such as 1`);
  return async (contexts, asked) => {
    const { firstIndex = 0 } = asked;
    const repeated = contexts.flatMap((context) => new Array<Context>(candidates).fill(context));
    const drafts = await policy.generate(repeated, {
      ...asked,
      temperature,
      firstIndex: firstIndex * candidates,
    });
    return contexts.map((context, i) => {
      const texts = drafts.slice(i * candidates, (i + 1) * candidates).map(({ text }) => text);
      const costs = texts.map((text) => cost(context, text));
      const unfit = costs.findIndex((value) => !Number.isFinite(value));
      if (unfit >= 0)
        throw new NonFinite(`the cost of candidate ${unfit} of context ${i} is ${costs[unfit]}`);
      return { texts, costs };
    });
  };
}
