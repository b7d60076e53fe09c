import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costDefinition, editCost, editCosts } from "./cost.ts";

const DRAFT = "Please send the report by Friday .";
const EDITED = "Please kindly send me the report by Monday .";
const characters = { tokenize: "characters", normalize: "none" } as const;

describe("editCost", () => {
  it("counts changed words over the draft's words", () => {
    expect(editCost(DRAFT, EDITED, { normalize: "none" })).toBe(3);
    expect(editCost(DRAFT, EDITED)).toBeCloseTo(3 / 7, 15);
    expect(editCost(DRAFT, EDITED, { normalize: "edited" })).toBeCloseTo(3 / 9, 15);
    expect(editCost(DRAFT, EDITED, { normalize: "max" })).toBeCloseTo(3 / 9, 15);
    expect(editCost(EDITED, DRAFT)).toBeCloseTo(3 / 9, 15);
  });

  it("counts characters and other tokens", () => {
    expect(editCost(DRAFT, EDITED, characters)).toBe(13);
    expect(editCost("kitten", "sitting", characters)).toBe(3);
    expect(editCost("flaw", "lawn", characters)).toBe(2);
    expect(editCost("intention", "execution", characters)).toBe(5);
    expect(editCost("", "abc", characters)).toBe(3);
    expect(editCost("a,b c", "a, b c", { tokenize: "whitespace", normalize: "none" })).toBe(2);
    expect(editCost("a/b/c", "a/x", { tokenize: (text) => text.split("/") })).toBeCloseTo(2 / 3, 15);
  });

  it("sees no change in line ends, Unicode form and, among words, spacing", () => {
    expect(editCost("caf\u00e9\r\nau lait", "cafe\u0301\nau lait", characters)).toBe(0);
    expect(editCost("Hi  Ann,\nbye", "Hi Ann, bye")).toBe(0);
  });

  it("refuses a draft without tokens, unless nothing changed or another divisor is asked for", () => {
    expect(() => editCost(" ", "abc")).toThrow("the draft has no tokens");
    expect(editCost("", "")).toBe(0);
    expect(editCost("", "a b", { normalize: "max" })).toBe(1);
    expect(() => editCost("a", "b", { normalize: "mean" as "max" })).toThrow('unknown normalizer "mean"');
  });

  it("is symmetric and keeps the triangle inequality as a count, and loses symmetry when divided", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "."), { maxLength: 12 })
      .map((words) => words.join(" "));
    const count = (a: string, b: string): number => editCost(a, b, { normalize: "none" });
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(count(a, b)).toBe(count(b, a));
        expect(count(a, c)).toBeLessThanOrEqual(count(a, b) + count(b, c));
      }),
    );
    expect(editCost("a", "a b c")).not.toBe(editCost("a b c", "a"));
  });
});

describe("editCosts", () => {
  it("gives what editCost gives, record by record", () => {
    const records = [
      { draft: DRAFT, edited: EDITED },
      { draft: EDITED, edited: DRAFT },
      { draft: "same", edited: "same" },
    ];
    const costs = editCosts(records);
    expect([...costs.costs]).toEqual(records.map(({ draft, edited }) => editCost(draft, edited)));
    expect([...costs.changes]).toEqual([3, 3, 0]);
    expect([...costs.draftTokens]).toEqual([7, 9, 1]);
    expect([...costs.editedTokens]).toEqual([9, 7, 1]);
    expect(costs.definition).toBe("levenshtein/words@1/draft");
  });

  it("names the record that has no cost", () => {
    expect(() =>
      editCosts([
        { draft: "a", edited: "a" },
        { draft: "", edited: "b" },
      ]),
    ).toThrow("record 1: the draft");
  });
});

describe("costDefinition", () => {
  it("names tokenizer and divisor", () => {
    expect(costDefinition(characters)).toBe("levenshtein/characters@1/none");
    expect(
      costDefinition({
        tokenize: function byLine(text) {
          return text.split("\n");
        },
      }),
    ).toBe("levenshtein/custom:byLine/draft");
  });
});
