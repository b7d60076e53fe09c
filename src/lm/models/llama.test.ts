import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor } from "../checkpoints/safetensors.ts";
import { Graph, interpret, type Tensor, type Value } from "../graph/index.ts";
import { resolveLora } from "../lora.ts";
import { readAdapter, readModel } from "../node/model-files.ts";
import type { Tensors } from "../runtimes/runtime.ts";
import { llamaConfig, ropeFrequencies } from "./llama-config.ts";
import {
  cacheSizes,
  modelHead,
  modelShapes,
  modelTrunk,
  readModelConfig,
  writeModelConfig,
} from "./model.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/llama");
const expected = (name: string) =>
  readSafetensors(readFileSync(join(fixtures, `${name}-logits.safetensors`))).tensors;
const ints = ({ shape, data }: StoredTensor): Value => ({ dims: shape, data: Int32Array.from(data, Number) });
const bools = ({ shape, data }: StoredTensor): Value => ({
  dims: shape,
  data: Uint8Array.from(data, Number),
});
const values = (weights: Tensors): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { dims, data }]) => [
      name,
      { dims, data: Float64Array.from(data, Number) },
    ]),
  );

/** Positions that skip padding: the running number of real tokens, less one. */
function positionsOf(mask: StoredTensor): Value {
  const [rows, columns] = mask.shape as [number, number];
  const data = new Int32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    let seen = 0;
    for (let column = 0; column < columns; column++) {
      seen += Number(mask.data[row * columns + column]!);
      data[row * columns + column] = Math.max(seen - 1, 0);
    }
  }
  return { dims: mask.shape, data };
}

function largestDifference(logits: Value, wanted: StoredTensor, mask: StoredTensor): number {
  const vocabulary = wanted.shape[2]!;
  let largest = 0;
  for (let i = 0; i < wanted.data.length; i++) {
    if (Number(mask.data[Math.floor(i / vocabulary)]!) === 0) continue;
    largest = Math.max(largest, Math.abs(Number(logits.data[i]!) - Number(wanted.data[i]!)));
  }
  return largest;
}

describe("parity with transformers in float64", () => {
  it.each(["untied", "tied", "adapter"])(
    "gives the logits of the %s model, padded on either side",
    async (name) => {
      const model = await readModel(join(fixtures, name === "adapter" ? "untied" : name));
      const adapter = name === "adapter" ? await readAdapter(join(fixtures, name), model) : undefined;
      const lora = adapter && { lora: resolveLora(adapter.config, modelShapes(model.config)) };
      const graph = new Graph();
      const tokens = graph.input("tokens", "int32", ["batch", "sequence"]);
      const positions = graph.input("positions", "int32", ["batch", "sequence"]);
      const keys = graph.input("keys", "bool", ["batch", "sequence"]);
      const { hidden } = modelTrunk(model.config, { tokens, positions, keys }, lora);
      const logits = modelHead(model.config, hidden, lora);
      const weights = values({ ...model.weights, ...adapter?.weights });
      const tensors = expected(name);
      for (const side of ["left", "right"]) {
        const mask = tensors.get(`${side}.attention_mask`)!;
        const result = interpret(
          { logits },
          {
            ...weights,
            tokens: ints(tensors.get(`${side}.input_ids`)!),
            positions: positionsOf(mask),
            keys: bools(mask),
          },
        );
        expect(largestDifference(result.logits, tensors.get(`${side}.logits`)!, mask)).toBeLessThan(1e-5);
      }
    },
  );

  it("needs neither mask nor positions for padding on the right", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const graph = new Graph();
    const { hidden } = modelTrunk(model.config, {
      tokens: graph.input("tokens", "int32", ["batch", "sequence"]),
    });
    const tensors = expected("untied");
    const result = interpret(
      { logits: modelHead(model.config, hidden) },
      { ...values(model.weights), tokens: ints(tensors.get("right.input_ids")!) },
    );
    const mask = tensors.get("right.attention_mask")!;
    expect(largestDifference(result.logits, tensors.get("right.logits")!, mask)).toBeLessThan(1e-5);
  });
});

