import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../core/errors.ts";
import { tokenizeWords } from "../tokens.ts";
import { taskCorpus } from "./corpus.ts";
import { mailTask } from "./mail.ts";
import { isFresh, readPrompt } from "./mail-plan.ts";
import { smallestEdit, writeText } from "./text.ts";

const pairs = [...taskCorpus(mailTask, { seed: 3, count: 3000 })];

describe("taskCorpus", () => {
  it("is a function of its seed, and varied", () => {
    expect([...taskCorpus(mailTask, { seed: 3, count: 20 })]).toEqual(pairs.slice(0, 20));
    expect([...taskCorpus(mailTask, { seed: 4, count: 20 })]).not.toEqual(pairs.slice(0, 20));
    expect(new Set(pairs.map(({ context }) => context)).size).toBe(pairs.length);
    expect(new Set(pairs.map(({ text }) => text)).size).toBe(pairs.length);
  });

  it("states the facts of contexts that are never fresh", () => {
    for (const { context, text } of pairs) {
      const facts = readPrompt(context);
      expect(isFresh(facts)).toBe(false);
      for (const fact of [facts.item, facts.topic, facts.issue, facts.day, facts.time, facts.sender]) {
        expect(text).toContain(fact);
      }
    }
  });

  it("puts each style into about 12 % of the mails, or into as many as asked", () => {
    const share = (sign: RegExp): number => pairs.filter(({ text }) => sign.test(text)).length / pairs.length;
    for (const sign of [
      /^Subject:/,
      /^To:/,
      /Dear/,
      /Hey/,
      /🌞/u,
      /urgent/,
      /pleasure/,
      /Sorry/,
      /\n- Topic/,
      /About the/,
    ]) {
      expect(share(sign)).toBeGreaterThan(0.1);
      expect(share(sign)).toBeLessThan(0.14);
    }
    for (const { context, text } of taskCorpus(mailTask, { seed: 3, count: 50, styleRate: 0 })) {
      expect(smallestEdit(mailTask, readPrompt(context), {})(text).distance).toBe(0);
    }
    for (const styleRate of [-0.1, 0.4, Number.NaN]) {
      expect(() => [...taskCorpus(mailTask, { seed: 3, count: 1, styleRate })]).toThrow(InvalidInput);
    }
  });

  it("has plain mails of 45 to 65 tokens from a few hundred words", () => {
    for (const { context } of pairs.slice(0, 200)) {
      const length = tokenizeWords(writeText(mailTask, readPrompt(context), {})).length;
      expect(length).toBeGreaterThanOrEqual(45);
      expect(length).toBeLessThanOrEqual(65);
    }
    const words = new Set(pairs.flatMap(({ context, text }) => tokenizeWords(`${context} ${text}`)));
    expect(words.size).toBeGreaterThan(300);
    expect(words.size).toBeLessThan(600);
  });
});
