import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffWords } from "./diff.ts";

const show = (before: string, after: string): string =>
  diffWords(before, after)
    .map(({ kind, text }) => (kind === "equal" ? text : kind === "delete" ? `[-${text}-]` : `[+${text}+]`))
    .join("");

describe("diffWords", () => {
  const cases: [string, string, string][] = [
    ["by Friday.", "by Monday.", "by [-Friday-][+Monday+]."],
    ["send the report", "send me the report", "send[+ me+] the report"],
    ["Dear Ann, hello", "Ann, hello", "[-Dear -]Ann, hello"],
    ["Ann, hello", "Dear Ann, hello", "[+Dear +]Ann, hello"],
    ["one two three", "one", "one[- two three-]"],
    ["red apple pie", "green pear pie", "[-red apple-][+green pear+] pie"],
    ["a b", "a\nb", "a[- -][+\n+]b"],
    ["a\n", "a", "a[-\n-]"],
    ["don't", "do not", "do[-n't-][+ not+]"],
    ["same", "same", "same"],
    ["", "new", "[+new+]"],
    ["old", "", "[-old-]"],
    ["", "", ""],
  ];
  for (const [before, after, want] of cases) {
    it(`${JSON.stringify(before)} to ${JSON.stringify(after)}`, () => expect(show(before, after)).toBe(want));
  }

  it("loses nothing of any two texts, and never puts two pieces of a kind side by side", () => {
    const words = fc
      .array(
        fc.oneof(
          fc.constantFrom("a", "b", "it's", ".", " ", " ", "\n", "\r\n", "é", "e\u0301", "😀", "\ud800"),
          fc.string({ unit: "binary", maxLength: 3 }),
        ),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(words, words, (before, after) => {
        const segments = diffWords(before, after);
        const of = (kind: string) =>
          segments
            .filter((s) => s.kind !== kind)
            .map((s) => s.text)
            .join("");
        expect(of("insert")).toBe(before);
        expect(of("delete")).toBe(after);
        segments.forEach((segment, i) => {
          expect(segment.text).not.toBe("");
          const next = segments[i + 1]?.kind;
          expect(next).not.toBe(segment.kind);
          if (segment.kind === "insert") expect(next).not.toBe("delete");
        });
      }),
      { numRuns: 500 },
    );
  });
});
