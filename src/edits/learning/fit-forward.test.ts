import { describe, expect, it } from "vitest";
import {
  Cancelled,
  decodeSnapshot,
  encodeSnapshot,
  InvalidInput,
  type RunResult,
  type Snapshot,
} from "../../core/index.ts";
import {
  initAdapter,
  initLlama,
  llamaConfig,
  modelShapes,
  resolveLora,
  type Tensors,
} from "../../lm/index.ts";
import { onnxRuntimeNode } from "../../lm/node/index.ts";
import { createRng } from "../../random/index.ts";
import type { SeedReplayState } from "../../zeroth-order/index.ts";
import type { FitProblem } from "./fit.ts";
import { type ForwardFitOptions, fitByForwardPasses, forwardSteps } from "./fit-forward.ts";
import { likelihoodObjective } from "./training-objectives.ts";

const config = llamaConfig({ vocabSize: 24, hiddenSize: 16, layers: 1, heads: 2 });
const shapes = modelShapes(config);
const lora = resolveLora({ rank: 1, alpha: 2, targets: ["q_proj", "v_proj", "down_proj"] }, shapes);
/** Eight texts that count up from their prompt: a pattern that an adapter can pick up. */
const texts = Array.from({ length: 8 }, (_, i) => ({
  prompt: [3 + i],
  response: [4 + i, 5 + i, 6 + i, 7 + i, 1],
}));
const objective = likelihoodObjective(config, 2, lora);
const problem: FitProblem = {
  loss: objective.loss,
  metrics: {},
  states: objective.states,
  examples: texts.length,
  feeds: (places) => objective.feeds(places.map((i) => texts[i]!)),
  frozen: initLlama(config, createRng(1), { deviation: 0.3 }),
  initial: initAdapter(lora, shapes, createRng(2)),
  identity: "counting",
};
const options: ForwardFitOptions = { forwardPasses: 402, batchSize: 4, learningRate: 0.02 };

const bits = ({ result }: RunResult<SeedReplayState, Tensors>) =>
  Object.values(result).map(({ data }) => [...new Uint32Array((data as Float32Array).buffer)].join());
const mean = (losses: ArrayLike<number>) => Array.from(losses).reduce((a, b) => a + b) / losses.length;

describe("training an adapter by forward passes", () => {
  it("lowers the loss, leaves the first weights alone, and has one result in either thread", async () => {
    const initial = Object.values(problem.initial).map(({ data }) => data.slice());
    const runs = [];
    for (const thread of ["caller", "own"] as const)
      runs.push(
        await fitByForwardPasses(await onnxRuntimeNode({ threads: 1, thread }), problem, options, {
          seed: 5,
        }),
      );
    const { calls, steps, snapshot } = runs[0]!;
    expect([calls, steps]).toEqual([402, 200]);
    const { losses } = snapshot.state!;
    expect(mean(losses.subarray(180, 200))).toBeLessThan(0.9 * mean(losses.subarray(0, 20)));
    expect(Object.values(problem.initial).map(({ data }) => data)).toEqual(initial);
    expect(bits(runs[0]!)).toEqual(bits(runs[1]!));
  });

  it("goes on from a snapshot, which holds the log of the run and no weights, with the same bits", async () => {
    const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
    const whole = await fitByForwardPasses(runtime, problem, options, { seed: 5 });
    const stop = new AbortController();
    const half = await fitByForwardPasses(runtime, problem, options, {
      seed: 5,
      signal: stop.signal,
      observers: [({ step }) => step === 77 && stop.abort()],
    });
    expect(half.status).toBe("cancelled");
    const bytes = encodeSnapshot(half.snapshot);
    expect(bytes.length).toBeLessThan(6000);
    const from = decodeSnapshot(bytes) as Snapshot<SeedReplayState>;
    const resumed = await fitByForwardPasses(runtime, problem, options, { seed: 5, from });
    expect(bits(resumed)).toEqual(bits(whole));
    const other = { ...problem, identity: "other" };
    await expect(fitByForwardPasses(runtime, other, options, { seed: 5, from })).rejects.toThrow(/problem/);
  });

  it("never takes more passes than allowed, and refuses fewer than one step needs", async () => {
    const steps = (forwardPasses: number) => forwardSteps({ ...options, forwardPasses }, 1);
    expect([4, 5, 6, 20_000].map(steps)).toEqual([1, 1, 2, 9999]);
    expect(() => steps(3)).toThrow(InvalidInput);
    expect(() => steps(3)).toThrow(/forwardPasses is 3.*at least 4/);
  });

  it("is stopped before it begins by a signal that has fired", async () => {
    const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
    const signal = AbortSignal.abort();
    await expect(fitByForwardPasses(runtime, problem, options, { seed: 5, signal })).rejects.toThrow(
      Cancelled,
    );
  });
});
