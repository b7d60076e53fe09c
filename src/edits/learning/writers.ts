/** Learning for each writer apart: an adapter that begins where the pooled one ended, measured on the writer's own edits. */
import type { Adapter, ModelPolicy, ResponseLogProb } from "../../lm/index.ts";
import { type Estimate, groupedMean } from "../estimates.ts";
import { contextKey, type EditRecord } from "../record.ts";
import type { Method } from "./methods.ts";

/** One writer's held-out edits under the base, the pooled policy and the writer's own. */
export interface WriterScores {
  readonly user: string;
  readonly method: Method;
  /** Training and held-out edits of this writer. */
  readonly train: number;
  readonly heldOut: number;
  /** Mean negative log-likelihood of the writer's final texts, nats per token, over `tokens` tokens. */
  readonly nll: { readonly base: number; readonly pooled: number; readonly own: number };
  readonly tokens: number;
  /** Own minus pooled, nats per token, with its interval over contexts; negative where the own adapter is better. */
  readonly ownMinusPooled: Estimate;
}

/** A writer's adapter and what it is worth. */
export interface WriterResult {
  readonly adapter: Adapter;
  readonly scores: WriterScores;
}

/** The users of records, in the order of their first edit; edits without a user count for none. */
export function usersOf(records: readonly EditRecord[]): string[] {
  return [...new Set(records.flatMap(({ user }) => (user === undefined ? [] : [user])))];
}

/** Scores of one writer's held-out edits, under a policy that holds the adapters `pooled` and `own`. */
export async function scoreWriter(
  policy: ModelPolicy,
  records: readonly EditRecord[],
  options: { readonly signal: AbortSignal },
): Promise<Pick<WriterScores, "nll" | "tokens" | "ownMinusPooled">> {
  const pairs = records.map(({ context, edited }) => ({ context, response: edited }));
  const under = (name: string | null) => policy.withAdapter(name).logProbs(pairs, options);
  const [base, pooled, own] = [await under(null), await under("pooled"), await under("own")];
  const tokens = own.reduce((sum, one) => sum + one.tokens, 0);
  const nll = (scores: readonly ResponseLogProb[]) =>
    -scores.reduce((sum, { logProb }) => sum + logProb, 0) / tokens;
  return {
    nll: { base: nll(base), pooled: nll(pooled), own: nll(own) },
    tokens,
    ownMinusPooled: perToken(records, pooled, own),
  };
}

/** Each token counts once, so that mean and interval are those of a ratio over contexts. */
function perToken(
  records: readonly EditRecord[],
  pooled: readonly ResponseLogProb[],
  own: readonly ResponseLogProb[],
): Estimate {
  const values: number[] = [];
  const contexts: string[] = [];
  for (const [i, record] of records.entries()) {
    const { tokens, logProb } = own[i]!;
    for (let t = 0; t < tokens; t++) {
      values.push((pooled[i]!.logProb - logProb) / tokens);
      contexts.push(contextKey(record.context));
    }
  }
  return groupedMean(values, (i) => contexts[i]!);
}
