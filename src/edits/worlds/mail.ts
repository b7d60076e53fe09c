/**
 * The mail world: a user edits drafts of e-mails for wishes that depend on a hidden domain. A richer form of
 * the e-mail task of PRELUDE (arXiv 2404.15269) and of its use in arXiv 2601.19055, with a user that makes the
 * smallest edit instead of a language model.
 */

import { InvalidInput } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { editCost } from "../cost.ts";
import { tokenizeWords } from "../tokens.ts";
import { drawFacts, promptOf, readPrompt } from "./mail-plan.ts";
import { smallestEdit, writeMail } from "./mail-text.ts";
import { drawDemands, letsPass, styleOf } from "./mail-users.ts";
import { drawWishes } from "./mail-wishes.ts";
import { type ContextPurpose, type EditWorld, USER_KINDS } from "./world.ts";

/** The mail world of a seed: a non-negative safe integer. Another seed has other wishes and other contexts. */
export function createMailWorld(options: { readonly seed: number }): EditWorld {
  const { seed } = options;
  const rng = createRng(seed);
  const domains = drawWishes(rng.draws("mail/wishes"));
  const cost = (draft: string, edited: string): number =>
    editCost(draft, edited, { normalize: tokenizeWords(draft).length > 0 ? "draft" : "max" });
  return {
    name: "mail",
    version: 1,
    seed,
    domains,
    contexts(purpose: ContextPurpose, count: number, draw = 0): string[] {
      if (!(Number.isSafeInteger(count) && count >= 0)) {
        throw new InvalidInput(`the number of contexts must be an integer from 0 up, not ${count}`);
      }
      const contexts = new Set<string>();
      for (let index = 0; contexts.size < count; index++) {
        const draws = rng.draws(`mail/${purpose}`, draw, index);
        contexts.add(promptOf(drawFacts(draws, purpose), draws));
      }
      return [...contexts];
    },
    domainOf: (context) => domains[readPrompt(context).domain]!,
    neutralDraft: (context, index = 0) =>
      writeMail(readPrompt(context), {}, rng.draws("mail/neutral", 0, index)),
    ideal(context) {
      const facts = readPrompt(context);
      return writeMail(facts, styleOf(domains[facts.domain]!.wishes));
    },
    edit(context, draft, { user = "strong", episode = 0 } = {}) {
      if (!USER_KINDS.includes(user)) {
        throw new InvalidInput(`unknown user ${JSON.stringify(user)}; use one of ${USER_KINDS.join(", ")}`);
      }
      const facts = readPrompt(context);
      const draws = rng.draws(`mail/user/${user}`, 0, episode);
      const demands = drawDemands(user, domains[facts.domain]!.wishes, draws);
      const { text } = smallestEdit(facts, demands)(draft);
      return user === "lazy" && letsPass(cost(draft, text), draws) ? draft : text;
    },
    cost,
  };
}
