import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changedRanges, type Hunk } from "./hunks.ts";
import { levenshtein } from "./levenshtein.ts";

/** What is equal outside the hunks, and the least number of changed tokens inside. */
function check(a: readonly number[], b: readonly number[], hunks: readonly Hunk[]): number {
  let [i, j, changed] = [0, 0, 0];
  for (const { aStart, aEnd, bStart, bEnd } of hunks) {
    expect(a.slice(i, aStart)).toEqual(b.slice(j, bStart));
    expect(aEnd > aStart || bEnd > bStart).toBe(true);
    if (i > 0) expect(aStart).toBeGreaterThan(i);
    changed += Math.max(aEnd - aStart, bEnd - bStart);
    [i, j] = [aEnd, bEnd];
  }
  expect(a.slice(i)).toEqual(b.slice(j));
  return changed;
}

/** The least of 2 changes + hunks over all alignments, by plain recursion. */
function leastCost(a: readonly number[], b: readonly number[]): number {
  const memo = new Map<string, number>();
  const go = (i: number, j: number, open: boolean): number => {
    if (i === a.length && j === b.length) return 0;
    const key = `${i},${j},${open}`;
    const known = memo.get(key);
    if (known !== undefined) return known;
    const begin = open ? 0 : 1;
    let best = Number.POSITIVE_INFINITY;
    if (i < a.length && j < b.length && a[i] === b[j]) best = go(i + 1, j + 1, false);
    if (i < a.length && j < b.length) best = Math.min(best, begin + 2 + go(i + 1, j + 1, true));
    if (i < a.length) best = Math.min(best, begin + 2 + go(i + 1, j, true));
    if (j < b.length) best = Math.min(best, begin + 2 + go(i, j + 1, true));
    memo.set(key, best);
    return best;
  };
  return go(0, 0, false);
}

describe("changedRanges", () => {
  it("joins changes instead of keeping a chance match between them", () => {
    // deleting 3 4 5 3 as one piece costs no more tokens than keeping the other 3
    expect(changedRanges([1, 2, 3, 4, 5, 3, 6], [1, 2, 3, 6])).toHaveLength(1);
    expect(changedRanges([1, 2, 3], [1, 2, 3])).toEqual([]);
    expect(changedRanges([], [1])).toEqual([{ aStart: 0, aEnd: 0, bStart: 0, bEnd: 1 }]);
    expect(changedRanges([1, 9, 2, 8, 3], [1, 7, 2, 3])).toEqual([
      { aStart: 1, aEnd: 2, bStart: 1, bEnd: 2 },
      { aStart: 3, aEnd: 4, bStart: 3, bEnd: 3 },
    ]);
  });

  it("is right and cheapest for any sequences", () => {
    const sequence = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 14 });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const hunks = changedRanges(a, b);
        const changed = check(a, b, hunks);
        expect(changed).toBeGreaterThanOrEqual(levenshtein(a, b));
        expect(2 * changed + hunks.length).toBe(leastCost(a, b));
      }),
      { numRuns: 500 },
    );
  });

  it("cuts sequences that are too long for one table", () => {
    const a = Array.from({ length: 9000 }, (_, i) => (i % 3 === 0 ? i : i % 5));
    const b = a.flatMap((token, i) => (i % 1000 === 7 ? [] : i % 1000 === 500 ? [token, -1] : [token]));
    const hunks = changedRanges([-2, ...a, -3], [-4, ...b, -5]);
    expect(check([-2, ...a, -3], [-4, ...b, -5], hunks)).toBeLessThan(40);
    const strangers = changedRanges(new Int32Array(5000).fill(1), new Int32Array(5000).fill(2));
    expect(strangers).toEqual([{ aStart: 0, aEnd: 5000, bStart: 0, bEnd: 5000 }]);
  });
});
