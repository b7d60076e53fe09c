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
import type { DirectionScope } from "./methods.ts";
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
  rows(batchSize) {
    const { losses, feeds } = objective.rows!(batchSize);
    return { losses, feeds: (places) => feeds(places.map((i) => texts[i]!)) };
  },
  frozen: initLlama(config, createRng(1), { deviation: 0.3 }),
  initial: initAdapter(lora, shapes, createRng(2)),
  identity: "counting",
};
const all: Record<DirectionScope, ForwardFitOptions> = {
  batch: { forwardPasses: 402, batchSize: 4, learningRate: 0.02, scope: "batch" },
  example: { forwardPasses: 2 + 17 * 40, batchSize: 4, learningRate: 0.01, scope: "example" },
};

const bits = ({ result }: RunResult<SeedReplayState, Tensors>) =>
  Object.values(result).map(({ data }) => [...new Uint32Array((data as Float32Array).buffer)].join());
const mean = (losses: ArrayLike<number>) => Array.from(losses).reduce((a, b) => a + b) / losses.length;

describe.each(["example", "batch"] as const)(
  "training an adapter by forward passes, a direction an %s",
  (scope) => {
    const options = all[scope];
    const steps = scope === "example" ? 40 : 200;

    it("lowers the loss, leaves the first weights alone, and has one result in either thread", async () => {
      const initial = Object.values(problem.initial).map(({ data }) => data.slice());
      const runs = [];
      for (const thread of ["caller", "own"] as const)
        runs.push(
          await fitByForwardPasses(await onnxRuntimeNode({ threads: 1, thread }), problem, options, {
            seed: 5,
          }),
        );
      const { calls, snapshot } = runs[0]!;
      expect([calls, runs[0]!.steps]).toEqual([options.forwardPasses, steps]);
      const { losses } = snapshot.state!;
      const tenth = steps / 10;
      expect(mean(losses.subarray(9 * tenth, steps))).toBeLessThan(0.9 * mean(losses.subarray(0, tenth)));
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
        observers: [({ step }) => step === 17 && stop.abort()],
      });
      expect(half.status).toBe("cancelled");
      const bytes = encodeSnapshot(half.snapshot);
      // Four bytes an amount and eight a step, with room to double, and a head.
      expect(bytes.length).toBeLessThan(2 * (scope === "example" ? 17 * (4 * 64 + 8) : 17 * 12) + 4000);
      const from = decodeSnapshot(bytes) as Snapshot<SeedReplayState>;
      const resumed = await fitByForwardPasses(runtime, problem, options, { seed: 5, from });
      expect(bits(resumed)).toEqual(bits(whole));
      const other = { ...problem, identity: "other" };
      await expect(fitByForwardPasses(runtime, other, options, { seed: 5, from })).rejects.toThrow(/problem/);
    });

    it("never takes more passes than allowed, and refuses fewer than one step needs", async () => {
      const steps = (forwardPasses: number) => forwardSteps({ ...options, forwardPasses }, 1);
      if (scope === "batch") expect([4, 5, 6, 20_000].map(steps)).toEqual([1, 1, 2, 9999]);
      else expect([19, 35, 36, 20_000].map(steps)).toEqual([1, 1, 2, 1176]);
      const least = scope === "batch" ? 4 : 19;
      expect(() => steps(least - 1)).toThrow(InvalidInput);
      expect(() => steps(least - 1)).toThrow(new RegExp(`forwardPasses is ${least - 1}.*at least ${least}`));
    });

    it("refuses a loss that has no part for each example where it needs one", async () => {
      const { rows, ...without } = problem;
      const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
      const attempt = fitByForwardPasses(runtime, without, options, { seed: 5 });
      if (scope === "batch") await attempt;
      else await expect(attempt).rejects.toThrow(/no sum over examples.*"batch"/);
    });

    it("is stopped before it begins by a signal that has fired", async () => {
      const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
      const signal = AbortSignal.abort();
      await expect(fitByForwardPasses(runtime, problem, options, { seed: 5, signal })).rejects.toThrow(
        Cancelled,
      );
    });
  },
);
