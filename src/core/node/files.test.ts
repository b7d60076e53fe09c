import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFileAtomic, writeLinesAtomic } from "./files.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fpx-files-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  it("writes strings, bytes and pieces, and leaves nothing else behind", async () => {
    await writeFileAtomic(join(dir, "deep/er/a.txt"), "Grüße\n");
    await writeFileAtomic(join(dir, "b.bin"), Uint8Array.of(0, 255, 10));
    await writeFileAtomic(join(dir, "c.txt"), ["é", new TextEncoder().encode("ü"), "x".repeat(100_000), "."]);
    expect(await readFile(join(dir, "deep/er/a.txt"), "utf8")).toBe("Grüße\n");
    expect([...(await readFile(join(dir, "b.bin")))]).toEqual([0, 255, 10]);
    expect(await readFile(join(dir, "c.txt"), "utf8")).toBe(`éü${"x".repeat(100_000)}.`);
    expect((await readdir(dir)).sort()).toEqual(["b.bin", "c.txt", "deep"]);
  });

  it("keeps the old file when the writer fails midway", async () => {
    const path = join(dir, "kept.txt");
    await writeFileAtomic(path, "old");
    function* failing(): Generator<string> {
      yield "x".repeat(200_000);
      throw new Error("source broke");
    }
    await expect(writeFileAtomic(path, failing())).rejects.toThrow("source broke");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(dir)).toEqual(["kept.txt"]);
  });

  it("follows a symbolic link instead of replacing it", async () => {
    await writeFile(join(dir, "real.txt"), "old");
    await symlink(join(dir, "real.txt"), join(dir, "link.txt"));
    await writeFileAtomic(join(dir, "link.txt"), "new");
    expect(await readFile(join(dir, "real.txt"), "utf8")).toBe("new");
  });

  it("ends every line and counts them", async () => {
    expect(await writeLinesAtomic(join(dir, "l.jsonl"), ["1", "2", "3"])).toBe(3);
    expect(await readFile(join(dir, "l.jsonl"), "utf8")).toBe("1\n2\n3\n");
    expect(await writeLinesAtomic(join(dir, "none.jsonl"), [])).toBe(0);
    expect(await readFile(join(dir, "none.jsonl"), "utf8")).toBe("");
  });
});
