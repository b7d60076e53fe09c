/** The late ensemble over models in memory, by the AI SDK itself: what it learned is the same live and from the log. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateText, stepCountIs, streamText, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ftplSelector } from "../edits/index.ts";
import { editLogMiddleware } from "./ai-sdk.ts";
import { type DurableEditLog, type EditLogOptions, openEditLog } from "./edit-log.ts";
import { type LateEnsembleModelOptions, lateEnsemble } from "./late-ensemble.ts";
import { generationId } from "./recorder.ts";

let folder: string;
let path: string;
let log: DurableEditLog;
const patient = { patience: 30_000 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-late-"));
  path = join(folder, "edits.jsonl");
  log = await openEditLog(path);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

async function reopened(options: EditLogOptions = {}): Promise<DurableEditLog> {
  await log.close();
  log = await openEditLog(path, options);
  return log;
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const reason = (unified: "stop" | "tool-calls") => ({ unified, raw: unified });

/** A model that writes a text; `"down"` fails, a tool's name is called first. */
function writer(text: string, { down = false, calls = "" } = {}): MockLanguageModelV3 {
  let asked = 0;
  const parts = () => {
    if (down) throw new Error("down");
    if (calls === "" || asked++ % 2 === 1) return [{ type: "text" as const, text }];
    const call = { type: "tool-call" as const, toolCallId: `${text} ${asked}`, toolName: calls, input: "{}" };
    return [{ type: "text" as const, text: "Let me look." }, call];
  };
  const reasonOf = (content: ReturnType<typeof parts>) => reason(content.length > 1 ? "tool-calls" : "stop");
  return new MockLanguageModelV3({
    doGenerate: async () => {
      const content = parts();
      return { content, finishReason: reasonOf(content), usage, warnings: [] };
    },
    doStream: async () => {
      const content = parts();
      const chunks = content.flatMap<unknown>((part) =>
        part.type === "text"
          ? [
              { type: "text-start", id: "0" },
              { type: "text-delta", id: "0", delta: part.text },
              { type: "text-end", id: "0" },
            ]
          : [part],
      );
      const finish = { type: "finish", finishReason: reasonOf(content), usage };
      const stream: unknown = simulateReadableStream({ chunks: [...chunks, finish] });
      return { stream: stream as Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"] };
    },
  });
}

/** The bandits of an ensemble, without what differs by rounding. */
function bandits({ ensemble }: ReturnType<typeof lateEnsemble>) {
  const rounded = (value: unknown): unknown => (typeof value === "number" ? Number(value.toFixed(9)) : value);
  return JSON.parse(JSON.stringify(ensemble.toJSON().segments, (_, value) => rounded(value)));
}

const prompt = "Write to Ann.";

describe("lateEnsemble from its log", () => {
  it("knows arms and segments although redaction changes their letters", async () => {
    const redact = (text: string) => text.replace(/[\w.]+@[\w.]+/g, "ADDRESS").replace(/\d+/g, "#");
    const arms = { base1: writer("Dear Ann, write 7."), tuned2: writer("Hi Ann, write 7.") };
    const model = lateEnsemble(arms, await reopened({ redact }), patient);
    for (let i = 0; i < 6; i++) {
      const fpx = { user: "u@x.org", segment: i % 2 === 0 ? "u@x.org" : "v@x.org" };
      const result = await generateText({ model, prompt, providerOptions: { fpx } });
      await log.edited(generationId(result)!, "Hi Ann.");
    }
    const live = bandits(model);
    expect(Object.keys(live)).toEqual([
      expect.stringMatching(/^sha256:[0-9a-f]{32}$/),
      expect.stringMatching(/^sha256:/),
    ]);
    expect(bandits(lateEnsemble(arms, await reopened({ redact }), patient))).toEqual(live);
    expect(log.records()[0]).toMatchObject({
      draft: "Dear Ann, write #.",
      user: "ADDRESS",
      meta: { finishReason: "stop", lateEnsemble: { arm: "base1", name: "late" } },
    });
    expect(await readFile(path, "utf8")).not.toContain("x.org");
    expect(log.pseudonym("shop")).toBe("shop");
  });

  for (const [name, options] of [
    ["the default rule", {}],
    ["a discount", { discount: 0.9 }],
    ["perturbed leaders", { selector: ftplSelector({ seed: 1 }) }],
  ] satisfies [string, LateEnsembleModelOptions][])
    it(`knows of failures and of second edits, by ${name}`, async () => {
      const arms = { bad: writer("", { down: true }), good: writer("Dear Ann, all is well.") };
      const given = { ...patient, ...options };
      const model = lateEnsemble(arms, log, given);
      let failed = 0;
      for (let i = 0; i < 12; i++) {
        try {
          const result = await generateText({
            model,
            prompt,
            maxRetries: 0,
            providerOptions: { fpx: { user: `u${i}` } },
          });
          const id = generationId(result)!;
          await log.edited(id, "Dear Ann, all was well.");
          if (i % 3 === 0) await log.edited(id, "no");
          if (i % 3 === 1) await log.accepted(id);
        } catch {
          failed++;
        }
      }
      expect(failed).toBeGreaterThan(0);
      const { totals, costs, pulls } = bandits(model)[""];
      const again = bandits(lateEnsemble(arms, await reopened(), given))[""];
      expect({ totals: again.totals, costs: again.costs, pulls: again.pulls }).toEqual({
        totals,
        costs,
        pulls,
      });
      const failures = () => log.calls().filter((call) => !("draft" in call));
      expect(failures()).toHaveLength(failed);
      // A failure has no text, and leaves with its person all the same.
      const { user } = failures()[0]!;
      await log.forgetUser(user!);
      expect(failures()).toHaveLength(failed - 1);
      expect(await readFile(path, "utf8")).not.toContain(`"${user}"`);
      await reopened();
      expect(failures()).toHaveLength(failed - 1);
    });
});

describe("a loop of tools", () => {
  const look = tool({ description: "look", inputSchema: z.object({}), execute: async () => "found" });
  const options = { prompt, tools: { look }, stopWhen: stepCountIs(3) };
  const arms = () => ({ a: writer("A wrote.", { calls: "look" }), b: writer("B wrote.", { calls: "look" }) });

  it("stays with the arm that began it; what it says meanwhile is no draft", async () => {
    const model = lateEnsemble(arms(), log, patient);
    for (const text of ["A wrote.", "B wrote."]) {
      const result = await generateText({ ...options, model });
      expect(result.text).toBe(text);
      await log.accepted(generationId(result)!);
    }
    const streamed = streamText({ ...options, model });
    expect(await streamed.text).toBe("A wrote.");
    expect(log.drafts().map(({ policy, draft }) => [policy, draft])).toEqual([
      ["a", "A wrote."],
      ["b", "B wrote."],
      ["a", "A wrote."],
    ]);
    expect(log.pending()).toEqual([await generationId(streamed)]);
    expect(bandits(model)[""]).toMatchObject({ pulls: [2, 1], answered: [1, 1] });
    expect(bandits(lateEnsemble(arms(), await reopened(), patient))[""]).toMatchObject({ pulls: [2, 1] });
  });

  it("leaves nothing behind when it is given up", async () => {
    const model = lateEnsemble(arms(), log, patient);
    await generateText({ ...options, model, stopWhen: stepCountIs(1) });
    expect(log.drafts()).toEqual([]);
    expect(bandits(model)[""]).toMatchObject({ pulls: [0, 0], pending: [] });
  });
});

describe("generationId of streamText", () => {
  it("is a promise of the id, and of nothing when the stream fails", async () => {
    const wrapped = (model: MockLanguageModelV3) =>
      wrapLanguageModel({ model, middleware: editLogMiddleware(log, patient) });
    const result = streamText({ model: wrapped(writer("Dear Ann")), prompt });
    const id: string | undefined = await generationId(result);
    expect(log.pending()).toEqual([id]);
    const failing = streamText({
      model: wrapped(writer("", { down: true })),
      prompt,
      maxRetries: 0,
      onError: () => undefined,
    });
    expect(await generationId(failing)).toBeUndefined();
  });
});
