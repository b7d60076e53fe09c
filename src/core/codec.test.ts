import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "./codec.ts";
import { digest128 } from "./digest.ts";
import { InvalidInput, SnapshotMismatch } from "./errors.ts";
import { fingerprint } from "./fingerprint.ts";

/** The digest as its four 32-bit words are usually printed: most significant byte first. */
const words = (text: string) => {
  const { buffer } = digest128(new TextEncoder().encode(text));
  return Array.from(new Uint32Array(buffer as ArrayBuffer), (word) =>
    word.toString(16).padStart(8, "0"),
  ).join("");
};

describe("codec", () => {
  it("keeps any plain data, bit for bit", () => {
    const leaf = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.double(),
      fc.boolean(),
      fc.bigInt(),
      fc.constantFrom(null, undefined, -0),
      fc.float64Array(),
      fc.float32Array(),
      fc.int32Array(),
      fc.uint8Array(),
      fc.bigUint64Array(),
    );
    const key = fc.oneof(fc.string(), fc.constantFrom("$", "$$", "__proto__", "constructor"));
    const data = fc.letrec((tie) => ({
      node: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("node")), fc.dictionary(key, tie("node"))),
    })).node;
    fc.assert(
      fc.property(data, (value) => {
        expect(isDeepStrictEqual(decode(encode(value)), strip(value))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps NaN payloads and views into larger buffers", () => {
    const payload = new Float64Array(new BigUint64Array([0x7ff8000000000123n, 0xfff0000000000001n]).buffer);
    const back = decode(encode({ a: payload.subarray(1), b: payload })) as {
      a: Float64Array;
      b: Float64Array;
    };
    expect(new BigUint64Array(back.b.buffer)).toEqual(new BigUint64Array(payload.buffer));
    expect(new BigUint64Array(back.a.buffer)).toEqual(BigUint64Array.of(0xfff0000000000001n));
  });

  it("reads bytes that lie in a larger buffer, as files are read", () => {
    const bytes = encode({ x: Float64Array.of(1, 2), y: Uint8Array.of(7) });
    expect(decode(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).toEqual({
      x: Float64Array.of(1, 2),
      y: Uint8Array.of(7),
    });
  });

  it("names the path of what is no plain data", () => {
    const cycle: { list: unknown[] } = { list: [] };
    cycle.list.push(cycle);
    for (const [value, message] of [
      [{ a: [1, () => 1] }, "value.a[1] is a function"],
      [{ m: new Map() }, "value.m is a Map"],
      [{ v: new DataView(new ArrayBuffer(1)) }, "value.v is a DataView"],
      [cycle, "value.list[0] refers back"],
    ] as const) {
      expect(() => encode(value)).toThrow(InvalidInput);
      expect(() => encode(value)).toThrow(message);
    }
    const shared = Float64Array.of(1);
    expect(decode(encode([shared, shared]))).toEqual([shared, shared]);
  });

  it("refuses foreign, newer, cut and damaged bytes", () => {
    const bytes = encode({ x: Float64Array.of(1, 2, 3), text: "abc" });
    expect(() => decode(new TextEncoder().encode("{}"))).toThrow("not an fpx snapshot");
    expect(() => decode(bytes.subarray(0, bytes.length - 1))).toThrow("cut or damaged");
    const newer = bytes.slice();
    newer[4] = 99;
    expect(() => decode(newer)).toThrow("newer than this fpx reads");
    for (let i = 8; i < bytes.length; i++) {
      const damaged = bytes.slice();
      damaged[i]! ^= 0x10;
      expect(() => decode(damaged)).toThrow(SnapshotMismatch);
    }
  });
});

describe("digest", () => {
  it("equals published MurmurHash3 x86 128 values", () => {
    const known = {
      "": "0".repeat(32),
      "The quick brown fox jumps over the lazy dog": "2f1583c3ecee2c675d7bf66ce5e91d2c",
    };
    for (const [text, digest] of Object.entries(known)) expect(words(text)).toBe(digest);
  });

  it("tells values, types and key order apart", () => {
    const values = [
      1,
      "1",
      [1],
      { a: 1 },
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      Float64Array.of(1),
      Float32Array.of(1),
      null,
    ];
    expect(new Set(values.map(fingerprint)).size).toBe(values.length);
    expect(fingerprint({ a: 1 })).toBe(fingerprint({ a: 1 }));
  });
});

/** fast-check's dictionaries have no prototype; decoded objects are ordinary ones. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strip(item)]));
}
