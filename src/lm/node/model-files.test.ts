import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { encodePrompt } from "../tokenizers/prompt.ts";
import { readAdapter, readModel, readTokenizer, writeAdapter, writeModel } from "./model-files.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/llama");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fpx-model-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const edit = (file: string, change: object) => {
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
};

describe("model folders", () => {
  it("reads shards and BF16", async () => {
    const { config, weights, stopTokens } = await readModel(join(fixtures, "tied"));
    expect(Object.keys(weights).length).toBe(18);
    expect(config).toMatchObject({ family: "llama", tiedEmbeddings: true });
    expect(stopTokens).toEqual([1]);
    const values = Array.from(weights["model.norm.weight"]!.data, Number);
    expect(values.every((x) => Math.abs(x - 1) < 1)).toBe(true);
  });

  it("reads back what it writes, to the bit in F32 and rounded in F16", async () => {
    const model = await readModel(join(fixtures, "untied"));
    await writeModel(folder, model);
    const again = await readModel(folder);
    expect(again.weights).toEqual(model.weights);
    expect(again.config).toEqual(model.config);
    expect(again.stopTokens).toEqual(model.stopTokens);
    expect(again.tokenizer.encode("Dear Ana")).toEqual(model.tokenizer.encode("Dear Ana"));
    await writeModel(folder, model, { dtype: "F16" });
    const rounded = await readModel(folder);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).torch_dtype).toBe("float16");
    const [a, b] = [rounded, model].map(({ weights }) => Array.from(weights["lm_head.weight"]!.data, Number));
    a!.forEach((x, i) => {
      expect(Math.abs(x - b![i]!)).toBeLessThanOrEqual(Math.abs(b![i]!) * 2 ** -11 + 2 ** -25);
    });
  });

  it("takes further stop tokens from generation_config.json", async () => {
    cpSync(join(fixtures, "untied"), folder, { recursive: true });
    edit("generation_config.json", { eos_token_id: [1, 7] });
    expect((await readModel(folder)).stopTokens).toEqual([1, 7]);
    rmSync(join(folder, "generation_config.json"));
    expect((await readModel(folder)).stopTokens).toEqual([1]);
  });

  it.each<[string, () => void, RegExp]>([
    ["no folder", () => rmSync(folder, { recursive: true }), /does not exist; give the folder of the model/],
    ["no config.json", () => rmSync(join(folder, "config.json")), /has no config\.json; give the folder/],
    [
      "no weights",
      () => rmSync(join(folder, "model.safetensors")),
      /has no weights: neither model\.safetensors/,
    ],
    ["no tokenizer", () => rmSync(join(folder, "tokenizer.json")), /has no tokenizer\.json; put/],
    ["broken JSON", () => writeFileSync(join(folder, "config.json"), "{"), /config\.json is not JSON/],
    ["a list", () => writeFileSync(join(folder, "config.json"), "[]"), /is not a JSON object/],
    ["cut-off weights", () => truncateSync(join(folder, "model.safetensors"), 30_000), /is cut off/],
    [
      "more layers",
      () => edit("config.json", { num_hidden_layers: 3 }),
      /lacks the weight "model\.layers\.2/,
    ],
    [
      "fewer layers",
      () => edit("config.json", { num_hidden_layers: 1 }),
      /that a model of this config does not use/,
    ],
    [
      "another width",
      () => edit("config.json", { intermediate_size: 32 }),
      /has shape \[24,16\], config\.json asks for \[32,16\]/,
    ],
    [
      "a small vocabulary",
      () => edit("config.json", { vocab_size: 100 }),
      /the tokenizer has 288 tokens, the model only 100/,
    ],
  ])("says what is wrong: %s", async (_, breakIt, message) => {
    cpSync(join(fixtures, "untied"), folder, { recursive: true });
    breakIt();
    const failure = await readModel(folder).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: "INVALID_INPUT", message: expect.stringMatching(message) });
    expect((failure as Error).message).not.toContain("\n");
  });

  it.each<[string, object, RegExp]>([
    [
      "a missing shard",
      { weight_map: { "model.norm.weight": "absent.safetensors" } },
      /has no absent\.safetensors/,
    ],
    ["a shard outside", { weight_map: { w: "../../etc/passwd" } }, /that is no file name/],
    [
      "a missing weight",
      { weight_map: { w: "model-00001-of-00002.safetensors" } },
      /names "w", which no shard holds/,
    ],
    ["no map", { weight_map: 3 }, /has no weight_map/],
  ])("checks the index of shards: %s", async (_, change, message) => {
    cpSync(join(fixtures, "tied"), folder, { recursive: true });
    edit("model.safetensors.index.json", change);
    await expect(readModel(folder)).rejects.toThrow(message);
  });
});

