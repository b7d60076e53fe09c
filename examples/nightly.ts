/**
 * A night's work on the log of an app: look whether there is enough to learn from, learn an adapter, and keep it only
 * when it foresees held-out edits better than the base model. Here the log is a sample, and the night is short.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { editStats, type LearnContext, learn, worldOfLog } from "fpx/edits";
import { readEditLogFile } from "fpx/edits/node";
import { onnxRuntimeNode, readModel, writeAdapter } from "fpx/lm/node";

const LOG = "samples/mail/log.jsonl";
const MODEL = "samples/mail/model";
const EDITS = 40;

const out = await mkdtemp(join(tmpdir(), "nightly-"));
const records = (await readEditLogFile(LOG)).records.slice(0, EDITS);
const { n, meanCost, methods } = editStats(records);
console.log(`${n} edits, mean cost ${meanCost.toFixed(2)}`);
const advised = methods.filter(({ advised }) => advised).map(({ method }) => method);
console.log(`advised: ${advised.join(", ")}`);

const context: LearnContext = {
  runtime: await onnxRuntimeNode({ threads: 2 }),
  signal: new AbortController().signal,
  observer: { start: () => undefined, update: () => undefined, note: (line) => console.log(line) },
  // A real night keeps its snapshots in files, so that it can go on after a restart; fpx learn does so.
  store: { load: async () => undefined, save: async () => undefined },
};
const model = await readModel(MODEL);
const learned = await learn(
  records,
  model,
  worldOfLog(records),
  { seed: 1, methods: ["sft"], epochs: 1, episodes: 2 },
  context,
);
for (const { policy, likelihood, episodes } of learned.scores)
  console.log(
    `${policy}: ${likelihood === undefined ? "" : `held-out nats a token ${likelihood.nll.toFixed(3)}, `}edit cost ${episodes!.cost.mean.toFixed(3)}`,
  );
const nll = (policy: string): number =>
  learned.scores.find((scores) => scores.policy === policy)!.likelihood!.nll;
if (nll("sft") < nll("base")) {
  await writeAdapter(join(out, "sft"), learned.adapters.sft!, model);
  console.log("kept: the adapter foresees the edits better than the base model");
} else console.log("thrown away: no better than the base model");
await rm(out, { recursive: true });
