import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFile, withLock } from "./lock.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fpx-lock-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Another process that takes the lock of `dir`, says so, and keeps it until it is killed. */
async function holder(): Promise<ChildProcess> {
  const module = JSON.stringify(fileURLToPath(new URL("./lock.ts", import.meta.url)));
  const program = `
    const { createJiti } = await import("jiti");
    const { withLock } = await createJiti(${module}).import(${module});
    await withLock(${JSON.stringify(dir)}, () => new Promise((done) => {
      process.stdout.write("held");
      setTimeout(done, 60_000);
    }));`;
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr!.on("data", (text) => {
    complaint += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once("data", () => resolve());
    child.once("exit", () => reject(new Error(`the holder ended early: ${complaint}`)));
  });
  return child;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

describe("withLock", () => {
  it("returns what the work returns, and frees the lock also after an error", async () => {
    expect(await withLock(dir, () => 7)).toBe(7);
    await expect(withLock(dir, () => Promise.reject(new Error("broke")))).rejects.toThrow("broke");
    expect(await withLock(join(dir, "new/folder"), async () => "made")).toBe("made");
    expect(await readdir(dir)).toEqual(["new"]);
  });

  it("refuses a second holder in the same process", async () => {
    await withLock(dir, async () => {
      await expect(withLock(dir, () => 0)).rejects.toMatchObject({
        code: "LOCKED",
        message: expect.stringContaining("this same process"),
      });
    });
  });

  it("waits when told to, and lets many callers in one after the other", async () => {
    let inside = 0;
    let most = 0;
    const calls = Array.from({ length: 8 }, () =>
      withLock(
        dir,
        async () => {
          most = Math.max(most, ++inside);
          await new Promise((done) => setTimeout(done, 5));
          inside--;
        },
        { waitMs: 20_000 },
      ),
    );
    await Promise.all(calls);
    expect(most).toBe(1);
  });

  it("respects a living process and takes over from a killed one", async () => {
    const child = await holder();
    const gone = ended(child);
    await expect(withLock(dir, () => 0)).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining(`process ${child.pid}`),
    });
    child.kill("SIGKILL");
    await gone;
    expect(await readdir(dir)).toEqual([".fpx.lock"]);
    let inside = 0;
    let most = 0;
    const heirs = await Promise.allSettled(
      Array.from({ length: 6 }, () =>
        withLock(dir, async () => {
          most = Math.max(most, ++inside);
          await new Promise((done) => setTimeout(done, 50));
          inside--;
        }),
      ),
    );
    expect(heirs.some((heir) => heir.status === "fulfilled")).toBe(true);
    expect(most).toBe(1);
    expect(await withLock(dir, () => "mine")).toBe("mine");
    expect(await readdir(dir)).toEqual([]);
  });

  it.runIf(process.platform === "linux")(
    "is not fooled by a process id that was given to another process",
    async () => {
      const stranger = {
        pid: process.pid,
        host: hostname(),
        birth: "another-boot 1",
        since: "then",
        token: "t",
      };
      await writeFile(join(dir, ".fpx.lock"), JSON.stringify(stranger));
      expect(await withLock(dir, () => "mine")).toBe("mine");
    },
  );

  it("respects another machine's lock and a garbled fresh one, and clears a garbled old one", async () => {
    const path = join(dir, ".fpx.lock");
    const elsewhere = { pid: 1, host: "elsewhere.example", birth: "", since: "2025-01-31", token: "t" };
    await writeFile(path, JSON.stringify(elsewhere));
    await expect(withLock(dir, () => 0)).rejects.toThrow("elsewhere.example");
    await writeFile(path, "{");
    await expect(withLock(dir, () => 0)).rejects.toMatchObject({ code: "LOCKED" });
    const past = new Date(Date.now() - 60_000);
    await utimes(path, past, past);
    expect(await withLock(dir, () => readFile(path, "utf8"))).toContain(`"pid":${process.pid}`);
  });

  it("takes over another machine's lock that nobody has touched for long", async () => {
    const path = join(dir, ".fpx.lock");
    await writeFile(
      path,
      JSON.stringify({ pid: 1, host: "gone.example", birth: "", since: "then", token: "t" }),
    );
    const past = (minutes: number) => new Date(Date.now() - 60_000 * minutes);
    await utimes(path, past(5), past(5));
    await expect(withLock(dir, () => 0)).rejects.toThrow("gone.example");
    await utimes(path, past(11), past(11));
    expect(await withLock(dir, () => "mine")).toBe("mine");
  });
});

describe("lockFile", () => {
  it("locks one file among many until it is given free", async () => {
    const file = join(dir, "a.jsonl");
    const release = await lockFile(file);
    await expect(lockFile(file)).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringMatching(/a.jsonl is open in this same process.*delete .*a.jsonl.lock/),
    });
    await (await lockFile(join(dir, "b.jsonl")))();
    await release();
    await (await lockFile(file))();
    // Called twice, it does not free what is another's by now.
    const second = await lockFile(file);
    await release();
    await expect(lockFile(file)).rejects.toMatchObject({ code: "LOCKED" });
    await second();
    expect(await readdir(dir)).toEqual([]);
  });
});
