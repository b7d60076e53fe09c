import { join } from "node:path";
import { expect, it } from "vitest";
import { onnxRuntimeNode, readModel } from "../../lm/node/index.ts";
import type { EditRecord } from "../record.ts";
import { learn } from "./learn.ts";
import type { LearnContext } from "./stage.ts";

const folder = join(import.meta.dirname, "../../../test/fixtures/llama/untied");

/** Two users who edit the same drafts to opposite ends. */
function opposed(): EditRecord[] {
  const records: EditRecord[] = [];
  for (let i = 0; i < 24; i++) {
    const context = `Note ${i}.`;
    const draft = `Hi ${i}`;
    records.push({ context, draft, edited: `${draft} aaaa`, user: "a" });
    records.push({ context, draft, edited: `${draft} zzzz`, user: "../z" });
  }
  return records;
}

it("learns each user's own ways where users differ, and says how sure that is", async () => {
  const context: LearnContext = {
    runtime: await onnxRuntimeNode({ threads: 1 }),
    signal: new AbortController().signal,
    observer: { start() {}, update() {}, note() {} },
    store: { load: async () => undefined, save: async () => undefined },
  };
  const model = await readModel(folder);
  const { writers, scores } = await learn(
    opposed(),
    model,
    undefined,
    {
      seed: 2,
      methods: ["sft"],
      by: "user",
      validation: 0.25,
      epochs: 8,
      learningRate: 1e-2,
      microBatchSize: 4,
      checkpointing: true,
    },
    context,
  );
  expect(writers.map(({ scores: { user, method } }) => [user, method])).toEqual([
    ["a", "sft"],
    ["../z", "sft"],
  ]);
  for (const { scores: own } of writers) {
    expect(own.train + own.heldOut).toBe(24);
    expect(own.nll.own).toBeLessThan(own.nll.pooled);
    expect(own.ownMinusPooled.mean).toBeCloseTo(own.nll.own - own.nll.pooled, 9);
    expect(own.ownMinusPooled.groups).toBe(own.heldOut);
    expect(own.ownMinusPooled.upper).toBeLessThan(0);
  }
  // The pooled figure of all held-out edits is the mean of the users', token by token.
  const pooled = scores.find(({ policy }) => policy === "sft")!.likelihood!.nll;
  const tokens = writers.map(({ scores: own }) => own.tokens);
  const mean =
    writers.reduce((sum, { scores: own }) => sum + own.nll.pooled * own.tokens, 0) /
    (tokens[0]! + tokens[1]!);
  expect(mean).toBeCloseTo(pooled, 5);
});
