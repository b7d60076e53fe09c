import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import type { LanguageModel } from "../checkpoints/language-model.ts";
import { type Adapter, initAdapter, mergeAdapter, resolveLora } from "../lora.ts";
import { initLlama } from "../models/init.ts";
import { llamaConfig } from "../models/llama-config.ts";
import { modelShapes } from "../models/model.ts";
import { loadPolicy, onnxRuntimeNode, readAdapter, readModel } from "../node/index.ts";
import { interpreterRuntime } from "../runtimes/interpreter.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Context } from "../tokenizers/prompt.ts";
import { loadTokenizer } from "../tokenizers/tokenizer.ts";
import { trainTokenizer } from "../tokenizers/train.ts";
import { createPolicy, type ModelPolicy } from "./policy.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures/llama");
const contexts: Context[] = [
  "Thank Ana.",
  "Write to Tom about the report on Friday.",
  [{ role: "system", content: "x" }],
];
let runtime: Runtime;
let model: LanguageModel;
let adapter: Adapter;
let policy: ModelPolicy;
const short = { maxNewTokens: 20 };

beforeAll(async () => {
  runtime = await onnxRuntimeNode({ threads: 1 });
  model = await readModel(join(fixtures, "untied"));
  adapter = await readAdapter(join(fixtures, "adapter"), model);
  policy = await createPolicy(model, runtime);
});
afterAll(() => policy.close());

/** A model that nearly always says the same token again, or ends when `ends` is set. */
async function monotonousModel(ends: boolean, maximumPositions = 400): Promise<LanguageModel> {
  const tokenizer = await loadTokenizer(trainTokenizer(["x"], { vocabSize: 262 }));
  const config = llamaConfig({
    vocabSize: 262,
    hiddenSize: 16,
    layers: 1,
    heads: 2,
    tiedEmbeddings: false,
    maximumPositions,
  });
  const weights = initLlama(config, createRng(5), { deviation: 1e-6 });
  // Every hidden state is (1, ..., 1) or nearly so; the head prefers one token.
  weights["model.embed_tokens.weight"]!.data.fill(1 as never);
  weights["lm_head.weight"]!.data.fill(0 as never);
  const favourite = ends ? tokenizer.eos : tokenizer.encode("a")[0]!;
  weights["lm_head.weight"]!.data.fill(5 as never, favourite * 16, favourite * 16 + 16);
  return { config, tokenizer, weights, stopTokens: [tokenizer.eos] };
}

