import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./half-floats.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";

function file(header: unknown, dataBytes = 0, length?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  out.set(json, 8);
  return out;
}

const entry = (begin: number, end: number, shape: number[], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("sixteen-bit floats", () => {
  it("widens every half and narrows it back to the same bits", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((h) => (h & 0x7c00) !== 0x7c00);
    expect(floatToHalf(halfToFloat(all))).toEqual(all);
    expect(floatToBfloat(bfloatToFloat(all))).toEqual(all);
  });

  it("knows the landmarks of half precision", () => {
    const bits = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x8000);
    const values = [2 ** -24, 2 ** -14 - 2 ** -24, 2 ** -14, 1, -2, 65504, Infinity, -Infinity, -0];
    expect([...halfToFloat(bits)]).toEqual(values);
    expect(halfToFloat(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });

  it("rounds to nearest, ties to even", () => {
    const halves = Float32Array.of(
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      65519,
      65520,
      2 ** -25,
      3 * 2 ** -25,
      1e-9,
    );
    expect([...floatToHalf(halves)]).toEqual([0x3c00, 0x3c02, 0x7bff, 0x7c00, 0x0000, 0x0002, 0x0000]);
    const brains = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -7, Number.NaN);
    const narrowed = floatToBfloat(brains);
    expect([...narrowed.slice(0, 3)]).toEqual([0x3f80, 0x3f82, 0xbf81]);
    expect(bfloatToFloat(narrowed)[3]).toBeNaN();
  });

  it("stays within half a unit in the last place", () => {
    fc.assert(
      fc.property(fc.float({ min: -60000, max: 60000, noNaN: true }), (x) => {
        const half = halfToFloat(floatToHalf(Float32Array.of(x)))[0]!;
        expect(Math.abs(half - x)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(x) * 2 ** -11));
        const brain = bfloatToFloat(floatToBfloat(Float32Array.of(x)))[0]!;
        expect(Math.abs(brain - x)).toBeLessThanOrEqual(Math.max(2 ** -134, Math.abs(x) * 2 ** -8));
      }),
    );
  });
});

describe("safetensors", () => {
  const tensors: [string, StoredTensor][] = [
    ["mask", { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ["half", { dtype: "F16", shape: [2], data: Float32Array.of(0.5, -3) }],
    ["brain", { dtype: "BF16", shape: [1, 2], data: Float32Array.of(1.5, 256) }],
    ["ids", { dtype: "I64", shape: [2], data: BigInt64Array.of(-7n, 2n ** 60n) }],
    ["weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, Math.fround(0.1)) }],
    ["exact", { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) }],
    ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
  ];

  it("reads back what it wrote, with metadata", () => {
    const read = readSafetensors(writeSafetensors(tensors, { metadata: { format: "pt", note: "é" } }));
    expect(read.metadata).toEqual({ format: "pt", note: "é" });
    expect(read.tensors).toEqual(new Map(tensors));
  });

  it("writes the same bytes for any order of the tensors", () => {
    expect(writeSafetensors([...tensors].reverse())).toEqual(writeSafetensors(tensors));
  });

  it("keeps every float32 bit", () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (data) => {
        const bytes = writeSafetensors([["w", { dtype: "F32", shape: [data.length], data }]]);
        expect(readSafetensors(bytes).tensors.get("w")!.data).toEqual(data);
      }),
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["a short file", new Uint8Array(5), /model\.st is 5 bytes long/],
    ["an absurd header length", file({}, 0, 2 ** 40), /announces a header/],
    ["a header that is cut off", file({}, 0, 500), /cut off/],
    ["a header that is not JSON", file("{oops"), /not JSON/],
    ["a header that is a list", file([]), /not a JSON object/],
    [
      "an unknown element type",
      file({ w: entry(0, 4, [1], "F8_E4M3") }, 4),
      /tensor "w" has element type F8_E4M3/,
    ],
    ["a wrong byte count", file({ w: entry(0, 8, [1]) }, 8), /tensor "w" has 8 bytes where shape \[1\]/],
    ["a negative size", file({ w: entry(0, 4, [-1]) }, 4), /tensor "w" has no valid shape/],
    ["overlap", file({ a: entry(0, 8, [2]), b: entry(4, 12, [2]) }, 12), /tensor "b" overlaps/],
    ["a gap", file({ a: entry(0, 4, [1]), b: entry(8, 12, [1]) }, 12), /tensor "b" leaves a gap/],
    ["missing data", file({ a: entry(0, 8, [2]) }, 4), /is cut off: 4 data bytes where 8/],
    ["stray data", file({ a: entry(0, 4, [1]) }, 6), /belong to no tensor/],
    ["bad metadata", file({ __metadata__: { a: 1 } }), /__metadata__/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "model.st")).toThrow(message);
  });

  it.each([Number.NaN, Infinity])("refuses the weight %s", (value) => {
    const bytes = writeSafetensors([["w", { dtype: "F32", shape: [2], data: Float32Array.of(0, value) }]]);
    expect(() => readSafetensors(bytes, "model.st")).toThrow(/model\.st, tensor "w" holds .* at element 1/);
  });

  it("refuses to write what does not fit", () => {
    const write = (tensor: StoredTensor) => writeSafetensors([["w", tensor]]);
    expect(() => write({ dtype: "F32", shape: [3], data: new Float32Array(2) })).toThrow(/needs 3/);
    expect(() => write({ dtype: "F16", shape: [1], data: Float32Array.of(1e6) })).toThrow(
      /too large for F16/,
    );
    expect(() => write({ dtype: "I32", shape: [1], data: new Float32Array(1) })).toThrow(/Float32Array/);
    expect(() => write({ dtype: "BF16", shape: [1], data: new Float64Array(1) })).toThrow(/Float32Array/);
  });
});
