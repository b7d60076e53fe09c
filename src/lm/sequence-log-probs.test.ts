import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import type { LanguageModel } from "./checkpoints/language-model.ts";
import { Graph, gradients, interpret, neg, reduceMean, type Tensor, type Value } from "./graph/index.ts";
import { liveNodes } from "./graph/live.ts";
import { allTargets, initAdapter, type Lora, loraShapes, resolveLora } from "./lora.ts";
import { modelShapes } from "./models/model.ts";
import { onnxRuntimeNode, readModel } from "./node/index.ts";
import type { Tensors } from "./runtimes/runtime.ts";
import { packSequences, sequenceInputs, sequenceLogProbs, type TokenPair } from "./sequence-log-probs.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures");
const folders = ["llama/untied", "families/qwen2", "families/qwen3", "families/gpt2"];
const batch: readonly TokenPair[] = [
  { prompt: [5, 9, 30], response: [31, 7, 1] },
  { prompt: [8], response: [40, 41, 42, 43, 44, 45, 1] },
  { prompt: [6, 33], response: [1] },
  { prompt: [12, 13], response: [14, 15, 1] },
];

/** A model with an adapter on every projection, none of its matrices zero. */
async function adapted(folder: string) {
  const model = await readModel(join(fixtures, folder));
  const shapes = modelShapes(model.config);
  const lora = resolveLora({ rank: 2, alpha: 4, targets: allTargets(shapes) }, shapes);
  const adapter = initAdapter(lora, shapes, createRng(5));
  for (const [i, { data }] of Object.values(adapter).entries())
    createRng(6)
      .stream("fill", i)
      .perturb(data as Float32Array, 0.3);
  return { model, lora, adapter, names: [...loraShapes(lora, shapes).keys()] };
}

/** Sums, and the gradients of their mean with respect to the adapter, as a program. */
function program({ config }: LanguageModel, lora: Lora, names: readonly string[], split: boolean) {
  const { sums, states } = sequenceLogProbs(config, sequenceInputs(new Graph()), { lora });
  const loss = neg(reduceMean(sums));
  const wrt = names.map((name) => loss.graph.named(name));
  const found = gradients(loss, wrt, split ? { checkpoints: states } : {});
  const outputs: Record<string, Tensor> = { sums };
  for (const [i, gradient] of found.entries()) outputs[`gradient ${i}`] = gradient;
  return { outputs, loss, states };
}

const values = (tensors: Tensors): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { type, dims, data }]) => [
      name,
      { dims, data: type === "int32" ? data : Float64Array.from(data as Float32Array) },
    ]),
  );

describe.each(folders)("sequences in rows (%s)", (folder) => {
  it("that share one have the log-probabilities and gradients of sequences alone", async () => {
    const { model, lora, adapter, names } = await adapted(folder);
    const { outputs } = program(model, lora, names, false);
    const weights = values({ ...model.weights, ...adapter });
    const run = (pairs: readonly TokenPair[], length?: number) => {
      const feeds = packSequences(pairs, { pad: 2, ...(length === undefined ? {} : { length }) });
      const results = interpret(outputs, { ...weights, ...values(feeds) });
      return { rows: feeds.tokens.dims[0], results };
    };
    const packed = run(batch, 19);
    expect(packed.rows).toBe(2);
    const alone = batch.map((pair) => run([pair]));
    for (const [i, one] of alone.entries())
      expect(Math.abs(packed.results["sums"]!.data[i]! - one.results["sums"]!.data[0]!)).toBeLessThan(1e-9);
    for (const place of names.keys()) {
      const own = packed.results[`gradient ${place}`]!.data;
      for (let k = 0; k < own.length; k++) {
        const mean =
          alone.reduce((sum, one) => sum + one.results[`gradient ${place}`]!.data[k]!, 0) / batch.length;
        expect(Math.abs(own[k]! - mean)).toBeLessThan(1e-9);
      }
    }
  });

  it("with an adapter of its own each have the log-probabilities of sequences alone with theirs", async () => {
    const { model, lora } = await adapted(folder);
    // The head's input is no row of tokens.
    const modules = new Set([...lora.modules].filter((module) => module !== "lm_head"));
    const rows = batch.length;
    const shapes = loraShapes({ ...lora, modules }, modelShapes(model.config));
    const own = batch.map((_, row) =>
      Object.fromEntries(
        [...shapes].map(([name, dims], k) => [
          name,
          {
            dims,
            data: createRng(7)
              .stream("own", row, k)
              .normals(new Float64Array(dims.reduce((a, b) => a * b)))
              .map((z) => 0.3 * z),
          },
        ]),
      ),
    );
    const together = Object.fromEntries(
      [...shapes].map(([name, dims]) => [
        name,
        { dims: [rows, ...dims], data: Float64Array.from(own.flatMap((one) => [...one[name]!.data])) },
      ]),
    );
    const sums = (pairs: readonly TokenPair[], adapter: Record<string, Value>, own?: number) => {
      const inputs = sequenceInputs(new Graph(), own, own);
      const options = { lora: { ...lora, modules, ...(own === undefined ? {} : { rows: own }) } };
      const outputs = { sums: sequenceLogProbs(model.config, inputs, options).sums };
      const feeds = packSequences(pairs, { pad: 2, alone: true });
      expect(feeds.tokens.dims[0]).toBe(pairs.length);
      return interpret(outputs, { ...values(model.weights), ...adapter, ...values(feeds) })["sums"]!.data;
    };
    const each = sums(batch, together, rows);
    for (const [row, pair] of batch.entries()) {
      const alone = Number(sums([pair], own[row]!)[0]);
      expect(Math.abs(Number(each[row]) - alone)).toBeLessThan(1e-9 * Math.abs(alone));
    }
    if (lora.modules.has("lm_head"))
      expect(() =>
        sequenceLogProbs(model.config, sequenceInputs(new Graph(), rows, rows), { lora: { ...lora, rows } }),
      ).toThrow(/lm_head.*leave it out/);
  });

  it("have the same gradients with the graph split, from checkpoints alone", async () => {
    const { model, lora, adapter, names } = await adapted(folder);
    const feeds = { ...packSequences(batch, { pad: 2 }), ...adapter };
    const runtime = await onnxRuntimeNode({ threads: 1 });
    const whole = program(model, lora, names, false);
    const split = program(model, lora, names, true);
    const results = [];
    for (const { outputs } of [whole, split]) {
      const session = await runtime.load({ outputs }, { weights: model.weights });
      results.push(await session.run(feeds, { fetch: Object.keys(outputs) }));
      await session.close();
    }
    for (const name of Object.keys(whole.outputs)) {
      const [kept, again] = results.map((result) => Array.from(result[name]!.data, Number));
      for (const [i, wanted] of kept!.entries())
        expect(Math.abs(again![i]! - wanted)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted)));
    }
    expect(crossing(whole)).toBeGreaterThan(20);
    expect(crossing(split)).toBe(0);
  });
});

