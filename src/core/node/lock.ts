/** Locks that keep two processes on one folder or file apart and outlive no process that held them. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidInput } from "../errors.ts";

/** Options of `withLock`. */
export interface LockOptions {
  /** How long to wait for another holder, in milliseconds. Default 0: refuse at once. */
  readonly waitMs?: number;
}

/** Who holds the lock, as the lock file says. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Boot id and start tick of the process where the system tells them (Linux), else "". */
  readonly birth: string;
  readonly since: string;
  readonly token: string;
}

const LOCK_NAME = ".fpx.lock";
/** A lock file whose content makes no sense counts as abandoned after this many milliseconds. */
const GARBLED_AFTER_MS = 10_000;
/** A holder touches its lock so often, in milliseconds: other machines cannot see its process. */
const BEAT_MS = 60_000;
/** Another machine's lock that was not touched for so long counts as abandoned. */
const SILENT_AFTER_MS = 10 * BEAT_MS;
const RETRY_MS = 50;

/**
 * Runs `work` while holding the lock of folder `dir` (made if missing) and gives back what it returns.
 *
 * The lock is the file `.fpx.lock` in `dir`. A holder that was killed is recognised by its process id, and, where
 * the system tells, by the time that process started; its lock is taken over. The process of a lock held on another
 * machine of a shared file system, or in another container, cannot be seen: such a lock is respected while it is touched
 * now and then, and taken over after ten minutes of silence.
 *
 * Throws `InvalidInput` with code `LOCKED` when another process, or another call in this one, holds the lock.
 *
 * @example await withLock("out", async () => train("out"));
 */
export async function withLock<T>(
  dir: string,
  work: () => Promise<T> | T,
  options: LockOptions = {},
): Promise<T> {
  await mkdir(dir, { recursive: true });
  const release = await acquire(join(dir, LOCK_NAME), `${dir} is in use`, "choose another folder", options);
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * Locks the file `path`, which need not be there yet, until the function that it gives is called; that may be called
 * twice. The lock is the file `PATH.lock`, and as good as that of `withLock`. Throws as `withLock` does.
 *
 * @example const release = await lockFile("edits.jsonl");
 */
export function lockFile(path: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  return acquire(`${path}.lock`, `${path} is open`, "choose another file", options);
}

async function acquire(
  path: string,
  taken: string,
  otherwise: string,
  { waitMs = 0 }: LockOptions,
): Promise<() => Promise<void>> {
  if (!(waitMs >= 0))
    throw new InvalidInput(`waitMs must be a number of milliseconds, 0 or more; got ${waitMs}`);
  const me: Holder = {
    pid: process.pid,
    host: hostname(),
    birth: await birthOf(process.pid),
    since: new Date().toISOString(),
    token: randomUUID(),
  };
  const giveUpAt = performance.now() + waitMs;
  while (!(await create(path, me))) {
    if (await takeAway(path, me)) continue;
    if (performance.now() >= giveUpAt)
      throw new InvalidInput(
        `${taken} ${whoIs(await holderOf(path))}; wait until it ends, ${otherwise}, or, if you are sure that it ended, delete ${path}`,
        { code: "LOCKED" },
      );
    await sleep(RETRY_MS);
  }
  const beat = setInterval(() => {
    const now = new Date();
    // Where the lock is gone, there is nothing to keep.
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS).unref();
  return async () => {
    clearInterval(beat);
    if ((await holderOf(path))?.token === me.token) await rm(path, { force: true });
  };
}

/** Makes the lock file, complete from its first moment, unless there is one. */
async function create(path: string, me: Holder): Promise<boolean> {
  const complete = `${path}.${me.token}`;
  await writeFile(complete, `${JSON.stringify(me)}\n`, { flag: "wx" });
  try {
    await link(complete, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    return await createWithoutLinks(path, me); // a file system without hard links
  } finally {
    await rm(complete, { force: true });
  }
}

async function createWithoutLinks(path: string, me: Holder): Promise<boolean> {
  try {
    await writeFile(path, `${JSON.stringify(me)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes an abandoned lock; true if the lock is worth another try. Those who would remove the same lock are kept
 * apart by a second lock, under which the first is looked at again: nobody removes a lock that is already the next
 * holder's.
 */
async function takeAway(path: string, me: Holder): Promise<boolean> {
  if (!(await isAbandoned(path))) return false;
  const guard = `${path}.removal`;
  if (!(await create(guard, me))) {
    if (await isAbandoned(guard)) await rm(guard, { force: true });
    return false;
  }
  try {
    if (await isAbandoned(path)) await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = await holderOf(path);
  if (holder?.host !== hostname()) {
    const touched = await stat(path).catch(() => undefined);
    const patience = holder === undefined ? GARBLED_AFTER_MS : SILENT_AFTER_MS;
    return touched !== undefined && Date.now() - touched.mtimeMs > patience;
  }
  if (!isAlive(holder.pid)) return true;
  const birth = await birthOf(holder.pid);
  return birth !== "" && holder.birth !== "" && birth !== holder.birth;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // alive, but another user's
  }
}

/** Tells a process from a later one with the same id; "" where the system does not say. */
async function birthOf(pid: number): Promise<string> {
  try {
    const [boot, status] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // the second field, the program's name in parentheses, may hold spaces; the start tick is the 22nd field
    return `${boot.trim()} ${status.slice(status.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return "";
  }
}

/** Reads a lock file; undefined when there is none or its content makes no sense. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host, birth, since, token } = JSON.parse(await readFile(path, "utf8")) as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof host !== "string" || typeof token !== "string")
      return undefined;
    return { pid: pid!, host, birth: String(birth ?? ""), since: String(since ?? "an unknown time"), token };
  } catch {
    return undefined;
  }
}

function whoIs(holder: Holder | undefined): string {
  if (holder === undefined) return "in another process";
  if (holder.pid === process.pid && holder.host === hostname()) return "in this same process";
  return `in process ${holder.pid} on ${holder.host}, since ${holder.since}`;
}
