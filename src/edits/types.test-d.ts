/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import {
  type Advice,
  checkExport,
  createMailWorld,
  createUcb,
  type EditFormat,
  type EditFormatName,
  type EditLog,
  type EditRecord,
  type EditStats,
  type ExportReport,
  editCost,
  editFormat,
  editStats,
  exportLines,
  fitCopyBaseline,
  fitReference,
  importFormat,
  LateEnsemble,
  type LearnContext,
  type Learned,
  learn,
  maxSubOpt,
  methods,
  optimizers,
  parseEditLog,
  type Selection,
  type SubOptimality,
  type TokenTraffic,
} from "fpx/edits";
import { writeExportFile } from "fpx/edits/node";
import type { LanguageModel } from "fpx/lm";
import { expectTypeOf, test } from "vitest";

const record: EditRecord = { context: "Ask Ann.", draft: "Dear Ann", edited: "Hi Ann" };
declare const base: LanguageModel;
declare const context: LearnContext;

test("a log is of records, what is wrong has a code", () => {
  expectTypeOf(parseEditLog("{}")).toEqualTypeOf<EditLog>();
  expectTypeOf(parseEditLog("{}").rejects[0]!.code).not.toEqualTypeOf<string>();
  expectTypeOf(editCost("a b", "a c", { normalize: "edited" })).toBeNumber();
  // @ts-expect-error: a record has an edited text.
  fitCopyBaseline([{ context: "", draft: "" }]);
  // @ts-expect-error: a context is a text or messages.
  const odd: EditRecord = { ...record, context: { role: "user", content: "" } };
  // @ts-expect-error: there is no such normalisation.
  editCost("a", "b", { normalize: "length" });
  // @ts-expect-error: records are read only.
  record.draft = odd.draft;
});

test("advice brings the evidence of its code", () => {
  const stats = editStats([record]);
  expectTypeOf(stats).toEqualTypeOf<EditStats>();
  for (const advice of stats.advice) {
    if (advice.code === "lateral-edits")
      expectTypeOf(advice.evidence.tokens).toEqualTypeOf<readonly TokenTraffic[]>();
    if (advice.code === "lazy-users") expectTypeOf(advice.evidence.users[0]!.editedRate).toBeNumber();
    // @ts-expect-error: other advice has other evidence.
    if (advice.code === "duplicates") advice.evidence.tokens;
  }
  expectTypeOf<Extract<Advice, { code: "good" }>>().toBeNever();
});

test("formats go by name", () => {
  expectTypeOf(editFormat("openai-dpo")).toEqualTypeOf<EditFormat>();
  expectTypeOf(editFormat(JSON.parse('"fpx"') as string).name).toEqualTypeOf<EditFormatName>();
  expectTypeOf(checkExport([record], "together-sft")).toEqualTypeOf<ExportReport>();
  expectTypeOf(exportLines([record], "trl-preference")).toEqualTypeOf<Generator<string, ExportReport>>();
  expectTypeOf(importFormat("fpx", "").records[0]!.draft).toEqualTypeOf<string | undefined>();
  expectTypeOf(writeExportFile("out.jsonl", [record], "langfuse")).toEqualTypeOf<Promise<ExportReport>>();
  // @ts-expect-error: a slip of the pen.
  exportLines([record], "openai-dop");
  // @ts-expect-error: Bedrock has no preference format.
  checkExport([record], "bedrock-dpo");
  // @ts-expect-error: fields to redact are named.
  checkExport([record], "fpx", { redact: (text, field) => (field === "name" ? "" : text) });
});

test("learning gives an adapter a method", async () => {
  const learned = await learn([record], base, createMailWorld({ seed: 1 }), { seed: 1 }, context);
  expectTypeOf(learned).toEqualTypeOf<Learned>();
  expectTypeOf(learned.recommended).toEqualTypeOf<"sft" | "dpo" | "early">();
  expectTypeOf(methods).toEqualTypeOf<readonly ["sft", "dpo", "early"]>();
  expectTypeOf(optimizers).toEqualTypeOf<readonly ["adamw", "zeroth-order"]>();
  // @ts-expect-error: there is no such method.
  learn([record], base, undefined, { seed: 1, methods: ["ppo"] }, context);
  // @ts-expect-error: the seed is needed.
  learn([record], base, undefined, {}, context);
  // @ts-expect-error: it is the preference loss's beta that is called dpoBeta.
  learn([record], base, undefined, { seed: 1, klBeta: 0.1 }, context);
  // @ts-expect-error: sizes of the model are needed.
  fitReference([record], { seed: 1, vocabSize: 9, steps: 1, batchSize: 1, learningRate: 1 }, context);
});

test("an ensemble gives back the policy it was given", () => {
  const ensemble = new LateEnsemble({ base: "a", sft: "b" });
  expectTypeOf(ensemble.select()).toEqualTypeOf<Selection<string>>();
  expectTypeOf(maxSubOpt({ base: [[1]], sft: [[2]] })).toEqualTypeOf<Record<"base" | "sft", SubOptimality>>();
  const ucb = createUcb(2);
  ucb.update(ucb.choose().ticket, 0.5);
  // @ts-expect-error: a bandit hears of one arm.
  ucb.update(0, [0.5, 1]);
  // @ts-expect-error: a ticket is a text here.
  ensemble.record(3, 0.5);
});