describe("adapter folders", () => {
  it("reads back what it writes, with peft's names and keys", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const adapter = await readAdapter(join(fixtures, "adapter"), model);
    await writeAdapter(folder, { ...adapter, base: "models/untied" }, model);
    expect(await readAdapter(folder, model)).toEqual({ ...adapter, base: "models/untied" });
    const ours = JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8"));
    const theirs = JSON.parse(readFileSync(join(fixtures, "adapter/adapter_config.json"), "utf8"));
    const { base_model_name_or_path, ...rest } = ours;
    expect(base_model_name_or_path).toBe("models/untied");
    expect(theirs).toMatchObject(rest);
    const names = (path: string) => [...readSafetensors(readFileSync(path)).tensors.keys()].sort();
    const file = "adapter_model.safetensors";
    expect(names(join(folder, file))).toEqual(names(join(fixtures, "adapter", file)));
  });

  it("refuses an adapter of other weights", async () => {
    const model = await readModel(join(fixtures, "untied"));
    const adapter = await readAdapter(join(fixtures, "adapter"), model);
    await writeAdapter(folder, adapter, model);
    const norm = model.weights["model.norm.weight"]!;
    const changed = {
      ...norm,
      type: "float",
      data: Float32Array.from(Array.from(norm.data, Number), (x) => x + 1),
    } as const;
    const other = { ...model, weights: { ...model.weights, "model.norm.weight": changed } };
    await expect(readAdapter(folder, other)).rejects.toThrow(/was trained on other weights/);
    const tied = await readModel(join(fixtures, "tied"));
    await expect(readAdapter(join(fixtures, "adapter"), tied)).rejects.toThrow(/lacks the matrix|has shape/);
  });

  it.each<[string, object, RegExp]>([
    ["another kind", { peft_type: "IA3" }, /of type "IA3"; fpx reads/],
    [
      "DoRA",
      { use_dora: true, rank_pattern: { q: 1 } },
      /uses use_dora, rank_pattern, which fpx does not support/,
    ],
    ["biases", { bias: "all" }, /uses bias/],
    ["no rank", { r: null }, /lacks r, lora_alpha or target_modules/],
  ])("says what is wrong: %s", async (_, change, message) => {
    const model = await readModel(join(fixtures, "untied"));
    cpSync(join(fixtures, "adapter"), folder, { recursive: true });
    edit("adapter_config.json", change);
    await expect(readAdapter(folder, model)).rejects.toThrow(message);
  });

  it("refuses weights that are NaN", async () => {
    const model = await readModel(join(fixtures, "untied"));
    cpSync(join(fixtures, "adapter"), folder, { recursive: true });
    const path = join(folder, "adapter_model.safetensors");
    const tensors = [...readSafetensors(readFileSync(path)).tensors];
    tensors[0]![1].data[3] = Number.NaN;
    writeFileSync(path, writeSafetensors(tensors));
    await expect(readAdapter(folder, model)).rejects.toThrow(/lora_A\.weight" holds NaN at element 3/);
  });
});

describe("parity with the Python tokenizer", () => {
  it("gives the same ids for texts and for a conversation", async () => {
    const tokenizer = await readTokenizer(join(fixtures, "tokenizer"));
    const expected = JSON.parse(readFileSync(join(fixtures, "tokenizer-expected.json"), "utf8"));
    for (const { text, ids } of expected.texts) expect(tokenizer.encode(text)).toEqual(ids);
    expect(encodePrompt(tokenizer, expected.messages)).toEqual(expected.prompt);
  });
});
