/** What policies are worth: likelihood and preference on held-out edits, distance and true cost of fresh drafts. */
import { InvalidInput } from "../../core/errors.ts";
import type { AnswerOptions, Context, Policy, ResponseLogProb } from "../../lm/index.ts";
import { type CostOptions, editCosts } from "../cost.ts";
import { type Estimate, groupedMean, type Share, wilsonShare } from "../estimates.ts";
import { contextKey, type EditRecord, isEdited } from "../record.ts";
import type { EditWorld, UserKind } from "../worlds/world.ts";

/** Held-out edits under one policy. */
export interface LikelihoodScores {
  /** Mean negative log-likelihood of the edited texts, nats per token, pooled over tokens (end token included). */
  readonly nll: number;
  /** Share of changed drafts whose edited text has the higher mean log-probability per token; null without any. */
  readonly preferenceAccuracy: Share | null;
}

/** Fresh greedy drafts for held-out contexts against the users' final texts. */
export interface DistanceScores {
  readonly distance: Estimate;
  /** Distance of the fresh draft minus that of the logged draft, edit by edit; negative is better. */
  readonly againstLogged: Estimate;
}

/** Edits that the simulated user makes of fresh drafts for fresh contexts. */
export interface EpisodeScores {
  readonly cost: Estimate;
  /** Cost minus that of the base model's draft, episode by episode; null for the base itself. */
  readonly againstBase: Estimate | null;
  /** Share of the distance between the base and the policy that knows the wishes that this policy closes. */
  readonly gapClosed: number | null;
}

/** Likelihood and preference accuracy of held-out edits. Throws `InvalidInput` for a policy without log-probabilities. */
export async function scoreLikelihood(
  policy: Policy,
  records: readonly EditRecord[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<LikelihoodScores> {
  if (policy.logProbs === undefined)
    throw new InvalidInput("this policy gives no log-probabilities: its likelihood cannot be measured");
  const edited = await policy.logProbs(
    records.map((record) => ({ context: record.context, response: record.edited })),
    options,
  );
  const changed = records.flatMap((record, i) => (isEdited(record) ? [{ record, edited: edited[i]! }] : []));
  const drafts = await policy.logProbs(
    changed.map(({ record }) => ({ context: record.context, response: record.draft })),
    options,
  );
  const perToken = ({ logProb, tokens }: ResponseLogProb) => logProb / tokens;
  const wins = changed.filter((pair, i) => perToken(pair.edited) > perToken(drafts[i]!)).length;
  const total = edited.reduce((sum, { logProb }) => sum - logProb, 0);
  return {
    nll: total / edited.reduce((sum, { tokens }) => sum + tokens, 0),
    preferenceAccuracy: changed.length > 0 ? wilsonShare(wins, changed.length) : null,
  };
}

/** What a policy is worth on held-out edits. */
export interface PolicyEvaluation {
  /** Null for a policy without log-probabilities. */
  readonly likelihood: LikelihoodScores | null;
  readonly distance: DistanceScores;
}

/**
 * Measures any policy on held-out edits: likelihood where it has log-probabilities, and the distance of its greedy
 * drafts to what the users left. `cost` is by default over the tokens of the final text, so that no policy gains by
 * the length of its drafts.
 *
 * @example
 * const { distance } = await evaluatePolicy(serverPolicy({ url, model }), heldOut, { maxNewTokens: 400 });
 */
export async function evaluatePolicy(
  policy: Policy,
  records: readonly EditRecord[],
  options: Pick<AnswerOptions, "maxNewTokens" | "signal"> & { readonly cost?: CostOptions } = {},
): Promise<PolicyEvaluation> {
  const { cost = { normalize: "edited" }, ...answer } = options;
  const { signal } = answer;
  const drafts = await draftAll(
    policy,
    records.map(({ context }) => context),
    answer,
  );
  return {
    likelihood: policy.logProbs ? await scoreLikelihood(policy, records, signal ? { signal } : {}) : null,
    distance: scoreDistance(records, drafts, cost),
  };
}

/** One draft per context, greedy, in their order; equal contexts are drafted once. */
export async function draftAll(
  policy: Policy,
  contexts: readonly Context[],
  options: Omit<AnswerOptions, "temperature" | "seed" | "firstIndex"> & {
    readonly onDone?: (contexts: number) => void;
  } = {},
): Promise<string[]> {
  const { onDone, ...generate } = options;
  const distinct = new Map(contexts.map((context) => [contextKey(context), context]));
  const drafts = new Map<string, string>();
  const entries = [...distinct];
  for (let start = 0; start < entries.length; start += 64) {
    const part = entries.slice(start, start + 64);
    const generations = await policy.generate(
      part.map(([, context]) => context),
      { temperature: 0, ...generate },
    );
    for (const [i, { text }] of generations.entries()) drafts.set(part[i]![0], text);
    onDone?.(Math.min(start + 64, entries.length));
  }
  return contexts.map((context) => drafts.get(contextKey(context))!);
}

/** Distances of `drafts[i]` and of the logged draft to what the user left in `records[i]`. */
export function scoreDistance(
  records: readonly EditRecord[],
  drafts: readonly string[],
  cost: CostOptions,
): DistanceScores {
  const fresh = records.map(({ edited }, i) => ({ draft: drafts[i]!, edited }));
  const { costs: distances } = editCosts(fresh, cost);
  const { costs: logged } = editCosts(records, cost);
  const byContext = (i: number) => contextKey(records[i]!.context);
  return {
    distance: groupedMean(distances, byContext),
    againstLogged: groupedMean(
      distances.map((distance, i) => distance - logged[i]!),
      byContext,
    ),
  };
}

/** True costs of drafts for fresh contexts: what a user of the world changes, the strong one by default. */
export function episodeCosts(
  world: EditWorld,
  contexts: readonly string[],
  drafts: readonly string[],
  { user = "strong" }: { readonly user?: UserKind } = {},
): number[] {
  return contexts.map((context, episode) => {
    const draft = drafts[episode]!;
    return world.cost(draft, world.edit(context, draft, { user, episode }));
  });
}

/** Scores of costs beside the base's and those of the policy that knows the wishes. */
export function scoreEpisodes(
  costs: readonly number[],
  base: readonly number[],
  informed: readonly number[],
): EpisodeScores {
  const cost = groupedMean(costs, String);
  const mean = (values: readonly number[]) => groupedMean(values, String).mean;
  const gap = mean(base) - mean(informed);
  return {
    cost,
    againstBase:
      costs === base
        ? null
        : groupedMean(
            costs.map((value, i) => value - base[i]!),
            String,
          ),
    gapClosed: gap > 0 ? (mean(base) - cost.mean) / gap : null,
  };
}
