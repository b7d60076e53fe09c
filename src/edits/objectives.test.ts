import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor } from "../lm/checkpoints/safetensors.ts";
import {
  add,
  Graph,
  gradients,
  interpret,
  logProbability,
  matmul,
  reshape,
  slice,
  type Tensor,
  type Value,
} from "../lm/graph/index.ts";
import { resolveLora } from "../lm/lora.ts";
import { modelShapes } from "../lm/models/model.ts";
import { readAdapter, readModel } from "../lm/node/model-files.ts";
import type { Tensors } from "../lm/runtimes/runtime.ts";
import { packSequences, sequenceInputs, sequenceLogProbs, type TokenPair } from "../lm/sequence-log-probs.ts";
import { dpoLoss, dpoMargin, earlyLoss, sftLoss } from "./objectives.ts";

const vector = (...data: number[]): Value => ({ dims: [data.length], data: Float64Array.from(data) });

/** Losses and their gradients by chosen and rejected, for given log-probabilities. */
function evaluate(
  logProbs: { chosen: Value; rejected: Value; referenceChosen: Value; referenceRejected: Value },
  dpoBeta: number,
) {
  const graph = new Graph();
  const input = (name: string) => graph.input(name, "float", ["pairs"]);
  const tensors = {
    chosen: input("chosen"),
    rejected: input("rejected"),
    referenceChosen: input("referenceChosen"),
    referenceRejected: input("referenceRejected"),
  };
  const loss = dpoLoss(tensors, { dpoBeta });
  const [byChosen, byRejected] = gradients(loss, [tensors.chosen, tensors.rejected]);
  const outputs = {
    loss,
    margin: dpoMargin(tensors, { dpoBeta }),
    byChosen: byChosen!,
    byRejected: byRejected!,
  };
  return interpret(outputs, logProbs);
}

describe("DPO", () => {
  it("has the loss and gradient of the worked example", () => {
    const { loss, margin, byChosen, byRejected } = evaluate(
      {
        chosen: vector(-12),
        referenceChosen: vector(-14),
        rejected: vector(-9),
        referenceRejected: vector(-8.5),
      },
      0.1,
    );
    expect(margin.data[0]).toBeCloseTo(0.25, 12);
    expect(loss.data[0]).toBeCloseTo(0.575939, 6);
    expect(byChosen.data[0]! / -0.1).toBeCloseTo(0.437823, 6);
    expect(byRejected.data[0]! / 0.1).toBeCloseTo(0.437823, 6);
  });

  it("gives ln 2 where policy and reference agree, and opposite gradients when the texts are swapped", () => {
    const [a, b] = [vector(-5, -7), vector(-6, -3)];
    const plain = evaluate({ chosen: a, rejected: b, referenceChosen: a, referenceRejected: b }, 0.1);
    const swapped = evaluate({ chosen: b, rejected: a, referenceChosen: b, referenceRejected: a }, 0.1);
    expect(plain.loss.data[0]).toBeCloseTo(Math.LN2, 12);
    expect(plain.byChosen.data).toEqual(swapped.byRejected.data.map((x) => -x));
  });

  it("stays finite for huge margins", () => {
    const pair = (chosen: number) => ({
      chosen: vector(chosen),
      rejected: vector(0),
      referenceChosen: vector(0),
      referenceRejected: vector(0),
    });
    expect(evaluate(pair(-1e5), 1).loss.data[0]).toBe(1e5);
    expect(evaluate(pair(1e5), 1).loss.data[0]).toBe(0);
    expect(evaluate(pair(-1e5), 1).byChosen.data[0]).toBe(-1);
  });

  it.each([0, -1, Number.NaN, Infinity])("refuses dpoBeta %s", (dpoBeta) => {
    const one = vector(-1);
    expect(() =>
      evaluate({ chosen: one, rejected: one, referenceChosen: one, referenceRejected: one }, dpoBeta),
    ).toThrow(/dpoBeta is/);
  });
});

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number | bigint>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - Number(b[i]!))));
}

const fixtures = join(import.meta.dirname, "../../test/fixtures/llama");
type Weights = Record<string, Value>;
const values = (weights: Tensors): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { dims, data }]) => [
      name,
      { dims, data: Float64Array.from(data, Number) },
    ]),
  );

const packed = (pairs: readonly TokenPair[]): Weights =>
  Object.fromEntries(
    Object.entries(packSequences(pairs, { pad: 2 })).map(([name, { type, dims, data }]) => [
      name,
      { dims, data: type === "int32" ? data : Float64Array.from(data, Number) },
    ]),
  );

/** The sequences of a fixture batch: a response is where `response` is 1, its prompt all before it. */
function pairsOf(tensors: ReadonlyMap<string, StoredTensor>, side: "chosen" | "rejected"): TokenPair[] {
  const ids = tensors.get(`${side}.input_ids`)!;
  const response = tensors.get(`${side}.response`)!;
  const [rows, columns] = ids.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const span = Array.from({ length: columns }, (_, column) => row * columns + column);
    const isResponse = (i: number) => response.data[i] === 1;
    const first = span.findIndex(isResponse);
    return {
      prompt: span.slice(0, first).map((i) => Number(ids.data[i]!)),
      response: span.filter(isResponse).map((i) => Number(ids.data[i]!)),
    };
  });
}

