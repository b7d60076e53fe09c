/**
 * A night's work on the log of an app: look whether there is enough to learn from, learn an adapter, and keep it only
 * when it foresees held-out edits better than the base model. Here the log is filled from a sample, and the night is short.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { editStats, type LearnContext, learn, worldOfLog } from "fpx/edits";
import { readEditLogFile, recordDerived } from "fpx/edits/node";
import { openEditLog } from "fpx/integrations";
import { onnxRuntimeNode, readModel, writeAdapter } from "fpx/lm/node";

const SAMPLE = "samples/mail/log.jsonl";
const MODEL = "samples/mail/model";
const EDITS = 40;

const out = await mkdtemp(join(tmpdir(), "nightly-"));
const log = join(out, "edits.jsonl");
const day = await openEditLog(log);
for (const record of (await readEditLogFile(SAMPLE)).records.slice(0, EDITS))
  await day.edited(await day.generation(record), record.edited);
await day.close();

const { records } = await readEditLogFile(log);
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
  // First, so that forgetUser of the log finds the adapter and marks it as stale.
  await recordDerived(log, [{ kind: "policy", path: join(out, "sft") }]);
  await writeAdapter(join(out, "sft"), learned.adapters.sft!, model);
  console.log("kept: the adapter foresees the edits better than the base model");
} else console.log("thrown away: no better than the base model");
await rm(out, { recursive: true });
