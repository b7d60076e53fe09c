import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Cancelled, FpxError, InvalidInput } from "../../core/errors.ts";
import {
  add,
  concat,
  exp,
  Graph,
  gather,
  gradients,
  matmul,
  minimum,
  mul,
  type Program,
  reduceSum,
  softmax,
} from "../graph/index.ts";
import { emitOnnx } from "../onnx/emit.ts";
import type { TensorData } from "../runtimes/runtime.ts";
import { onnxRuntimeNode } from "./onnx-runtime.ts";

function floats(dims: readonly number[], values: ArrayLike<number>): TensorData {
  return { type: "float", dims, data: Float32Array.from(values) };
}

function numbers(tensor: TensorData | undefined): number[] {
  return Array.from(tensor!.data as Float32Array);
}

/** state' = state·factor + 1, result = Σ state'. */
function counter(): Program {
  const graph = new Graph();
  const state = graph.parameter("state", [2]);
  const next = add(mul(state, graph.input("factor", "float", [])), 1);
  return { outputs: { next, result: reduceSum(next) } };
}

/** A counter whose runs take a good part of a second on one thread, so that they can be interrupted. */
function slow(): Program {
  const graph = new Graph();
  let x = graph.input("x", "float", [700, 700]);
  for (let i = 0; i < 150; i++) x = softmax(matmul(x, x));
  const counted = add(graph.parameter("count", []), minimum(reduceSum(x), 1));
  return { outputs: { counted } };
}

const slowFeed = { x: floats([700, 700], new Float32Array(490_000).fill(0.01)) };

async function open(
  program: Program | Uint8Array,
  threads = 1,
): ReturnType<Awaited<ReturnType<typeof onnxRuntimeNode>>["load"]> {
  return (await onnxRuntimeNode({ threads })).load(program);
}

