import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenIds, tokenizer, tokenizeWords, tokenSpans } from "./tokens.ts";

describe("tokenizeWords", () => {
  const cases: [string, string[]][] = [
    ["Please send the report by Friday .", ["Please", "send", "the", "report", "by", "Friday", "."]],
    ["Don't wait, Ann!", ["Do", "n't", "wait", ",", "Ann", "!"]],
    ["I’d say it’s Ben’s o'clock", ["I", "’d", "say", "it", "’s", "Ben", "’s", "o'clock"]],
    ["at 10:30 for 3,000.50, no: five", ["at", "10:30", "for", "3,000.50", ",", "no", ":", "five"]],
    ["well-known -- e.g. this...", ["well-known", "--", "e.g", ".", "this", "..."]],
    ["ann@example.org (x)", ["ann", "@", "example.org", "(", "x", ")"]],
    ["東京へ行く", ["東", "京", "へ", "行", "く"]],
    ["สวัสดี", ["ส", "วั", "ส", "ดี"]],
    ["Größe naïve Привет мир", ["Größe", "naïve", "Привет", "мир"]],
    ["👩‍👩‍👧 🇩🇪👍🏽!", ["👩‍👩‍👧", "🇩🇪", "👍🏽", "!"]],
    ["", []],
    [" \n\t ", []],
  ];
  for (const [text, tokens] of cases) {
    it(`cuts ${JSON.stringify(text)}`, () => expect(tokenizeWords(text)).toEqual(tokens));
  }

  it("leaves out white space and nothing else, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tokens = tokenizeWords(text);
        expect(tokens.join("")).toBe(text.replace(/\s/gu, ""));
        for (const token of tokens) expect(token).toMatch(/^\S+$/u);
      }),
      { numRuns: 500 },
    );
  });
});

describe("tokenizer", () => {
  it("offers characters as code points, runs without white space, and functions of the caller", () => {
    expect(tokenizer("characters")("a😀b")).toEqual(["a", "😀", "b"]);
    expect(tokenizer("whitespace")(" Hi, you\n there ")).toEqual(["Hi,", "you", "there"]);
    expect(tokenizer((text) => text.split("/"))("a/b")).toEqual(["a", "b"]);
    expect(() => tokenizer("letters" as "words")).toThrow('unknown tokenizer "letters"');
  });
});

describe("tokenSpans", () => {
  it("finds every token's place", () => {
    const text = "an  an\nan";
    expect(tokenSpans(text, tokenizeWords(text))).toEqual([
      { start: 0, end: 2 },
      { start: 4, end: 6 },
      { start: 7, end: 9 },
    ]);
    expect(() => tokenSpans("a b", ["b", "a"])).toThrow("not a piece of the text");
  });
});

describe("TokenIds", () => {
  it("gives the same token the same id in every text, also odd ones", () => {
    const ids = new TokenIds();
    expect([...ids.of(["a", "b", "a", "__proto__"])]).toEqual([0, 1, 0, 2]);
    expect([...ids.of(["b", "__proto__", "constructor"])]).toEqual([1, 2, 3]);
    expect(ids.size).toBe(4);
    expect([0, 1, 2, 3].map((id) => ids.token(id))).toEqual(["a", "b", "__proto__", "constructor"]);
  });
});
