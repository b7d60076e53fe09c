/** The log of an app at the command line: statistics, copies, a person forgotten, jobs that are prepared and sent. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx, fpxHere } from "../../test/support/fpx.ts";
import { type OpenAiServer, startOpenAi } from "../../test/support/openai-server.ts";
import { openEditLog } from "../integrations/index.ts";
import { listEdits, openStore } from "../store/index.ts";
import { addLog } from "./serve-log.ts";

let folder: string;
let server: OpenAiServer;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-app-"));
  server = await startOpenAi(() => "");
  const log = await openEditLog(at("edits.jsonl"));
  for (let i = 0; i < 12; i++) {
    const user = i < 2 ? "leaver" : "stayer";
    const id = await log.generation({ context: `Ask ${i}`, draft: `Dear friend ${i}`, user, policy: "p" });
    if (i < 11) await log.edited(id, `Hi ${i} of ${user}`);
  }
  await log.close();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

// Many processes, each a program that starts.
describe("cost learning at the command line", { timeout: 300_000 }, () => {
  it("fits costs of a simulated log, and gives the cheapest of several drafts", async () => {
    const model = ["--model", "samples/summaries/model"];
    const simulated = await fpx([
      ...["edits", "simulate", "--task", "summary", ...model, "--edits", "40", "--out", at("sim.jsonl")],
    ]);
    expect(simulated).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/40 edits by the strong user of the summary world/),
    });
    const fitted = await fpx(["edits", "cost", at("sim.jsonl"), "--out", at("cost.json"), "--json"]);
    expect(JSON.parse(fitted.stdout)).toMatchObject({ edits: 40, explained: expect.any(Number) });
    const context = JSON.parse((await readFile(at("sim.jsonl"), "utf8")).split("\n")[0]!).context;
    const draft = await fpx([
      "draft",
      ...model,
      "--rerank",
      at("cost.json"),
      "--candidates",
      "4",
      "--json",
      context,
    ]);
    expect(JSON.parse(draft.stdout).text.length).toBeGreaterThan(10);
    expect(await fpx(["draft", ...model, "--rerank", at("sim.jsonl"), context])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is no cost of fpx edits cost/),
    });
  });
});

describe("a part of a log at the command line", { timeout: 300_000 }, () => {
  const line = (i: number) => ({
    ...{ context: `Ask ${i}`, edited: `Hi ${i}`, dwell: i },
    draft: i < 3 ? `Dear ${i}, I write to you about the report that is due on` : `Dear ${i}.`,
  });

  it("is what is read, exported, fitted and prepared; the rest is counted", async () => {
    await writeFile(
      at("part.jsonl"),
      Array.from({ length: 20 }, (_, i) => `${JSON.stringify(line(i))}\n`).join(""),
    );
    const part = [at("part.jsonl"), "--where", "dwell>=2", "--drop-truncated"];
    const left = [
      { reason: "not of dwell>=2", count: 2 },
      { reason: "with a draft that breaks off", count: 1 },
    ];
    expect(JSON.parse((await fpx(["edits", "stats", ...part, "--json"])).stdout).n).toBe(17);
    const exported = await fpx(["edits", "export", ...part, "--format", "trl-preference"]);
    expect(exported.stdout.trimEnd().split("\n")).toHaveLength(17);
    expect(exported.stderr).toMatch(/2 records left out: not of dwell>=2\n.*1 record left out: with a draft/);
    const fitted = await fpx(["edits", "cost", ...part, "--out", at("part-cost.json"), "--json"]);
    expect(JSON.parse(fitted.stdout)).toMatchObject({ edits: 17, left });
    const job = ["--host", "trl", "--model", "./llama", "--out", at("part-job"), "--json"];
    const prepared = JSON.parse((await fpx(["edits", "job", ...part, ...job])).stdout);
    expect(prepared).toMatchObject({ lines: 17, left, model: resolve("llama") });
    expect(await fpx(["edits", "stats", at("part.jsonl"), "--where", "dwel>=2"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no record of the log has the field "dwel"/),
    });
    expect(await fpx(["learn", at("part.jsonl"), "--where", "dwell"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot read the condition "dwell"/),
    });
  });
});

describe("fpx edits on the log of an app", { timeout: 300_000 }, () => {
  it("reads it, copies it, prepares a job, and marks all that when a person is forgotten", async () => {
    const stats = await fpx(["edits", "stats", at("edits.jsonl"), "--json"]);
    expect(JSON.parse(stats.stdout)).toMatchObject({ n: 11, users: 2 });

    const copy = ["edits", "export", at("edits.jsonl"), "--format", "openai-dpo", "--out", at("dpo.jsonl")];
    expect((await fpx(copy)).code).toBe(0);
    const prepare = [
      ...["edits", "job", at("edits.jsonl"), "--host", "openai", "--model", "m", "--url", server.url],
      ...["--out", at("job")],
    ];
    const prepared = await fpx(prepare);
    expect(prepared).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/11 lines .* Nothing was sent/),
    });
    expect(await fpx(prepare)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/holds a job already/),
    });
    expect(server.seen).toEqual([]);

    const fit = ["edits", "cost", at("edits.jsonl"), "--out", at("app-cost.json")];
    expect((await fpx(fit)).code).toBe(0);

    const forget = ["edits", "forget", at("edits.jsonl"), "--user", "leaver", "--json"];
    const forgotten = JSON.parse((await fpx(forget)).stdout);
    expect(forgotten).toEqual({
      removed: 2,
      stale: [
        { kind: "export", path: at("dpo.jsonl") },
        { kind: "export", path: at("job") },
        { kind: "policy", path: at("app-cost.json") },
      ],
    });
    expect(await readFile(at("edits.jsonl"), "utf8")).not.toContain("leaver");
    expect(await fpx(["edits", "submit", at("job")])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/forgotten on .*prepare the job again/),
    });
    const model = ["--model", "samples/summaries/model"];
    const warned = await fpx(["draft", ...model, "--rerank", at("app-cost.json"), "Ask Ann."]);
    expect(warned.stderr).toMatch(/app-cost.json learned from a person who was forgotten/);
    expect((await fpx([...fit, "--force"])).code).toBe(0);
    expect(existsSync(at("app-cost.json.stale.json"))).toBe(false);
    expect((await fpx([...copy, "--force"])).code).toBe(0);
    expect(existsSync(at("dpo.jsonl.stale.json"))).toBe(false);
    expect((await fpx([...prepare, "--force"])).stdout).toMatch(/9 lines/);
  });

  it("sends a job only when told to, once", async () => {
    expect(await fpx(["edits", "submit", at("job")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/OPENAI_API_KEY is not set/),
    });
    expect(JSON.parse((await fpx(["edits", "submit", at("job"), "--dry-run"])).stdout)).toHaveLength(2);
    expect(server.seen).toEqual([]);
    process.env["OPENAI_API_KEY"] = "k";
    try {
      const sent = await fpx(["edits", "submit", at("job"), "--json"]);
      expect(JSON.parse(sent.stdout)["job"]).toEqual({ id: "ftjob-1", status: "queued" });
      expect(server.seen.map(({ path }) => path)).toEqual(["/v1/files", "/v1/fine_tuning/jobs"]);
      expect(await fpx(["edits", "submit", at("job")])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/was sent before/),
      });
      // A job made anew was not sent yet.
      const anew = [
        "edits",
        "job",
        at("edits.jsonl"),
        "--host",
        "openai",
        "--model",
        "m",
        "--url",
        server.url,
      ];
      expect((await fpx([...anew, "--out", at("job"), "--force"])).code).toBe(0);
      expect((await fpx(["edits", "submit", at("job")])).code).toBe(0);
      expect(server.seen).toHaveLength(4);
    } finally {
      delete process.env["OPENAI_API_KEY"];
    }
  });

  it("forgets a person in a database, with a log or without one", async () => {
    const db = at("fpx.db");
    const store = await openStore(db);
    await addLog(store, at("edits.jsonl"));
    const { edits } = await listEdits(store, {});
    const { user } = edits.find((one) => one.user !== undefined)!;
    const theirs = edits.filter((one) => one.user === user).length;
    const { stdout } = await fpx(["edits", "forget", "--user", user!, "--db", db, "--json"]);
    expect(JSON.parse(stdout)).toEqual({ database: { edits: theirs, drafts: 0, choices: 0 } });
    expect((await listEdits(store, { user: user! })).edits).toEqual([]);
    await store.close();
    expect(await fpx(["edits", "forget", "--user", user!])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/name the log of an app, a database by --db/),
    });
  });

  it("leaves a log alone that an app has open", async () => {
    const log = await openEditLog(at("open.jsonl"));
    const id = await log.generation({ context: "c", draft: "d", user: "u" });
    expect(await fpxHere(["edits", "stats", at("open.jsonl")])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/holds no edit: its one draft was not closed by log.edited/),
    });
    const forget = ["edits", "forget", at("open.jsonl"), "--user", "u"];
    expect(await fpxHere(forget)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/an app has this log open.*open.jsonl is open in this same process/),
    });
    await log.edited(id, "e");
    await log.close();
    const copy = ["edits", "import", at("open.jsonl"), "--out", at("copy.jsonl")];
    expect((await fpxHere(copy)).code).toBe(0);
    expect(await fpxHere(forget)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/1 record removed.*\n.*stale export: .*copy.jsonl/),
    });
  });

  it("forgets nobody in a log that no app writes", async () => {
    await writeFile(at("plain.jsonl"), '{"context":"c","draft":"d","edited":"e"}\n');
    expect(await fpx(["edits", "forget", at("plain.jsonl"), "--user", "u"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not the log of an app/),
    });
  });
});
