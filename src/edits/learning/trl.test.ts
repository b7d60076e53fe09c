import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Graph, interpret, reshape, slice, type Tensor, type Value } from "../../lm/graph/index.ts";
import { checkAdapter, type Lora } from "../../lm/lora.ts";
import { modelShapes } from "../../lm/models/model.ts";
import { readAdapter, readModel } from "../../lm/node/model-files.ts";
import {
  packSequences,
  sequenceInputs,
  sequenceLogProbs,
  type TokenPair,
} from "../../lm/sequence-log-probs.ts";
import { dpoLoss, earlyLoss, sftLoss } from "../objectives.ts";

const folder = join(import.meta.dirname, "../../../test/fixtures/llama");

/** What scripts/make_trl_fixture.py wrote. */
interface Fixture {
  readonly dpoBeta: number;
  readonly sftWeight: number;
  readonly chosen: readonly TokenPair[];
  readonly rejected: readonly TokenPair[];
  readonly loss: number;
}

it('equals TRL\'s DPO loss with loss_type=["sigmoid", "sft"] on the same batch', async () => {
  const fixture = JSON.parse(readFileSync(join(folder, "trl-dpo.json"), "utf8")) as Fixture;
  const { chosen, rejected, dpoBeta, sftWeight, loss: wanted } = fixture;
  const model = await readModel(join(folder, "untied"));
  const adapter = await readAdapter(join(folder, "adapter"), model);
  const lora = checkAdapter(adapter, modelShapes(model.config));

  const graph = new Graph();
  const pairs = chosen.length;
  const inputs = sequenceInputs(graph, 2 * pairs);
  const sides = (options: { lora?: Lora }) => {
    const { sums, counts } = sequenceLogProbs(model.config, inputs, options);
    const half = (tensor: Tensor, side: number) =>
      reshape(slice(reshape(tensor, [2, pairs]), 0, side, side + 1), [pairs]);
    return { chosen: half(sums, 0), rejected: half(sums, 1), counts: half(counts, 0) };
  };
  const [policy, reference] = [sides({ lora }), sides({})];
  const dpo = dpoLoss(
    { ...policy, referenceChosen: reference.chosen, referenceRejected: reference.rejected },
    { dpoBeta },
  );
  const sft = sftLoss({ sums: policy.chosen, counts: policy.counts });
  const loss = earlyLoss(dpo, sft, { sftWeight });

  const values = Object.entries({
    ...model.weights,
    ...adapter.weights,
    ...packSequences([...chosen, ...rejected], { pad: model.tokenizer.pad }),
  }).map(([name, { dims, data, type }]): [string, Value] => [
    name,
    { dims, data: type === "int32" ? data : Float64Array.from(data, Number) },
  ]);
  const found = interpret({ loss, dpo, sft }, Object.fromEntries(values));
  expect(Math.abs(found.loss.data[0]! - wanted)).toBeLessThan(1e-5);
  // The parts are far from one another, so that neither a lost term nor a lost weight could pass.
  expect(Math.abs(found.dpo.data[0]! - Math.LN2)).toBeGreaterThan(0.01);
  expect(found.sft.data[0]).toBeGreaterThan(1);
});
