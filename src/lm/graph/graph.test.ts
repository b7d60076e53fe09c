import { describe, expect, it } from "vitest";
import {
  add,
  attention,
  concat,
  div,
  equal,
  exp,
  expand,
  Graph,
  gather,
  gatherElements,
  interpret,
  layerNorm,
  logProbability,
  matmul,
  mul,
  pad,
  reduceSum,
  reshape,
  rotary,
  scatterAdd,
  slice,
  split,
  transpose,
  unsqueeze,
  where,
} from "./index.ts";
import { liveNodes } from "./live.ts";

const graph = new Graph();
const x = graph.input("x", "float", ["batch", "sequence", 4]);
const w = graph.parameter("w", [4, 6]);
const ids = graph.input("ids", "int32", ["batch", "sequence"]);

describe("operations name what does not fit", () => {
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    [
      "inner sizes",
      () => matmul(x, w, { transposeB: true }),
      "matmul: [batch, sequence, 4] by [4, 6]ᵀ: inner sizes 4 and 6 differ",
    ],
    ["vectors", () => matmul(x, graph.constant([1, 2])), "two axes or more"],
    ["broadcast", () => add(x, w), "add: shapes [batch, sequence, 4] and [4, 6] do not broadcast"],
    ["types", () => add(x, ids), "add: element types float and int32 differ"],
    ["bool sums", () => add(equal(ids, 1), equal(ids, 2)), "bool tensors cannot be calculated with"],
    ["float only", () => exp(ids), "exp: expected float, got int32"],
    ["numbers only", () => mul(1, 2), "at least one operand must be a tensor"],
    ["where of bools", () => where(equal(ids, 1), equal(ids, 2), equal(ids, 3)), "where: bool"],
    ["reshape", () => reshape(x, [-1, 3]), "reshape: [batch, sequence, 4]"],
    ["two unknowns", () => reshape(x, [-1, -1]), "reshape"],
    ["expand", () => expand(x, [2, 2, 4]), "expand"],
    ["permutation", () => transpose(x, [0, 1, 1]), "not an order of the axes"],
    ["concat", () => concat([x, w], 0), "concat"],
    ["empty concat", () => concat([], 0), "at least one tensor"],
    ["split", () => split(w, 4, 1), "cannot be cut into 4 parts"],
    ["split of a named size", () => split(x, 2, 1), "must have a fixed size"],
    ["slice", () => slice(w, 1, 2, 9), "slice: [2, 9) is not a part of axis 1 of [4, 6]"],
    ["axis", () => pad(w, 2, 1, 1), "has no axis 2"],
    ["unsqueeze", () => unsqueeze(w, 5), "unsqueeze"],
    ["gather by floats", () => gather(w, x), "gather: expected int32"],
    ["gatherElements", () => gatherElements(x, ids, 1), "gatherElements: indices"],
    [
      "scatterAdd",
      () => scatterAdd(w, ids, x),
      "scatterAdd: updates [batch, sequence, 4] should be [batch, sequence, 6]",
    ],
    ["targets", () => logProbability(w, ids), "targets [batch, sequence] do not fit logits [4, 6]"],
    ["norms", () => layerNorm(x, w, w), "layerNorm: [4, 6] should be [4]"],
    ["rotary", () => rotary(x, { cos: x, sin: x }), "rotary: tables"],
    [
      "heads",
      () =>
        attention(
          graph.constant(new Float64Array(6), { shape: [1, 3, 1, 2] }),
          graph.constant(new Float64Array(4), { shape: [1, 2, 1, 2] }),
          x,
        ),
      "2 key heads do not divide 3",
    ],
    ["constants", () => graph.constant([1, 2], { shape: [3] }), "2 values do not fill shape [3]"],
    ["taken names", () => graph.input("x", "float", []), 'already has an input or parameter "x"'],
    ["unknown names", () => graph.named("y"), 'no input or parameter "y"'],
    ["two graphs", () => add(x, new Graph().constant(1)), "different graphs"],
  ];
  for (const [name, call, message] of cases) {
    it(name, () => {
      expect(call).toThrow(message);
    });
  }
});

describe("Graph", () => {
  it("makes equal operations once, and different constants apart", () => {
    const g = new Graph();
    const a = g.input("a", "float", [3]);
    expect(exp(a)).toBe(exp(a));
    expect(mul(a, 2)).toBe(mul(a, 2));
    expect(mul(a, 2)).not.toBe(mul(a, 3));
    expect(div(a, 2)).not.toBe(div(2, a));
    expect(g.constant(1)).not.toBe(g.constant(1, { dtype: "int32" }));
    const [big, other] = [0, 1].map((v) => g.constant(new Float64Array(100).fill(v)));
    expect(big).not.toBe(other);
  });

  it("keeps only what outputs need", () => {
    const g = new Graph();
    const a = g.input("a", "float", ["n"]);
    exp(a);
    const sum = reduceSum(a);
    expect(liveNodes([sum]).map((node) => node.op)).toEqual(["input", "reduceSum"]);
  });

  it("interprets with checks of what is fed", () => {
    const g = new Graph();
    const y = add(g.input("a", "float", ["n", 2]), g.input("b", "float", ["n", 1]));
    const feed = (...dims: number[]): { dims: number[]; data: Float64Array } => ({
      dims,
      data: new Float64Array(dims.reduce((p, q) => p * q)),
    });
    expect(interpret({ y }, { a: feed(3, 2), b: feed(3, 1) }).y.dims).toEqual([3, 2]);
    expect(() => interpret({ y }, { a: feed(3, 2) })).toThrow('no value for input "b"');
    expect(() => interpret({ y }, { a: feed(3, 2), b: feed(2, 1) })).toThrow(
      '"b": value of shape [2, 1] does not fit [n, 1]',
    );
    expect(() => interpret({ y }, { a: feed(3, 3), b: feed(3, 1) })).toThrow('"a": value of shape [3, 3]');
    const z = exp(g.input("c", "float", ["n+1"]));
    expect(() => interpret({ y, z }, { a: feed(3, 2), b: feed(3, 1), c: feed(3) })).toThrow(
      '"c": value of shape [3] does not fit [n+1]',
    );
  });
});
