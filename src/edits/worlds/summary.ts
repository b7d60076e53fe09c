/**
 * The summary world: a user edits summaries of short documents for wishes that depend on the document's source, which
 * nothing names. A small form of the summary task of PRELUDE (arXiv 2404.15269).
 */

import { InvalidInput } from "../../core/errors.ts";
import type { Draws } from "../../random/index.ts";
import { DIMENSIONS, PHRASES, SLOTS } from "./summary-styles.ts";
import { DOCUMENTS, PLACES, SOURCES, WEEKDAYS } from "./summary-words.ts";
import { filledIn, type TaskFacts, templateReader, type WritingTask } from "./task.ts";
import { createTaskWorld } from "./task-world.ts";
import type { ContextPurpose, EditWorld } from "./world.ts";

/** Everything that a document says. */
interface SummaryFacts extends TaskFacts {
  readonly subject: string;
  readonly action: string;
  readonly place: string;
  readonly day: string;
  readonly reason: string;
  readonly result: string;
}

const readDocument = templateReader(DOCUMENTS);

/** Summarising documents: five sources with three wishes each. */
export const summaryTask: WritingTask<SummaryFacts> = {
  name: "summary",
  version: 1,
  domains: SOURCES,
  wishesPerDomain: 3,
  dimensions: DIMENSIONS,
  slots: SLOTS,
  phrases: PHRASES,
  drawFacts(draws, purpose) {
    for (;;) {
      const facts = anyFacts(draws);
      if (isFresh(facts) === (purpose === ("fresh" satisfies ContextPurpose))) return facts;
    }
  },
  wordsOf({ domain: _, ...words }) {
    return { ...words, event: `${words.subject} ${words.action}` };
  },
  promptOf: (facts, draws) => filledIn(draws.pick(DOCUMENTS), summaryTask.wordsOf(facts)),
  readPrompt(prompt) {
    for (const words of readDocument(prompt)) {
      const facts = factsOf(words);
      if (facts !== undefined) return facts;
    }
    throw new InvalidInput(
      `"${prompt}" is not a context of the summary world; take contexts from the world that edits them`,
    );
  },
};

/** The summary world of a seed: a non-negative safe integer. Another seed has other wishes and other contexts. */
export function createSummaryWorld(options: { readonly seed: number }): EditWorld {
  return createTaskWorld(summaryTask, options);
}

function anyFacts(draws: Draws): SummaryFacts {
  const domain = draws.integer(SOURCES.length);
  const { subjects, actions, reasons, results } = SOURCES[domain]!;
  return {
    domain,
    subject: draws.pick(subjects),
    action: draws.pick(actions),
    place: draws.pick(PLACES),
    day: draws.pick(WEEKDAYS),
    reason: draws.pick(reasons),
    result: draws.pick(results),
  };
}

/** One in four combinations of subject, action and reason is kept for fresh episodes. */
function isFresh({ domain, subject, action, reason }: SummaryFacts): boolean {
  const { subjects, actions, reasons } = SOURCES[domain]!;
  return (subjects.indexOf(subject) + actions.indexOf(action) + reasons.indexOf(reason)) % 4 === 0;
}

function factsOf(words: Readonly<Record<string, string>>): SummaryFacts | undefined {
  const { event = "", place = "", day = "", reason = "", result = "" } = words;
  for (const [domain, source] of SOURCES.entries()) {
    const subject = source.subjects.find((name) => event.startsWith(`${name} `));
    const action = event.slice((subject?.length ?? 0) + 1);
    if (subject === undefined || !source.actions.includes(action)) continue;
    if (!source.reasons.includes(reason) || !source.results.includes(result)) continue;
    if (!PLACES.includes(place) || !WEEKDAYS.includes(day)) continue;
    return { domain, subject, action, place, day, reason, result };
  }
  return undefined;
}
