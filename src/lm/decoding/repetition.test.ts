import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutRepetition, RepetitionWatch } from "./repetition.ts";

/** The rule word for word, over code points. */
function byDefinition(text: string, run: number): { text: string; repeated: boolean } {
  const characters = Array.from(text);
  for (let end = run; end <= characters.length; end++) {
    const last = characters.slice(end - run, end).join("");
    for (let start = 0; start < end - run; start++) {
      if (characters.slice(start, start + run).join("") === last) {
        return { text: characters.slice(0, end - run).join(""), repeated: true };
      }
    }
  }
  return { text, repeated: false };
}

describe("the repetition cut", () => {
  it("follows the rule on any text", () => {
    const letters = fc
      .array(fc.constantFrom("a", "b", "🙂"), { maxLength: 60 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(letters, fc.integer({ min: 1, max: 6 }), (text, run) => {
        expect(cutRepetition(text, run)).toEqual(byDefinition(text, run));
      }),
      { numRuns: 3000 },
    );
  });

  it("cuts at 200 characters by default, where occurrences may overlap", () => {
    expect(cutRepetition("x".repeat(200))).toEqual({ text: "x".repeat(200), repeated: false });
    expect(cutRepetition("x".repeat(201))).toEqual({ text: "x", repeated: true });
    const sentence = "Thank you very much for the report, which I have read with care. ";
    const cut = cutRepetition(sentence.repeat(20));
    expect(cut).toEqual({ text: sentence, repeated: true });
  });

  it("does not depend on how the text arrives, and never takes back what was safe", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab]{0,4}$/), { maxLength: 30 }), (pieces) => {
        const watch = new RepetitionWatch(5);
        let safe = 0;
        let found = false;
        for (const piece of pieces) {
          found = watch.push(piece) || found;
          expect(watch.start).toBeGreaterThanOrEqual(safe);
          safe = watch.start;
        }
        const wanted = byDefinition(pieces.join(""), 5);
        expect(found).toBe(wanted.repeated);
        if (found) expect(watch.start).toBe(wanted.text.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("can be turned off, and refuses other lengths", () => {
    expect(cutRepetition("x".repeat(500), Infinity).repeated).toBe(false);
    expect(() => cutRepetition("", 0)).toThrow(/repetition run is 0/);
    expect(() => cutRepetition("", 1.5)).toThrow(/whole number/);
  });
});
