/** The AI SDK against a real OpenAI-compatible server on loopback. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText, wrapLanguageModel } from "ai";
import { describe, expect, it } from "vitest";
import { patient, useAppLog } from "../../test/support/app-log.ts";
import { editLogMiddleware } from "./ai-sdk.ts";
import { lateEnsemble } from "./late-ensemble.ts";
import { generationId } from "./recorder.ts";

const app = useAppLog((model, message) =>
  model === "broken" ? { status: 400 } : `${model} says: ${message} and so on.`,
);

const provider = () => createOpenAICompatible({ name: "local", baseURL: app.server.url });

describe("editLogMiddleware", () => {
  it("records what generateText wrote, under an id that reaches the caller", async () => {
    const model = wrapLanguageModel({
      model: provider()("writer"),
      middleware: editLogMiddleware(app.log, patient),
    });
    const result = await generateText({
      model,
      system: "Be kind.",
      prompt: "Ask Ann.",
      providerOptions: { fpx: { user: "u1" } },
    });
    const id = generationId(result)!;
    expect(result.text).toBe("writer says: Ask Ann. and so on.");
    expect(result.providerMetadata?.["fpx"]).toEqual({ generationId: id });
    expect(app.log.pending()).toEqual([id]);

    const closed = await app.log.edited(id, "Ask Ann kindly.");
    expect(closed).toMatchObject({
      id,
      context: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "Ask Ann." },
      ],
      draft: "writer says: Ask Ann. and so on.",
      edited: "Ask Ann kindly.",
      policy: "local.chat/writer",
      user: "u1",
      meta: { finishReason: "stop" },
    });
    expect(app.log.records()).toEqual([closed]);
  });

  it("records what streamText wrote, before the stream's last part", async () => {
    const model = wrapLanguageModel({
      model: provider()("writer"),
      middleware: editLogMiddleware(app.log, { ...patient, policy: "p1", user: "u2" }),
    });
    const result = streamText({ model, prompt: "Ask Ben." });
    let text = "";
    for await (const piece of result.textStream) text += piece;
    const id = (await result.providerMetadata)?.["fpx"]?.["generationId"] as string;
    const [draft] = app.log.drafts();
    expect(draft).toMatchObject({ id, draft: text, policy: "p1", user: "u2" });
    expect(text).toBe("writer says: Ask Ben. and so on.");
    await app.log.accepted(id);
    expect(app.log.records()[0]!.edited).toBe(text);
  });

  it("keeps nothing of a call that fails, or of a stream that is left", async () => {
    const wrapped = (name: string) =>
      wrapLanguageModel({ model: provider()(name), middleware: editLogMiddleware(app.log, patient) });
    await expect(generateText({ model: wrapped("broken"), prompt: "x", maxRetries: 0 })).rejects.toThrow();
    const { stream } = await wrapped("writer").doStream({
      prompt: [{ role: "user", content: [{ type: "text", text: "x" }] }],
    });
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(app.log.drafts()).toEqual([]);
  });
});

describe("lateEnsemble as a model", () => {
  it("routes calls, learns from the log's edits, and has it all again from the log", async () => {
    const arms = { base: provider()("base"), tuned: provider()("tuned") };
    const model = lateEnsemble(arms, app.log, patient);
    for (let mail = 0; mail < 12; mail++) {
      const segment = { segment: mail % 2 === 0 ? "shop" : "bank" };
      const options = { model, prompt: `Mail ${mail}`, providerOptions: { fpx: { user: "u", ...segment } } };
      let id: string;
      if (mail < 10) id = generationId(await generateText(options))!;
      else {
        const result = streamText(options);
        await result.consumeStream();
        id = (await result.providerMetadata)?.["fpx"]?.["generationId"] as string;
      }
      const draft = app.log.drafts().find((record) => record.id === id)!;
      // The shop keeps what "tuned" writes, the bank what "base" writes.
      const liked = segment.segment === "shop" ? "tuned" : "base";
      await app.log.edited(id, draft.policy === liked ? draft.draft : "Something else entirely, all new.");
    }
    const open = await generateText({ model, prompt: "left open" });
    const means = (of: typeof model) =>
      ["shop", "bank", ""].map((name) => {
        const { pulls, answered, costs } = of.ensemble.selector(name)!.toJSON() as Record<string, number[]>;
        return { pulls, answered, costs };
      });
    expect(means(model)[0]!.pulls![1]).toBeGreaterThan(means(model)[0]!.pulls![0]!);
    expect(means(model)[1]!.pulls![0]).toBeGreaterThan(means(model)[1]!.pulls![1]!);
    expect(model.ensemble.selector("")!.toJSON()).toMatchObject({ answered: [0, 0] });

    await app.reopen();
    const again = lateEnsemble(arms, app.log, patient);
    expect(means(again)).toEqual(means(model));
    // The edit of a draft from before comes late, and still counts.
    await app.log.edited(generationId(open)!, "late");
    expect((again.ensemble.selector("")!.toJSON() as { answered: number[] }).answered).toEqual([1, 0]);
  });

  it("makes a model that fails expensive, and passes its error on", async () => {
    const model = lateEnsemble({ broken: provider()("broken"), fine: provider()("fine") }, app.log, patient);
    await expect(generateText({ model, prompt: "x", maxRetries: 0 })).rejects.toThrow();
    const answers = [];
    for (let i = 0; i < 5; i++) {
      const result = await generateText({ model, prompt: "x" });
      answers.push(result.text);
      await app.log.accepted(generationId(result)!);
    }
    expect(answers).toEqual(Array(5).fill("fine says: x and so on."));
  });

  it("refuses an ensemble without models", () => {
    expect(() => lateEnsemble({}, app.log)).toThrow(/at least one model/);
  });
});
