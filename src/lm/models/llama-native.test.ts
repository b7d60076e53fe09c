import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor } from "../checkpoints/safetensors.ts";
import { decode, decoderProgram } from "../decoding/decoder.ts";
import { exportOnnx } from "../export-onnx.ts";
import { Graph, gradients, neg, reduceMean, type Tensor } from "../graph/index.ts";
import { resolveLora } from "../lora.ts";
import { onnxRuntimeNode } from "../node/index.ts";
import { readAdapter, readModel } from "../node/model-files.ts";
import { interpreterRuntime } from "../runtimes/interpreter.ts";
import type { TensorData } from "../runtimes/runtime.ts";
import { packSequences, sequenceInputs, sequenceLogProbs } from "../sequence-log-probs.ts";
import { cacheSizes, modelShapes } from "./model.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/llama");
const expected = (name: string) =>
  readSafetensors(readFileSync(join(fixtures, `${name}-logits.safetensors`))).tensors;

const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data as ArrayLike<number>, Number);

/** The real tokens of each row. */
function prompts(ids: StoredTensor, mask: StoredTensor): number[][] {
  const [rows, columns] = ids.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const places = Array.from({ length: columns }, (_, column) => row * columns + column);
    return places.filter((i) => Number(mask.data[i]!) === 1).map((i) => Number(ids.data[i]!));
  });
}

describe("parity with transformers in onnxruntime-node", () => {
  it.each(["untied", "tied", "adapter"])(
    "gives the logits of the exported %s model to 1e-4",
    async (name) => {
      const model = await readModel(join(fixtures, name === "adapter" ? "untied" : name));
      const adapter = name === "adapter" ? { adapter: await readAdapter(join(fixtures, name), model) } : {};
      const runtime = await onnxRuntimeNode({ threads: 1 });
      const session = await runtime.load(exportOnnx(model, adapter));
      const tensors = expected(name);
      const [ids, mask, wanted] = ["input_ids", "attention_mask", "logits"].map(
        (key) => tensors.get(`left.${key}`)!,
      );
      const [rows, columns] = ids!.shape as [number, number];
      const padding = prompts(ids!, mask!).map((prompt) => columns - prompt.length);
      const positions = Int32Array.from({ length: rows * columns }, (_, i) =>
        Math.max(0, (i % columns) - padding[Math.floor(i / columns)]!),
      );
      const { heads: keyValueHeads, headSize } = cacheSizes(model.config);
      const { layers } = model.config;
      const feeds: Record<string, TensorData> = {
        tokens: { type: "int32", dims: [rows, columns], data: Int32Array.from(ids!.data, Number) },
        positions: { type: "int32", dims: [rows, columns], data: positions },
        keys: { type: "bool", dims: [rows, columns], data: Uint8Array.from(mask!.data, Number) },
      };
      for (let layer = 0; layer < layers; layer++) {
        for (const part of ["key", "value"]) {
          const dims = [rows, keyValueHeads, 0, headSize];
          feeds[`past.${layer}.${part}`] = { type: "float", dims, data: new Float32Array(0) };
        }
      }
      const { logits } = await session.run(feeds, { fetch: ["logits"] });
      const vocabulary = model.config.vocabSize;
      const differences = numbers(wanted!.data).map((x, i) =>
        mask!.data[Math.floor(i / vocabulary)] === 0n ? 0 : Math.abs(x - Number(logits!.data[i]!)),
      );
      expect(Math.max(...differences)).toBeLessThan(1e-4);
      await session.close();
    },
  );

  it.each(["untied", "tied"])(
    "continues prompts of unequal length greedily as transformers does (%s)",
    async (name) => {
      const model = await readModel(join(fixtures, name));
      const tensors = expected(name);
      const greedy = tensors.get("greedy")!;
      const [rows, length] = greedy.shape as [number, number];
      const wanted = Array.from({ length: rows }, (_, row) =>
        Array.from(greedy.data.slice(row * length, (row + 1) * length), Number),
      );
      const runtime = await onnxRuntimeNode({ threads: 1 });
      const session = await runtime.load(decoderProgram(model.config), { weights: model.weights });
      const written = prompts(tensors.get("left.input_ids")!, tensors.get("left.attention_mask")!).map(
        (prompt, row) => ({
          prompt,
          tokens: [] as number[],
          // Rows end at different steps, so that the batch shrinks.
          push(token: number): boolean {
            return this.tokens.push(token) >= length - 9 * row;
          },
        }),
      );
      let steps = 0;
      for await (const _ of decode(session, model.config, written, { pad: 2 })) steps++;
      expect(steps).toBe(length);
      expect(written.map(({ tokens }) => tokens)).toEqual(
        wanted.map((row, i) => row.slice(0, length - 9 * i)),
      );
      await session.close();
    },
  );
});

describe("sequence log-probabilities in onnxruntime-node", () => {
  it("and the gradients of an adapter agree with the float64 interpreter", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const adapter = await readAdapter(join(fixtures, "adapter"), model);
    const lora = resolveLora(adapter.config, modelShapes(model.config));
    const inputs = sequenceInputs(new Graph());
    const { sums } = sequenceLogProbs(model.config, inputs, { lora });
    const names = Object.keys(adapter.weights);
    const outputs: Record<string, Tensor> = { sums };
    const wrt = names.map((name) => sums.graph.named(name));
    for (const [i, gradient] of gradients(neg(reduceMean(sums)), wrt).entries())
      outputs[`gradient ${names[i]}`] = gradient;
    const pairs = [
      { prompt: [0, 4, 50, 60], response: [70, 71, 72, 1] },
      { prompt: [0, 4, 80], response: [90, 1] },
    ];
    const feeds = { ...packSequences(pairs, { pad: 2 }), ...adapter.weights };
    const results = [];
    for (const runtime of [await onnxRuntimeNode({ threads: 1 }), interpreterRuntime()]) {
      const session = await runtime.load({ outputs }, { weights: model.weights });
      results.push(await session.run(feeds, { fetch: Object.keys(outputs) }));
      await session.close();
    }
    const [native, exact] = results as [Record<string, TensorData>, Record<string, TensorData>];
    for (const name of Object.keys(outputs)) {
      const wanted = numbers(exact[name]!.data);
      numbers(native[name]!.data).forEach((x, i) => {
        expect(Math.abs(x - wanted[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted[i]!)));
      });
    }
  });
});
