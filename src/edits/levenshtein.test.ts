import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import { createKernels } from "../wasm/index.ts";
import { editScript, editScriptWithin } from "./edit-script.ts";
import { levenshtein, levenshteinAll, levenshteinBy, type Tokens } from "./levenshtein.ts";

const kernels = createKernels()!;

/** The textbook table. */
function reference(a: Tokens, b: Tokens): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j]! + Number(a[i] !== b[j]), row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

const characters = (text: string): number[] => [...text].map((character) => character.codePointAt(0)!);

function words(...texts: string[]): number[][] {
  const ids = new Map<string, number>();
  return texts.map((text) =>
    text.split(" ").map((word) => ids.get(word) ?? ids.set(word, ids.size).get(word)!),
  );
}

/** Pairs of which the second is the first with edits, or unrelated; from a given stream. */
function randomPairs(
  count: number,
  longest: number,
  alphabet: number,
  name: number,
): [Int32Array, Int32Array][] {
  const draws = createRng(name).draws("pairs");
  const symbol = (): number => draws.integer(alphabet);
  return Array.from({ length: count }, () => {
    const a = Array.from({ length: draws.integer(longest + 1) }, symbol);
    if (draws.uniform() < 0.5) {
      return [Int32Array.from(a), Int32Array.from({ length: draws.integer(longest + 1) }, symbol)];
    }
    const b = a.slice();
    for (let edits = draws.integer(12); edits > 0; edits--) {
      b.splice(
        draws.integer(b.length + 1),
        draws.integer(3),
        ...Array.from({ length: draws.integer(3) }, symbol),
      );
    }
    return [Int32Array.from(a), Int32Array.from(b)];
  });
}

