/**
 * Makes what `npm start` learns from, in samples/mail: a base model trained on generated e-mails, and the log of a
 * simulated user's edits of its drafts. Run: node --import jiti/register scripts/train-mail-model.ts
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../src/core/node/index.ts";
import { draftAll } from "../src/edits/learning/evaluate.ts";
import { type ContextDraft, fitReference } from "../src/edits/learning/reference.ts";
import { createMailWorld } from "../src/edits/worlds/mail.ts";
import { mailCorpus } from "../src/edits/worlds/mail-corpus.ts";
import { simulateLog } from "../src/edits/worlds/simulated-log.ts";
import { createPolicy } from "../src/lm/index.ts";
import { onnxRuntimeNode, writeModel } from "../src/lm/node/index.ts";

const OUT = join(import.meta.dirname, "..", "samples", "mail");
const STEPS = Number(process.argv[2] ?? 1200);
const BATCH = 48;
const CORPUS_SEED = 2026;
const WORLD_SEED = 11;
const EDITS = 400;

const corpus: ContextDraft[] = [];
for (const { context, mail } of mailCorpus({ seed: CORPUS_SEED, count: STEPS * BATCH }))
  corpus.push({ context, draft: mail });

const runtime = await onnxRuntimeNode({ threads: 2 });
const { signal } = new AbortController();
const began = performance.now();
const model = await fitReference(
  corpus,
  {
    seed: CORPUS_SEED,
    vocabSize: 1024,
    sizes: { hiddenSize: 128, layers: 4, heads: 4, keyValueHeads: 2 },
    maximumPositions: 256,
    steps: STEPS,
    batchSize: BATCH,
    learningRate: 3e-3,
  },
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
await mkdir(OUT, { recursive: true });
await writeModel(join(OUT, "model"), model);

const policy = await createPolicy(model, runtime);
const world = createMailWorld({ seed: WORLD_SEED });
const contexts = world.contexts("log", EDITS);
const drafts = await draftAll(policy, contexts, { maxNewTokens: 150, signal });
const records = simulateLog(world, contexts, drafts, { user: "strong", policy: "mail-base@1" });
await policy.close();
await writeFileAtomic(
  join(OUT, "log.jsonl"),
  `${records.map((record) => JSON.stringify(record)).join("\n")}\n`,
);
console.log(records.slice(0, 3));
