/** A world of a writing task: hidden wishes drawn from a seed, and users who edit drafts for them. */

import { InvalidInput } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { editCost } from "../cost.ts";
import { tokenizeWords } from "../tokens.ts";
import type { WritingTask } from "./task.ts";
import { smallestEdit, writeText } from "./text.ts";
import { drawDemands, letsPass, styleOf } from "./users.ts";
import { drawWishes } from "./wishes.ts";
import { type ContextPurpose, type EditWorld, USER_KINDS } from "./world.ts";

/** The world of a task and a seed, a non-negative safe integer. Another seed has other wishes and other contexts. */
export function createTaskWorld(task: WritingTask, { seed }: { readonly seed: number }): EditWorld {
  const { name, version } = task;
  const rng = createRng(seed);
  const domains = drawWishes(task, rng.draws(`${name}/wishes`));
  const cost = (draft: string, edited: string): number =>
    editCost(draft, edited, { normalize: tokenizeWords(draft).length > 0 ? "draft" : "max" });
  return {
    name,
    version,
    seed,
    domains,
    contexts(purpose: ContextPurpose, count: number, draw = 0): string[] {
      if (!(Number.isSafeInteger(count) && count >= 0)) {
        throw new InvalidInput(`the number of contexts must be an integer from 0 up, not ${count}`);
      }
      const contexts = new Set<string>();
      for (let index = 0; contexts.size < count; index++) {
        const draws = rng.draws(`${name}/${purpose}`, draw, index);
        contexts.add(task.promptOf(task.drawFacts(draws, purpose), draws));
      }
      return [...contexts];
    },
    domainOf: (context) => domains[task.readPrompt(context).domain]!,
    neutralDraft: (context, index = 0) =>
      writeText(task, task.readPrompt(context), {}, rng.draws(`${name}/neutral`, 0, index)),
    ideal(context) {
      const facts = task.readPrompt(context);
      return writeText(task, facts, styleOf(domains[facts.domain]!.wishes));
    },
    edit(context, draft, { user = "strong", episode = 0 } = {}) {
      if (!USER_KINDS.includes(user)) {
        throw new InvalidInput(`unknown user ${JSON.stringify(user)}; use one of ${USER_KINDS.join(", ")}`);
      }
      const facts = task.readPrompt(context);
      const draws = rng.draws(`${name}/user/${user}`, 0, episode);
      const demands = drawDemands(task.dimensions, user, domains[facts.domain]!.wishes, draws);
      const { text } = smallestEdit(task, facts, demands)(draft);
      return user === "lazy" && letsPass(cost(draft, text), draws) ? draft : text;
    },
    cost,
  };
}