async function fixtureObjective(name: "adapter" | "tied", sftWeight: number) {
  const model = await readModel(join(fixtures, name === "adapter" ? "untied" : name));
  const adapter = name === "adapter" ? await readAdapter(join(fixtures, name), model) : undefined;
  const lora = adapter && { lora: resolveLora(adapter.config, modelShapes(model.config)) };
  const tensors = readSafetensors(readFileSync(join(fixtures, `${name}-objective.safetensors`))).tensors;
  const graph = new Graph();
  const logProbs = sequenceLogProbs(model.config, sequenceInputs(graph, "2*pairs"), lora);
  const halves = (x: Tensor) => {
    const both = reshape(x, [2, "pairs"]);
    return {
      chosen: reshape(slice(both, 0, 0, 1), ["pairs"]),
      rejected: reshape(slice(both, 0, 1, 2), ["pairs"]),
    };
  };
  const sums = halves(logProbs.sums);
  const dpo = dpoLoss(
    {
      ...sums,
      referenceChosen: graph.input("referenceChosen", "float", ["pairs"]),
      referenceRejected: graph.input("referenceRejected", "float", ["pairs"]),
    },
    { dpoBeta: 0.1 },
  );
  const sft = sftLoss({ sums: sums.chosen, counts: halves(logProbs.counts).chosen });
  const loss = earlyLoss(dpo, sft, { sftWeight });
  const named = [...tensors.keys()].filter((key) => key.startsWith("gradient."));
  const wrt = named.map((key) => graph.named(key.slice("gradient.".length)));
  const reference = (side: string): Value =>
    vector(...Array.from(tensors.get(`${side}.reference`)!.data, Number));
  const feeds: Weights = {
    ...values({ ...model.weights, ...adapter?.weights }),
    ...packed([...pairsOf(tensors, "chosen"), ...pairsOf(tensors, "rejected")]),
    referenceChosen: reference("chosen"),
    referenceRejected: reference("rejected"),
  };
  const outputs: Record<string, Tensor> = { loss, dpo, sft, sums: logProbs.sums };
  gradients(loss, wrt).forEach((gradient, i) => {
    outputs[named[i]!] = gradient;
  });
  return { tensors, feeds, outputs, wrt, named };
}

describe("parity with PyTorch on two pairs of unequal length", () => {
  it.each(["adapter", "tied"] as const)("gives the DPO + SFT loss and all gradients (%s)", async (name) => {
    const { tensors, feeds, outputs, named } = await fixtureObjective(name, 0.3);
    const result = interpret(outputs, feeds);
    const logProbs = [...tensors.get("chosen.log_probs")!.data, ...tensors.get("rejected.log_probs")!.data];
    expect(largestDifference(result["sums"]!.data, logProbs)).toBeLessThan(1e-5);
    for (const key of ["loss", "dpo", "sft"]) {
      expect(largestDifference(result[key]!.data, tensors.get(key)!.data)).toBeLessThan(1e-5);
    }
    expect(named.length).toBe(name === "adapter" ? 12 : 18);
    for (const key of named) {
      const [found, wanted] = [result[key]!, tensors.get(key)!];
      expect(found.dims).toEqual(wanted.shape);
      expect(largestDifference(found.data, wanted.data)).toBeLessThan(1e-5);
    }
  });

  it("has a loss of ln 2 and no gradient beyond rounding for an unedited pair", async () => {
    const { feeds, outputs, tensors, named } = await fixtureObjective("adapter", 0);
    const pairs = pairsOf(tensors, "rejected");
    const same = { referenceChosen: vector(-3, -4), referenceRejected: vector(-3, -4) };
    const result = interpret(outputs, { ...feeds, ...packed([...pairs, ...pairs]), ...same });
    expect(result["loss"]!.data[0]).toBe(Math.LN2);
    for (const key of named) for (const x of result[key]!.data) expect(Math.abs(x)).toBeLessThan(1e-15);
  });
});

