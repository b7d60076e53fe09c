/** Texts of a task: one of a given style, and the lattice of all that meet some demands. */

import type { Draws } from "../../random/index.ts";
import { tokenizeWords } from "../tokens.ts";
import { nearestText } from "./lattice.ts";
import { type Condition, PLAIN, type TaskFacts, type WritingTask } from "./task.ts";

/** A value for each dimension of style; a dimension that is not named is plain. */
export type TextStyle = Readonly<Record<string, string>>;

/** The values that a user accepts in each dimension of style; where none are named, plain only. */
export type TextDemands = Readonly<Record<string, readonly string[]>>;

/** The text that states the facts in a style; `draws` picks among wordings, without it the first is taken. */
export function writeText(task: WritingTask, facts: TaskFacts, style: TextStyle, draws?: Draws): string {
  const demands = Object.fromEntries(Object.entries(style).map(([name, value]) => [name, [value]]));
  const slots = alternatives(task, facts, demands);
  return joined(slots.map((wordings) => (draws ? draws.pick(wordings) : wordings[0]!)));
}

/** A text that a user accepts, and the tokens inserted, removed or replaced on the way to it. */
export interface EditedText {
  readonly distance: number;
  readonly text: string;
}

/**
 * The smallest edit that makes a draft state the facts in accepted styles, as a function of the draft. A draft
 * that is acceptable as it is comes back as it is.
 */
export function smallestEdit(
  task: WritingTask,
  facts: TaskFacts,
  demands: TextDemands,
): (draft: string) => EditedText {
  const accepted = agreements(task, demands).map((agreed) => {
    const slots = alternatives(task, facts, agreed);
    return { slots, lattice: slots.map((slot) => slot.map(tokenizeWords)) };
  });
  return (draft) => {
    const draftTokens = tokenizeWords(draft);
    let nearest: EditedText = { distance: Number.POSITIVE_INFINITY, text: "" };
    for (const { slots, lattice } of accepted) {
      const { distance, choices } = nearestText(draftTokens, lattice);
      if (distance >= nearest.distance) continue;
      nearest = { distance, text: joined(choices.map((choice, s) => slots[s]![choice]!)) };
    }
    return nearest.distance === 0 ? { distance: 0, text: draft } : nearest;
  };
}

const PLAIN_ONLY: readonly string[] = [PLAIN];

/** The demands with every dimension that slots must agree on narrowed to each of its accepted values in turn. */
function agreements({ dimensions }: WritingTask, demands: TextDemands): TextDemands[] {
  let narrowed = [demands];
  for (const { name, agreed } of dimensions) {
    if (!agreed) continue;
    const values = demands[name] ?? PLAIN_ONLY;
    narrowed = narrowed.flatMap((others) => values.map((value) => ({ ...others, [name]: [value] })));
  }
  return narrowed;
}

/** The distinct texts of every slot in accepted styles. */
function alternatives(task: WritingTask, facts: TaskFacts, demands: TextDemands): string[][] {
  const words = task.wordsOf(facts);
  const voices = demands["voice"] ?? PLAIN_ONLY;
  return task.slots.map((slot) => {
    const wordings = slot.filter(({ when }) => meets(when, demands)).flatMap((variant) => variant.wordings);
    return [
      ...new Set(voices.flatMap((voice) => wordings.map((wording) => filled(task, wording, words, voice)))),
    ];
  });
}

/** Whether some accepted style has what a condition asks. */
function meets(when: Condition = {}, demands: TextDemands): boolean {
  return Object.entries(when).every(([dimension, wanted]) =>
    (demands[dimension] ?? PLAIN_ONLY).some((value) => wanted.includes(value)),
  );
}

function filled(
  { phrases }: WritingTask,
  wording: string,
  words: Readonly<Record<string, string>>,
  voice: string,
): string {
  const fill = (text: string): string =>
    text.replaceAll(/\{([^}]+)\}/g, (_, key: string) => phrases[key]?.[voice] ?? fill(words[key]!));
  return fill(wording);
}

function joined(fragments: readonly string[]): string {
  return fragments
    .join(" ")
    .replaceAll(/ +/g, " ")
    .replaceAll(/ (?=[.,])/g, "")
    .replaceAll(/ ?\n[ \n]*/g, "\n")
    .trim();
}
