import { describe, expect, it } from "vitest";
import { Cancelled } from "../../core/errors.ts";
import { adamwFeeds, adamwUpdate } from "../adamw.ts";
import { Graph, gradients, matmul, reduceMean, square, sub } from "../graph/index.ts";
import { interpreterRuntime } from "./interpreter.ts";
import type { Runtime, TensorData } from "./runtime.ts";
import { onnxRuntimeWeb } from "./web.ts";

function floats(dims: readonly number[], f: (i: number) => number): TensorData {
  return {
    type: "float",
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
  };
}

async function losses(runtime: Runtime): Promise<number[]> {
  const graph = new Graph();
  const w = graph.parameter("w", [4, 2]);
  const error = sub(matmul(graph.input("x", "float", ["n", 4]), w), graph.input("y", "float", ["n", 2]));
  const loss = reduceMean(square(error));
  const update = adamwUpdate([w], gradients(loss, [w]));
  const session = await runtime.load({ outputs: { loss, ...update.outputs } });
  await session.write({ w: floats([4, 2], (i) => 0.1 * i), ...update.state });
  const found: number[] = [];
  for (let step = 1; step <= 8; step++) {
    const feeds = { x: floats([3, 4], (i) => Math.sin(i + step)), y: floats([3, 2], (i) => Math.cos(i)) };
    const results = await session.run(
      { ...feeds, ...adamwFeeds(step, 0.05) },
      { fetch: ["loss"], carry: update.carry },
    );
    found.push(Number(results["loss"]!.data[0]));
  }
  await session.close();
  await expect(session.read(["w"])).rejects.toThrow("the session is closed");
  return found;
}

describe("onnxRuntimeWeb", () => {
  it("trains in WebAssembly as the interpreter does", async () => {
    const runtime = await onnxRuntimeWeb();
    expect(runtime.name).toMatch(/^onnxruntime-web \d+\.\d+.*wasm, 1 threads$/);
    const [web, reference] = [await losses(runtime), await losses(interpreterRuntime())];
    for (const [i, loss] of reference.entries()) expect(Math.abs(web[i]! - loss) / loss).toBeLessThan(1e-5);
  });

  it("stops waiting for a load", async () => {
    const program = { outputs: { y: square(new Graph().input("x", "float", [2])) } };
    const loading = (await onnxRuntimeWeb()).load(program, { signal: AbortSignal.abort() });
    await expect(loading).rejects.toThrow(Cancelled);
  });

  it("refuses models that are none", async () => {
    await expect((await onnxRuntimeWeb()).load(Uint8Array.of(1, 2, 3))).rejects.toThrow(
      "could not load the model",
    );
  });
});

describe("interpreterRuntime", () => {
  it("takes programs only, and freezes weights", async () => {
    await expect(interpreterRuntime().load(Uint8Array.of(1))).rejects.toThrow("not ONNX bytes");
    const graph = new Graph();
    const y = square(graph.parameter("w", [2]));
    const session = await interpreterRuntime().load(
      { outputs: { y } },
      { weights: { w: floats([2], (i) => i + 2) } },
    );
    expect(session.inputs).toEqual([]);
    expect((await session.run({}, { fetch: ["y"] }))["y"]!.data).toEqual(Float64Array.of(4, 9));
  });
});
