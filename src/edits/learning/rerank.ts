import { InvalidInput, NonFinite } from "../../core/errors.ts";
import type { Context, Policy } from "../../lm/index.ts";

/** How `reranked` chooses. */
export interface RerankOptions {
  /** The cost that a user's edit of the draft is expected to have, such as a fitted cost model's. */
  cost(context: Context, draft: string): number;
  /** Drafts sampled for each context. Default 8. */
  readonly candidates?: number;
  /** Temperature of the candidates, above 0. Default 1. */
  readonly temperature?: number;
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
  const { candidates = 8, temperature = 1 } = options;
  if (!Number.isSafeInteger(candidates) || candidates < 1)
    throw new InvalidInput(`candidates is ${candidates}; give a whole number of at least 1`);
  if (!(temperature > 0) || !Number.isFinite(temperature))
    throw new InvalidInput(`temperature is ${temperature}; give a number above 0, such as 1`);
  return {
    async generate(contexts, asked = {}) {
      const { firstIndex = 0 } = asked;
      const repeated = contexts.flatMap((context) => new Array<Context>(candidates).fill(context));
      const drafts = await policy.generate(repeated, {
        ...asked,
        temperature,
        firstIndex: firstIndex * candidates,
      });
      return contexts.map((context, i) => {
        const own = drafts.slice(i * candidates, (i + 1) * candidates);
        const costs = own.map(({ text }) => options.cost(context, text));
        const unfit = costs.findIndex((cost) => !Number.isFinite(cost));
        if (unfit >= 0)
          throw new NonFinite(`the cost of candidate ${unfit} of context ${i} is ${costs[unfit]}`);
        return own[costs.indexOf(Math.min(...costs))]!;
      });
    },
  };
}
