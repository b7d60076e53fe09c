import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors, type StoredTensor } from "../lm/checkpoints/safetensors.ts";
import { Graph, gradients, interpret, reshape, slice, type Tensor, type Value } from "../lm/graph/index.ts";
import { resolveLora } from "../lm/lora.ts";
import { llamaShapes } from "../lm/models/llama.ts";
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
  const lora = adapter && { lora: resolveLora(adapter.config, llamaShapes(model.config)) };
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
  const packed = packSequences([...pairsOf(tensors, "chosen"), ...pairsOf(tensors, "rejected")], { pad: 2 });
  const feeds: Weights = {
    ...values({ ...model.weights, ...adapter?.weights }),
    ...(packed as unknown as Weights),
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
    const packed = packSequences([...pairs, ...pairs], { pad: 2 }) as unknown as Weights;
    const same = { referenceChosen: vector(-3, -4), referenceRejected: vector(-3, -4) };
    const result = interpret(outputs, { ...feeds, ...packed, ...same });
    expect(result["loss"]!.data[0]).toBe(Math.LN2);
    for (const key of named) for (const x of result[key]!.data) expect(Math.abs(x)).toBeLessThan(1e-15);
  });
});