describe("generating", () => {
  it("does not depend on the batch, the order or padding", async () => {
    const together = await policy.generate(contexts, short);
    const apart = await policy.generate(contexts, { ...short, batchSize: 1 });
    expect(together).toEqual(apart);
    expect(new Set(together.map(({ text }) => text)).size).toBe(3);
    expect(together.every(({ tokens, stop }) => tokens === 20 && stop === "length")).toBe(true);
    expect(await policy.generate([...contexts].reverse(), short)).toEqual([...together].reverse());
    expect(await policy.generate([], short)).toEqual([]);
  });

  it("samples by seed and place, not by batch", async () => {
    const sampled = { ...short, temperature: 1.5, seed: 7 };
    const together = await policy.generate(contexts, sampled);
    expect(await policy.generate(contexts, { ...sampled, batchSize: 2 })).toEqual(together);
    expect(await policy.generate(contexts.slice(1), { ...sampled, firstIndex: 1 })).toEqual(
      together.slice(1),
    );
    expect(await policy.generate(contexts, { ...sampled, seed: 8 })).not.toEqual(together);
    expect(await policy.generate(contexts, { ...sampled, topK: 1 })).toEqual(
      await policy.generate(contexts, short),
    );
  });

  it("gives the same in the float64 interpreter", async () => {
    const exact = await createPolicy(model, interpreterRuntime());
    const few = { maxNewTokens: 5 };
    expect(await exact.generate(contexts, few)).toEqual(await policy.generate(contexts, few));
    const pairs = [
      { context: "Thank Ana.", response: "Dear Ana" },
      { context: "x", response: "" },
    ];
    const [a, b] = [await exact.logProbs(pairs), await policy.logProbs(pairs)];
    for (const [i, { logProb, tokens }] of a.entries()) {
      expect(b[i]!.logProb).toBeCloseTo(logProb, 4);
      expect(b[i]!.tokens).toBe(tokens);
    }
    expect(a[1]!.tokens).toBe(1);
    await exact.close();
  });

  it("streams the same text in pieces", async () => {
    const [whole] = await policy.generate([contexts[1]!], short);
    const stream = policy.stream(contexts[1]!, short);
    const pieces: string[] = [];
    let step = await stream.next();
    for (; !step.done; step = await stream.next()) pieces.push(step.value);
    expect(step.value).toEqual(whole);
    expect(pieces.join("")).toBe(whole!.text);
    expect(pieces.length).toBeGreaterThan(3);
  });

  it("lets a stream be left early, and other calls wait for it", async () => {
    const later: Promise<unknown>[] = [];
    for await (const _ of policy.stream(contexts[0]!, short)) {
      later.push(policy.generate(contexts, short));
      break;
    }
    expect(await later[0]).toEqual(await policy.generate(contexts, short));
  });

  it("ends at the end token, at the repetition cut, and at the model's longest sequence", async () => {
    const ending = await createPolicy(await monotonousModel(true), runtime);
    expect(await ending.generate(["hi"])).toEqual([{ text: "", tokens: 1, stop: "end", repeated: false }]);
    await ending.close();
    const droning = await createPolicy(await monotonousModel(false), runtime);
    const repeating = { text: "a", tokens: 201, stop: "repetition", repeated: true };
    expect(await droning.generate(["hi"])).toEqual([repeating]);
    expect((await droning.generate(["hi"], { repetitionRun: 10 }))[0]).toMatchObject({
      text: "a",
      tokens: 11,
    });
    const pieces: string[] = [];
    for await (const piece of droning.stream("hi")) pieces.push(piece);
    expect(pieces.join("")).toBe("a");
    const prompt = 4 + "hi".length;
    const [long] = await droning.generate(["hi"], { repetitionRun: Infinity });
    expect(long).toMatchObject({ tokens: 400 - prompt, stop: "context", repeated: false });
    await expect(droning.generate(["y".repeat(397)])).rejects.toThrow(
      /context 0 has 401 tokens.*truncatePrompt/s,
    );
    const [cut] = await droning.generate(["y".repeat(397)], { truncatePrompt: true, maxNewTokens: 30 });
    expect(cut).toMatchObject({ text: "a".repeat(30), tokens: 30, stop: "length" });
    await expect(droning.generate(["y"], { truncatePrompt: true })).rejects.toThrow(
      /maxNewTokens below the model's 400/,
    );
    await droning.close();
  });

  it.each([
    [{ maxNewTokens: 0 }, /maxNewTokens is 0/],
    [{ batchSize: 0.5 }, /batchSize is 0.5/],
    [{ temperature: -1 }, /temperature is -1/],
    [{ adapter: "sft" }, /no adapter "sft"; it has none/],
  ])("refuses %j", async (options, message) => {
    await expect(policy.generate(contexts, options)).rejects.toThrow(message);
  });

  it("stops when it is told to", async () => {
    await expect(policy.generate(contexts, { ...short, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect((await policy.generate(contexts, short)).length).toBe(3);
  });
});

describe("log-probabilities", () => {
  it("are sums over the response with its end token, whatever the batch", async () => {
    const droning = await createPolicy(await monotonousModel(false), runtime);
    // The favourite's logit is 5 · 16 (less the norm's epsilon), all others are 0: ln p is 0 or -80.
    const pairs = ["aaa", "ab", "", "b".repeat(9)].map((response) => ({ context: "hi", response }));
    const found = await droning.logProbs(pairs);
    for (const [i, wanted] of [-80, -160, -80, -800].entries()) {
      expect(found[i]!.logProb / wanted).toBeCloseTo(1, 4);
      expect(found[i]!.tokens).toBe([4, 3, 1, 10][i]);
    }
    const alone = await droning.logProbs(pairs, { batchSize: 1 });
    for (const [i, { logProb }] of alone.entries()) expect(logProb).toBeCloseTo(found[i]!.logProb, 2);
    await droning.close();
  });

  it("refuse what does not fit the model", async () => {
    await expect(policy.logProbs([{ context: "x", response: "q".repeat(100) }])).rejects.toThrow(
      /pair 0 has \d+ tokens/,
    );
  });
});

describe("adapters", () => {
  it("are exchanged on one loaded base, whatever their rank and targets", async () => {
    const shapes = modelShapes(model.config);
    const config = { rank: 2, alpha: 3, targets: ["o_proj", "gate_proj"] };
    const lora = resolveLora(config, shapes);
    const fresh = initAdapter(lora, shapes, createRng(1));
    const moved = Object.fromEntries(
      Object.entries(fresh).map(([name, { dims }], i) => {
        const data = createRng(i)
          .stream("test")
          .perturb(new Float32Array(dims[0]! * dims[1]!), 0.3);
        return [name, { type: "float", dims, data } as const];
      }),
    );
    const other: Adapter = { config, weights: moved };
    const both = await createPolicy(model, runtime, { peft: adapter, other });
    const pairs = contexts.map((context) => ({ context, response: "Dear Ana" }));
    expect(both.adapters).toEqual(["peft", "other"]);
    for (const [name, single] of [
      ["peft", adapter],
      ["other", other],
      [null, undefined],
    ] as const) {
      const weights = single === undefined ? model.weights : mergeAdapter(model.weights, single);
      const merged = await createPolicy({ ...model, weights }, runtime);
      expect(await both.generate(contexts, { ...short, adapter: name })).toEqual(
        await merged.generate(contexts, short),
      );
      const [found, wanted] = [await both.logProbs(pairs, { adapter: name }), await merged.logProbs(pairs)];
      for (const [i, { logProb }] of found.entries()) expect(logProb).toBeCloseTo(wanted[i]!.logProb, 3);
      await merged.close();
    }
    const first = await both.generate(contexts, short);
    expect(first).toEqual(await both.generate(contexts, { ...short, adapter: "peft" }));
    both.useAdapter(null);
    expect(await both.generate(contexts, short)).toEqual(await policy.generate(contexts, short));
    expect(() => both.useAdapter("dpo")).toThrow(/no adapter "dpo"; it has peft, other/);
    await both.close();
  });

  it("are loaded from folders", async () => {
    const loaded = await loadPolicy(join(fixtures, "untied"), {
      adapter: join(fixtures, "adapter"),
      runtime,
    });
    expect(loaded.adapters).toEqual(["adapter"]);
    expect(await loaded.generate(contexts, short)).not.toEqual(await policy.generate(contexts, short));
    await loaded.close();
    await expect(loadPolicy(join(fixtures, "none"), { runtime })).rejects.toThrow(/none does not exist/);
  });
});
