/** Figures of a world: how much there is to learn, and how much of it a rewrite blind to domains could do. */

import { createRng } from "../../random/index.ts";
import { tokenizeWords } from "../tokens.ts";
import { PLAIN, type WritingTask } from "./task.ts";
import { smallestEdit, type TextStyle, writeText } from "./text.ts";
import { demandsOf } from "./users.ts";
import type { EditWorld } from "./world.ts";

export interface TaskStatistics {
  /** Mean cost of plain drafts to the strong user. */
  readonly cost: number;
  /** Mean tokens of plain drafts, and of the strong user's edits of them. */
  readonly draftTokens: number;
  readonly editedTokens: number;
  /** The one style for all domains that costs least, and its mean cost. */
  readonly globalStyle: TextStyle;
  readonly globalCost: number;
  /** The share of `cost` that the best global style removes. */
  readonly globalShare: number;
}

/**
 * Means over `perDomain` fresh contexts of each domain (default 10). The global style is found by one round of
 * coordinate descent over the dimensions of style.
 */
export function taskStatistics(
  task: WritingTask,
  world: EditWorld,
  options: { readonly perDomain?: number } = {},
): TaskStatistics {
  const { perDomain = 10 } = options;
  const rng = createRng(world.seed);
  const pool = world.contexts("fresh", 40 * perDomain);
  const contexts = world.domains.flatMap((domain) =>
    pool.filter((context) => world.domainOf(context) === domain).slice(0, perDomain),
  );
  const cases = contexts.map((context, index) => {
    const facts = task.readPrompt(context);
    const edit = smallestEdit(task, facts, demandsOf(world.domainOf(context).wishes));
    return (style: TextStyle) => {
      const draft = writeText(task, facts, style, rng.draws(`${task.name}/statistics`, 0, index));
      const { text, distance } = edit(draft);
      const tokens = tokenizeWords(draft).length;
      return { cost: distance / tokens, tokens, edited: tokenizeWords(text).length };
    };
  });
  const mean = (style: TextStyle, of: "cost" | "tokens" | "edited"): number =>
    cases.reduce((sum, run) => sum + run(style)[of], 0) / cases.length;

  const cost = mean({}, "cost");
  let best = { style: {} as TextStyle, cost };
  for (const { name, wishes } of task.dimensions) {
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
