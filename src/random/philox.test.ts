import { describe, expect, it } from "vitest";
import { purposeKey, seedKey } from "./address.ts";
import { mulHigh, philox } from "./philox.ts";

function block(counter: number[], key: number[]): string[] {
  const out = new Uint32Array(4);
  const [c0, c1, c2, c3] = counter as [number, number, number, number];
  philox(c0, c1, c2, c3, key[0]!, key[1]!, out);
  return [...out].map((word) => word.toString(16).padStart(8, "0"));
}

describe("philox", () => {
  it("gives the published vectors of Random123", () => {
    expect(block([0, 0, 0, 0], [0, 0])).toEqual(["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
    const ones = 0xffffffff;
    expect(block([ones, ones, ones, ones], [ones, ones])).toEqual([
      "408f276d",
      "41c83b0e",
      "a20bc7c6",
      "6d5451fd",
    ]);
    expect(block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      "d16cfe09",
      "94fdcceb",
      "5001e420",
      "24126ea1",
    ]);
  });

  it("multiplies words exactly", () => {
    const words = [0, 1, 2, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xdeadbeef, 0xffffffff];
    for (const a of words) {
      for (const b of words) {
        expect(mulHigh(a, b) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      }
    }
  });
});

describe("stream keys", () => {
  it("differ for purposes that differ by padding, length, order or seed", () => {
    const purposes = [
      "",
      "\0",
      "\0\0",
      "a",
      "ab",
      "abcd",
      "abcd\0",
      "abcde",
      "bcdea",
      "direction",
      "directiom",
    ];
    const keys = [0, 1, 2 ** 32, (1n << 64n) - 1n].flatMap((seed) =>
      purposes.map((purpose) => purposeKey(seedKey(seed), purpose).join()),
    );
    expect(new Set(keys).size).toBe(4 * purposes.length);
  });

  it("stay what they are: the format is a promise", () => {
    const hex = (key: readonly [number, number]) => key.map((word) => word.toString(16));
    expect(hex(purposeKey(seedKey(7), "direction"))).toMatchInlineSnapshot(`
      [
        "f74d455f",
        "3516e7e7",
      ]
    `);
    expect(hex(purposeKey(seedKey(0), ""))).toEqual(["6627e8d5", "e169c58d"]);
  });

  it("show no collision among 200,000 names and seeds", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      seen.add(purposeKey([i, 0], "p").join());
      seen.add(purposeKey([5, 0], `purpose ${i}`).join());
    }
    expect(seen.size).toBe(200_000);
  });
});
