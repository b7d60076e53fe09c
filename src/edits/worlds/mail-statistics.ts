/** Figures of a mail world: how much there is to learn, and how much of it a rewrite blind to domains could do. */

import { createRng } from "../../random/index.ts";
import { tokenizeWords } from "../tokens.ts";
import { readPrompt } from "./mail-plan.ts";
import { DIMENSIONS, PLAIN } from "./mail-styles.ts";
import { type MailStyle, smallestEdit, writeMail } from "./mail-text.ts";
import { demandsOf } from "./mail-users.ts";
import type { EditWorld } from "./world.ts";

export interface MailStatistics {
  /** Mean cost of plain drafts to the strong user. */
  readonly cost: number;
  /** Mean tokens of plain drafts, and of the strong user's edits of them. */
  readonly draftTokens: number;
  readonly editedTokens: number;
  /** The one style for all domains that costs least, and its mean cost. */
  readonly globalStyle: MailStyle;
  readonly globalCost: number;
  /** The share of `cost` that the best global style removes. */
  readonly globalShare: number;
}

/**
 * Means over `perDomain` fresh contexts of each domain (default 10). The global style is found by one round of
 * coordinate descent over the dimensions of style.
 */
export function mailStatistics(
  world: EditWorld,
  options: { readonly perDomain?: number } = {},
): MailStatistics {
  const { perDomain = 10 } = options;
  const rng = createRng(world.seed);
  const pool = world.contexts("fresh", 40 * perDomain);
  const contexts = world.domains.flatMap((domain) =>
    pool.filter((context) => world.domainOf(context) === domain).slice(0, perDomain),
  );
  const cases = contexts.map((context, index) => {
    const facts = readPrompt(context);
    const edit = smallestEdit(facts, demandsOf(world.domainOf(context).wishes));
    return (style: MailStyle) => {
      const draft = writeMail(facts, style, rng.draws("mail/statistics", 0, index));
      const { text, distance } = edit(draft);
      const tokens = tokenizeWords(draft).length;
      return { cost: distance / tokens, tokens, edited: tokenizeWords(text).length };
    };
  });
  const mean = (style: MailStyle, of: "cost" | "tokens" | "edited"): number =>
    cases.reduce((sum, run) => sum + run(style)[of], 0) / cases.length;

  const cost = mean({}, "cost");
  let best = { style: {} as MailStyle, cost };
  for (const { name, wishes } of DIMENSIONS) {
    for (const value of [PLAIN, ...Object.keys(wishes)]) {
      const style = { ...best.style, [name]: value };
      const candidate = mean(style, "cost");
      if (candidate < best.cost) best = { style, cost: candidate };
    }
  }
  return {
    cost,
    draftTokens: mean({}, "tokens"),
    editedTokens: mean({}, "edited"),
    globalStyle: best.style,
    globalCost: best.cost,
    globalShare: 1 - best.cost / cost,
  };
}
