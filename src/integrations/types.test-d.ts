/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import type { EditRecord } from "fpx/edits";
import {
  type DurableEditLog,
  editLogMiddleware,
  type FineTuningJob,
  fineTuningJob,
  type HOSTS,
  type HostName,
  type LanguageModelLike,
  langchainEditLog,
  lateEnsemble,
  openEditLog,
  recordOpenAi,
  submitJob,
  traceEdits,
} from "fpx/integrations";
import { expectTypeOf, test } from "vitest";

declare const log: DurableEditLog;

test("an edit log takes what was drafted and what became of it", async () => {
  expectTypeOf(await openEditLog("log.jsonl")).toEqualTypeOf<DurableEditLog>();
  expectTypeOf(log.generation({ context: "", draft: "" })).toEqualTypeOf<Promise<string>>();
  expectTypeOf(log.edit("id", { edited: "" })).toEqualTypeOf<Promise<EditRecord>>();
  expectTypeOf(log.onEdit(() => {})).toEqualTypeOf<() => void>();
  expectTypeOf(traceEdits(log)).toEqualTypeOf<Promise<boolean>>();
  // @ts-expect-error: a generation has its context.
  log.generation({ draft: "" });
  // @ts-expect-error: an edit has its text.
  log.edit("id", {});
});

test("what is wrapped keeps its type", () => {
  const client = {
    chat: { completions: { create: async (body: { readonly model: string }) => ({ id: body.model }) } },
    models: { list: () => ["m"] },
  };
  expectTypeOf(recordOpenAi(client, log)).toEqualTypeOf(client);
  interface Mine extends LanguageModelLike {
    readonly own: number;
  }
  const arms = {} as Readonly<Record<"base" | "sft", Mine>>;
  expectTypeOf(lateEnsemble(arms, log).own).toBeNumber();
  expectTypeOf(lateEnsemble(arms, log).ensemble.select().policy).toEqualTypeOf<Mine>();
  expectTypeOf(editLogMiddleware(log).specificationVersion).toEqualTypeOf<"v3">();
  expectTypeOf(langchainEditLog(log).wrapModelCall(1, String)).toEqualTypeOf<Promise<string>>();
  // @ts-expect-error: a client completes chats or responses.
  recordOpenAi({ chat: { completions: {} } }, log);
  // @ts-expect-error: the option is called onWarning.
  editLogMiddleware(log, { onError: () => {} });
});

test("jobs go to hosts by methods", () => {
  const options = { host: "openai", method: "dpo", model: "m" } as const;
  expectTypeOf(fineTuningJob([], options)).toEqualTypeOf<FineTuningJob>();
  expectTypeOf<HostName>().toEqualTypeOf<keyof typeof HOSTS>();
  // @ts-expect-error: there is no such host.
  fineTuningJob([], { ...options, host: "mine" });
  // @ts-expect-error: there is no such method.
  fineTuningJob([], { ...options, method: "ppo" });
  // @ts-expect-error: keys come from the environment, which is given.
  submitJob("folder", fineTuningJob([], options).plan, {});
});
