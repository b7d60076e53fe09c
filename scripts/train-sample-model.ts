/**
 * Makes the sample models: a base model trained on generated texts of a task, and, for mails, the log of a simulated
 * user's edits of its drafts, from which `npm start` learns.
 * Run: node --import jiti/register scripts/train-sample-model.ts mail|summary [steps]
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../src/core/node/index.ts";
import { draftAll } from "../src/edits/learning/evaluate.ts";
import { type ContextDraft, fitReference, type ReferenceOptions } from "../src/edits/learning/reference.ts";
import { taskCorpus } from "../src/edits/worlds/corpus.ts";
import { mailTask } from "../src/edits/worlds/mail.ts";
import { simulateLog } from "../src/edits/worlds/simulated-log.ts";
import { summaryTask } from "../src/edits/worlds/summary.ts";
import type { WritingTask } from "../src/edits/worlds/task.ts";
import { createTaskWorld } from "../src/edits/worlds/task-world.ts";
import { loadPolicy, onnxRuntimeNode, writeModel } from "../src/lm/node/index.ts";

interface Sample {
  readonly task: WritingTask;
  readonly folder: string;
  readonly reference: Omit<ReferenceOptions, "seed">;
  /** The log to make: the world's seed, and how many edits. */
  readonly log?: { readonly seed: number; readonly edits: number; readonly policy: string };
}

const SAMPLES: Readonly<Record<string, Sample>> = {
  mail: {
    task: mailTask,
    folder: "mail",
    reference: {
      vocabSize: 1024,
      sizes: { hiddenSize: 128, layers: 4, heads: 4, keyValueHeads: 2 },
      maximumPositions: 256,
      steps: 1200,
      batchSize: 48,
      learningRate: 3e-3,
    },
    log: { seed: 11, edits: 400, policy: "mail-base@1" },
  },
  summary: {
    task: summaryTask,
    folder: "summaries",
    reference: {
      vocabSize: 512,
      sizes: { hiddenSize: 96, layers: 3, heads: 4, keyValueHeads: 2 },
      maximumPositions: 192,
      steps: 1500,
      batchSize: 32,
      learningRate: 3e-3,
    },
  },
};
const CORPUS_SEED = 2026;

const sample = SAMPLES[process.argv[2] ?? ""];
if (sample === undefined) throw new Error(`name a sample: ${Object.keys(SAMPLES).join(", ")}`);
const { task, reference, log } = sample;
const steps = Number(process.argv[3] ?? reference.steps);
const out = join(import.meta.dirname, "..", "samples", sample.folder);

const corpus: ContextDraft[] = [];
for (const { context, text } of taskCorpus(task, { seed: CORPUS_SEED, count: steps * reference.batchSize }))
  corpus.push({ context, draft: text });

const runtime = await onnxRuntimeNode({ threads: 2 });
const { signal } = new AbortController();
const began = performance.now();
const model = await fitReference(
  corpus,
  { ...reference, steps, seed: CORPUS_SEED },
  {
    runtime,
    signal,
    store: { load: async () => undefined, save: async () => undefined },
    observer: {
      start: (label, { total }) => console.log(label, total),
      update(step, metrics) {
        if (step % 50 === 0)
          console.log(
            step,
            metrics?.["loss"]?.toFixed(4),
            `${((performance.now() - began) / 1000).toFixed(0)} s`,
          );
      },
      note: console.log,
    },
  },
);
await mkdir(out, { recursive: true });
// Half precision: the package stays small. The drafts are those of the model that is shipped.
await writeModel(join(out, "model"), model, { dtype: "F16" });

const policy = await loadPolicy(join(out, "model"), { runtime });
const world = createTaskWorld(task, { seed: log?.seed ?? 1 });
const contexts = world.contexts("log", log?.edits ?? 20);
const drafts = await draftAll(policy, contexts, { maxNewTokens: 150, signal });
await policy.close();
const records = simulateLog(world, contexts, drafts, { user: "strong", policy: log?.policy ?? "base" });
if (log !== undefined)
  await writeFileAtomic(
    join(out, "log.jsonl"),
    `${records.map((record) => JSON.stringify(record)).join("\n")}\n`,
  );
console.log(records.slice(0, 3));
