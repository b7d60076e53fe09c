/** What a writing task of a simulated world is made of: facts, contexts that state them, and ways to write the text. Only data. */

import type { Draws } from "../../random/index.ts";
import type { ContextPurpose } from "./world.ts";

/** The value of a dimension of style that nobody asked to change. */
export const PLAIN = "plain";

/** A dimension of style: a plain way, and opposed wishes. */
export interface StyleDimension {
  readonly name: string;
  /** The values other than plain, each with the wish it answers in words. */
  readonly wishes: Readonly<Record<string, string>>;
  /** The slots of a text must agree on the value (else facts would be missing or said twice). */
  readonly agreed?: true;
}

/** A wording's condition: the values of which each named dimension must have one. */
export type Condition = Readonly<Record<string, readonly string[]>>;

interface SlotVariant {
  readonly when?: Condition;
  readonly wordings: readonly string[];
}

/**
 * A place in a text with its wordings; under every full style exactly one of its variants applies. In a wording, `{key}`
 * stands for a fact, or for a phrase in the voice of the text.
 */
export type Slot = readonly SlotVariant[];

/** Everything that a text says, as words; `domain` is the index of the hidden domain. */
export interface TaskFacts {
  readonly domain: number;
}

/** A writing task. Its name and version stand in the logs made with it. */
export interface WritingTask<F extends TaskFacts = TaskFacts> {
  readonly name: string;
  readonly version: number;
  readonly domains: readonly { readonly name: string }[];
  readonly wishesPerDomain: number;
  readonly dimensions: readonly StyleDimension[];
  /** In the order of the text; fragments are joined by spaces, spaces at line ends fall away. */
  readonly slots: readonly Slot[];
  /** Phrases that change with the value of the dimension `voice`. */
  readonly phrases: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Facts for a purpose; fresh facts and the others are disjoint sets, whatever the seeds. */
  drawFacts(draws: Draws, purpose: ContextPurpose): F;
  /** The words that wordings may name. */
  wordsOf(facts: F): Readonly<Record<string, string>>;
  /** The context: one of the ways to state the facts. */
  promptOf(facts: F, draws: Draws): string;
  /** The facts that a context states. Throws `InvalidInput` when the text is no context of this task. */
  readPrompt(prompt: string): F;
}

/** A slot that is empty unless a dimension has a value. */
export function only(
  dimensions: readonly StyleDimension[],
  dimension: string,
  value: string,
  ...wordings: string[]
): Slot {
  const { wishes } = dimensions.find(({ name }) => name === dimension) ?? { wishes: {} };
  const others = [PLAIN, ...Object.keys(wishes)].filter((other) => other !== value);
  return [
    { when: { [dimension]: others }, wordings: [""] },
    { when: { [dimension]: [value] }, wordings },
  ];
}

/** A template with its `{keys}` replaced. */
export function filledIn(template: string, words: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, key: string) => words[key]!);
}

/** Reads the words of a text that one of the templates gave; `undefined` when none did. */
export function templateReader(
  templates: readonly string[],
): (text: string) => Readonly<Record<string, string>>[] {
  const patterns = templates.map(
    (template) =>
      new RegExp(
        `^${template
          .replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&")
          .replaceAll(/\{(\w+)\}/g, (_, key: string) => `(?<${key}>.+?)`)}$`,
        "u",
      ),
  );
  return (text) =>
    patterns.flatMap((pattern) => {
      const words = pattern.exec(text)?.groups;
      return words === undefined ? [] : [words];
    });
}
