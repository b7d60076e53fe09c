import { expect, it } from "vitest";
import { Cancelled } from "../../core/index.ts";
import { type ContextResponse, interpreterRuntime, type Runtime } from "../../lm/index.ts";
import type { Example } from "./examples.ts";
import { withReference } from "./reference-log-probs.ts";
import type { LearnContext } from "./stage.ts";

const examples: Example[] = Array.from({ length: 70 }, (_, i) => ({
  record: { context: `c${i}`, draft: `draft ${i}`, edited: `edited ${i}` },
  edited: { prompt: [1], response: [2] },
  draft: { prompt: [1], response: [3] },
  changed: true,
}));

/** A world with a cache of one text, and a policy whose log-probabilities are seventh parts of text lengths. */
function setup() {
  const world = { text: undefined as string | undefined, scored: 0, opened: 0, stopAfter: Infinity };
  const context: LearnContext = {
    runtime: interpreterRuntime(),
    signal: new AbortController().signal,
    observer: { start() {}, update() {}, note() {} },
    store: { load: async () => undefined, save: async () => undefined },
    cache: {
      load: async () => world.text,
      save: async (text) => {
        world.text = text;
      },
    },
  };
  const open = async () => {
    world.opened++;
    return {
      generate: async () => [],
      close: async () => undefined,
      logProbs: async (pairs: readonly ContextResponse[]) => {
        if (world.scored + pairs.length > world.stopAfter) throw new Cancelled();
        world.scored += pairs.length;
        return pairs.map(({ response }) => ({ logProb: -response.length / 7, tokens: 1 }));
      },
    };
  };
  return { world, context, open };
}

it("computes each log-probability once, to the bit, for one model, runtime and log", async () => {
  const { world, context, open } = setup();
  const first = await withReference(examples, open, "model", context);
  expect(world).toMatchObject({ scored: 140, opened: 1 });
  expect(first[69]!.reference).toEqual({ edited: -9 / 7, draft: -8 / 7 });
  expect(await withReference(examples, open, "model", context)).toEqual(first);
  expect(world).toMatchObject({ scored: 140, opened: 1 });

  const changed = examples.with(3, {
    ...examples[3]!,
    record: { ...examples[3]!.record, edited: "another text" },
  });
  const again = await withReference(changed, open, "model", context);
  expect(again[3]!.reference.edited).toBe(-12 / 7);
  expect(world).toMatchObject({ scored: 280, opened: 2 });
  await withReference(changed, open, "another model", context);
  expect(world.scored).toBe(420);
  const runtime: Runtime = { ...context.runtime, name: "another runtime" };
  await withReference(changed, open, "another model", { ...context, runtime });
  expect(world.scored).toBe(560);
});

it("goes on where it was stopped", async () => {
  const { world, context, open } = setup();
  world.stopAfter = 100;
  await expect(withReference(examples, open, "model", context)).rejects.toThrow(Cancelled);
  const before = world.scored;
  world.stopAfter = Infinity;
  await withReference(examples, open, "model", context);
  // 32 edits were done and saved; the half-done part is scored again.
  expect(world.scored - before).toBe(2 * (70 - 32));
});

it.each(["", "not json", "[]", '{"key":1}', "null"])("does without a damaged cache: %j", async (text) => {
  const { world, context, open } = setup();
  world.text = text;
  expect((await withReference(examples, open, "model", context)).length).toBe(70);
  expect(world.scored).toBe(140);
});