/** Responses of five bits under ln π(y|x) = ln π_ref(y) + φ(y)ᵀ W x − ln Z, φ = 2y − 1, π_ref Bernoulli(0.2). */
function logLinearWorld(pairs: readonly { x: readonly number[]; draft: number; edited: number }[]) {
  const bits = Array.from({ length: 32 }, (_, y) => [0, 1, 2, 3, 4].map((i) => (y >> i) & 1));
  const graph = new Graph();
  const phi = graph.constant(
    bits.flatMap((y) => y.map((bit) => 2 * bit - 1)),
    { shape: [32, 5] },
  );
  const reference = bits.map((y) => y.reduce((sum, bit) => sum + Math.log(bit === 1 ? 0.2 : 0.8), 0));
  const x = graph.constant(
    pairs.flatMap((pair) => pair.x),
    { shape: [pairs.length, 3] },
  );
  const scores = matmul(matmul(x, graph.parameter("w", [5, 3]), { transposeB: true }), phi, {
    transposeB: true,
  });
  const logits = add(scores, graph.constant(reference));
  const column = (values: number[]) => graph.constant(values, { dtype: "int32" });
  const chosen = logProbability(logits, column(pairs.map(({ edited }) => edited)));
  const rejected = logProbability(logits, column(pairs.map(({ draft }) => draft)));
  const dpo = (dpoBeta: number) =>
    dpoLoss(
      {
        chosen,
        rejected,
        referenceChosen: graph.constant(pairs.map(({ edited }) => reference[edited]!)),
        referenceRejected: graph.constant(pairs.map(({ draft }) => reference[draft]!)),
      },
      { dpoBeta },
    );
  const counts = graph.constant(pairs.map(() => 6));
  const at = (loss: Tensor, w: Float64Array) => {
    const [gradient] = gradients(loss, [graph.named("w")]);
    const result = interpret({ loss, gradient: gradient! }, { w: { dims: [5, 3], data: w } });
    return { loss: result.loss.data[0]!, gradient: result.gradient.data as Float64Array };
  };
  return {
    dpo,
    sft: (reduction: "token-mean" | "sequence-sum") => sftLoss({ sums: chosen, counts }, { reduction }),
    at,
  };
}

const pairs = Array.from({ length: 40 }, (_, i) => ({
  x: [1, Math.sin(i), Math.cos(3 * i)],
  draft: (i * 7) % 32,
  edited: ((i * 7) % 32) | (i % 2 === 0 ? 5 : 9),
}));

describe("the log-linear world", () => {
  const world = logLinearWorld(pairs);
  const somewhere = Float64Array.from({ length: 15 }, (_, i) => Math.sin(1.7 * i));

  it.each([
    ["dpo", world.dpo(0.5)],
    ["sft, token mean", world.sft("token-mean")],
    ["sft, sequence sum", world.sft("sequence-sum")],
    ["early", earlyLoss(world.dpo(0.1), world.sft("token-mean"), { sftWeight: 0.3 })],
  ])("has gradients that agree with central differences (%s)", (_, loss) => {
    const { gradient } = world.at(loss, somewhere);
    const h = 1e-5;
    for (let i = 0; i < 15; i++) {
      const moved = (by: number) =>
        world.at(
          loss,
          somewhere.map((w, j) => (j === i ? w + by : w)),
        ).loss;
      expect(Math.abs((moved(h) - moved(-h)) / (2 * h) - gradient[i]!)).toBeLessThan(1e-8);
    }
  });

  it("starts DPO at ln 2, gives an unedited pair no gradient at all, and negates it when the texts are swapped", () => {
    const zero = new Float64Array(15);
    expect(world.at(world.dpo(0.1), zero).loss).toBeCloseTo(Math.LN2, 12);
    const unedited = logLinearWorld(pairs.map(({ x, draft }) => ({ x, draft, edited: draft })));
    const still = unedited.at(unedited.dpo(0.1), somewhere);
    expect(still.loss).toBeCloseTo(Math.LN2, 14);
    expect(still.gradient.every((g) => g === 0)).toBe(true);
    const swapped = logLinearWorld(
      pairs.map(({ x, draft, edited }) => ({ x, draft: edited, edited: draft })),
    );
    const [forth, back] = [world.at(world.dpo(0.1), zero), swapped.at(swapped.dpo(0.1), zero)];
    forth.gradient.forEach((g, i) => {
      expect(back.gradient[i]).toBeCloseTo(-g, 14);
    });
  });

  it("relates the two reductions by the tokens per sequence", () => {
    const [mean, sum] = [
      world.at(world.sft("token-mean"), somewhere),
      world.at(world.sft("sequence-sum"), somewhere),
    ];
    expect(sum.loss).toBeCloseTo(6 * mean.loss, 10);
  });

  it("makes the early ensemble DPO at weight 0 and SFT at weight 1000", () => {
    const dpo = world.dpo(0.1);
    const sft = world.sft("token-mean");
    expect(earlyLoss(dpo, sft, { sftWeight: 0 })).toBe(dpo);
    const descend = (loss: Tensor, scale: number) => {
      const w = new Float64Array(15);
      for (let step = 0; step < 300; step++) {
        const { gradient } = world.at(loss, w);
        for (let i = 0; i < 15; i++) w[i] = w[i]! - 2 * scale * gradient[i]!;
      }
      return w;
    };
    const imitated = descend(sft, 1);
    const early = descend(earlyLoss(dpo, sft, { sftWeight: 1000 }), 1 / 1001);
    const preferred = descend(dpo, 1);
    const distance = (a: Float64Array) => Math.max(...a.map((w, i) => Math.abs(w - imitated[i]!)));
    expect(distance(early)).toBeLessThan(0.01);
    expect(distance(preferred)).toBeGreaterThan(0.1);
  });

  it.each([-1, Number.NaN, Infinity])("refuses sftWeight %s", (sftWeight) => {
    expect(() => earlyLoss(world.dpo(0.1), world.sft("token-mean"), { sftWeight })).toThrow(/sftWeight is/);
  });
});
