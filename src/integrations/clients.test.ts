/** The openai client, LangChain and OpenTelemetry, for real: against a server on loopback and an exporter in memory. */
import { ChatOpenAI } from "@langchain/openai";
import { context, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createAgent, createMiddleware } from "langchain";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { patient, useAppLog } from "../../test/support/app-log.ts";
import { langchainEditLog } from "./langchain.ts";
import { traceEdits } from "./open-telemetry.ts";
import { recordOpenAi } from "./openai.ts";
import { generationId } from "./recorder.ts";

const app = useAppLog((model, message) => `${model} says: ${message}.`);

describe("recordOpenAi", () => {
  const client = () => recordOpenAi(new OpenAI({ baseURL: app.server.url, apiKey: "k" }), app.log, patient);
  const messages = [{ role: "user" as const, content: "Ask Ann" }];

  it("records a chat completion, and keeps the rest of the client's promise", async () => {
    const answer = await client().chat.completions.create({ model: "m", messages, safety_identifier: "u1" });
    expect(answer.choices[0]!.message.content).toBe("m says: Ask Ann.");
    const closed = await app.log.edit(generationId(answer)!, { edited: "Dear Ann", meta: { via: "desk" } });
    expect(closed).toMatchObject({
      context: messages,
      draft: "m says: Ask Ann.",
      edited: "Dear Ann",
      policy: "m",
      user: "u1",
      meta: { responseId: "chatcmpl-1", finishReason: "stop", via: "desk" },
    });
    const { data, response } = await client()
      .chat.completions.create({ model: "m", messages })
      .withResponse();
    expect(response.status).toBe(200);
    expect(app.log.pending()).toEqual([generationId(data)]);
  });

  it("records a streamed completion; its last chunk has the id", async () => {
    const stream = await client().chat.completions.create({ model: "m", messages, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.slice(0, -1).map(generationId)).toEqual(Array(chunks.length - 1).fill(undefined));
    const id = generationId(chunks.at(-1))!;
    expect(app.log.drafts()).toMatchObject([
      { id, draft: "m says: Ask Ann.", meta: { finishReason: "stop" } },
    ]);
  });

  it("records responses, streamed or not", async () => {
    const answer = await client().responses.create({ model: "m", instructions: "Be kind.", input: "Hi" });
    const stream = await client().responses.create({ model: "m", input: messages, stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(app.log.drafts()).toMatchObject([
      {
        id: generationId(answer),
        context: [
          { role: "system", content: "Be kind." },
          { role: "user", content: "Hi" },
        ],
        draft: "m says: Hi.",
      },
      { id: generationId(events.at(-1)), context: messages, draft: "m says: Ask Ann." },
    ]);
  });

  it("records by every way into the two interfaces", async () => {
    const one = client();
    const request = { model: "m", messages };
    const parsed = await one.chat.completions.parse(request);
    const response = await one.responses.parse({ model: "m", input: "Hi" });
    const other = await one.withOptions({ timeout: 60_000 }).chat.completions.create(request);
    const helper = one.chat.completions.stream(request);
    const runner = one.chat.completions.runTools({ ...request, tools: [] });
    const ids = [parsed, response, other, await helper.finalChatCompletion()].map(generationId);
    expect(await runner.finalContent()).toBe("m says: Ask Ann.");
    const last = async (pieces: AsyncIterable<unknown>) => {
      let piece: unknown;
      for await (piece of pieces);
      return piece;
    };
    const [left, right] = (await one.chat.completions.create({ ...request, stream: true })).tee();
    const [first, second] = [generationId(await last(left)), generationId(await last(right))];
    expect(second).toBe(first);
    const raw = (await one.chat.completions.create({ ...request, stream: true })).toReadableStream();
    const text = new TextDecoder().decode((await last(raw)) as Uint8Array);
    ids.push(first, generationId(JSON.parse(text)));
    expect(parsed.choices[0]!.message.content).toBe("m says: Ask Ann.");
    const drafts = app.log.drafts().map(({ id }) => id);
    expect(drafts).toHaveLength(7);
    expect(new Set(ids).size).toBe(6);
    expect(drafts).toEqual(expect.arrayContaining(ids));
  });

  it("lets no fault of recording reach the call", async () => {
    const faults = { late: 0, failed: 0 };
    const options = {
      ...patient,
      faults,
      onWarning: () => undefined,
      user: () => {
        throw new Error("who?");
      },
    };
    const odd = recordOpenAi(new OpenAI({ baseURL: app.server.url, apiKey: "k" }), app.log, options);
    const answer = await odd.chat.completions.create({ model: "m", messages });
    expect([answer.choices[0]!.message.content, generationId(answer)]).toEqual([
      "m says: Ask Ann.",
      undefined,
    ]);
    const stream = await odd.chat.completions.create({ model: "m", messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("m says: Ask Ann.");
    expect(faults).toEqual({ late: 0, failed: 2 });
  });

  it("keeps nothing of a stream that breaks off", async () => {
    const stream = await client().chat.completions.create({ model: "m", messages, stream: true });
    for await (const _ of stream) break;
    expect(app.log.drafts()).toEqual([]);
  });
});

describe("langchainEditLog", () => {
  it("records what an agent's model wrote", async () => {
    const model = new ChatOpenAI({ model: "m", apiKey: "k", configuration: { baseURL: app.server.url } });
    const options = { ...patient, user: () => "u1" };
    const agent = createAgent({
      model,
      tools: [],
      systemPrompt: "Be kind.",
      middleware: [createMiddleware(langchainEditLog(app.log, options))],
    });
    const { messages } = await agent.invoke({ messages: [{ role: "user", content: "Ask Ann" }] });
    expect(await app.log.edited(generationId(messages.at(-1))!, "Dear Ann")).toMatchObject({
      context: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "Ask Ann" },
      ],
      draft: "m says: Ask Ann.",
      edited: "Dear Ann",
      policy: "m",
      user: "u1",
    });
  });
});

describe("langchainEditLog by hand", () => {
  it("keeps why a model stopped, whatever its provider calls it", async () => {
    const { wrapModelCall } = langchainEditLog(app.log, patient);
    const request = { model: { model: "m" }, messages: [{ content: "Ask Ann", getType: () => "human" }] };
    for (const name of ["finish_reason", "finishReason", "stop_reason"])
      await wrapModelCall(request, () => ({
        content: "Dear Ann",
        response_metadata: { [name]: "max_tokens" },
      }));
    expect(app.log.drafts().map(({ meta }) => meta?.["finishReason"])).toEqual(Array(3).fill("max_tokens"));
  });
});

describe("traceEdits", () => {
  it("emits an evaluation below the span that the draft was written in", async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    let active = context.active();
    context.setGlobalContextManager({
      active: () => active,
      with(given, work, self, ...args) {
        const before = active;
        active = given;
        try {
          return work.apply(self as never, args);
        } finally {
          active = before;
        }
      },
      bind: (_, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    try {
      expect(await traceEdits(app.log)).toBe(true);
      const span = trace.getTracer("app").startSpan("chat");
      const id = await context.with(trace.setSpan(context.active(), span), () =>
        app.log.generation({ context: "c", draft: "one two three four", meta: { responseId: "r1" } }),
      );
      span.end();
      await app.log.edited(id, "one two three five");
      await app.log.accepted(await app.log.generation({ context: "c", draft: "fine" }));
      const [, edit, accepted] = exporter.getFinishedSpans();
      expect(edit!.name).toBe("user_edit");
      expect(edit!.spanContext().traceId).toBe(span.spanContext().traceId);
      expect(edit!.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
      expect(edit!.events).toMatchObject([
        {
          name: "gen_ai.evaluation.result",
          attributes: {
            "gen_ai.evaluation.name": "user_edit.distance",
            "gen_ai.evaluation.score.value": 0.25,
            "gen_ai.evaluation.score.label": "edited",
            "gen_ai.response.id": "r1",
          },
        },
      ]);
      expect(JSON.stringify(edit!.events)).not.toContain("five");
      expect(accepted!.events[0]!.attributes).toMatchObject({
        "gen_ai.evaluation.score.value": 0,
        "gen_ai.evaluation.score.label": "accepted",
      });
    } finally {
      trace.disable();
      context.disable();
    }
  });
});
