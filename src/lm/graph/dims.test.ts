import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addDims,
  broadcastShapes,
  canonicalDim,
  type Dim,
  divideDim,
  evaluateDim,
  multiplyDims,
  subtractDims,
} from "./dims.ts";

const sizes = new Map([
  ["batch", 3],
  ["past", 5],
  ["sequence", 7],
]);

const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.nat(9),
  fc.constantFrom("batch", "past", "sequence", "past+sequence", "2*batch", "batch*past+4", "past*past+batch"),
);

describe("dimensions", () => {
  it("have one spelling", () => {
    expect(canonicalDim("sequence + past")).toBe("past+sequence");
    expect(canonicalDim("b*a*2-1+a*b")).toBe("3*a*b-1");
    expect(canonicalDim("n-n+4")).toBe(4);
    expect(canonicalDim(12)).toBe(12);
  });

  it("refuse what is no sum of products of names", () => {
    for (const bad of ["", "a//b", "a b c(", "+", "a*", "2a", -1, 1.5]) {
      expect(() => canonicalDim(bad), `${bad}`).toThrow("dimension");
    }
  });

  it("add, multiply, subtract and divide as their sizes do", () => {
    const size = (d: Dim): number => evaluateDim(d, sizes);
    fc.assert(
      fc.property(dim, dim, dim, (a, b, c) => {
        expect(size(addDims(a, b, c))).toBe(size(a) + size(b) + size(c));
        expect(size(multiplyDims([a, b, c]))).toBe(size(a) * size(b) * size(c));
        expect(subtractDims(addDims(a, b), b)).toBe(canonicalDim(a));
        const quotient = divideDim(multiplyDims([a, b]), b);
        if (quotient !== undefined) expect(size(quotient) * size(b)).toBe(size(a) * size(b));
      }),
    );
    expect(divideDim("2*batch*past+4*batch", "2*batch")).toBe("past+2");
    expect(divideDim("batch*past", "sequence")).toBeUndefined();
    expect(divideDim("3*batch", 2)).toBeUndefined();
    expect(() => subtractDims(2, 3)).toThrow("negative");
    expect(() => evaluateDim("heads", sizes)).toThrow('"heads" is unknown');
  });

  it("broadcast only against themselves and 1", () => {
    expect(broadcastShapes(["batch", 1, 4], ["sequence", 4], "test")).toEqual(["batch", "sequence", 4]);
    expect(() => broadcastShapes(["batch"], [4], "add")).toThrow(
      "add: shapes [batch] and [4] do not broadcast",
    );
  });
});
