import { describe, expect, it } from "vitest";
import { adamwFeeds, adamwUpdate } from "../adamw.ts";
import {
  crossEntropy,
  Graph,
  gradients,
  interpret,
  type Program,
  type Tensor,
  type Value,
} from "../graph/index.ts";
import { onnxRuntimeNode } from "../node/onnx-runtime.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";
import { type Gpt2Config, gpt2Shapes } from "./gpt2.ts";
import { modelHead, modelTrunk } from "./model.ts";

const config: Gpt2Config = {
  family: "gpt2",
  vocabSize: 19,
  maximumPositions: 8,
  hiddenSize: 12,
  layers: 2,
  heads: 3,
};

function weights(): Record<string, TensorData & { readonly data: Float32Array }> {
  const tensors: Record<string, TensorData & { readonly data: Float32Array }> = {};
  for (const [seed, [name, dims]] of [...gpt2Shapes(config)].entries()) {
    const length = dims.reduce((a, b) => a * b, 1);
    const one = dims.length === 1 && name.endsWith(".weight") ? 1 : 0;
    const data = Float32Array.from({ length }, (_, i) => one + 0.3 * Math.sin(1 + seed + 7.3 * i));
    tensors[name] = { type: "float", dims, data };
  }
  return tensors;
}

function batch(): Tensors {
  const dims = [2, 5];
  const ids = (shift: number): Int32Array =>
    Int32Array.from({ length: 10 }, (_, i) => (3 * (i + shift) * (i + shift)) % 19);
  return {
    tokens: { type: "int32", dims, data: ids(0) },
    targets: { type: "int32", dims, data: ids(1) },
    weights: { type: "float", dims, data: Float32Array.of(1, 1, 1, 0, 0, 1, 1, 1, 1, 0) },
  };
}

function built(): { loss: Tensor; logits: Tensor; parameters: readonly Tensor[] } {
  const graph = new Graph();
  const shape = ["batch", "sequence"];
  const { hidden } = modelTrunk(config, { tokens: graph.input("tokens", "int32", shape) });
  const logits = modelHead(config, hidden);
  const loss = crossEntropy(
    logits,
    graph.input("targets", "int32", shape),
    graph.input("weights", "float", shape),
  );
  return { loss, logits, parameters: graph.parameters };
}

function values(tensors: Tensors): Record<string, Value> {
  const entries = Object.entries(tensors).map(([name, { dims, data }]) => {
    const value = { dims, data: data instanceof Float32Array ? Float64Array.from(data) : data };
    return [name, value as Value] as const;
  });
  return Object.fromEntries(entries);
}

describe("the GPT-2 graph", () => {
  it("looks at no later token", () => {
    const { logits } = built();
    const feeds = values({ ...weights(), ...batch() });
    const before = interpret({ logits }, feeds).logits.data;
    const tokens = Int32Array.from(feeds["tokens"]!.data);
    tokens[4] = 1;
    const after = interpret({ logits }, { ...feeds, tokens: { dims: [2, 5], data: tokens } }).logits.data;
    const changed = Array.from(before, (value, i) => value !== after[i]);
    expect(changed.slice(0, 4 * 19).some(Boolean)).toBe(false);
    expect(changed.slice(4 * 19, 5 * 19).every(Boolean)).toBe(true);
    expect(changed.slice(5 * 19).some(Boolean)).toBe(false);
  });

  it("has the same loss and gradients in onnxruntime and in the interpreter", async () => {
    const { loss, parameters } = built();
    const outputs: Record<string, Tensor> = { loss };
    for (const [i, gradient] of gradients(loss, parameters).entries()) outputs[`gradient ${i}`] = gradient;
    const session = await (await onnxRuntimeNode({ threads: 1 })).load({ outputs });
    const feeds = { ...weights(), ...batch() };
    const found = await session.run(feeds, { fetch: Object.keys(outputs) });
    await session.close();
    for (const [name, { data }] of Object.entries(interpret(outputs, values(feeds)))) {
      const scale = Math.max(...Array.from(data, Math.abs));
      const worst = Math.max(
        ...Array.from(data, (value, i) => Math.abs(value - Number(found[name]!.data[i]))),
      );
      expect(worst / scale, name).toBeLessThan(1e-5);
    }
  });

  it("trains with the same bits in two sessions, and its loss falls", async () => {
    const { loss, parameters } = built();
    const update = adamwUpdate(parameters, gradients(loss, parameters), { maximumNorm: 1 });
    const program: Program = { outputs: { loss, ...update.outputs } };
    const runtime = await onnxRuntimeNode({ threads: 2 });
    const runs: string[] = [];
    for (let k = 0; k < 2; k++) {
      const session = await runtime.load(program);
      await session.write({ ...weights(), ...update.state });
      const losses: number[] = [];
      for (let step = 1; step <= 30; step++) {
        const found = await session.run(
          { ...batch(), ...adamwFeeds(step, 0.01) },
          { fetch: ["loss"], carry: update.carry },
        );
        losses.push(Number(found["loss"]!.data[0]));
      }
      await session.close();
      expect(losses.at(-1)).toBeLessThan(losses[0]! / 3);
      runs.push(losses.join());
    }
    expect(runs[0]).toBe(runs[1]);
  });

  it("refuses heads that do not divide the width", () => {
    const graph = new Graph();
    expect(() =>
      modelTrunk({ ...config, heads: 5 }, { tokens: graph.input("tokens", "int32", [1, 2]) }),
    ).toThrow("5 heads");
  });
});