describe("a session of onnxruntime-node", () => {
  it("carries outputs into inputs, run after run", async () => {
    const session = await open(counter());
    expect([session.inputs, session.outputs]).toEqual([
      ["state", "factor"],
      ["next", "result"],
    ]);
    await session.write({ state: floats([2], [1, 2]) });
    const expected = [1, 2];
    for (let i = 0; i < 5; i++) {
      const found = await session.run(
        { factor: floats([], [i]) },
        { fetch: ["result", "next"], carry: { next: "state" } },
      );
      expected.forEach((value, k) => {
        expected[k] = value * i + 1;
      });
      expect(numbers(found["next"])).toEqual(expected);
      expect(found["result"]!.data[0]).toBe(expected[0]! + expected[1]!);
      expect(numbers((await session.read(["state"]))["state"])).toEqual(expected);
    }
    await session.close();
  });

  it("carries outputs that grow, as caches do", async () => {
    const graph = new Graph();
    const cache = graph.input("cache", "float", ["past", 2]);
    const grown = concat([cache, graph.input("new", "float", ["length", 2])], 0);
    const session = await open({ outputs: { grown, sum: reduceSum(grown) } });
    await session.write({ cache: floats([0, 2], []) });
    for (let n = 1; n <= 4; n++) {
      const { sum } = await session.run(
        { new: floats([1, 2], [n, n]) },
        { fetch: ["sum"], carry: { grown: "cache" } },
      );
      expect(sum!.data[0]).toBe(n * (n + 1));
    }
    expect((await session.read(["cache"]))["cache"]!.dims).toEqual([4, 2]);
    await session.close();
  });

  it("leaves the caller's arrays alone, views and float64 included", async () => {
    const session = await open(counter());
    const whole = Float32Array.of(9, 1, 2, 9);
    await session.write({ state: { type: "float", dims: [2], data: whole.subarray(1, 3) } });
    const factor = Float64Array.of(1);
    const { result } = await session.run(
      { factor: { type: "float", dims: [], data: factor } },
      { fetch: ["result"] },
    );
    expect([result!.data[0], whole.length, factor.length]).toEqual([5, 4, 1]);
    await session.close();
  });

  it("takes ONNX bytes, frozen weights and inputs in shared memory", async () => {
    const program = counter();
    const bytes = emitOnnx(program);
    const session = await open(bytes);
    expect(bytes.length).toBeGreaterThan(0);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    await session.write({ state: { type: "float", dims: [2], data: shared } });
    const factor = floats([], [3]);
    expect((await session.run({ factor }, { fetch: ["result"] }))["result"]!.data[0]).toBe(11);
    await session.close();

    const frozen = await (await onnxRuntimeNode({ threads: 1 })).load(program, {
      weights: { state: floats([2], [1, 2]) },
    });
    expect(frozen.inputs).toEqual(["factor"]);
    expect((await frozen.run({ factor }, { fetch: ["result"] }))["result"]!.data[0]).toBe(11);
    await frozen.close();
  });

  it("names what is wrong with a call and stays usable", async () => {
    const session = await open(counter());
    const factor = floats([], [1]);
    const call = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => new Error("nothing was thrown"),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(FpxError);
      return `${(error as Error).name}: ${(error as Error).message}`;
    };
    expect(await call(session.run({ factor }, { fetch: ["result"] }))).toMatch(
      'InvalidInput: run: input "state" is neither fed nor resident',
    );
    expect(await call(session.run({ factor }, { fetch: ["loss"] }))).toMatch('no output "loss"');
    expect(await call(session.run({ factor, other: factor }, { fetch: ["result"] }))).toMatch(
      'no input "other"',
    );
    expect(await call(session.run({ factor }, { fetch: [] }))).toMatch("at least one output");
    expect(await call(session.run({ factor }, { fetch: ["result"], carry: { next: "nowhere" } }))).toMatch(
      'no input "nowhere"',
    );
    expect(await call(session.write({ nothing: factor }))).toMatch('no input "nothing"');
    expect(await call(session.read(["state"]))).toMatch('no tensor "state" is resident');
    expect(await call(session.run({ factor, state: floats([3], [1, 2, 3]) }, { fetch: ["result"] }))).toMatch(
      /could not run.*state/s,
    );
    await session.write({ state: floats([2], [1, 1]) });
    expect((await session.run({ factor }, { fetch: ["result"] }))["result"]!.data[0]).toBe(4);
    await session.close();
    expect(await call(session.run({ factor }, { fetch: ["result"] }))).toMatch("the session is closed");
    await session.close();
  });

  it("refuses models that are none", async () => {
    await expect(open(Uint8Array.of(1, 2, 3))).rejects.toThrow("onnxruntime-node could not load the model");
    await expect(onnxRuntimeNode({ threads: 0 })).rejects.toThrow(InvalidInput);
  });

  it("keeps the event loop free and can be cancelled", async () => {
    const session = await open(slow());
    const options = { fetch: [], carry: { counted: "count" } };
    await session.write({ count: floats([], [0]) });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const started = performance.now();
    await session.run(slowFeed, options);
    const whole = performance.now() - started;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(whole / 5 / 4);

    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 4 }, () => session.run(slowFeed, { ...options, signal }));
    setTimeout(() => controller.abort(), 20);
    const cancelledAt = performance.now();
    for (const call of await Promise.allSettled(calls)) {
      expect(call.status === "rejected" && call.reason).toBeInstanceOf(Cancelled);
    }
    expect(performance.now() - cancelledAt).toBeLessThan(whole);
    await expect(session.run(slowFeed, { ...options, signal: AbortSignal.abort() })).rejects.toThrow(
      Cancelled,
    );
    // The session is usable: at most the run that had begun was finished, those that waited were skipped.
    const [count] = numbers((await session.read(["count"]))["count"]);
    expect([1, 2]).toContain(count);
    await session.run(slowFeed, options);
    expect(numbers((await session.read(["count"]))["count"])).toEqual([count! + 1]);
    await session.close();
  });

  it("gives the same bits in every run and session, rows that are added to many times included", async () => {
    const graph = new Graph();
    const table = graph.parameter("table", [40, 64]);
    const rows = gather(table, graph.input("i", "int32", ["n"]));
    const loss = reduceSum(mul(exp(rows), graph.input("w", "float", ["n", 1])));
    const [gradient] = gradients(loss, [table]);
    const n = 20_000;
    const feeds = {
      i: { type: "int32", dims: [n], data: Int32Array.from({ length: n }, (_, k) => (k * k) % 40) } as const,
      w: floats(
        [n, 1],
        Float32Array.from({ length: n }, (_, k) => Math.sin(k)),
      ),
      table: floats(
        [40, 64],
        Float32Array.from({ length: 2560 }, (_, k) => Math.cos(k)),
      ),
    };
    const bits = new Set<string>();
    for (let k = 0; k < 2; k++) {
      const session = await open({ outputs: { gradient: gradient! } }, 4);
      for (let repeat = 0; repeat < 5; repeat++) {
        const found = await session.run(feeds, { fetch: ["gradient"] });
        expect(numbers(found["gradient"])).toHaveLength(2560);
        bits.add(numbers(found["gradient"]).join());
      }
      await session.close();
    }
    expect(bits.size).toBe(1);
  });

  it("does not keep the process alive", () => {
    const module = fileURLToPath(new URL("./onnx-runtime.ts", import.meta.url));
    const graphModule = fileURLToPath(new URL("../graph/index.ts", import.meta.url));
    const script = `
      import { onnxRuntimeNode } from ${JSON.stringify(module)};
      import { Graph, exp } from ${JSON.stringify(graphModule)};
      const graph = new Graph();
      const session = await (await onnxRuntimeNode({ threads: 1 })).load({ outputs: { y: exp(graph.input("x", "float", [1])) } });
      const { y } = await session.run({ x: { type: "float", dims: [1], data: Float32Array.of(0) } }, { fetch: ["y"] });
      console.log(y.data[0]);`;
    const folder = mkdtempSync(join(tmpdir(), "fpx-"));
    const file = join(folder, "main.ts");
    writeFileSync(file, script);
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const options = { cwd: root, timeout: 20_000 };
    const output = execFileSync(process.execPath, ["--import", "jiti/register", file], options);
    rmSync(folder, { recursive: true });
    expect(output.toString().trim()).toBe("1");
  });
});
