/**
 * The mail world: a user edits drafts of e-mails for wishes that depend on a hidden domain. A richer form of
 * the e-mail task of PRELUDE (arXiv 2404.15269) and of its use in arXiv 2601.19055, with a user that makes the
 * smallest edit instead of a language model.
 */

import { drawFacts, type MailFacts, promptOf, readPrompt, wordsOf } from "./mail-plan.ts";
import { DIMENSIONS, PHRASES, SLOTS } from "./mail-styles.ts";
import { DOMAINS } from "./mail-words.ts";
import type { WritingTask } from "./task.ts";
import { createTaskWorld } from "./task-world.ts";
import type { EditWorld } from "./world.ts";

/** Writing e-mails: four domains with four wishes each. */
export const mailTask: WritingTask<MailFacts> = {
  name: "mail",
  version: 1,
  domains: DOMAINS,
  wishesPerDomain: 4,
  dimensions: DIMENSIONS,
  slots: SLOTS,
  phrases: PHRASES,
  drawFacts,
  wordsOf,
  promptOf,
  readPrompt,
};

/** The mail world of a seed: a non-negative safe integer. Another seed has other wishes and other contexts. */
export function createMailWorld(options: { readonly seed: number }): EditWorld {
  return createTaskWorld(mailTask, options);
}
