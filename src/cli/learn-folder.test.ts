import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { markStale, recordDerived, staleness } from "../edits/node/index.ts";
import { derivedIn, openLearnFolder, staleAdapter } from "./learn-folder.ts";

it("a run that learned from a forgotten person is not gone on with, and its adapters say so until it is made again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fpx-learned-"));
  const log = join(folder, "edits.jsonl");
  const out = join(folder, "out");
  const flags = { resume: false, force: false, runtime: "r" };
  try {
    await recordDerived(log, derivedIn(out));
    const first = await openLearnFolder(out, flags);
    await first.store.save("sft", new Uint8Array([1]));
    await first.cache.save("numbers");
    await mkdir(join(out, "adapters/sft"), { recursive: true });
    expect(await staleAdapter(join(out, "adapters/sft"))).toBeUndefined();

    expect((await markStale(log, { removed: 3 })).map(({ kind }) => kind)).toEqual([
      "policy",
      "snapshot",
      "cache",
    ]);
    expect(await staleAdapter(join(out, "adapters/sft"))).toMatchObject({ removed: 3 });
    await expect(openLearnFolder(out, { ...flags, resume: true })).rejects.toThrow(
      /person who was forgotten .* start again by --force/,
    );
    const again = await openLearnFolder(out, { ...flags, force: true });
    expect(await again.cache.load()).toBeUndefined();
    await writeFile(join(again.gathered, "metrics.json"), "{}");
    await again.finish();
    expect(await staleness(out)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
