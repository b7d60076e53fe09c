import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { createPolicy } from "../decoding/policy.ts";
import { exportOnnx } from "../export-onnx.ts";
import { Graph, interpret, type Value } from "../graph/index.ts";
import { type Adapter, checkAdapter, mergeAdapter } from "../lora.ts";
import { readAdapter, readModel, writeAdapter, writeModel } from "../node/model-files.ts";
import { onnxRuntimeNode } from "../node/onnx-runtime.ts";
import { interpreterRuntime } from "../runtimes/interpreter.ts";
import type { Tensors } from "../runtimes/runtime.ts";
import { modelHead, modelShapes, modelTrunk, readModelConfig } from "./model.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/families");
const families = ["qwen2", "qwen3", "gpt2"];

async function load(name: string) {
  const folder = join(fixtures, name);
  const model = await readModel(folder);
  const adapter = await readAdapter(join(folder, "adapter"), model);
  const expected = readSafetensors(readFileSync(join(folder, "expected.safetensors"))).tensors;
  return { model, adapter, expected };
}

/** The largest difference from transformers' logits over tokens that are no padding, in float64. */
function difference(
  { model, expected }: Awaited<ReturnType<typeof load>>,
  wanted: "logits" | "adapter.logits",
  weights: Tensors,
  adapter?: Adapter,
): number {
  const lora = adapter && { lora: checkAdapter(adapter, modelShapes(model.config)) };
  const graph = new Graph();
  const shape = ["batch", "sequence"];
  const inputs = {
    tokens: graph.input("tokens", "int32", shape),
    positions: graph.input("positions", "int32", shape),
    keys: graph.input("keys", "bool", shape),
  };
  const { hidden } = modelTrunk(model.config, inputs, lora);
  const mask = expected.get("attention_mask")!;
  const [rows, columns] = mask.shape as [number, number];
  const seen = Array.from(mask.data as ArrayLike<number | bigint>, Number);
  const padding = Array.from({ length: rows }, (_, row) => seen.indexOf(1, row * columns) - row * columns);
  const dims = [rows, columns];
  const values = Object.entries({ ...weights, ...adapter?.weights }).map(
    ([name, tensor]): [string, Value] => [
      name,
      { dims: tensor.dims, data: Float64Array.from(tensor.data, Number) },
    ],
  );
  const { logits } = interpret(
    { logits: modelHead(model.config, hidden, lora) },
    {
      ...Object.fromEntries(values),
      tokens: { dims, data: Int32Array.from(expected.get("input_ids")!.data, Number) },
      positions: {
        dims,
        data: Int32Array.from(seen, (_, i) => Math.max(0, (i % columns) - padding[Math.floor(i / columns)]!)),
      },
      keys: { dims, data: Uint8Array.from(seen) },
    },
  );
  const { data, shape: wantedShape } = expected.get(wanted)!;
  const vocabulary = wantedShape[2]!;
  expect(logits.data.length).toBe(data.length);
  return Math.max(
    ...Array.from(data as ArrayLike<number | bigint>, (value, i) =>
      seen[Math.floor(i / vocabulary)] === 1 ? Math.abs(Number(value) - Number(logits.data[i]!)) : 0,
    ),
  );
}

describe.each(families)("%s", (name) => {
  it("gives the logits of transformers, with peft's adapter and with it merged", async () => {
    const loaded = await load(name);
    const { model, adapter } = loaded;
    expect(difference(loaded, "logits", model.weights)).toBeLessThan(1e-5);
    expect(difference(loaded, "adapter.logits", model.weights, adapter)).toBeLessThan(1e-5);
    expect(difference(loaded, "adapter.logits", mergeAdapter(model.weights, adapter))).toBeLessThan(1e-4);
    expect(difference(loaded, "adapter.logits", model.weights)).toBeGreaterThan(0.1);
  });

  it("is read back as it is written", async () => {
    const { model, adapter } = await load(name);
    const folder = mkdtempSync(join(tmpdir(), "fpx-family-"));
    try {
      await writeModel(folder, model);
      await writeAdapter(join(folder, "adapter"), adapter, model);
      const again = await readModel(folder);
      expect(again.config).toEqual(model.config);
      expect(again.weights).toEqual(model.weights);
      expect(await readAdapter(join(folder, "adapter"), again)).toEqual(adapter);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("answers alike with a cache in onnxruntime and in the interpreter, alone and batched", async () => {
    const { model, adapter } = await load(name);
    const contexts = ["Dear Ana", "thank you for the report"];
    const texts: string[][] = [];
    for (const runtime of [await onnxRuntimeNode({ threads: 1 }), interpreterRuntime()]) {
      const policy = await createPolicy(model, runtime, { adapter });
      const together = await policy.generate(contexts, { maxNewTokens: 12 });
      const alone = await policy.generate([contexts[0]!], { maxNewTokens: 12 });
      expect(alone[0]!.text).toBe(together[0]!.text);
      expect(together[0]!.text.length).toBeGreaterThan(0);
      texts.push(together.map(({ text }) => text));
      await policy.close();
    }
    expect(texts[0]).toEqual(texts[1]);
    expect(exportOnnx(model, { adapter }).length).toBeGreaterThan(10_000);
  });
});

describe("config.json of other families", () => {
  it.each([
    [{ model_type: "gpt2", n_embd: 10, n_head: 3, n_layer: 1, vocab_size: 9, n_positions: 8 }, /3 heads/],
    [{ model_type: "gpt2", activation_function: "relu" }, /activation_function "relu"/],
    [{ model_type: "gpt2", n_embd: 0 }, /n_embd is 0/],
    [{ model_type: "gpt2", scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx/],
    [{ model_type: "qwen2", use_sliding_window: true }, /sliding window/],
    [{ model_type: "gpt2", quantization_config: {} }, /quantised/],
  ])("refuses %j", (json, message) => {
    expect(() => readModelConfig(json)).toThrow(message);
  });
});
