/**
 * LoRA steps (forward, backward, AdamW) of imitation and of preference on a model of GPT-2's shape, 124 M parameters,
 * 4 × 128 tokens: fpx on onnxruntime-node against transformers, PEFT and PyTorch, on the same weights, batch and threads,
 * in alternating rounds. Each side is a process of its own, so that its peak of resident memory is its own too; the
 * reference's log-probabilities are given on both sides. fpx is measured a second time with its graph split, each layer
 * calculated anew in the backward pass. Times as in training-step.ts; PyTorch runs in the `python3` of
 * the environment, or in the one that FPX_PYTHON names, and needs peft and transformers.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Example } from "../src/edits/learning/examples.ts";
import { likelihoodObjective, preferenceObjective } from "../src/edits/learning/training-objectives.ts";
import { type LoraConfig, loraShapes, resolveLora } from "../src/lm/lora.ts";
import { type Gpt2Config, gpt2Shapes } from "../src/lm/models/gpt2.ts";
import { onnxRuntimeNode } from "../src/lm/node/onnx-runtime.ts";
import type { TensorData, Tensors } from "../src/lm/runtimes/runtime.ts";
import type { TokenPair } from "../src/lm/sequence-log-probs.ts";
import { loadProgram } from "../src/lm/training/load-program.ts";
import { trainingProgram } from "../src/lm/training/program.ts";
import { type BenchRow, median } from "./harness.ts";

export const name = "LoRA steps, GPT-2 type, 124 M parameters, 4 x 128 tokens, 96 of them the response's";

const config: Gpt2Config = {
  family: "gpt2",
  vocabSize: 50257,
  maximumPositions: 1024,
  hiddenSize: 768,
  layers: 12,
  heads: 12,
};
const lora: LoraConfig = { rank: 8, alpha: 16, targets: ["c_attn", "c_proj", "c_fc"] };
const methods = ["sft", "dpo"] as const;
type Method = (typeof methods)[number];

const [ROWS, LENGTH, PROMPT] = [4, 128, 32];
const RATE = 1e-3;
const DPO_BETA = 0.1;
const ROUNDS = 5;
const STEPS = 2;

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const python = process.env["FPX_PYTHON"] ?? "python3";
  const hasPeer = spawnSync(python, ["-c", "import torch, peft, transformers"]).status === 0;
  for (const method of methods) for (const threads of [1, 2]) rows.push(...(await measure(method, threads)));
  return rows;

  async function measure(method: Method, threads: number): Promise<BenchRow[]> {
    const load = loadavg()[0]!.toFixed(1);
    const here = fileURLToPath(import.meta.url);
    const open = (split: boolean) =>
      openSide(process.execPath, [
        "--import",
        "jiti/register",
        here,
        JSON.stringify({ method, threads, split } satisfies Settings),
      ]);
    const ours = await open(false);
    const split = await open(true);
    const torch = hasPeer
      ? await openSide(python, [
          here.replace("training-lora.ts", "training_lora.py"),
          JSON.stringify({ ...peerSettings(), method, threads }),
        ])
      : undefined;
    const sides = { ours, split, ...(torch === undefined ? {} : { torch }) };
    const rounds: Record<string, Answer>[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const answers: Record<string, Answer> = {};
      for (const [side, { steps }] of Object.entries(sides)) answers[side] = await steps(STEPS);
      rounds.push(answers);
    }
    for (const side of Object.values(sides)) side.close();
    const timed = rounds.slice(1);
    const last = rounds.at(-1)!;
    const times = (side: string) => timed.map((round) => median(round[side]!.milliseconds));
    const on = threads === 1 ? "1 thread" : `${threads} threads`;
    const clock = threads === 1 ? "CPU time" : "wall time";
    return (["ours", "split"] as const).flatMap((side) => {
      const title = `${method}, ${on}${side === "split" ? ", graph split" : ""}`;
      const mine = { ours: median(times(side)), unit: "ms" } as const;
      const memory = { ours: last[side]!.peakMiB, unit: "MiB", target: side === "split" ? "<= 0.8" : "<= 1" };
      if (torch === undefined) {
        const peerName = "PyTorch with PEFT (no python3 with torch and peft: set FPX_PYTHON)";
        return [
          { name: `${title}, ${clock}`, ...mine, peerName },
          { name: `${title}, peak memory`, ...memory, peerName },
        ];
      }
      const peerName = `PyTorch ${torch.version} with PEFT`;
      const ratios = times(side).map((time, i) => time / times("torch")[i]!);
      const difference = Math.max(
        ...rounds.flatMap((round) =>
          round[side]!.losses.map((loss, i) => Math.abs(loss - round["torch"]!.losses[i]!) / loss),
        ),
      );
      return [
        {
          name: `${title}, ${clock}`,
          ...mine,
          peer: median(times("torch")),
          peerName,
          ratio: median(ratios),
          spread: `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
          ...(side === "ours" ? { target: "<= 0.7" } : {}),
          note: `losses differ by at most ${difference.toExponential(1)} relative; load before the start ${load}`,
        },
        {
          name: `${title}, peak memory`,
          ...memory,
          peer: last["torch"]!.peakMiB,
          peerName,
          ratio: last[side]!.peakMiB / last["torch"]!.peakMiB,
        },
      ];
    });
  }
}

/** What a side answers to a number of steps. */
interface Answer {
  readonly losses: readonly number[];
  readonly milliseconds: readonly number[];
  /** Peak of the process's resident memory so far. */
  readonly peakMiB: number;
}

interface Side {
  readonly version: string;
  steps(count: number): Promise<Answer>;
  close(): void;
}

