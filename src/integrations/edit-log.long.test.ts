import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { surviveKill } from "../../test/support/kill-writer.ts";

it("an app's log survives 25 kills at all sizes", { timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "fpx-kills-"));
  try {
    for (let kill = 0; kill < 25; kill++) await surviveKill(join(folder, "edits.jsonl"), 1 + 37 * kill);
    expect.assertions(25 * 4);
  } finally {
    await rm(folder, { recursive: true });
  }
});
