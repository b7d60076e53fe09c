import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx, root } from "./support/fpx.ts";

const model = join(root, "samples", "mail", "model");
let folder: string;
let log: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-learn-"));
  log = join(folder, "log.jsonl");
  const lines = (await readFile(join(root, "samples", "mail", "log.jsonl"), "utf8")).trim().split("\n");
  await writeFile(log, `${lines.slice(0, 60).join("\n")}\n`);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const adapterBytes = (out: string, method: string) =>
  readFile(join(out, "adapters", method, "adapter_model.safetensors"));

describe("fpx learn", () => {
  const options = () => [
    log,
    "--model",
    model,
    "--methods",
    "sft,early",
    "--epochs",
    "3",
    "--episodes",
    "20",
    "--json",
  ];

  it("learns, measures, writes its files, and drafts with what it learned", async () => {
    const out = join(folder, "whole");
    const { code, stdout, stderr } = await fpx(["learn", ...options(), "--out", out]);
    expect(stderr).toContain('"event":"progress"');
    expect(code).toBe(0);
    const metrics = JSON.parse(stdout);
    expect(metrics.scores.map(({ policy }: { policy: string }) => policy)).toEqual([
      "base",
      "sft",
      "early",
      "copy",
      "informed",
    ]);
    const score = (name: string) => metrics.scores.find(({ policy }: { policy: string }) => policy === name);
    expect(score("sft").likelihood.nll).toBeLessThan(score("base").likelihood.nll);
    expect(score("informed").episodes.cost.mean).toBe(0);
    expect(score("sft").episodes.gapClosed).toBeGreaterThan(0.1);
    expect(JSON.parse(await readFile(join(out, "metrics.json"), "utf8"))).toEqual(metrics);
    const report = await readFile(join(out, "report.html"), "utf8");
    expect(report).toContain("<svg");
    expect(report).not.toMatch(/src="http|<script/);
    expect((await readdir(out)).sort()).toEqual([
      "adapters",
      "metrics.json",
      "reference.json",
      "report.html",
    ]);

    const context = JSON.parse((await readFile(log, "utf8")).split("\n")[0]!).context;
    const draft = await fpx(["draft", "--model", model, "--adapter", out, "--json", context]);
    expect(draft.code).toBe(0);
    expect(JSON.parse(draft.stdout).text.length).toBeGreaterThan(40);
    const wrong = await fpx(["draft", "--model", model, "--adapter", out, "--method", "dpo", context]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain('has no adapter "dpo": choose one of sft, early');
  });

  it("keeps the last snapshot on Ctrl-C, and --resume ends with equal adapters", async () => {
    const out = join(folder, "stopped");
    const stopped = await fpx(["learn", ...options(), "--out", out], /"stage":"early","done":[1-9]/);
    expect(stopped.code).toBe(130);
    expect(stopped.stdout).toBe("");
    expect((await readdir(out)).sort()).toEqual(["reference.json", "run"]);
    const again = await fpx(["learn", ...options(), "--out", out]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("holds an unfinished run");
    const other = await fpx(["learn", ...options(), "--out", out, "--resume", "--threads", "3"]);
    expect(other).toMatchObject({ code: 2, stdout: "" });
    expect(other.stderr).toMatch(/was begun on onnxruntime-node.*go on with the same runtime and --threads/);
    const resumed = await fpx(["learn", ...options(), "--out", out, "--resume"]);
    expect(resumed.code).toBe(0);
    for (const method of ["sft", "early"])
      expect(await adapterBytes(out, method)).toEqual(await adapterBytes(join(folder, "whole"), method));
    const scores = (text: string) => JSON.parse(text).scores;
    expect(scores(resumed.stdout)).toEqual(
      scores(await readFile(join(folder, "whole", "metrics.json"), "utf8")),
    );
  });

  it("fits a reference to the log's own drafts when there is no model, and leaves out what no prompt holds", async () => {
    const out = join(folder, "from-log");
    const mixed = join(folder, "mixed.jsonl");
    const tools = ["a", "b", "c", "d"].map((name) =>
      JSON.stringify({ context: [{ role: "tool", content: name }], draft: `${name} x`, edited: `${name} y` }),
    );
    await writeFile(mixed, `${await readFile(log, "utf8")}${tools.join("\n")}\n`);
    const { code, stdout } = await fpx([
      "learn",
      mixed,
      "--methods",
      "sft",
      "--no-accepted",
      "--out",
      out,
      "--json",
    ]);
    expect(code).toBe(0);
    const nll = (name: string) =>
      JSON.parse(stdout).scores.find(({ policy }: { policy: string }) => policy === name).likelihood.nll;
    expect(nll("sft")).toBeLessThan(nll("base"));
    expect(await readdir(join(out, "model"))).toContain("model.safetensors");
    expect(await readFile(join(out, "report.html"), "utf8")).toMatch(/includeAccepted(&quot;|"):false/);
  });

  it("answers wrong input with one line, what to do, and the right exit code", async () => {
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const empty = await write("empty.jsonl", "");
    const broken = await write("broken.jsonl", '{"context":"a","draft":"b","edited":"c"}\nnot json\n');
    const lacking = await write("lacking.jsonl", '{"context":"a","draft":"b"}\n');
    const single = await write("single.jsonl", '{"context":"a","draft":"b","edited":"c"}\n');
    const weightless = join(folder, "weightless");
    await cp(model, weightless, { recursive: true });
    await rm(join(weightless, "model.safetensors"));
    const file = await write("a-file", "");
    const cases: [readonly string[], number, string][] = [
      [["learn", join(folder, "none.jsonl")], 1, "no such file"],
      [["learn", empty], 1, "holds no edit"],
      [["learn", broken], 1, "broken.jsonl:2"],
      [["learn", lacking], 1, "edited"],
      [["learn", single, "--out", join(folder, "single")], 1, "nothing would be left to learn from"],
      [["learn", log, "--model", weightless], 1, "model.safetensors"],
      [["learn", log, "--model", join(folder, "nowhere")], 1, "nowhere"],
      [["learn", log, "--methods", "sft,ppo"], 2, '"ppo" is not one of sft, dpo, early'],
      [["learn", log, "--model", model, "--out", join(file, "out")], 1, "not a directory"],
      [["learn", log, "--model", model, "--out", "/proc/fpx"], 1, "/proc/fpx"],
      [
        ["learn", log, "--model", model, "--out", join(folder, "x"), "--resume"],
        2,
        "holds no unfinished run",
      ],
      [["draft", "--model", model, "--adapter", folder, "a"], 2, "holds no adapter"],
      [["draft", "a"], 2, "--model"],
    ];
    for (const [args, code, message] of cases) {
      const ended = await fpx(args);
      expect({ args, code: ended.code }).toEqual({ args, code });
      expect(ended.stderr).toContain(message);
      expect(ended.stderr.trim().split("\n")).toHaveLength(1);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      expect(ended.stdout).toBe("");
    }
    await expect(readdir(join(folder, "single", "adapters"))).rejects.toThrow();
  });

  it("learns the same from other line ends, and warns where drafts come from several policies", async () => {
    const records = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const crlf = (text: string) => text.replaceAll("\n", "\r\n");
    const logs = {
      lf: records,
      crlf: records.map((record) => ({ ...record, draft: crlf(record.draft), edited: crlf(record.edited) })),
      mixed: records.map((record, i) => ({ ...record, policy: `model-${i % 2}` })),
    };
    const short = ["--model", model, "--methods", "dpo", "--epochs", "0.5", "--episodes", "2", "--json"];
    const notes: Record<string, string> = {};
    for (const [name, lines] of Object.entries(logs)) {
      const path = join(folder, `${name}.jsonl`);
      await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      const ended = await fpx(["learn", path, ...short, "--out", join(folder, name)]);
      expect(ended.code).toBe(0);
      notes[name] = ended.stderr;
    }
    expect(await adapterBytes(join(folder, "crlf"), "dpo")).toEqual(
      await adapterBytes(join(folder, "lf"), "dpo"),
    );
    expect(notes["lf"]).not.toContain("2 policies");
    expect(notes["mixed"]).toContain("2 policies");
  });

  it("keeps two commands on one folder apart", async () => {
    const out = join(folder, "shared");
    await mkdir(out);
    const first = fpx(["learn", ...options(), "--out", out]);
    // The first holds the lock once its run folder is there.
    while (!(await readdir(out)).includes("run")) await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await fpx(["learn", ...options(), "--out", out, "--force"]);
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stderr.trim().split("\n").at(-1)!).error.code).toBe("LOCKED");
    expect((await first).code).toBe(0);
  });
});
