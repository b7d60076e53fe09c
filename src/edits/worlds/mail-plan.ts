/** Contexts of the mail world: facts drawn from a stream, put into a readable prompt, and read back from it. */

import { InvalidInput } from "../../core/errors.ts";
import type { Draws } from "../../random/index.ts";
import { DAYS, DOMAINS, LAST_NAMES, PROMPTS, RECIPIENTS, ROLES, SENDERS, TIMES } from "./mail-words.ts";
import { filledIn, type TaskFacts, templateReader } from "./task.ts";
import type { ContextPurpose } from "./world.ts";

/** Everything that a mail says, as words. */
export interface MailFacts extends TaskFacts {
  readonly title: string;
  readonly first: string;
  readonly last: string;
  readonly sender: string;
  readonly surname: string;
  readonly role: string;
  readonly item: string;
  readonly topic: string;
  readonly issue: string;
  readonly ask: string;
  readonly day: string;
  readonly time: string;
}

/** Facts for a purpose. Fresh facts and the others are disjoint sets, whatever the seeds. */
export function drawFacts(draws: Draws, purpose: ContextPurpose): MailFacts {
  for (;;) {
    const facts = anyFacts(draws);
    if (isFresh(facts) === (purpose === "fresh")) return facts;
  }
}

function anyFacts(draws: Draws): MailFacts {
  const domain = draws.integer(DOMAINS.length);
  const { items, topics, problems } = DOMAINS[domain]!;
  const [title, first] = draws.pick(RECIPIENTS);
  return {
    domain,
    title,
    first,
    last: draws.pick(LAST_NAMES),
    sender: draws.pick(SENDERS),
    surname: draws.pick(LAST_NAMES),
    role: draws.pick(ROLES),
    item: draws.pick(items),
    topic: draws.pick(topics),
    ...draws.pick(problems),
    day: draws.pick(DAYS),
    time: draws.pick(TIMES),
  };
}

/** One in four combinations of recipient, topic and problem is kept for fresh episodes. */
export function isFresh({ domain, first, last, topic, issue }: MailFacts): boolean {
  const { topics, problems } = DOMAINS[domain]!;
  const sum =
    RECIPIENTS.findIndex(([, name]) => name === first) +
    LAST_NAMES.indexOf(last) +
    topics.indexOf(topic) +
    problems.findIndex((problem) => problem.issue === issue);
  return sum % 4 === 0;
}

/** The words that the templates of prompts and mails may name. */
export function wordsOf(facts: MailFacts): Readonly<Record<string, string>> {
  const { domain, ...words } = facts;
  return {
    ...words,
    subject: `${words.item} ${DOMAINS[domain]!.link} ${words.topic}`,
    wanted: words.ask.replace("{me} ", ""),
    deadline: `${words.day} ${words.time}`,
  };
}

/** The context of a mail: one of the ways to state the facts. */
export function promptOf(facts: MailFacts, draws: Draws): string {
  return filledIn(draws.pick(PROMPTS), wordsOf(facts));
}

/**
 * The facts that a context of this world states.
 * @throws InvalidInput when the text is not a context of the mail world.
 */
export function readPrompt(prompt: string): MailFacts {
  for (const words of readTemplates(prompt)) {
    const facts = factsOf(words);
    if (facts) return facts;
  }
  throw new InvalidInput(
    `"${prompt}" is not a context of the mail world; take contexts from the world that edits them`,
  );
}

const readTemplates = templateReader(PROMPTS);

function factsOf(words: Readonly<Record<string, string>>): MailFacts | undefined {
  const domain = DOMAINS.findIndex(({ problems }) => problems.some(({ issue }) => issue === words["issue"]));
  if (domain < 0) return undefined;
  const { items, link, topics, problems } = DOMAINS[domain]!;
  const [item = "", topic = ""] = words["subject"]!.split(` ${link} `);
  const [day = "", time = ""] = words["deadline"]!.split(" ");
  const { title, first, last, sender, surname, role } = words as Omit<MailFacts, "domain">;
  const problem = problems.find(({ issue }) => issue === words["issue"])!;
  const facts = { domain, title, first, last, sender, surname, role, item, topic, ...problem, day, time };
  const known =
    RECIPIENTS.some(([t, name]) => t === title && name === first) &&
    LAST_NAMES.includes(last) &&
    SENDERS.includes(sender) &&
    LAST_NAMES.includes(surname) &&
    ROLES.includes(role) &&
    items.includes(item) &&
    topics.includes(topic) &&
    DAYS.includes(day) &&
    TIMES.includes(time) &&
    wordsOf(facts)["wanted"] === words["wanted"];
  return known ? facts : undefined;
}