/** A process that says its version, and then answers numbers of steps, line by line. */
async function openSide(command: string, args: readonly string[]): Promise<Side> {
  const child: ChildProcessWithoutNullStreams = spawn(command, args);
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended before it answered`);
    return JSON.parse(value as string);
  };
  const { version } = (await next()) as { version: string };
  return {
    version,
    async steps(count) {
      child.stdin.write(`${count}\n`);
      return (await next()) as Answer;
    },
    close: () => child.stdin.end(),
  };
}

interface Settings {
  readonly method: Method;
  readonly threads: number;
  /** Whether layers are calculated anew in the backward pass. */
  readonly split: boolean;
}

function peerSettings(): object {
  const adapter = [...loraShapes(resolveLora(lora, gpt2Shapes(config)), gpt2Shapes(config))];
  return {
    ...config,
    lora,
    shapes: [...gpt2Shapes(config)],
    adapter,
    rows: ROWS,
    length: LENGTH,
    prompt: PROMPT,
    rate: RATE,
    beta: DPO_BETA,
    references: references(),
  };
}

/** Reference log-probabilities [rows] near those of random weights. */
function references(): number[] {
  return Array.from({ length: ROWS }, (_, i) => -(LENGTH - PROMPT) * Math.log(config.vocabSize) - i);
}

/** The side of fpx: obeys lines on stdin. */
async function serve({ method, threads, split }: Settings): Promise<void> {
  const shapes = gpt2Shapes(config);
  const resolved = resolveLora(lora, shapes);
  const tokens = mixed(ROWS * LENGTH, 1000).map((h) => h % config.vocabSize);
  const texts = Array.from({ length: ROWS }, (_, row): TokenPair => {
    const ids = Array.from(tokens.subarray(row * LENGTH, (row + 1) * LENGTH));
    return { prompt: ids.slice(0, PROMPT), response: ids.slice(PROMPT) };
  });
  const { loss, states, feeds } = objective(method, texts);
  const adapter = adapterWeights(loraShapes(resolved, shapes));
  const step = trainingProgram(loss, Object.keys(adapter), split ? { checkpoints: states } : {});
  const runtime = await onnxRuntimeNode({ threads });
  const session = await loadProgram(runtime, step.program, baseWeights());
  await session.write(step.initial(adapter));

  const clock = (): number => {
    const { user, system } = process.cpuUsage();
    return threads === 1 ? (user + system) / 1000 : performance.now();
  };
  console.log(JSON.stringify({ version: runtime.name }));
  let done = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const losses: number[] = [];
    const milliseconds: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const start = clock();
      const inputs = { ...feeds, ...step.schedule(++done, RATE) };
      const result = await session.run(inputs, { fetch: ["loss"], carry: step.carry });
      losses.push(Number(result["loss"]!.data[0]));
      milliseconds.push(clock() - start);
    }
    console.log(JSON.stringify({ losses, milliseconds, peakMiB: peakMiB() } satisfies Answer));
  }
  await session.close();
}

function objective(method: Method, texts: readonly TokenPair[]) {
  const resolved = resolveLora(lora, gpt2Shapes(config));
  if (method === "sft") {
    const { loss, states, feeds } = likelihoodObjective(config, 0, resolved);
    return { loss, states, feeds: feeds(texts) };
  }
  const { loss, states, feeds } = preferenceObjective(config, 0, "dpo", { dpoBeta: DPO_BETA }, resolved);
  const known = references();
  const half = ROWS / 2;
  const record: Example["record"] = { context: "", draft: "a", edited: "b" };
  const pairs = Array.from({ length: half }, (_, i) => ({
    record,
    changed: true,
    edited: texts[i]!,
    draft: texts[half + i]!,
    reference: { edited: known[i]!, draft: known[half + i]! },
  }));
  return { loss, states, feeds: feeds(pairs) };
}

function baseWeights(): Tensors {
  const tensors: Record<string, TensorData> = {};
  for (const [seed, [name, dims]] of [...gpt2Shapes(config)].entries()) {
    const count = dims.reduce((a, b) => a * b, 1);
    const data = new Float32Array(count);
    if (name.endsWith(".weight")) {
      if (dims.length === 1) data.fill(1);
      else fillMixed(data, seed, 0.035);
    }
    tensors[name] = { type: "float", dims, data };
  }
  return tensors;
}

/** A as PEFT begins, B zero. */
function adapterWeights(shapes: ReadonlyMap<string, readonly number[]>): Tensors {
  const tensors: Record<string, TensorData> = {};
  for (const [i, [name, dims]] of [...shapes].entries()) {
    const data = new Float32Array(dims[0]! * dims[1]!);
    if (name.includes("lora_A")) fillMixed(data, 5000 + i, 1 / Math.sqrt(dims[1]!));
    tensors[name] = { type: "float", dims, data };
  }
  return tensors;
}

function fillMixed(data: Float32Array, seed: number, bound: number): void {
  for (let i = 0; i < data.length; i++) data[i] = ((hash(i, seed) / 2 ** 32) * 2 - 1) * bound;
}

/** 32-bit hashes of 0, 1, ...: the same numbers on both sides without a file. */
function mixed(count: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => hash(i, seed));
}

function hash(i: number, seed: number): number {
  let h = (Math.imul(i, 0x9e3779b1) + seed) | 0;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca77);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae3d);
  return (h ^ (h >>> 16)) >>> 0;
}

/** VmHWM of this process; NaN where there is no /proc. */
function peakMiB(): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(JSON.parse(process.argv[2]!) as Settings);
