import { describe, expect, it } from "vitest";
import { add, exp, Graph, mul, type Program, reshape } from "../graph/index.ts";
import type { TensorData } from "../runtimes/runtime.ts";
import { emitOnnx } from "./emit.ts";
import { bytes, encode, float, int, ints, type Message, nested, string } from "./protobuf.ts";

const weight: TensorData = { type: "float", dims: [2], data: Float32Array.of(1, 2) };

function program(name = "w"): Program {
  const graph = new Graph();
  const y = mul(graph.input("x", "float", ["n", 2]), graph.parameter(name, [2]));
  exp(y);
  return { outputs: { y } };
}

function text(model: Uint8Array): string {
  return new TextDecoder("latin1").decode(model);
}

describe("protobuf", () => {
  it("writes the examples of the format's documentation", () => {
    const hex = (field: Message): string => Buffer.from(encode(field)).toString("hex");
    expect(hex(int(1, 150))).toBe("089601");
    expect(hex(string(2, "testing"))).toBe("120774657374696e67");
    expect(hex(nested(3, int(1, 150)))).toBe("1a03089601");
    expect(hex(ints(4, [3, 270, 86942]))).toBe("2206038e029ea705");
    expect(hex(int(1, -2))).toBe("08feffffffffffffffff01");
    expect(hex(float(1, 1))).toBe("0d0000803f");
    expect(hex(bytes(1, new Uint8Array(200)))).toBe(`0ac801${"00".repeat(200)}`);
    expect(hex(nested(1, bytes(1, new Uint8Array(5000))))).toBe(`0a8b270a8827${"00".repeat(5000)}`);
  });
});

describe("emitOnnx", () => {
  it("gives the same bytes each time and leaves out what no output needs", () => {
    const model = emitOnnx(program());
    expect(emitOnnx(program())).toEqual(model);
    expect(text(model)).toContain("Mul");
    expect(text(model)).not.toContain("Exp");
  });

  it("stores weights, or makes them inputs", () => {
    const [stored, open] = [emitOnnx(program(), { weights: { w: weight } }), emitOnnx(program())];
    expect(text(stored)).toContain(text(new Uint8Array(weight.data.buffer)));
    expect(text(open)).not.toContain(text(new Uint8Array(weight.data.buffer)));
  });

  it("refuses weights, names and sizes that cannot be", () => {
    const wrong: TensorData = { ...weight, dims: [1, 2] } as TensorData;
    expect(() => emitOnnx(program(), { weights: { w: wrong } })).toThrow(
      'weight "w": float [1, 2] does not fit the parameter\'s [2]',
    );
    expect(() => emitOnnx(program("/w"))).toThrow('"/w" cannot be a name');
    const graph = new Graph();
    const x = graph.input("x", "float", ["n", "2*m"]);
    expect(() => emitOnnx({ outputs: { x: exp(x) } })).toThrow('output "x" has the name of an input');
    const y = add(reshape(exp(x), ["m", "n", 2]), graph.dimension("m"));
    expect(() => emitOnnx({ outputs: { y } })).toThrow('no input of the program has the dimension "m" alone');
  });

  it("refuses models above 2 GiB before it copies a weight", () => {
    const graph = new Graph();
    const side = 2 ** 14;
    const shape = [side, side];
    const data = new Float32Array(side * side);
    const weights = {
      a: { type: "float", dims: shape, data },
      b: { type: "float", dims: shape, data },
    } as const;
    const sum = add(graph.parameter("a", shape), graph.parameter("b", shape));
    expect(() => emitOnnx({ outputs: { sum } }, { weights })).toThrow("above the 2 GiB");
  });
});
