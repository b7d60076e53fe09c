import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx, root } from "../../test/support/fpx.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fpx-init-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const rooms = (await readdir(join(root, "samples/studies"))).map((file) => file.replace(/\.ts$/, ""));

describe("fpx init", () => {
  it.each(rooms)("writes a study of %s that runs as it is", async (room) => {
    const study = join(dir, `${room}.ts`);
    const written = await fpx(["init", "--room", room, "--out", study]);
    expect(written).toMatchObject({ code: 0, stdout: `${study} is written. Run it: fpx run ${study}\n` });
    const ended = await fpx(["run", study, "--db", join(dir, "fpx.db"), "--json"]);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: "converged" });
  });

  it("keeps files that are there, and knows its rooms", async () => {
    const study = join(dir, "kept.ts");
    await fpx(["init", "--out", study]);
    expect(await fpx(["init", "--out", study])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("exists already"),
    });
    expect((await fpx(["init", "--out", study, "--force"])).code).toBe(0);
    expect(await fpx(["init", "--room", "../mail", "--out", study, "--force"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Allowed choices are constraints"),
    });
  });
});
