import { expect, it } from "vitest";
import { Graph, gather, mul, reduceMean, square } from "../graph/index.ts";
import { onnxRuntimeNode } from "../node/index.ts";
import type { Tensors } from "../runtimes/runtime.ts";
import { loadProgram } from "./load-program.ts";
import { trainingProgram } from "./program.ts";

it.each([
  ["small", 64, false],
  ["large", 2 ** 24, true],
])("holds %s frozen weights, as inputs when they are large, and trains alike", async (_, rows, resident) => {
  const graph = new Graph();
  const rate = 0.1;
  const picked = gather(graph.parameter("table", [rows, 1]), graph.input("places", "int32", ["batch"]));
  const step = trainingProgram(reduceMean(square(mul(picked, graph.parameter("w", [1])))), ["w"], {
    weightDecay: 0,
  });
  const data = new Float32Array(rows);
  data.set([3, 5]);
  const frozen: Tensors = { table: { type: "float", dims: [rows, 1], data } };
  const session = await loadProgram(await onnxRuntimeNode({ threads: 1 }), step.program, frozen);
  expect(session.inputs.includes("table")).toBe(resident);
  await session.write(step.initial({ w: { type: "float", dims: [1], data: Float32Array.of(2) } }));
  const places = { type: "int32", dims: [2], data: Int32Array.of(0, 1) } as const;
  const losses: number[] = [];
  for (const at of [1, 2]) {
    const run = { fetch: ["loss"], carry: step.carry };
    const { loss } = await session.run({ places, ...step.schedule(at, rate) }, run);
    losses.push(Number(loss!.data[0]));
  }
  await session.close();
  // The first step of AdamW has the length of the learning rate.
  expect(losses[0]).toBeCloseTo((4 * (9 + 25)) / 2, 4);
  expect(losses[1]).toBeCloseTo((1.9 ** 2 * (9 + 25)) / 2, 3);
});
