import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../core/errors.ts";
import { tokenizeWords } from "../tokens.ts";
import { mailCorpus } from "./mail-corpus.ts";
import { isFresh, readPrompt } from "./mail-plan.ts";
import { smallestEdit, writeMail } from "./mail-text.ts";

const pairs = [...mailCorpus({ seed: 3, count: 3000 })];

describe("mailCorpus", () => {
  it("is a function of its seed, and varied", () => {
    expect([...mailCorpus({ seed: 3, count: 20 })]).toEqual(pairs.slice(0, 20));
    expect([...mailCorpus({ seed: 4, count: 20 })]).not.toEqual(pairs.slice(0, 20));
    expect(new Set(pairs.map(({ context }) => context)).size).toBe(pairs.length);
    expect(new Set(pairs.map(({ mail }) => mail)).size).toBe(pairs.length);
  });

  it("states the facts of contexts that are never fresh", () => {
    for (const { context, mail } of pairs) {
      const facts = readPrompt(context);
      expect(isFresh(facts)).toBe(false);
      for (const fact of [facts.item, facts.topic, facts.issue, facts.day, facts.time, facts.sender]) {
        expect(mail).toContain(fact);
      }
    }
  });

  it("puts each style into about 12 % of the mails, or into as many as asked", () => {
    const share = (sign: RegExp): number => pairs.filter(({ mail }) => sign.test(mail)).length / pairs.length;
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
    for (const { context, mail } of mailCorpus({ seed: 3, count: 50, styleRate: 0 })) {
      expect(smallestEdit(readPrompt(context), {})(mail).distance).toBe(0);
    }
    for (const styleRate of [-0.1, 0.4, Number.NaN]) {
      expect(() => [...mailCorpus({ seed: 3, count: 1, styleRate })]).toThrow(InvalidInput);
    }
  });

  it("has plain mails of 45 to 65 tokens from a few hundred words", () => {
    for (const { context } of pairs.slice(0, 200)) {
      const length = tokenizeWords(writeMail(readPrompt(context), {})).length;
      expect(length).toBeGreaterThanOrEqual(45);
      expect(length).toBeLessThanOrEqual(65);
    }
    const words = new Set(pairs.flatMap(({ context, mail }) => tokenizeWords(`${context} ${mail}`)));
    expect(words.size).toBeGreaterThan(300);
    expect(words.size).toBeLessThan(600);
  });
});
