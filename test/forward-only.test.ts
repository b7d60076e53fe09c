import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TensorData } from "../src/lm/index.ts";
import { onnxRuntimeNode } from "../src/lm/node/index.ts";
import { createRng } from "../src/random/index.ts";
import { decodeReplayLog, encodeReplayLog, mezo, replay } from "../src/zeroth-order/index.ts";
import { fpx, root } from "./support/fpx.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-forward-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * `regression.onnx` was written by Python's `onnx`: `loss` is the mean square of tanh(x·w1 + b1)·w2 + b2 − y, all six
 * names inputs.
 */
describe("a model file from elsewhere, its weights inputs", () => {
  const shapes: [string, number[]][] = [
    ["w1", [2, 8]],
    ["b1", [8]],
    ["w2", [8, 1]],
    ["b2", [1]],
  ];
  const weightsAt = (seed: number) =>
    Object.fromEntries(
      shapes.map(([name, dims], k): [string, TensorData & { data: Float32Array }] => {
        const data = createRng(seed)
          .stream("weights", k)
          .normals(new Float32Array(dims.reduce((a, b) => a * b)));
        return [name, { type: "float", dims, data: data.map((z) => z / 2) }];
      }),
    );
  const rows = 64;
  const x = createRng(1)
    .stream("x")
    .normals(new Float32Array(2 * rows));
  const y = new Float32Array(rows).map((_, i) => Math.sin(2 * x[2 * i]!) - x[2 * i + 1]!);
  const batch: Record<string, TensorData> = {
    x: { type: "float", dims: [rows, 2], data: x },
    y: { type: "float", dims: [rows, 1], data: y },
  };

  it.each(["caller", "own"] as const)(
    "is trained by forward passes in the %s's thread, and replayed",
    async (thread) => {
      const file = new Uint8Array(await readFile(join(root, "test", "fixtures", "regression.onnx")));
      const runtime = await onnxRuntimeNode({ threads: 1, thread });
      const session = await runtime.load(file);
      const weights = weightsAt(2);
      await session.share(weights);
      const loss = async () => Number((await session.run(batch, { fetch: ["loss"] }))["loss"]!.data[0]);
      const before = await loss();
      const parameters = Object.values(weights).map(({ data }) => data);
      const { log, evaluations } = await mezo(parameters, loss, {
        stepSize: { initial: 0.03, steps: 700 },
        scaling: "rms",
        maxEvaluations: 1400,
        seed: 3,
      });
      expect(evaluations).toBe(1400);
      const after = await loss();
      expect(after).toBeLessThan(0.3 * before);

      const again = weightsAt(2);
      replay(
        Object.values(again).map(({ data }) => data),
        decodeReplayLog(encodeReplayLog(log)),
      );
      for (const [name] of shapes) expect(again[name]!.data).toEqual(weights[name]!.data);
      await session.write(again);
      expect(await loss()).toBe(after);
      await session.close();
    },
  );

  it("names an input that the file lacks", async () => {
    const file = new Uint8Array(await readFile(join(root, "test", "fixtures", "regression.onnx")));
    const session = await (await onnxRuntimeNode({ threads: 1 })).load(file);
    await expect(session.share({ w3: weightsAt(1)["w1"]! })).rejects.toThrow(/no input "w3"; it has "x"/);
    await session.close();
  });
});

describe("fpx learn --optimizer zeroth-order", () => {
  const learn = (log: string, ...more: string[]) => [
    "learn",
    log,
    "--model",
    join(root, "samples", "mail", "model"),
    "--methods",
    "sft",
    "--optimizer",
    "zeroth-order",
    "--episodes",
    "2",
    "--json",
    ...more,
  ];

  it("learns by forward passes, and goes on after Ctrl-C with the same bits", async () => {
    const log = join(folder, "log.jsonl");
    const lines = (await readFile(join(root, "samples", "mail", "log.jsonl"), "utf8")).split("\n");
    await writeFile(log, `${lines.slice(0, 20).join("\n")}\n`);
    const options = ["--forward-passes", "512", "--batch-size", "2", "--threads", "1"];
    const out = (name: string) => join(folder, name);
    const whole = await fpx(learn(log, ...options, "--out", out("whole")));
    expect(whole.code).toBe(0);
    expect(whole.stderr).toContain('"total":30');
    const [, learned] = JSON.parse(whole.stdout).scores;
    expect(learned).toMatchObject({ policy: "sft", likelihood: { nll: expect.any(Number) } });

    const stopped = await fpx(learn(log, ...options, "--out", out("stopped")), /"stage":"sft","done":[1-9]/);
    expect(stopped.code).toBe(130);
    const resumed = await fpx(learn(log, ...options, "--out", out("stopped"), "--resume"));
    expect(resumed.code).toBe(0);
    const adapter = (name: string) =>
      readFile(join(out(name), "adapters", "sft", "adapter_model.safetensors"));
    expect(await adapter("stopped")).toEqual(await adapter("whole"));
  }, 180_000);

  it("refuses what has no meaning, with what to do", async () => {
    const log = join(root, "samples", "mail", "log.jsonl");
    const cases: [string[], RegExp][] = [
      [learn(log, "--epochs", "3"), /--epochs has no meaning with --optimizer zeroth-order: leave it out/],
      [learn(log, "--forward-passes", "3"), /--forward-passes.*4/],
      [learn(log, "--optimizer", "adamw", "--forward-passes", "9"), /--forward-passes has no meaning/],
      [learn(log, "--optimizer", "adamw", "--directions", "batch"), /--directions has no meaning/],
      [
        learn(log, "--methods", "sft,dpo", "--directions", "example"),
        /--directions example goes with --methods sft only/,
      ],
      [learn(log, "--optimizer", "sgd"), /adamw, zeroth-order/],
    ];
    for (const [args, message] of cases) {
      const ended = await fpx([...args, "--out", join(folder, "refused")]);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toMatch(message);
    }
  });
});
