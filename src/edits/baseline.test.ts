import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CopyBaselineOptions, fitCopyBaseline } from "./baseline.ts";
import { type Change, END, makeChange, placesOf, recurringChanges, START } from "./changes.ts";
import { editCost } from "./cost.ts";
import { cutPieces, joinPieces } from "./pieces.ts";
import type { EditRecord } from "./record.ts";

const NAMES = ["Ann", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana"];
const THINGS = ["report", "budget", "survey", "plan", "draft", "memo"];
const draftOf = (i: number): string =>
  `Hello ${NAMES[i % 8]},\nI hope that all is well. Please send the ${THINGS[i % 6]}, it is late.\nKind regards,\nKim`;
/** Greeting and closing changed, a sentence left out, a postscript added. */
const wanted = (i: number): string =>
  `Hi ${NAMES[i % 8]},\nPlease send the ${THINGS[i % 6]}, it is late.\nBest,\nKim\nPS: Call me.`;
const edit = (i: number, edited = wanted(i)): EditRecord => ({ context: `${i}`, draft: draftOf(i), edited });
const log = (n: number): EditRecord[] => Array.from({ length: n }, (_, i) => edit(i));

describe("fitCopyBaseline", () => {
  it("makes the changes that all edits made, to the byte, on drafts that it has not seen", () => {
    const copy = fitCopyBaseline(log(24));
    expect(copy.costAfter).toBe(0);
    expect(copy.costBefore).toBeCloseTo(
      log(24).reduce((sum, { draft, edited }) => sum + editCost(draft, edited), 0) / 24,
      12,
    );
    for (let i = 24; i < 60; i++) expect(copy.apply(draftOf(i))).toBe(wanted(i));
    const unseen = draftOf(0).replace("Ann", "Zoe").replace("report", "poem");
    expect(copy.apply(unseen)).toBe(wanted(0).replace("Ann", "Zoe").replace("report", "poem"));
  });

  it("takes the change that saves most first, and no more than asked for", () => {
    const one = fitCopyBaseline(log(24), { changes: 1 });
    expect(one.changes).toHaveLength(1);
    const all = fitCopyBaseline(log(24)).changes;
    expect(all[0]).toEqual(one.changes[0]);
    expect(all[0]!.from.join(" ")).toBe("I hope that all is well .");
    expect(all.map(({ saved }) => saved)).toEqual(all.map(({ saved }) => saved).sort((a, b) => b - a));
  });

  it("leaves alone what most users keep, and what too few changed", () => {
    const kept = (i: number) => edit(i, i % 3 === 0 ? draftOf(i).replace("Hello", "Hi") : draftOf(i));
    expect(fitCopyBaseline(Array.from({ length: 24 }, (_, i) => kept(i))).apply(draftOf(99))).toBe(
      draftOf(99),
    );
    const rare = (i: number) => edit(i, i < 2 ? draftOf(i).replace(NAMES[i]!, "Sir") : draftOf(i));
    expect(fitCopyBaseline(Array.from({ length: 8 }, (_, i) => rare(i))).changes).toEqual([]);
  });

  it("tells cases apart by the words around", () => {
    const byThing = (i: number) =>
      edit(i, i % 6 === 0 ? draftOf(i).replace("the report, it is", "the report, which is") : draftOf(i));
    const copy = fitCopyBaseline(Array.from({ length: 36 }, (_, i) => byThing(i)));
    expect(copy.apply(draftOf(48))).toContain("the report, which is late");
    expect(copy.apply(draftOf(49))).toBe(draftOf(49));
  });

  it("adds nothing for the sake of a longer divisor", () => {
    // a tail that three of ten users add would lower changes / tokens of the longer draft, but is more work
    const tail = " one two three four five six seven eight nine";
    const records = Array.from({ length: 30 }, (_, i) =>
      edit(
        i,
        i % 10 < 3
          ? draftOf(i) + tail
          : "Something else altogether , said in quite other words than before !",
      ),
    );
    const copy = fitCopyBaseline(records);
    const effort = (change: (draft: string) => string) =>
      records.reduce(
        (sum, { draft, edited }) => sum + editCost(change(draft), edited, { normalize: "none" }) / 24,
        0,
      );
    expect(effort(copy.apply)).toBeLessThanOrEqual(effort((draft) => draft));
  });

  it("never costs more on what it learned from, and says the same each time", () => {
    const word = fc.constantFrom("a", "b", "c", ".", "\n", "d e");
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => `${words.join(" ")} z`);
    const records = fc.array(fc.record({ context: fc.constant("c"), draft: text, edited: text }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(records, fc.constantFrom("draft" as const, "none" as const), (some, normalize) => {
        const options: CopyBaselineOptions = { minSupport: 1, cost: { normalize } };
        const copy = fitCopyBaseline(some, options);
        expect(copy.costAfter).toBeLessThanOrEqual(copy.costBefore);
        const saved = copy.changes.reduce((sum, change) => sum + change.saved, 0);
        expect(saved / some.length).toBeCloseTo(copy.costBefore - copy.costAfter, 9);
        expect(fitCopyBaseline(some, options).changes).toEqual(copy.changes);
        if (normalize === "none") {
          const after = some.reduce(
            (sum, { draft, edited }) => sum + editCost(copy.apply(draft), edited, { normalize }),
            0,
          );
          expect(after / some.length).toBeCloseTo(copy.costAfter, 9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("learns from records spread over a long log, and refuses what it cannot use", () => {
    expect(fitCopyBaseline(log(50), { maxRecords: 10 }).records).toBe(10);
    expect(() => fitCopyBaseline([])).toThrow("there is no record to copy changes from");
    expect(() => fitCopyBaseline(log(3), { minSupport: 0 })).toThrow(
      "minSupport must be a whole number from 1 up",
    );
    expect(() => fitCopyBaseline(log(3), { changes: 1.5 })).toThrow("changes must be");
  });
});

describe("pieces", () => {
  it("keep words, line breaks and all white space", () => {
    const pieces = cutPieces(" Hi \n\n Ann,\nbye\n ");
    expect(pieces.tokens).toEqual(["Hi", "\n\n", "Ann", ",", "\n", "bye", "\n"]);
    expect(pieces.gaps).toEqual([" ", " ", " ", "", "", "", "", " "]);
  });

  it("give the text back, whatever it is", () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(" ", "\n", "\t", "a", "it's", "."),
          fc.string({ unit: "binary", maxLength: 3 }),
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (value) => {
        const pieces = cutPieces(value);
        expect(joinPieces(pieces)).toBe(value);
        expect(pieces.gaps).toHaveLength(pieces.tokens.length + 1);
      }),
      { numRuns: 500 },
    );
  });
});

describe("changes", () => {
  const change = (rest: Partial<Change>): Change => ({
    left: [],
    from: [],
    to: [],
    right: [],
    gaps: [],
    gapAfter: null,
    support: 1,
    ...rest,
  });
  const made = (one: Change, text: string): string => joinPieces(makeChange(one, cutPieces(text)));

  it("apply wherever their words stand, without overlap", () => {
    expect(placesOf(change({ from: ["a", "a"] }), ["a", "a", "a", "b", "a", "a"])).toEqual([0, 4]);
    expect(made(change({ left: ["very"], from: ["very"] }), "very very very good")).toBe("very very good");
    expect(made(change({ from: ["x"], to: ["y", "z"], gaps: [" ", " "] }), "a x b x")).toBe("a y z b y z");
  });

  it("tell the beginning from the end", () => {
    const postscript = change({ to: ["PS"], gaps: [" "], right: [END] });
    expect(made(postscript, "a b")).toBe("a b PS");
    const greeting = change({ left: [START], to: ["Hi", ","], gaps: ["", ""], gapAfter: " " });
    expect(made(greeting, "a b")).toBe("Hi, a b");
    expect(made(change({ left: [START], from: ["a"], right: [END], to: ["c"], gaps: [""] }), "a")).toBe("c");
    expect(made(change({ left: [START], from: ["a"], right: [END], to: ["c"], gaps: [""] }), "a b")).toBe(
      "a b",
    );
    expect(made(postscript, "")).toBe(" PS");
  });

  it("leave a text in which they do not apply as it is", () => {
    const pieces = cutPieces("a b");
    expect(makeChange(change({ from: ["c"] }), pieces)).toBe(pieces);
  });

  it("are found with every choice of words around, if enough edits made them", () => {
    const edits = [
      ["x a y", "x b y"],
      ["x a z", "x b z"],
      ["x a y", "x a y"],
    ].map(([before, after]) => [cutPieces(before!), cutPieces(after!)] as const);
    const found = recurringChanges(edits, 2).map(({ left, from, to, right, support }) => [
      left,
      from,
      to,
      right,
      support,
    ]);
    expect(found).toEqual([
      [[], ["a"], ["b"], [], 2],
      [["x"], ["a"], ["b"], [], 2],
      [[START, "x"], ["a"], ["b"], [], 2],
    ]);
  });
});
