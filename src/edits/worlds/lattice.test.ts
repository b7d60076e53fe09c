import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lattice, nearestText } from "./lattice.ts";

/** Textbook Levenshtein distance over tokens. */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  a.forEach((token, i) => {
    const next = [i + 1];
    b.forEach((other, j) => {
      next.push(Math.min(row[j]! + (token === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    });
    row = next;
  });
  return row[b.length]!;
}

/** Every text of the lattice, first alternatives first. */
function texts(lattice: Lattice): string[][] {
  return lattice.reduce<string[][]>(
    (heads, slot) => heads.flatMap((head) => slot.map((tokens) => [...head, ...tokens])),
    [[]],
  );
}

const token = fc.constantFrom("a", "b", "c");
const slot = fc.array(fc.array(token, { maxLength: 3 }), { minLength: 1, maxLength: 3 });
const lattices = fc.array(slot, { maxLength: 5 });

describe("nearestText", () => {
  it("finds the smallest distance over all texts of the lattice, and a text at that distance", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), lattices, (draft, lattice) => {
        const nearest = nearestText(draft, lattice);
        const chosen = nearest.choices.flatMap((choice, s) => lattice[s]![choice]!);
        expect(nearest.choices).toHaveLength(lattice.length);
        expect(nearest.distance).toBe(Math.min(...texts(lattice).map((text) => distance(draft, text))));
        expect(distance(draft, chosen)).toBe(nearest.distance);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("keeps what is acceptable and breaks ties towards the first alternative", () => {
    const lattice = [[["Hello"], ["Good", "day"]], [["Ann"]], [[], ["!"]]];
    expect(nearestText(["Good", "day", "Ann", "!"], lattice)).toEqual({ distance: 0, choices: [1, 0, 1] });
    expect(nearestText(["Hey", "Ann"], lattice)).toEqual({ distance: 1, choices: [0, 0, 0] });
    expect(nearestText([], lattice)).toEqual({ distance: 2, choices: [0, 0, 0] });
  });

  it("writes the whole text when nothing is left of the draft, and takes out repetitions", () => {
    const lattice = [[["a"]], [["b", "c"]]];
    expect(nearestText(Array(50).fill("b"), lattice)).toEqual({ distance: 49, choices: [0, 0] });
  });
});
