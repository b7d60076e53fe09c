/** A lock that keeps two commands on one folder apart and outlives no process that held it. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
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
const RETRY_MS = 50;

/**
 * Runs `work` while holding the lock of folder `dir` (made if missing) and gives back what it returns.
 *
 * The lock is the file `.fpx.lock` in `dir`. A holder that was killed is recognised by its process id, and, where
 * the system tells, by the time that process started; its lock is taken over. A lock held on another machine of a
 * shared file system cannot be checked and is respected.
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
  const waitMs = options.waitMs ?? 0;
  if (!(waitMs >= 0))
    throw new InvalidInput(`waitMs must be a number of milliseconds, 0 or more; got ${waitMs}`);
  await mkdir(dir, { recursive: true });
  const path = join(dir, LOCK_NAME);
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
    if (performance.now() >= giveUpAt) throw await lockedBy(dir, path);
    await sleep(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    if ((await holderOf(path))?.token === me.token) await rm(path, { force: true });
  }
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
  if (holder === undefined) {
    const written = await stat(path).catch(() => undefined);
    return written !== undefined && Date.now() - written.mtimeMs > GARBLED_AFTER_MS;
  }
  if (holder.host !== hostname()) return false;
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

async function lockedBy(dir: string, path: string): Promise<InvalidInput> {
  const holder = await holderOf(path);
  const who =
    holder === undefined
      ? "another command"
      : holder.pid === process.pid && holder.host === hostname()
        ? "this same process"
        : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new InvalidInput(
    `${dir} is in use by ${who}; wait until it ends, choose another folder, or, if you are sure that it ended, delete ${path}`,
    { code: "LOCKED" },
  );
}