describe("the cache", () => {
  it("gives what the whole sequence gives", async () => {
    const { config, weights } = await readModel(join(fixtures, "tied"));
    const whole = new Graph();
    const all = modelTrunk(config, { tokens: whole.input("tokens", "int32", [1, "sequence"]) });
    const ids = Int32Array.of(0, 4, 40, 50, 60, 70, 80);
    const wanted = interpret(
      { hidden: all.hidden },
      { ...values(weights), tokens: { dims: [1, 7], data: ids } },
    );

    const graph = new Graph();
    const { heads, headSize } = cacheSizes(config);
    const shape = [1, heads, "past", headSize];
    const past = Array.from({ length: config.layers }, (_, i) => ({
      key: graph.input(`key${i}`, "float", shape),
      value: graph.input(`value${i}`, "float", shape),
    }));
    const step = modelTrunk(config, {
      tokens: graph.input("tokens", "int32", [1, "sequence"]),
      positions: graph.input("positions", "int32", [1, "sequence"]),
      past,
    });
    const outputs: Record<string, Tensor> = { hidden: step.hidden };
    for (const [i, { key, value }] of step.cache.entries()) {
      outputs[`key${i}`] = key;
      outputs[`value${i}`] = value;
    }
    const empty: Value = { dims: [1, heads, 0, headSize], data: new Float64Array(0) };
    let cache: Record<string, Value> = Object.fromEntries(
      past.flatMap((_, i) => [
        [`key${i}`, empty],
        [`value${i}`, empty],
      ]),
    );
    const hidden: number[] = [];
    for (const [start, end] of [
      [0, 4],
      [4, 5],
      [5, 7],
    ] as const) {
      const piece = { dims: [1, end - start], data: ids.slice(start, end) };
      const positions = { dims: piece.dims, data: piece.data.map((_, i) => start + i) };
      const result = interpret(outputs, { ...values(weights), ...cache, tokens: piece, positions });
      hidden.push(...Array.from(result["hidden"]!.data));
      cache = result;
    }
    for (const [i, x] of hidden.entries()) expect(x).toBeCloseTo(wanted.hidden.data[i]!, 12);
    expect(hidden.length).toBe(wanted.hidden.data.length);
  });
});

describe("config.json", () => {
  const json = JSON.parse(readFileSync(join(fixtures, "tied/config.json"), "utf8"));

  it("reads both spellings of rotary options", () => {
    const { rope_parameters, ...rest } = json;
    const { rope_theta, ...scaling } = rope_parameters;
    expect(readModelConfig({ ...rest, rope_theta, rope_scaling: scaling })).toEqual(readModelConfig(json));
    expect(readModelConfig(json)).toMatchObject({ ropeScaling: { type: "llama3" } });
  });

  it("reads back what it writes", () => {
    const tokens = { bos: 0, eos: 1, pad: 2 };
    for (const config of [
      readModelConfig(json),
      llamaConfig({ vocabSize: 300, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2 }),
      llamaConfig({
        vocabSize: 9,
        hiddenSize: 8,
        layers: 1,
        heads: 2,
        ropeScaling: { type: "linear", factor: 2 },
      }),
    ]) {
      expect(readModelConfig(writeModelConfig(config, tokens))).toEqual(config);
    }
  });

  it("stretches linear frequencies by their factor", () => {
    const sizes = { vocabSize: 9, hiddenSize: 8, layers: 1, heads: 2 };
    const plain = ropeFrequencies(llamaConfig(sizes));
    expect([...plain]).toEqual([1, 0.01]);
    expect([
      ...ropeFrequencies(llamaConfig({ ...sizes, ropeScaling: { type: "linear", factor: 4 } })),
    ]).toEqual([0.25, 0.0025]);
  });

  it.each([
    [{ model_type: "mistral" }, /type "mistral"; fpx runs/],
    [{ quantization_config: { bits: 4 } }, /quantised/],
    [{ hidden_act: "gelu" }, /hidden_act "gelu"/],
    [{ vocab_size: undefined }, /lacks the number vocab_size/],
    [{ num_hidden_layers: 0 }, /layers is 0/],
    [{ num_key_value_heads: 3 }, /4 heads cannot share 3/],
    [{ head_dim: 5 }, /head size 5 must be even/],
    [{ rms_norm_eps: 0 }, /must be positive/],
    [{ attention_bias: "yes" }, /attention_bias must be true or false/],
    [{ rope_parameters: { rope_type: "yarn" } }, /"yarn"; fpx knows/],
    [{ rope_parameters: { rope_type: "linear" } }, /lacks a positive factor/],
  ])("refuses %j", (change, message) => {
    expect(() => readModelConfig({ ...json, ...change }, "here")).toThrow(message);
  });
});
