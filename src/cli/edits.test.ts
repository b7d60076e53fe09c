/** The command `fpx edits` as a user meets it: a process with streams, files and an exit code. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = ["--import", "jiti/register", join(root, "src/cli/main.ts")];
const folder = mkdtempSync(join(tmpdir(), "fpx-cli-"));
const file = (name: string): string => join(folder, name);

function fpx(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "", ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  return { code: status, stdout, stderr };
}

const records = Array.from({ length: 12 }, (_, i) => ({
  id: `r${i}`,
  context: `Write to person ${i}.`,
  draft: `Dear person ${i}, I would like to ask for the report.`,
  edited:
    i % 4 === 3
      ? `Dear person ${i}, I would like to ask for the report.`
      : `Hi person ${i}, the report please.`,
  user: `u${i % 3}`,
}));
const text = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

beforeAll(() => {
  writeFileSync(file("log.jsonl"), text(records));
  writeFileSync(
    file("mixed.jsonl"),
    `${text(records)}not json\n${JSON.stringify({ context: "c", draft: "d" })}\n`,
  );
  writeFileSync(file("noedit.jsonl"), text([records[0], { context: "c", draft: "d" }]));
  writeFileSync(file("empty.jsonl"), "");
  writeFileSync(
    file("redact.ts"),
    'export const hide = (t: string): string => t.replace(/person \\d+/g, "X");\n',
  );
  mkdirSync(file("out"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of readdirSync(file("out"))) rmSync(join(folder, "out", name), { recursive: true });
});

describe("fpx edits stats", () => {
  it("prints JSON for machines", () => {
    const { code, stdout, stderr } = fpx(["edits", "stats", file("log.jsonl"), "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const stats = JSON.parse(stdout);
    expect(stats).toMatchObject({
      n: 12,
      users: 3,
      editedRate: 0.75,
      costDefinition: "levenshtein/words@1/draft",
    });
    expect(stats.meanCost).toBeGreaterThan(0);
  });

  it("prints tables and advice for people, without control codes", () => {
    const { code, stdout } = fpx([
      "edits",
      "stats",
      file("log.jsonl"),
      "--tokens",
      "characters",
      "--normalize",
      "max",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^edits +12$/m);
    expect(stdout).toMatch(/^drafts changed +75\.0%$/m);
    expect(stdout).toMatch(/^u0 +4 /m);
    expect(stdout).toContain("levenshtein/characters@1/max");
    expect(stdout).toMatch(/^- there are 9 edits of 12 different drafts/m);
    expect(stdout).not.toContain("\u001b");
  });

  it("reads other field names by --map and goes on without bad lines on request", () => {
    const input = `${text([{ q: "c", a: "one two", b: "one three" }])}oops\n`;
    const args = ["edits", "stats", "-", "--map", "context=q,draft=a,edited=b"];
    expect(fpx(args, { input })).toMatchObject({ code: 1, stdout: "" });
    const { code, stdout, stderr } = fpx([...args, "--skip-rejected", "--json"], { input });
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      n: 1,
      meanCost: 0.5,
      rejects: 1,
      rejectsByCode: { "invalid-json": 1 },
    });
  });
});

describe("fpx edits export", () => {
  it("writes a training file and says what it left out", () => {
    const out = file("out/dpo.jsonl");
    const { code, stdout, stderr } = fpx([
      "edits",
      "export",
      file("log.jsonl"),
      "--format",
      "trl-preference",
      "--out",
      out,
    ]);
    expect(stderr).toBe(
      "3 records left out: the draft was not changed, so nothing is preferred (lines 4, 8, 12)\n" +
        `wrote 9 lines from 9 edits as trl-preference to ${out}\n`,
    );
    expect([code, stdout]).toEqual([0, ""]);
    const lines = readFileSync(out, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(9);
    expect(JSON.parse(lines[0]!)).toEqual({
      prompt: [{ role: "user", content: records[0]!.context }],
      chosen: [{ role: "assistant", content: records[0]!.edited }],
      rejected: [{ role: "assistant", content: records[0]!.draft }],
    });
  });

  it("writes to standard output, from standard input, with nothing else in between", () => {
    const { code, stdout } = fpx(["edits", "export", "-", "--format", "fpx"], { input: text(records) });
    expect(code).toBe(0);
    expect(stdout).toBe(text(records));
  });

  it("takes personal data out", () => {
    const { code, stdout } = fpx([
      ...["edits", "export", file("log.jsonl"), "--format", "fpx"],
      ...["--redact", `${file("redact.ts")}#hide`],
    ]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/person/);
    expect(stdout).toContain("Dear X,");
  });

  it("reports as JSON", () => {
    const out = file("out/sft.jsonl");
    const { code, stdout, stderr } = fpx([
      ...["edits", "export", file("mixed.jsonl"), "--format", "trl-messages", "--out", out],
      ...["--no-accepted", "--skip-rejected", "--json"],
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "trl-messages",
      kind: "supervised",
      written: 9,
      lines: 9,
      excluded: [{ code: "accepted", count: 3, lines: [4, 8, 12] }],
      rejects: [
        { line: 13, code: "invalid-json" },
        { line: 14, code: "missing-edited" },
      ],
    });
  });

  it("lists its formats in the help", () => {
    const { stdout } = fpx(["edits", "export", "--help"]);
    expect(stdout).toMatch(/openai-dpo +OpenAI preference/);
    expect(stdout).toContain("Example:\n  $ fpx edits export");
  });

  it("survives a reader that goes away", async () => {
    writeFileSync(file("long.jsonl"), text(Array.from({ length: 400 }, () => records).flat()));
    const child = spawn(
      process.execPath,
      [...command, "edits", "export", file("long.jsonl"), "--format", "fpx"],
      {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let stderr = "";
    child.stderr.on("data", (piece) => (stderr += piece));
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect([code, stderr]).toEqual([1, ""]);
  });
});

describe("fpx edits import", () => {
  it.each(["openai-dpo", "sagemaker-dpo", "auto"])("turns %s back into a log", (format) => {
    const [exported, out] = [file("out/dpo.jsonl"), file("out/back.jsonl")];
    const written = format === "auto" ? "trl-preference" : format;
    const many = file("out/many.jsonl");
    writeFileSync(many, text([...records, ...records]));
    expect(fpx(["edits", "export", many, "--format", written, "--out", exported]).code).toBe(0);
    const { code, stderr } = fpx(["edits", "import", exported, "--format", format, "--out", out]);
    expect(stderr).toContain(`wrote 18 edits to ${out}\n`);
    expect(code).toBe(0);
    const back = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(back[0]).toEqual({
      context: [{ role: "user", content: records[0]!.context }],
      draft: records[0]!.draft,
      edited: records[0]!.edited,
    });
  });

  it("says which format keeps no drafts", () => {
    const sft = file("out/sft.jsonl");
    fpx(["edits", "export", file("log.jsonl"), "--format", "trl-messages", "--out", sft]);
    const { code, stderr } = fpx([
      "edits",
      "import",
      sft,
      "--format",
      "trl-messages",
      "--out",
      file("out/log.jsonl"),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^fpx: .*: trl-messages keeps no draft beside the other text.*\n$/);
    expect(readdirSync(file("out"))).toEqual(["sft.jsonl"]);
  });
});

describe("wrong input gives one line, an exit code and no file", () => {
  const to = ["--format", "fpx", "--out", join(folder, "out", "x.jsonl")];
  it.each<[string, string[], number, RegExp]>([
    [
      "missing file",
      ["export", "nowhere.jsonl", ...to],
      1,
      /nowhere\.jsonl: no such file or directory; check the path/,
    ],
    ["folder as a log", ["export", folder, ...to], 1, /: is a directory; name a file/],
    [
      "unknown tokens",
      ["stats", file("log.jsonl"), "--tokens", "bytes"],
      2,
      /Choose one of words, characters, whitespace/,
    ],
    [
      "record without an edited text",
      ["stats", file("noedit.jsonl")],
      1,
      /noedit\.jsonl:2: the edited text is missing: .*--map edited=FIELD/,
    ],
    ["empty log", ["export", file("empty.jsonl"), ...to], 1, /empty\.jsonl holds no edit: it is empty/],
    [
      "line that is not JSON",
      ["export", file("mixed.jsonl"), ...to],
      1,
      /mixed\.jsonl:13: the line is not JSON.*; the line is rejected, as are 1 more of 14; fix the file, or go on without such lines by --skip-rejected/,
    ],
    [
      "unknown format",
      ["export", file("log.jsonl"), "--format", "csv"],
      2,
      /'csv' is invalid\. Choose one of fpx, trl-/,
    ],
    [
      "field map",
      ["export", file("log.jsonl"), ...to, "--map", "daft=x"],
      2,
      /names "daft", which is none of id, context/,
    ],
    ["missing --out", ["import", file("log.jsonl")], 2, /required option '--out <log>' not specified/],
    [
      "file that exists",
      ["export", file("log.jsonl"), "--format", "fpx", "--out", file("log.jsonl")],
      2,
      /log\.jsonl exists already; choose another --out, or replace it by --force/,
    ],
    [
      "full disk",
      ["export", file("log.jsonl"), "--format", "fpx", "--out", "/dev/full"],
      1,
      /\/dev\/full: no space left/,
    ],
    [
      "file in place of a folder",
      ["export", file("log.jsonl"), "--format", "fpx", "--out", file("log.jsonl/x")],
      1,
      /log\.jsonl is a file, so nothing can be put below it/,
    ],
    [
      "folder as output",
      ["export", file("log.jsonl"), "--format", "fpx", "--out", folder],
      1,
      /is a folder; name a file/,
    ],
    [
      "too few lines for a format",
      ["export", file("log.jsonl"), "--format", "openai-sft", "--no-accepted", ...to.slice(2)],
      1,
      /openai-sft takes files with at least 10 lines; this one would have 9, 3 left out because/,
    ],
    [
      "redaction without a name",
      ["export", file("log.jsonl"), ...to, "--redact", "x.ts"],
      2,
      /takes MODULE#name/,
    ],
    [
      "redaction that is missing",
      ["export", file("log.jsonl"), ...to, "--redact", "x.ts#y"],
      2,
      /cannot load x\.ts/,
    ],
    [
      "redaction of another name",
      ["export", file("log.jsonl"), ...to, "--redact", `${file("redact.ts")}#show`],
      2,
      /exports no function show; it exports hide/,
    ],
  ])("%s", (_, args, code, message) => {
    const result = fpx(["edits", ...args]);
    expect(result.stderr).toMatch(/^fpx: [^\n]*\n$/);
    expect(result.stderr).toMatch(message);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(readdirSync(file("out"))).toEqual([]);
  });

  it("keeps the old file when a replacement fails", () => {
    writeFileSync(file("out/kept.jsonl"), "old");
    const { code } = fpx([
      "edits",
      "export",
      file("mixed.jsonl"),
      "--format",
      "fpx",
      "--out",
      file("out/kept.jsonl"),
      "--force",
    ]);
    expect(code).toBe(1);
    expect(readFileSync(file("out/kept.jsonl"), "utf8")).toBe("old");
    expect(readdirSync(file("out"))).toEqual(["kept.jsonl"]);
  });

  it("is JSON with --json and has a stack only with FPX_DEBUG", () => {
    const args = ["edits", "export", "nowhere.jsonl", ...to, "--json"];
    expect(JSON.parse(fpx(args).stderr)).toEqual({
      error: { code: "ENOENT", message: "nowhere.jsonl: no such file or directory; check the path" },
    });
    expect(JSON.parse(fpx(args, { env: { FPX_DEBUG: "1" } }).stderr).error.stack).toContain(
      "caused by Error: ENOENT",
    );
  });
});
