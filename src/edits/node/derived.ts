/** What was made from the log of a running app, and from that again, and what is stale since a person was forgotten. */

import { appendFile, readFile, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { InvalidInput } from "../../core/errors.ts";
import { writeFileAtomic } from "../../core/node/index.ts";

/** Something made from a log: a folder of policies or of snapshots, an exported file, or a cache. */
export interface Derived {
  readonly kind: "policy" | "snapshot" | "export" | "cache";
  readonly path: string;
}

/** Why something must be made again. */
export interface Staleness {
  /** When the person was forgotten, as ISO time. */
  readonly since: string;
  /** Records that left the log; nothing tells whose. */
  readonly removed: number;
}

/** The list beside a log or in a folder. */
const listOf = async (source: string): Promise<string> =>
  (await isFolder(source)) ? join(source, "derived.jsonl") : `${source}.derived.jsonl`;

/**
 * Notes that something is made from the log, or from something that was made from it such as a folder of policies, so that
 * `markStale` finds it. Throws the system's error where it cannot be written.
 */
export async function recordDerived(source: string, derived: readonly Derived[]): Promise<void> {
  const known = new Set((await listed(source)).map((entry) => JSON.stringify(entry)));
  const fresh = derived
    .map(({ kind, path }) => ({ kind, path: resolve(path) }))
    .filter((entry) => !known.has(JSON.stringify(entry)));
  const list = await listOf(source);
  const folder = dirname(resolve(list));
  const lines = fresh.map(({ kind, path }) => `${JSON.stringify({ kind, path: relative(folder, path) })}\n`);
  if (lines.length > 0) await appendFile(list, lines.join(""));
}

/** What was made from the log, and from that again; absolute paths, oldest first. */
export async function listDerived(log: string): Promise<readonly Derived[]> {
  const all = new Map<string, Derived>();
  const add = async (source: string): Promise<void> => {
    for (const derived of await listed(source)) {
      if (all.has(derived.path)) continue;
      all.set(derived.path, derived);
      await add(derived.path);
    }
  };
  await add(log);
  return [...all.values()];
}

async function listed(source: string): Promise<readonly Derived[]> {
  const list = await listOf(source);
  let text: string;
  try {
    text = await readFile(list, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const folder = dirname(resolve(list));
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line, i) => {
      try {
        const { kind, path } = JSON.parse(line) as Derived;
        return { kind, path: resolve(folder, path) };
      } catch (cause) {
        throw new InvalidInput(`${list}:${i + 1} is damaged; mend or delete the line`, { cause });
      }
    });
}

/**
 * Marks what was made from the log as stale, by a file `stale.json` in a folder or `NAME.stale.json` beside a file, and
 * deletes caches. Returns what it found; what is gone is left out.
 */
export async function markStale(
  log: string,
  { removed, now = new Date() }: { readonly removed: number; readonly now?: Date },
): Promise<readonly Derived[]> {
  const found: Derived[] = [];
  for (const derived of await listDerived(log)) {
    const marker = await markerOf(derived.path);
    if (marker === undefined) continue;
    found.push(derived);
    if (derived.kind === "cache") await rm(derived.path, { recursive: true });
    else
      await writeFileAtomic(
        marker,
        `${JSON.stringify({ since: now.toISOString(), removed } satisfies Staleness)}\n`,
      );
  }
  return found;
}

/** Whether something was made from records of a person who was forgotten since; `undefined` when not. */
export async function staleness(path: string): Promise<Staleness | undefined> {
  const marker = await markerOf(path);
  if (marker === undefined) return undefined;
  try {
    return JSON.parse(await readFile(marker, "utf8")) as Staleness;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Takes the mark away, after the thing was made again. */
export async function clearStale(path: string): Promise<void> {
  const marker = await markerOf(path);
  if (marker !== undefined) await rm(marker, { force: true });
}

/** The marker of an existing folder or file. */
async function markerOf(path: string): Promise<string | undefined> {
  const folder = await isFolder(path);
  if (folder === undefined) return undefined;
  return folder ? join(path, "stale.json") : `${path}.stale.json`;
}

/** Whether a path is a folder; `undefined` when there is nothing. */
async function isFolder(path: string): Promise<boolean | undefined> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