/** Values between the checkpoints, these aside, that the backward pass reads from the forward pass. */
function crossing({ outputs, loss, states }: ReturnType<typeof program>): number {
  const [first, last] = [states[0]!.node.index, states.at(-1)!.node.index];
  const kept = new Set(states.map(({ id }) => id));
  const read = new Set<number>();
  for (const node of liveNodes(Object.values(outputs))) {
    if (node.index <= loss.node.index) continue;
    for (const { id, node: source } of node.inputs) {
      const calculated = source.inputs.length > 0;
      if (calculated && source.index > first && source.index <= last && !kept.has(id)) read.add(id);
    }
  }
  return read.size;
}

describe("packSequences", () => {
  const pair = fc.record({
    prompt: fc.array(fc.integer({ min: 3, max: 99 }), { minLength: 1, maxLength: 9 }),
    response: fc.array(fc.integer({ min: 3, max: 99 }), { minLength: 1, maxLength: 9 }),
  });

  it("places every token once, apart from other sequences, and fills rows", () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 12 }), fc.nat(20), (pairs, room) => {
        const sizes = pairs.map(({ prompt, response }) => prompt.length + response.length);
        const length = Math.max(...sizes) + room;
        const feeds = packSequences(pairs, { pad: 0, length });
        const [rows] = feeds.tokens.dims as [number, number];
        const total = sizes.reduce((a, b) => a + b);
        expect(feeds.segments.data.filter((segment) => segment > 0)).toHaveLength(total);
        // First fit leaves at most one row half empty.
        expect(rows).toBeLessThanOrEqual(Math.max(1, Math.ceil((2 * total) / length)));
        expect(Array.from(feeds.counts.data)).toEqual(pairs.map(({ response }) => response.length));
        let at = 0;
        const seen = new Set<string>();
        for (const [i, { prompt, response }] of pairs.entries()) {
          const start = feeds.predictors.data[at]! - prompt.length + 1;
          const cells = [...prompt, ...response].map((_, k) => start + k);
          expect(cells.map((cell) => feeds.tokens.data[cell])).toEqual([...prompt, ...response]);
          expect(cells.map((cell) => feeds.positions.data[cell])).toEqual(cells.map((_, k) => k));
          const row = Math.floor(start / length);
          const segment = feeds.segments.data[start]!;
          expect(cells.every((cell) => feeds.segments.data[cell] === segment)).toBe(true);
          expect(Math.floor(cells.at(-1)! / length)).toBe(row);
          expect(seen.has(`${row} ${segment}`)).toBe(false);
          seen.add(`${row} ${segment}`);
          for (const [k, token] of response.entries()) {
            expect(feeds.predictors.data[at]).toBe(start + prompt.length + k - 1);
            expect(feeds.targets.data[at]).toBe(token);
            expect(feeds.owners.data[at++]).toBe(i);
          }
        }
      }),
    );
  });

  it("refuses batches that make no sense", () => {
    const one = { prompt: [1], response: [2, 3] };
    expect(() => packSequences([], { pad: 0 })).toThrow(/no sequences/);
    expect(() => packSequences([one, { prompt: [], response: [1] }], { pad: 0 })).toThrow(
      /sequence 1 has an empty prompt/,
    );
    expect(() => packSequences([{ prompt: [1], response: [] }], { pad: 0 })).toThrow(/empty response/);
    expect(() => packSequences([one], { pad: 0, length: 2 })).toThrow(/3 tokens where 2 fit/);
  });
});
