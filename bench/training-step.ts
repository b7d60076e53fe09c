/**
 * One full training step (forward, backward, AdamW) of a GPT-2-type model of 3.7 M parameters, 8 × 128 tokens, by
 * fpx on onnxruntime-node and by PyTorch eager, on the same weights and threads, in alternating rounds.
 * Times are CPU times of the process with one thread and wall times with two; wall times mean little on a busy
 * machine (PyTorch's threads spin and lose most), so the load is noted. PyTorch runs in the `python3` of the
 * environment, or in the one that FPX_PYTHON names.
 */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { adamwFeeds, adamwUpdate } from "../src/lm/adamw.ts";
import { crossEntropy, Graph, gradients } from "../src/lm/graph/index.ts";
import { type Gpt2Config, gpt2Shapes } from "../src/lm/models/gpt2.ts";
import { modelHead, modelTrunk } from "../src/lm/models/model.ts";
import { onnxRuntimeNode } from "../src/lm/node/onnx-runtime.ts";
import type { Session, TensorData, Tensors } from "../src/lm/runtimes/runtime.ts";
import { type BenchRow, median } from "./harness.ts";

export const name = "Training step, GPT-2 type, 3.7 M parameters, 8 x 128 tokens";

const config: Gpt2Config = {
  family: "gpt2",
  vocabSize: 2048,
  maximumPositions: 128,
  hiddenSize: 256,
  layers: 4,
  heads: 4,
};
const BATCH = 8;
const RATE = 1e-3;
const ROUNDS = 7;
const STEPS = 5;

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const load = loadavg()[0]!.toFixed(1);
  for (const threads of [1, 2]) {
    const ours = await openOurs(threads);
    const torch = await openTorch();
    const rounds: { ours: number; peer: number | undefined; losses: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const mine = await ours.steps(STEPS);
      const theirs = await torch?.steps(threads, STEPS);
      // The first round warms up; all rounds must agree on the losses.
      const losses =
        theirs === undefined
          ? 0
          : Math.max(...mine.losses.map((loss, i) => Math.abs(loss - theirs.losses[i]!) / loss));
      if (round > 0)
        rounds.push({ ours: median(mine.milliseconds), peer: theirs && median(theirs.milliseconds), losses });
    }
    await ours.close();
    torch?.close();
    const ratios = rounds.flatMap(({ ours, peer }) => (peer === undefined ? [] : [ours / peer]));
    const difference = Math.max(...rounds.map(({ losses }) => losses));
    rows.push({
      name: threads === 1 ? "step, 1 thread, CPU time" : `step, ${threads} threads, wall time`,
      ours: median(rounds.map((round) => round.ours)),
      unit: "ms",
      peerName:
        torch === undefined
          ? "PyTorch (no python3 with torch: set FPX_PYTHON)"
          : `PyTorch ${torch.version} eager`,
      target: "<= 0.75",
      ...(torch === undefined
        ? {}
        : {
            peer: median(rounds.map((round) => round.peer!)),
            ratio: median(ratios),
            spread: `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
            note: `losses differ by at most ${difference.toExponential(1)} relative; load before the start ${load}`,
          }),
    });
  }
  return rows;
}

interface Timed {
  readonly losses: readonly number[];
  readonly milliseconds: readonly number[];
}

async function openOurs(
  threads: number,
): Promise<{ steps(count: number): Promise<Timed>; close(): Promise<void> }> {
  const graph = new Graph();
  const shape = ["batch", "sequence"];
  const { hidden } = modelTrunk(config, { tokens: graph.input("tokens", "int32", shape) });
  const logits = modelHead(config, hidden);
  const loss = crossEntropy(
    logits,
    graph.input("targets", "int32", shape),
    graph.input("weights", "float", shape),
  );
  const update = adamwUpdate(graph.parameters, gradients(loss, graph.parameters));
  const runtime = await onnxRuntimeNode({ threads });
  const session: Session = await runtime.load({ outputs: { loss, ...update.outputs } });
  await session.write({ ...weights(), ...update.state });

  const { maximumPositions: length, vocabSize } = config;
  const all = mixed(BATCH * (length + 1), 1000).map((h) => h % vocabSize);
  const rows = (from: number): Int32Array =>
    Int32Array.from(
      { length: BATCH * length },
      (_, i) => all[Math.floor(i / length) * (length + 1) + (i % length) + from]!,
    );
  const dims = [BATCH, length];
  const batch: Tensors = {
    tokens: { type: "int32", dims, data: rows(0) },
    targets: { type: "int32", dims, data: rows(1) },
    weights: { type: "float", dims, data: new Float32Array(BATCH * length).fill(1) },
  };
  let step = 0;
  const milliseconds = (): number => {
    const { user, system } = process.cpuUsage();
    return threads === 1 ? (user + system) / 1000 : performance.now();
  };
  return {
    async steps(count) {
      const losses: number[] = [];
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = milliseconds();
        step++;
        const result = await session.run(
          { ...batch, ...adamwFeeds(step, RATE) },
          { fetch: ["loss"], carry: update.carry },
        );
        losses.push(Number(result["loss"]!.data[0]));
        times.push(milliseconds() - start);
      }
      return { losses, milliseconds: times };
    },
    close: () => session.close(),
  };
}

function weights(): Tensors {
  const tensors: Record<string, TensorData> = {};
  for (const [seed, [name, dims]] of [...gpt2Shapes(config)].entries()) {
    const count = dims.reduce((a, b) => a * b, 1);
    const data = new Float32Array(count);
    if (name.endsWith(".weight")) {
      if (dims.length === 1) data.fill(1);
      else mixed(count, seed).forEach((h, i) => void (data[i] = ((h / 2 ** 32) * 2 - 1) * 0.035));
    }
    tensors[name] = { type: "float", dims, data };
  }
  return tensors;
}

/** 32-bit hashes of 0, 1, ...: the same numbers on both sides without a file. */
function mixed(count: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca77);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae3d);
    return (h ^ (h >>> 16)) >>> 0;
  });
}

interface Torch {
  readonly version: string;
  steps(threads: number, count: number): Promise<Timed>;
  close(): void;
}

async function openTorch(): Promise<Torch | undefined> {
  const python = process.env["FPX_PYTHON"] ?? "python3";
  if (spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status !== 0) return undefined;
  const script = fileURLToPath(new URL("./training_step.py", import.meta.url));
  const settings = { ...config, batch: BATCH, rate: RATE, shapes: [...gpt2Shapes(config)] };
  const child: ChildProcessWithoutNullStreams = spawn(python, [script, JSON.stringify(settings)]);
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
  const { version } = (await next()) as { version: string };
  return {
    version,
    async steps(threads, count) {
      child.stdin.write(`${threads} ${count}\n`);
      return (await next()) as Timed;
    },
    close: () => child.stdin.end(),
  };
}
