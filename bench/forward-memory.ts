/**
 * Memory of training by forward passes: what seed replay in place takes beyond inference on a model of 33 million
 * parameters, all of them trained, beside AdamW by backpropagation on the same batch.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { likelihoodObjective } from "../src/edits/learning/training-objectives.ts";
import { initLlama, llamaConfig, type TokenPair, trainingProgram } from "../src/lm/index.ts";
import { onnxRuntimeNode } from "../src/lm/node/index.ts";
import { createRng } from "../src/random/index.ts";
import { sharedKernels } from "../src/wasm/index.ts";
import { mezo } from "../src/zeroth-order/index.ts";
import type { BenchRow } from "./harness.ts";

export const name = "Memory of training by forward passes, 33M parameters";

const config = llamaConfig({ vocabSize: 8192, hiddenSize: 512, layers: 9, heads: 8 });
const [ROWS, LENGTH, PROMPT, STEPS] = [4, 64, 16, 4];

/** Bytes, beyond those that the same process took for inference. */
export interface ForwardMemory {
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Peak of array buffers and WebAssembly memory beyond inference. */
  readonly buffers: number;
  /** Peak of the process's resident memory beyond inference; NaN where there is no /proc. */
  readonly resident: number;
}

/** Measures in a process of its own. */
export function measureForwardMemory(trainer: "forward" | "backpropagation"): ForwardMemory {
  const self = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", "--import", "jiti/register", self, trainer],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the measurement of ${trainer} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as ForwardMemory;
}

export async function bench(): Promise<BenchRow[]> {
  const forward = measureForwardMemory("forward");
  const back = measureForwardMemory("backpropagation");
  const share = ({ resident, parameterBytes }: ForwardMemory) => resident / parameterBytes;
  const mebibytes = (bytes: number) => bytes / 2 ** 20;
  return [
    {
      name: "peak memory beyond inference, seed replay in place",
      ours: mebibytes(forward.resident),
      peer: mebibytes(back.resident),
      peerName: "AdamW by backpropagation, same model and batch",
      unit: "MiB",
      ratio: forward.resident / back.resident,
      note: `array buffers and WebAssembly ${mebibytes(forward.buffers).toFixed(1)} MiB; ${(forward.parameters / 1e6).toFixed(1)}M parameters`,
    },
    {
      name: "the same over the parameters' bytes",
      ours: share(forward),
      peer: share(back),
      peerName: "AdamW by backpropagation",
      unit: "of the parameters",
      target: "fpx < 0.1",
    },
  ];
}

const size = (tensors: Readonly<Record<string, { readonly data: { readonly length: number } }>>) =>
  Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);

/** Runs inference, notes the peak, trains, and prints what that took more. */
async function measure(trainer: string): Promise<void> {
  const weights = initLlama(config, createRng(1));
  const tokens = createRng(2)
    .stream("tokens")
    .integers(config.vocabSize, ROWS * LENGTH);
  const texts = Array.from({ length: ROWS }, (_, row): TokenPair => {
    const ids = Array.from(tokens.subarray(row * LENGTH, (row + 1) * LENGTH));
    return { prompt: ids.slice(0, PROMPT), response: ids.slice(PROMPT) };
  });
  const { loss, feeds } = likelihoodObjective(config, 0);
  const batch = feeds(texts);
  const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
  const session = await runtime.load({ outputs: { loss } });
  await session.share(weights);
  const forwardPass = async () => Number((await session.run(batch, { fetch: ["loss"] }))["loss"]!.data[0]);
  for (let i = 0; i < 3; i++) await forwardPass();
  const inference = await peakOf(async (look) => {
    for (let i = 0; i < 2 * STEPS; i++) look(await forwardPass());
  });

  const training = await peakOf(async (look) => {
    if (trainer === "forward") {
      const arrays = Object.values(weights).map(({ data }) => data as Float32Array);
      await mezo(arrays, async () => look(await forwardPass()), { stepSize: 1e-6, steps: STEPS });
      return;
    }
    await session.close();
    const step = trainingProgram(loss, Object.keys(weights));
    const trained = await runtime.load(step.program);
    await trained.write(step.initial(weights));
    for (let i = 1; i <= STEPS; i++) {
      const inputs = { ...batch, ...step.schedule(i, 1e-4) };
      look(Number((await trained.run(inputs, { fetch: ["loss"], carry: step.carry }))["loss"]!.data[0]));
    }
  });
  const parameters = size(weights);
  console.log(
    JSON.stringify({
      parameters,
      parameterBytes: 4 * parameters,
      buffers: training.buffers - inference.buffers,
      resident: training.resident - inference.resident,
    } satisfies ForwardMemory),
  );
}

/** Peaks of a piece of work that says when to look. */
async function peakOf(
  work: (look: (loss: number) => number) => Promise<void>,
): Promise<{ buffers: number; resident: number }> {
  globalThis.gc?.();
  let buffers = 0;
  resetPeak();
  await work((loss) => {
    const kernels = (sharedKernels()?.run.memory as WebAssembly.Memory | undefined)?.buffer.byteLength ?? 0;
    buffers = Math.max(buffers, process.memoryUsage().arrayBuffers + kernels);
    return loss;
  });
  return { buffers, resident: peakBytes() };
}

/** Lets Linux count this process's peak anew. */
function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere `peakBytes` is NaN.
  }
}

function peakBytes(): number {
  try {
    return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  } catch {
    return Number.NaN;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await measure(process.argv[2]!);
