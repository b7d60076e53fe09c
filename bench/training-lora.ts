/**
 * LoRA steps (forward, backward, AdamW) of imitation and of preference on a model of GPT-2's shape, 124 M parameters,
 * 4 × 128 tokens: fpx on onnxruntime-node against transformers, PEFT and PyTorch, on the same weights, batch and threads,
 * in alternating rounds. Each side is a process of its own, so that its peak of resident memory is its own too; the
 * reference's log-probabilities are given on both sides. Times as in training-step.ts; PyTorch runs in the `python3` of
 * the environment, or in the one that FPX_PYTHON names, and needs peft and transformers.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Example } from "../src/edits/learning/examples.ts";
import { likelihoodObjective, preferenceObjective } from "../src/edits/learning/methods.ts";
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
    const settings = JSON.stringify({ ...peerSettings(), method, threads });
    const here = fileURLToPath(import.meta.url);
    const ours = await openSide(process.execPath, ["--import", "jiti/register", here, settings]);
    const torch = hasPeer
      ? await openSide(python, [here.replace("training-lora.ts", "training_lora.py"), settings])
      : undefined;
    const rounds: { ours: Answer; peer: Answer | undefined }[] = [];
    for (let round = 0; round <= ROUNDS; round++)
      rounds.push({ ours: await ours.steps(STEPS), peer: await torch?.steps(STEPS) });
    ours.close();
    torch?.close();
    const timed = rounds.slice(1);
    const times = (side: "ours" | "peer") => timed.map((round) => median(round[side]!.milliseconds));
    const title = `${method}, ${threads === 1 ? "1 thread, CPU time" : `${threads} threads, wall time`}`;
    const memory = `${method}, ${threads === 1 ? "1 thread" : `${threads} threads`}, peak memory`;
    const last = rounds.at(-1)!;
    if (torch === undefined) {
      const peerName = "PyTorch with PEFT (no python3 with torch and peft: set FPX_PYTHON)";
      return [
        { name: title, ours: median(times("ours")), unit: "ms", peerName, target: "<= 0.7" },
        { name: memory, ours: last.ours.peakMiB, unit: "MiB", peerName, target: "<= 1" },
      ];
    }
    const peerName = `PyTorch ${torch.version} with PEFT`;
    const ratios = times("ours").map((time, i) => time / times("peer")[i]!);
    const difference = Math.max(
      ...rounds.flatMap(({ ours, peer }) =>
        ours.losses.map((loss, i) => Math.abs(loss - peer!.losses[i]!) / loss),
      ),
    );
    return [
      {
        name: title,
        ours: median(times("ours")),
        peer: median(times("peer")),
        unit: "ms",
        peerName,
        ratio: median(ratios),
        spread: `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
        target: "<= 0.7",
        note: `losses differ by at most ${difference.toExponential(1)} relative; load before the start ${load}`,
      },
      {
        name: memory,
        ours: last.ours.peakMiB,
        peer: last.peer!.peakMiB,
        unit: "MiB",
        peerName,
        ratio: last.ours.peakMiB / last.peer!.peakMiB,
        target: "<= 1",
      },
    ];
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
async function serve({ method, threads }: Settings): Promise<void> {
  const shapes = gpt2Shapes(config);
  const resolved = resolveLora(lora, shapes);
  const tokens = mixed(ROWS * LENGTH, 1000).map((h) => h % config.vocabSize);
  const texts = Array.from({ length: ROWS }, (_, row): TokenPair => {
    const ids = Array.from(tokens.subarray(row * LENGTH, (row + 1) * LENGTH));
    return { prompt: ids.slice(0, PROMPT), response: ids.slice(PROMPT) };
  });
  const { loss, feeds } = objective(method, texts);
  const adapter = adapterWeights(loraShapes(resolved, shapes));
  const step = trainingProgram(loss, Object.keys(adapter));
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
    const { loss, feeds } = likelihoodObjective(config, 0, resolved);
    return { loss, feeds: feeds(texts) };
  }
  const { loss, feeds } = preferenceObjective(config, 0, "dpo", { dpoBeta: DPO_BETA }, resolved);
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
  return { loss, feeds: feeds(pairs) };
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
