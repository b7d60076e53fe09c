import type { Worker } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { exp, Graph } from "../graph/index.ts";
import { onnxRuntimeNode } from "./onnx-runtime.ts";

const seen = vi.hoisted(() => ({ workers: [] as Worker[], installed: true }));

vi.mock("node:worker_threads", async (original) => {
  const actual = await original<typeof import("node:worker_threads")>();
  class Recorded extends actual.Worker {
    constructor(...options: ConstructorParameters<typeof Worker>) {
      super(...options);
      seen.workers.push(this);
    }
  }
  return { ...actual, Worker: Recorded };
});

vi.mock("node:module", async (original) => {
  const actual = await original<typeof import("node:module")>();
  const createRequire = (url: string): NodeJS.Require => {
    const require = actual.createRequire(url);
    if (seen.installed) return require;
    const resolve = (name: string): never => {
      throw new Error(`Cannot find module '${name}'`);
    };
    return Object.assign((name: string) => require(name), {
      ...require,
      resolve: Object.assign(resolve, { paths: () => null }),
    });
  };
  return { ...actual, createRequire };
});

it("the loss of the worker rejects what waits and what comes after", async () => {
  const graph = new Graph();
  const program = { outputs: { y: exp(graph.input("x", "float", [1])) } };
  const session = await (await onnxRuntimeNode({ threads: 1 })).load(program);
  const feeds = { x: { type: "float", dims: [1], data: Float32Array.of(0) } as const };
  // Ended first: a run this small might else be answered before the end.
  void seen.workers.at(-1)!.terminate();
  const running = session.run(feeds, { fetch: ["y"] });
  await expect(running).rejects.toThrow("the runtime's worker ended with code 1");
  await expect(session.run(feeds, { fetch: ["y"] })).rejects.toMatchObject({ code: "RUNTIME_FAILURE" });
  await session.close();
});

it("an absent package is named with the command that installs it", async () => {
  seen.installed = false;
  await expect(onnxRuntimeNode()).rejects.toThrow(
    "onnxruntime-node, which is not installed; run: npm install onnxruntime-node --onnxruntime-node-install=skip",
  );
  await expect(onnxRuntimeNode()).rejects.toMatchObject({ code: "MISSING_DEPENDENCY" });
});
