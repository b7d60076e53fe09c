import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EditRecord } from "../record.ts";
import { readEditLogFile, readExportFile, writeExportFile } from "./files.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fpx-edits-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const RECORDS: EditRecord[] = Array.from({ length: 3000 }, (_, i) => ({
  context: `Ask ${i} 😀`,
  draft: `Draft ${i} ${"ü".repeat(i % 50)}`,
  edited: i % 3 === 0 ? `Draft ${i} ${"ü".repeat(i % 50)}` : `Edited ${i}\u2028\n`,
  user: `u${i % 5}`,
}));

describe("files", () => {
  it("give back a log as it was written, over the borders of the pieces", async () => {
    const path = join(dir, "log.jsonl");
    const report = await writeExportFile(path, RECORDS, "fpx");
    expect(report).toMatchObject({ written: 3000, lines: 3000, excluded: [] });
    const log = await readEditLogFile(path);
    expect(log.records).toEqual(RECORDS);
    expect(log.rejects).toEqual([]);
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(3001);
  });

  it("report what a training file leaves out, and read it back", async () => {
    const path = join(dir, "dpo.jsonl");
    const report = await writeExportFile(path, RECORDS, "openai-dpo");
    expect(report).toMatchObject({ written: 2000, excluded: [{ code: "unedited", count: 1000 }] });
    const { records, rejects, problems } = await readExportFile(path, "openai-dpo");
    expect(records.map(({ draft, edited }) => [draft, edited])).toEqual(
      RECORDS.filter((_, i) => i % 3 !== 0).map(({ draft, edited }) => [draft, edited]),
    );
    expect([rejects, problems]).toEqual([[], []]);
  });

  it("leave an old file as it is when the new one cannot be made", async () => {
    const path = join(dir, "sft.jsonl");
    await writeFile(path, "old");
    await expect(writeExportFile(path, RECORDS.slice(0, 9), "openai-sft")).rejects.toMatchObject({
      code: "EXPORT_RULE",
    });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(dir)).toEqual(["sft.jsonl"]);
    await expect(readEditLogFile(join(dir, "none.jsonl"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