describe("levenshtein", () => {
  it("gives the known distances", () => {
    for (const [a, b, distance] of [
      ["kitten", "sitting", 3],
      ["flaw", "lawn", 2],
      ["intention", "execution", 5],
      ["", "abc", 3],
      ["abc", "", 3],
      ["", "", 0],
      ["same", "same", 0],
    ] as const) {
      expect(levenshtein(characters(a), characters(b))).toBe(distance);
    }
    const draft = "Please send the report by Friday .";
    const edited = "Please kindly send me the report by Monday .";
    const [a, b] = words(draft, edited) as [number[], number[]];
    expect(levenshtein(a, b)).toBe(3);
    expect(levenshtein(a, b) / a.length).toBeCloseTo(0.428571, 6);
    expect(levenshtein(characters(draft), characters(edited))).toBe(13);
  });

  it("agrees with the textbook table on thousands of pairs, by kernels and by the twin", () => {
    for (const [alphabet, longest, count] of [
      [2, 70, 1000],
      [4, 140, 800],
      [50, 300, 300],
      [50_000, 300, 300],
      [0xffffffff, 90, 600],
      [3, 700, 30],
    ] as const) {
      const pairs = randomPairs(count, longest, alphabet, alphabet);
      const expected = Uint32Array.from(pairs, ([a, b]) => reference(a, b));
      expect(levenshteinBy(kernels, pairs)).toEqual(expected);
      expect(levenshteinBy(undefined, pairs)).toEqual(expected);
      for (const max of [0, 1, 5, 40, 150]) {
        const cut = expected.map((distance) => Math.min(distance, max + 1));
        expect(levenshteinBy(kernels, pairs, { max })).toEqual(cut);
        expect(levenshteinBy(undefined, pairs, { max })).toEqual(cut);
      }
    }
  });

  it("is right around the limits of words and strips", () => {
    const pairs: [Int32Array, Int32Array][] = [];
    for (const m of [1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 320, 321, 449, 512, 513]) {
      for (const n of [1, 2, 3, 64, 192, 256, 300]) {
        const make = (length: number, name: number): Int32Array =>
          Int32Array.from(createRng(m).stream("limits", n, name).integers(5, length));
        pairs.push([make(m, 0), make(n, 1)]);
      }
    }
    const expected = Uint32Array.from(pairs, ([a, b]) => reference(a, b));
    expect(levenshteinBy(kernels, pairs)).toEqual(expected);
    expect(levenshteinBy(undefined, pairs)).toEqual(expected);
    for (const max of [3, 64, 70, 130, 200]) {
      expect(levenshteinBy(kernels, pairs, { max })).toEqual(expected.map((d) => Math.min(d, max + 1)));
    }
  });

  it("is a metric", () => {
    const tokens = fc.array(fc.nat(3), { maxLength: 80 });
    fc.assert(
      fc.property(tokens, tokens, tokens, (a, b, c) => {
        const [ab, ba, bc, ac] = levenshteinAll([
          [a, b],
          [b, a],
          [b, c],
          [a, c],
        ]) as unknown as [number, number, number, number];
        expect(ab).toBe(ba);
        expect(ac).toBeLessThanOrEqual(ab + bc);
        expect(ab === 0).toBe(a.join() === b.join());
        expect(ab).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(ab).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it("takes very many ids, long sequences and batches beyond one call", () => {
    const n = 70_000;
    const a = Int32Array.from({ length: n }, (_, i) => 1_000_000 + i);
    const b = a.slice(10).map((id, i) => (i % 1000 === 500 ? -id : id));
    const expected = 10 + Math.ceil((b.length - 500) / 1000);
    expect(levenshtein(a, b, { max: 300 })).toBe(expected);
    const shuffled = createRng(1)
      .stream("names")
      .integers(2 ** 32, 40_000);
    const other = createRng(1)
      .stream("others")
      .integers(2 ** 32, 40_000);
    expect(levenshtein(shuffled, other, { max: 39_000 })).toBe(39_001);
    expect(levenshtein(shuffled.subarray(0, 20_000), shuffled.subarray(1, 20_001))).toBe(2);
    const pairs = randomPairs(3000, 300, 9, 77);
    expect(levenshteinAll(pairs)).toEqual(levenshteinBy(undefined, pairs));
    expect(levenshteinAll([])).toHaveLength(0);
  });

  it("compares ids as 32-bit words, and refuses others", () => {
    expect(levenshtein(Int32Array.of(-1), Uint32Array.of(2 ** 32 - 1))).toBe(0);
    expect(levenshtein([-1, 5], Uint32Array.of(2 ** 32 - 1, 6))).toBe(1);
    const bad: unknown[] = [1.5, Number.NaN, 2 ** 32, -(2 ** 31) - 1, "1"];
    for (const id of bad) expect(() => levenshtein([1, id as number], [1])).toThrow(/token 1 is/);
    expect(() => levenshtein([1], [2], { max: -1 })).toThrow(InvalidInput);
    expect(() => levenshtein([1], [2], { max: 0.5 })).toThrow(InvalidInput);
    expect(levenshtein([1], [2], { max: Number.POSITIVE_INFINITY })).toBe(1);
  });
});

describe("edit scripts", () => {
  function check(a: Tokens, b: Tokens, mostCells?: number): void {
    const script = mostCells === undefined ? editScript(a, b) : editScriptWithin(mostCells, a, b);
    let changed = 0;
    let [i, j] = [0, 0];
    script.forEach(({ kind, aStart, aEnd, bStart, bEnd }, at) => {
      expect([aStart, bStart]).toEqual([i, j]);
      expect(kind).not.toBe(script[at - 1]?.kind);
      const [removed, added] = [aEnd - aStart, bEnd - bStart];
      expect(removed + added).toBeGreaterThan(0);
      if (kind === "equal") expect([...a.slice(aStart, aEnd)]).toEqual([...b.slice(bStart, bEnd)]);
      if (kind === "equal" || kind === "substitute") expect(removed).toBe(added);
      if (kind === "insert") expect(removed).toBe(0);
      if (kind === "delete") expect(added).toBe(0);
      if (kind !== "equal") changed += Math.max(removed, added);
      [i, j] = [aEnd, bEnd];
    });
    expect([i, j]).toEqual([a.length, b.length]);
    expect(changed).toBe(reference(a, b));
  }

  it("change as many tokens as the distance, and turn one sequence into the other", () => {
    for (const alphabet of [2, 6, 1000]) {
      for (const [a, b] of randomPairs(200, 60, alphabet, alphabet)) {
        check(a, b);
        check(a, b, 40);
        check(a, b, 0);
      }
    }
  });

  it("keep two thousand tokens within a modest table", () => {
    const [a, b] = [0, 1].map((name) => createRng(name).stream("long").integers(20, 2300)) as [
      Uint32Array,
      Uint32Array,
    ];
    check(a, b);
  });

  it("say what happened to a sentence", () => {
    const [a, b] = words(
      "Please send the report by Friday .",
      "Please kindly send me the report by Monday .",
    ) as [number[], number[]];
    expect(editScript(a, b).map(({ kind, aStart, bEnd }) => `${kind} ${aStart} ${bEnd}`)).toEqual([
      "equal 0 1",
      "insert 1 2",
      "equal 1 3",
      "insert 2 4",
      "equal 2 7",
      "substitute 5 8",
      "equal 6 9",
    ]);
    expect(editScript([], [])).toEqual([]);
    expect(() => editScript([0.5], [])).toThrow(InvalidInput);
  });
});
