import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changedRanges } from "./hunks.ts";

describe("changedRanges", () => {
  it("joins what changes side by side", () => {
    const hunks = changedRanges(Int32Array.of(1, 9, 9, 2, 8, 3, 4), Int32Array.of(1, 7, 2, 3, 4, 5));
    expect(hunks).toEqual([
      { aStart: 1, aEnd: 3, bStart: 1, bEnd: 2 },
      { aStart: 4, aEnd: 5, bStart: 3, bEnd: 3 },
      { aStart: 7, aEnd: 7, bStart: 5, bEnd: 6 },
    ]);
    expect(changedRanges(Int32Array.of(1, 2), Int32Array.of(1, 2))).toEqual([]);
  });

  it("leaves equal tokens, at least one, between any two changes", () => {
    const sequence = fc
      .array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 })
      .map((tokens) => Int32Array.from(tokens));
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        let [i, j] = [0, 0];
        for (const { aStart, aEnd, bStart, bEnd } of changedRanges(a, b)) {
          expect(a.slice(i, aStart)).toEqual(b.slice(j, bStart));
          expect(aEnd - aStart + bEnd - bStart).toBeGreaterThan(0);
          if (i + j > 0) expect(aStart).toBeGreaterThan(i);
          [i, j] = [aEnd, bEnd];
        }
        expect(a.slice(i)).toEqual(b.slice(j));
      }),
    );
  });
});
