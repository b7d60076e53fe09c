/** How the summaries of the simulated world are worded; see `Slot`. Only data. */

import { only, PLAIN, type Slot, type StyleDimension } from "./task.ts";

export const DIMENSIONS: readonly StyleDimension[] = [
  { name: "header", wishes: { title: "begin with a title", question: "begin with a question" } },
  {
    name: "address",
    wishes: {
      child: "tell it as a story for a child",
      you: "speak to the reader",
      tweet: "write it as breaking news",
    },
  },
  {
    name: "layout",
    wishes: { bullets: "list the points as bullets", answers: "write questions and answers" },
    agreed: true,
  },
  { name: "time", wishes: { last: "say the day last", none: "leave the day out" }, agreed: true },
  { name: "cause", wishes: { first: "say the cause first", none: "leave the cause out" }, agreed: true },
  {
    name: "mood",
    wishes: { emoji: "put in emoji", sad: "be sorry about it", glad: "be glad about it" },
  },
  {
    name: "closing",
    wishes: {
      question: "end with a question to the reader",
      teaser: "end with what is to come",
      advice: "end with the advice to read on",
    },
  },
  { name: "voice", wishes: { simple: "use simple words", formal: "use formal words" } },
];

const MOVED = ["last", "none"];
const ELSEWHERE = ["first", "none"];

export const SLOTS: readonly Slot[] = [
  [
    { when: { header: [PLAIN] }, wordings: [""] },
    { when: { header: ["title"] }, wordings: ["Title: news of {subject}\n"] },
    { when: { header: ["question"] }, wordings: ["What happened in {place}?\n"] },
  ],
  [
    { when: { address: [PLAIN] }, wordings: ["In short,", "In brief,"] },
    { when: { address: ["child"] }, wordings: ["Once upon a time, dear children,"] },
    { when: { address: ["you"] }, wordings: ["Imagine that you had been there:"] },
    { when: { address: ["tweet"] }, wordings: ["Breaking news for all of us:"] },
  ],
  only(DIMENSIONS, "mood", "emoji", "🙂"),
  only(DIMENSIONS, "cause", "first", "because of {reason},"),
  [
    { when: { layout: [PLAIN], time: [PLAIN] }, wordings: ["{event} in {place} on {day}"] },
    { when: { layout: [PLAIN], time: MOVED }, wordings: ["{event} in {place}"] },
    {
      when: { layout: ["bullets"], time: [PLAIN] },
      wordings: ["\n- Who: {subject}\n- What: {action}\n- Where: {place}\n- When: {day}"],
    },
    {
      when: { layout: ["bullets"], time: MOVED },
      wordings: ["\n- Who: {subject}\n- What: {action}\n- Where: {place}"],
    },
    {
      when: { layout: ["answers"], time: [PLAIN] },
      wordings: ["\nWho did what? {event}.\nWhere and when? {place}, {day}."],
    },
    { when: { layout: ["answers"], time: MOVED }, wordings: ["\nWho did what? {event}.\nWhere? {place}."] },
  ],
  [
    { when: { layout: [PLAIN], cause: [PLAIN] }, wordings: ["because of {reason}.", "owing to {reason}."] },
    { when: { layout: [PLAIN], cause: ELSEWHERE }, wordings: ["."] },
    { when: { layout: ["bullets"], cause: [PLAIN] }, wordings: ["\n- Why: {reason}"] },
    { when: { layout: ["answers"], cause: [PLAIN] }, wordings: ["\nWhy? {reason}."] },
    { when: { layout: ["bullets", "answers"], cause: ELSEWHERE }, wordings: [""] },
  ],
  [
    { when: { layout: [PLAIN] }, wordings: ["{As a result} {result}.", "{Since then} {result}."] },
    { when: { layout: ["bullets"] }, wordings: ["\n- Result: {result}\n"] },
    { when: { layout: ["answers"] }, wordings: ["\nAnd now? {result}.\n"] },
  ],
  only(DIMENSIONS, "mood", "sad", "What a pity that is!"),
  only(DIMENSIONS, "mood", "glad", "What a joy that is!"),
  only(DIMENSIONS, "time", "last", "All this was on {day}."),
  [
    { when: { closing: [PLAIN] }, wordings: ["That is all.", "That is {the whole story}."] },
    { when: { closing: ["question"] }, wordings: ["And what would you have done?"] },
    { when: { closing: ["teaser"] }, wordings: ["More about it will follow soon."] },
    { when: { closing: ["advice"] }, wordings: ["Read the whole text for yourself."] },
  ],
  only(DIMENSIONS, "mood", "emoji", "🙏 🌞"),
];

/** Phrases that change with the dimension `voice`. */
export const PHRASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "As a result": { plain: "As a result", simple: "So", formal: "Consequently" },
  "Since then": { plain: "Since then", simple: "Now", formal: "Subsequently" },
  "the whole story": { plain: "the whole story", simple: "it", formal: "the complete account" },
};
