import { describe, expect, it } from "vitest";
import {
  decodeSnapshot,
  encodeSnapshot,
  InvalidInput,
  NonFinite,
  run,
  type Snapshot,
} from "../../core/index.ts";
import { createRng } from "../../random/index.ts";
import { Graph, gather, matmul, reduceMean, square, sub } from "../graph/index.ts";
import { onnxRuntimeNode } from "../node/index.ts";
import { interpreterRuntime } from "../runtimes/interpreter.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import { trainingProgram } from "./program.ts";
import { type TrainingState, train } from "./train.ts";
import { createTrainer } from "./trainer.ts";

const EXAMPLES = 24;
const SIZE = 5;

/** Least squares on 24 examples: the table of examples is frozen, the weights are trained. */
async function leastSquares(runtime: Runtime, microBatchSize?: number) {
  const graph = new Graph();
  const places = graph.input("places", "int32", ["batch"]);
  const x = gather(graph.parameter("x", [EXAMPLES, SIZE]), places);
  const y = gather(graph.parameter("y", [EXAMPLES, 1]), places);
  const loss = reduceMean(square(sub(matmul(x, graph.parameter("w", [SIZE, 1])), y)));
  const step = trainingProgram(loss, ["w"], {
    weightDecay: 0,
    maximumNorm: 10,
    accumulate: microBatchSize !== undefined,
  });
  const rows = createRng(3)
    .stream("rows")
    .normals(new Float32Array(EXAMPLES * SIZE));
  const targets = Float32Array.from({ length: EXAMPLES }, (_, i) =>
    rows.subarray(SIZE * i, SIZE * (i + 1)).reduce((sum, value, j) => sum + value * (j - 2), 0),
  );
  const session = await runtime.load(step.program, {
    weights: {
      x: { type: "float", dims: [EXAMPLES, SIZE], data: rows },
      y: { type: "float", dims: [EXAMPLES, 1], data: targets },
    },
  });
  const trainer = createTrainer({
    session,
    step,
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    feeds: (data) => ({ places: { type: "int32", dims: [data.length], data } }),
  });
  const initial = step.initial({ w: { type: "float", dims: [SIZE, 1], data: new Float32Array(SIZE) } });
  return { session, step, problem: { fingerprint: "least squares", trainer, examples: EXAMPLES, initial } };
}

const options = { steps: 40, batchSize: 7, learningRate: 0.2 } as const;

describe("training as a solver", () => {
  it("finds the weights", async () => {
    const { problem, session } = await leastSquares(interpreterRuntime());
    const steps = 400;
    const { result, snapshot } = await run(train({ ...options, steps }), problem, {
      seed: 1,
      stop: { maxSteps: steps },
    });
    expect([...result["w"]!.data].map(Number).map((w) => Math.round(w * 1000) / 1000)).toEqual([
      -2, -1, 0, 1, 2,
    ]);
    expect(snapshot.state!.history).toHaveLength(steps);
    await session.close();
  });

  it("sees every example once an epoch", async () => {
    const { problem, session } = await leastSquares(interpreterRuntime());
    const asked: number[] = [];
    const trainer: typeof problem.trainer = {
      name: "trainer",
      answer(question, common) {
        if (question.op === "step") asked.push(...question.examples);
        return problem.trainer.answer(question, common);
      },
    };
    await run(
      train({ ...options, batchSize: 5 }),
      { ...problem, trainer },
      { seed: 1, stop: { maxSteps: 24 } },
    );
    for (let epoch = 0; epoch < 5; epoch++)
      expect(new Set(asked.slice(epoch * EXAMPLES, (epoch + 1) * EXAMPLES)).size).toBe(EXAMPLES);
    await session.close();
  });

  it("ends with the same bits after a stop at any step, on the native runtime", async () => {
    const runtime = await onnxRuntimeNode({ threads: 1 });
    const whole = await leastSquares(runtime);
    const reference = await run(train(options), whole.problem, { seed: 5, stop: { maxSteps: 40 } });
    await whole.session.close();
    for (const stop of [0, 1, 13, 39]) {
      const first = await leastSquares(runtime);
      const stopped = await run(train(options), first.problem, { seed: 5, stop: { maxSteps: stop } });
      await first.session.close();
      const second = await leastSquares(runtime);
      const from = decodeSnapshot(encodeSnapshot(stopped.snapshot)) as Snapshot<TrainingState>;
      const resumed = await run(train(options), second.problem, { seed: 5, stop: { maxSteps: 40 }, from });
      expect(resumed.result).toEqual(reference.result);
      await second.session.close();
    }
  });

  it("makes the same steps of batches in parts, and stops and resumes them", async () => {
    const whole = await leastSquares(interpreterRuntime());
    const wanted = await run(train(options), whole.problem, { seed: 5, stop: { maxSteps: 40 } });
    for (const size of [1, 3, 7, 50]) {
      const first = await leastSquares(interpreterRuntime(), size);
      const { snapshot } = await run(train(options), first.problem, { seed: 5, stop: { maxSteps: 13 } });
      const second = await leastSquares(interpreterRuntime(), size);
      const resumed = await run(train(options), second.problem, {
        seed: 5,
        stop: { maxSteps: 40 },
        from: snapshot,
      });
      for (const [i, w] of resumed.result["w"]!.data.entries())
        expect(Number(w)).toBeCloseTo(Number(wanted.result["w"]!.data[i]!), 6);
      for (const name of ["loss", "gradientNorm"])
        expect(resumed.snapshot.state!.history[39]![name]).toBeCloseTo(
          wanted.snapshot.state!.history[39]![name]!,
          6,
        );
    }
    for (const size of [0, 1.5])
      await expect(leastSquares(interpreterRuntime(), size)).rejects.toThrow(InvalidInput);
  });

  it("refuses a question of another version, and a loss that is no number", async () => {
    const { problem, session } = await leastSquares(interpreterRuntime());
    const { trainer } = problem;
    await expect(trainer.answer({ op: "read", version: 0 }, undefined)).rejects.toThrow(InvalidInput);
    await trainer.answer({ op: "write", version: 3, tensors: problem.initial }, undefined);
    const step = { op: "step", examples: Int32Array.of(0), learningRate: 0.1 } as const;
    await expect(trainer.answer({ ...step, version: 2 }, undefined)).rejects.toThrow(
      "holds version 3, asked for 2",
    );
    expect((await trainer.answer({ ...step, version: 3 }, undefined)).version).toBe(4);
    const nan = { type: "float", dims: [SIZE, 1], data: new Float32Array(SIZE).fill(Number.NaN) } as const;
    await trainer.answer({ op: "write", version: 0, tensors: { ...problem.initial, w: nan } }, undefined);
    await expect(trainer.answer({ ...step, version: 0 }, undefined)).rejects.toThrow(NonFinite);
    await session.close();
  });

  it("refuses options that cannot be meant", () => {
    for (const wrong of [{ steps: 0 }, { batchSize: 1.5 }, { learningRate: -1 }, { warmup: 2 }])
      expect(() => train({ ...options, ...wrong })).toThrow(InvalidInput);
  });
});
