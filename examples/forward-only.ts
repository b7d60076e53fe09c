/**
 * Fine-tune the shipped model towards what its users left of its drafts, by forward passes only, and then by
 * backpropagation: what both gain on held-out edits, and the memory that each takes beyond inference. One direction for
 * a batch, in place; `fpx learn` goes by example unless told otherwise, which learns more and takes more memory:
 * `fpx learn samples/mail/log.jsonl --model samples/mail/model --methods sft --optimizer zeroth-order`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEditLog } from "fpx/edits";
import * as lm from "fpx/lm";
import { onnxRuntimeNode, readModel } from "fpx/lm/node";
import { createRng } from "fpx/random";
import { mezo } from "fpx/zeroth-order";

const samples = join(import.meta.dirname, "..", "samples", "mail");
const model = await readModel(join(samples, "model"));
const { records } = parseEditLog(readFileSync(join(samples, "log.jsonl"), "utf8"));
const texts = records.slice(0, 48).map(({ context, edited }) => ({
  prompt: lm.encodePrompt(model.tokenizer, context),
  response: lm.encodeResponse(model.tokenizer, edited),
}));
const [held, train] = [texts.slice(0, 8), texts.slice(8)];

// One number for each matrix and side: the fewer numbers there are, the faster forward passes find them.
const shapes = lm.modelShapes(model.config);
const lora = lm.resolveLora({ rank: 1, alpha: 2, targets: ["o_proj", "down_proj"] }, shapes);
const inputs = lm.sequenceInputs(new lm.Graph());
const { sums, counts } = lm.sequenceLogProbs(model.config, inputs, { lora });
const loss = lm.mul(lm.div(lm.reduceSum(sums), lm.reduceSum(counts)), -1);
const feeds = (batch: readonly lm.TokenPair[]) => lm.packSequences(batch, { pad: model.tokenizer.pad });
const batchOf = (step: number) =>
  Array.from(lm.batchAt(createRng(1), train.length, 4, step), (i) => train[i]!);

const runtime = await onnxRuntimeNode({ threads: 1, thread: "caller" });
const peak = () => process.resourceUsage().maxRSS / 1024;
const mebibytes = (size: number) => `${size.toFixed(1)} MiB`;

// Forward passes only: the runtime reads the arrays that the directions are added to.
const adapter = lm.initAdapter(lora, shapes, createRng(1));
const session = await lm.loadProgram(runtime, { outputs: { loss } }, model.weights);
await session.share(adapter);
const lossOf = async (batch: readonly lm.TokenPair[]) =>
  Number((await session.run(feeds(batch), { fetch: ["loss"] }))["loss"]!.data[0]);
const before = await lossOf(held);
for (let step = 0; step < 10; step++) await lossOf(batchOf(step));
const inference = peak();
const { evaluations, log } = await mezo(
  Object.values(adapter).map(({ data }) => data as Float32Array),
  (step) => lossOf(batchOf(step)),
  { stepSize: 0.004, scaling: "rms", maxEvaluations: 80, seed: 2 },
);
const forward = peak();
console.log(
  `${evaluations} forward passes: loss ${before.toFixed(4)} to ${(await lossOf(held)).toFixed(4)}, ${mebibytes(forward - inference)} beyond inference; the run is a file of ${log.amounts.byteLength} bytes`,
);

// Backpropagation with AdamW: gradients, moments, and what the backward pass keeps of the forward pass.
const first = lm.initAdapter(lora, shapes, createRng(1));
const program = lm.trainingProgram(loss, Object.keys(first));
const trainer = await lm.loadProgram(runtime, program.program, model.weights);
await trainer.write(program.initial(first));
for (let step = 1; step <= 10; step++)
  await trainer.run(
    { ...feeds(batchOf(step)), ...program.schedule(step, 3e-3) },
    { fetch: [], carry: program.carry },
  );
const back = peak();
await session.share(await trainer.read(Object.keys(first)));
console.log(
  `10 steps of backpropagation: loss ${(await lossOf(held)).toFixed(4)}, ${mebibytes(back - inference)} beyond inference`,
);
await session.close();
await trainer.close();
