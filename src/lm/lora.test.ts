import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { readSafetensors } from "./checkpoints/safetensors.ts";
import {
  type Adapter,
  allTargets,
  checkAdapter,
  initAdapter,
  loraNames,
  loraShapes,
  mergeAdapter,
  resolveLora,
} from "./lora.ts";
import { initLlama } from "./models/init.ts";
import { llamaConfig } from "./models/llama-config.ts";
import { modelShapes } from "./models/model.ts";
import { readAdapter, readModel } from "./node/model-files.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures/llama");
const config = llamaConfig({
  vocabSize: 300,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  tiedEmbeddings: false,
});
const shapes = modelShapes(config);
const base = { rank: 4, alpha: 8, targets: ["q_proj"] };

describe("LoRA targets", () => {
  it("finds modules by the end of their names", () => {
    expect([
      ...resolveLora({ ...base, targets: ["q_proj", "mlp.down_proj", "lm_head"] }, shapes).modules,
    ]).toEqual([
      "model.layers.0.self_attn.q_proj",
      "model.layers.1.self_attn.q_proj",
      "model.layers.0.mlp.down_proj",
      "model.layers.1.mlp.down_proj",
      "lm_head",
    ]);
  });

  it("finds modules by one regular expression over whole names", () => {
    const { modules } = resolveLora({ ...base, targets: ".*\\.1\\..*[qv]_proj" }, shapes);
    expect([...modules]).toEqual(["model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj"]);
  });

  it("scales by alpha over rank, or over its root", () => {
    expect(resolveLora(base, shapes).scale).toBe(2);
    expect(resolveLora({ ...base, rankStabilised: true }, shapes).scale).toBe(4);
  });

  it("names shapes as peft does", () => {
    expect(
      [...loraShapes(resolveLora({ ...base, targets: ["k_proj"] }, shapes), shapes)].slice(0, 2),
    ).toEqual([
      ["base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight", [4, 16]],
      ["base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight", [8, 4]],
    ]);
  });

  it.each([
    [{ rank: 0 }, /rank is 0/],
    [{ rank: 1.5 }, /rank is 1.5/],
    [{ alpha: -1 }, /alpha is -1/],
    [{ targets: [] }, /no targets/],
    [{ targets: ["proj"] }, /"proj" fits no matrix of the model; it has q_proj, k_proj/],
    [{ targets: ["embed_tokens"] }, /fits no matrix/],
    [{ targets: "(" }, /not a regular expression/],
  ])("refuses %j", (change, message) => {
    expect(() => resolveLora({ ...base, ...change }, shapes)).toThrow(message);
  });
});

describe("fresh weights", () => {
  it("start an adapter as peft does", () => {
    const lora = resolveLora({ rank: 8, alpha: 8, targets: ["down_proj"] }, shapes);
    const weights = initAdapter(lora, shapes, createRng(3));
    const { a, b } = loraNames("model.layers.1.mlp.down_proj");
    const values = Array.from(weights[a]!.data, Number);
    const bound = 1 / Math.sqrt(64);
    expect(weights[a]!.dims).toEqual([8, 64]);
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(bound);
    expect(values.reduce((sum, x) => sum + x * x, 0) / values.length).toBeCloseTo(bound ** 2 / 3, 3);
    expect(weights[b]!.data.every((x) => Number(x) === 0)).toBe(true);
    expect(initAdapter(lora, shapes, createRng(3))).toEqual(weights);
    expect(initAdapter(lora, shapes, createRng(4))).not.toEqual(weights);
  });

  it("start a model: normal matrices, smaller where they write into the residual stream, norms 1", () => {
    const weights = initLlama(config, createRng(1));
    expect(Object.keys(weights)).toEqual([...shapes.keys()]);
    const deviation = (name: string) => {
      const values = Array.from(weights[name]!.data, Number);
      return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    };
    expect(deviation("model.embed_tokens.weight")).toBeCloseTo(0.02, 3);
    expect(deviation("model.layers.1.mlp.down_proj.weight")).toBeCloseTo(0.01, 3);
    expect(deviation("model.layers.0.mlp.up_proj.weight")).toBeCloseTo(0.02, 2);
    expect(weights["model.norm.weight"]!.data.every((x) => x === 1)).toBe(true);
  });
});

it("sits by default on all matrices of attention and MLP, whatever the family calls them", async () => {
  const targets = async (folder: string) => {
    const model = await readModel(join(fixtures, "..", folder));
    return allTargets(modelShapes(model.config));
  };
  const llama = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
  expect(await targets("llama/untied")).toEqual(llama);
  expect(await targets("families/gpt2")).toEqual(["c_attn", "c_proj", "c_fc"]);
});

describe("an adapter made by peft", () => {
  it("merges to peft's own merged weights", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const adapter = await readAdapter(join(fixtures, "adapter"), model);
    const merged = mergeAdapter(model.weights, adapter);
    const name = "model.layers.1.mlp.down_proj.weight";
    const wanted = readSafetensors(readFileSync(join(fixtures, "merged.safetensors"))).tensors.get(name)!;
    Array.from(merged[name]!.data, Number).forEach((x, i) => {
      expect(x).toBeCloseTo(Number(wanted.data[i]!), 6);
    });
    expect(merged["model.norm.weight"]).toBe(model.weights["model.norm.weight"]);
    expect(merged[name]!.data).not.toEqual(model.weights[name]!.data);
  });

  it("is refused where it does not fit", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const adapter = await readAdapter(join(fixtures, "adapter"), model);
    const own = modelShapes(model.config);
    const a = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    const { [a]: dropped, ...rest } = adapter.weights;
    const check = (change: Partial<Adapter>) => () => checkAdapter({ ...adapter, ...change }, own, "out");
    expect(dropped!.dims).toEqual([4, 16]);
    expect(check({ weights: rest })).toThrow(`out lacks the matrix "${a}"`);
    expect(check({ weights: { ...rest, [a]: { ...dropped!, dims: [2, 32] } } })).toThrow(
      /has shape \[2,32\], the model needs \[4,16\]/,
    );
    expect(check({ config: { ...adapter.config, targets: ["q_proj"] } })).toThrow(
      /fits no target of its config/,
    );
    expect(check({ config: { ...adapter.config, rank: 2 } })).toThrow(/needs \[2,16\]/);
  });
});
