import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWriter, surviveKill } from "../../test/support/kill-writer.ts";
import { readEditLogFile, recordDerived, staleness } from "../edits/node/index.ts";
import { type DurableEditLog, openEditLog } from "./edit-log.ts";
import { Recorder, type RecordingFaults } from "./recorder.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-log-"));
  path = join(folder, "edits.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

describe("the edit log of an app", () => {
  it("has drafts and edits after it is opened again, and is read as a log", async () => {
    const log = await openEditLog(path, { now: () => 0 });
    const first = await log.generation({
      context: "c",
      draft: "d",
      policy: "p",
      user: "u",
      meta: { run: 1 },
    });
    const second = await log.generation({ context: [{ role: "user", content: "x" }], draft: "e" });
    await log.edited(first, "one");
    await log.edited(first, "two");
    await log.close();
    await expect(log.generation({ context: "", draft: "d" })).rejects.toThrow(/closed/);

    const again = await openEditLog(path);
    expect(again.pending()).toEqual([second]);
    const record = { id: first, context: "c", draft: "d", edited: "two", policy: "p", user: "u" };
    expect(again.records()).toEqual([{ ...record, ts: "1970-01-01T00:00:00.000Z", meta: { run: 1 } }]);
    const read = await readEditLogFile(path);
    expect(read).toMatchObject({ records: again.records(), lines: [2], live: true, rejects: [] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await again.close();
  });

  it("refuses ids and files that are not its own", async () => {
    const log = await openEditLog(path);
    await expect(log.edited("nobody", "x")).rejects.toMatchObject({ code: "UNKNOWN_DRAFT" });
    await expect(log.edited(1 as never, 2 as never)).rejects.toThrow(/not a text/);
    await log.close();
    await writeFile(path, '{"context":"c","draft":"d","edited":"e"}\n');
    await expect(openEditLog(path)).rejects.toThrow(/edits.jsonl:1 is no line of an app's edit log/);
  });

  it("stores redacted texts only, and still knows an accepted draft", async () => {
    const redact = (text: string) => text.replaceAll("Ann", "NAME");
    const log = await openEditLog(path, { redact });
    const id = await log.generation({
      context: "to Ann",
      draft: "Dear Ann",
      user: "Ann",
      meta: { a: "Ann" },
    });
    await log.edited(id, "Hi Ann");
    const kept = await log.generation({ context: "x", draft: "Ann" });
    await log.accepted(kept);
    await log.edited(kept, log.drafts()[1]!.draft);
    await log.close();
    expect(await readFile(path, "utf8")).not.toContain("Ann");
    expect(log.records()).toMatchObject([
      { context: "to NAME", draft: "Dear NAME", edited: "Hi NAME", user: "NAME", meta: { a: "NAME" } },
      { draft: "NAME", edited: "NAME" },
    ]);
  });

  it("forgets a person, and marks what was made from the log", async () => {
    const told: unknown[] = [];
    const log = await openEditLog(path, { onForget: (user, ids) => void told.push([user, ids.length]) });
    const adapters = join(folder, "adapters");
    await writeFile(join(folder, "pairs.jsonl"), "{}\n");
    await writeFile(join(folder, "cache.json"), "{}\n");
    await recordDerived(path, [
      { kind: "export", path: join(folder, "pairs.jsonl") },
      { kind: "cache", path: join(folder, "cache.json") },
      { kind: "policy", path: adapters },
    ]);
    for (const user of ["u1", "u2", "u1"]) {
      const id = await log.generation({ context: `secret of ${user}`, draft: "d", user });
      if (user === "u1") await log.edited(id, "e");
    }
    const [appended] = await Promise.all([
      log.generation({ context: "while forgetting", draft: "d" }),
      log.forgetUser("u1"),
    ]);
    expect(told).toEqual([["u1", 2]]);
    expect(await readFile(path, "utf8")).not.toContain("secret of u1");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(log.drafts().map(({ user }) => user)).toEqual(["u2", undefined]);
    expect(log.pending()).toContain(appended);
    expect(await staleness(join(folder, "pairs.jsonl"))).toMatchObject({ removed: 2 });
    await expect(stat(join(folder, "cache.json"))).rejects.toThrow(/ENOENT/);
    expect(await staleness(adapters)).toBeUndefined();
    expect(await log.forgetUser("nobody")).toBe(0);
    await log.close();
    expect((await readEditLogFile(path)).rejects).toEqual([]);
  });

  it("forgets by author and by editor, replaced edits included", async () => {
    const log = await openEditLog(path);
    const written = await log.generation({ context: "for u1", draft: "Dear u1", user: "u1" });
    expect(await log.edit(written, { edited: "Hi", user: "agent7" })).toMatchObject({ user: "agent7" });
    const other = await log.generation({ context: "for u2", draft: "Dear u2", user: "u2", meta: { a: 1 } });
    await log.edit(other, { edited: "by u3", user: "u3", meta: { b: 2 } });
    // The first edit is replaced whole, and who made it is still found.
    expect(await log.edited(other, "by u2")).toMatchObject({ user: "u2", meta: { a: 1 } });
    const kept = await log.generation({ context: "for u4", draft: "Dear u4", user: "u4" });
    await log.edit(kept, { edited: "Hi u4", user: "agent7" });
    expect([await log.forgetUser("u3"), await log.forgetUser("u1")]).toEqual([1, 1]);
    expect(await readFile(path, "utf8")).not.toMatch(/u1|u2|u3/);
    await log.close();
    // Author and editor are told apart after the file was written anew, too.
    const again = await openEditLog(path);
    expect(again.records()).toMatchObject([{ id: kept, user: "agent7" }]);
    expect(await again.forgetUser("u4")).toBe(1);
    expect(again.drafts()).toEqual([]);
    await again.close();
    await expect(again.forgetUser("agent7")).rejects.toThrow(/closed/);
  });

  it("keeps nothing of an edit that comes while its person is forgotten", async () => {
    const log = await openEditLog(path);
    const id = await log.generation({ context: "c", draft: "d", user: "u1" });
    const [forgotten, edited] = await Promise.allSettled([log.forgetUser("u1"), log.edited(id, "secret")]);
    expect(forgotten).toMatchObject({ value: 1 });
    expect(edited).toMatchObject({ reason: { code: "UNKNOWN_DRAFT" } });
    await log.close();
    expect(await readFile(path, "utf8")).not.toContain("secret");
  });

  it("is open once at a time, and free again when its process is killed", async () => {
    const log = await openEditLog(path);
    await symlink(path, join(folder, "link.jsonl"));
    for (const name of [path, join(folder, "link.jsonl")])
      await expect(openEditLog(name)).rejects.toMatchObject({
        code: "LOCKED",
        message: expect.stringMatching(/edits.jsonl is open in this same process/),
      });
    await log.close();
    await log.close();
    const writer = startWriter(path);
    await writer.wrote(1);
    await expect(openEditLog(path)).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining(`process ${writer.pid} `),
    });
    await writer.kill();
    expect(await readdir(folder)).toContain("edits.jsonl.lock");
    await (await openEditLog(path)).close();
    expect(await readdir(folder)).toEqual(["edits.jsonl", "link.jsonl"]);
  });

  it("acknowledges nothing that goes to a file no longer in its place", async () => {
    const log = await openEditLog(path);
    const id = await log.generation({ context: "c", draft: "d", user: "u" });
    await rename(path, join(folder, "rotated.jsonl"));
    await expect(log.edited(id, "e")).rejects.toMatchObject({ code: "LOG_REPLACED" });
    await writeFile(path, "another's\n");
    await expect(log.generation({ context: "c", draft: "d" })).rejects.toThrow(/moved, removed or replaced/);
    await expect(log.forgetUser("u")).rejects.toMatchObject({ code: "LOG_REPLACED" });
    await log.close();
    expect(await readFile(path, "utf8")).toBe("another's\n");
  });

  it("loses no acknowledged record when its process is killed at any moment", async () => {
    for (const after of [1, 120]) await surviveKill(path, after);
  });
});

describe("a recorder", () => {
  const fake = (generation: () => Promise<string>) => ({ generation }) as unknown as DurableEditLog;
  const recording = (generation: () => Promise<string>) => {
    const warnings: string[] = [];
    const faults: RecordingFaults = { late: 0, failed: 0 };
    const onWarning = (message: string) => void warnings.push(message);
    return { warnings, faults, recorder: new Recorder(fake(generation), { onWarning, faults }) };
  };
  const draft = { context: "c", draft: "d" };

  it("lets the call go on after 20 ms without an id, warns once and counts", async () => {
    const { recorder, warnings, faults } = recording(() => new Promise(() => {}));
    const began = performance.now();
    expect(await recorder.record(() => draft)).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThanOrEqual(19);
    expect(await recorder.record(() => draft)).toBeUndefined();
    expect(faults).toEqual({ late: 2, failed: 0 });
    expect(warnings).toEqual([expect.stringMatching(/not on the disk within 20 ms.*calls go on/)]);
  });

  it("lets the call go on when the log cannot be written, also late", async () => {
    const full = () => Promise.reject(new Error("ENOSPC: no space left"));
    const { recorder, warnings, faults } = recording(full);
    expect(await recorder.record(() => draft)).toBeUndefined();
    expect(await recorder.record(() => draft)).toBeUndefined();
    expect(faults).toEqual({ late: 0, failed: 2 });
    expect(warnings).toEqual([expect.stringMatching(/ENOSPC/)]);

    // What reads the call's own things is no more in the way than the disk is.
    const odd = recording(full);
    const unreadable = (): never => {
      throw new TypeError("no such field");
    };
    expect(await odd.recorder.record(unreadable)).toBeUndefined();
    expect(odd.warnings).toEqual([expect.stringMatching(/no such field/)]);

    let fail: (error: Error) => void = () => {};
    const slow = recording(() => new Promise((_, reject) => (fail = reject)));
    expect(await slow.recorder.record(() => draft)).toBeUndefined();
    fail(new Error("late"));
    await new Promise((resolve) => setTimeout(resolve));
    expect(slow.faults).toEqual({ late: 1, failed: 1 });
    expect(slow.warnings).toHaveLength(1);
  });

  it("records no empty draft, and refuses a patience that is none", async () => {
    const { recorder, faults } = recording(() => Promise.reject(new Error("never asked")));
    expect(await recorder.record(() => ({ context: "c", draft: "" }))).toBeUndefined();
    expect(faults).toEqual({ late: 0, failed: 0 });
    expect(
      () =>
        new Recorder(
          fake(async () => "id"),
          { patience: -1 },
        ),
    ).toThrow(/patience is -1/);
  });
});
