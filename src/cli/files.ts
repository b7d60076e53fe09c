/** Files named on the command line: logs that are read, outputs that are never half written. */
import { createReadStream } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InvalidInput } from "../core/errors.ts";
import { type FileContent, writeFileAtomic } from "../core/node/index.ts";
import { type EditLog, type ReadOptions, type Reject, readEditLog, requireRecords } from "../edits/index.ts";
import { fileError, UsageError } from "./errors.ts";

/** What may stand in place of a path: standard input or output. */
export const STANDARD = "-";

/**
 * Reads the pieces of a file, or of standard input for `-`; ends early when the signal comes, also while it waits for
 * more. Throws errors that name the path.
 */
export async function* readPieces(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = path === STANDARD ? process.stdin : createReadStream(path);
  const end = (): void => void stream.destroy();
  signal?.addEventListener("abort", end, { once: true });
  try {
    yield* stream;
  } catch (error) {
    if (!signal?.aborted) throw fileError(path, error);
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/** Options of `readLog`. */
export interface LogOptions extends ReadOptions {
  /** Goes on without the lines that give no record; default false: the first such line is an error. */
  readonly skipRejected?: boolean;
}

/**
 * Reads the edit log of a command. Throws `InvalidInput` with the place and reason of the first line that gives no
 * record, unless these are skipped, and when no record is left.
 */
export async function readLog(path: string, options: LogOptions = {}): Promise<EditLog> {
  const { skipRejected = false, ...read } = options;
  const log = await readEditLog(readPieces(path), read);
  const [first] = log.rejects;
  if (first !== undefined && !skipRejected) throw rejected(path, log.rejects, log.records.length);
  return requireRecords(log, path);
}

/** A line that gave no record, of a log or of a training file. */
export type Rejection = Omit<Reject, "code"> & { readonly code: string };

/** The error for lines that give no record; `kept` is the number of those that do. */
export function rejected(path: string, rejects: readonly Rejection[], kept: number): InvalidInput {
  const { line, code, reason } = rejects[0]!;
  const more = rejects.length === 1 ? "" : `, as are ${rejects.length - 1} more of ${kept + rejects.length}`;
  const advice = kept === 0 ? "fix the file" : "fix the file, or go on without such lines by --skip-rejected";
  return new InvalidInput(`${path}:${line}: ${reason}; the line is rejected${more}; ${advice}`, {
    code: code.toUpperCase().replaceAll("-", "_"),
  });
}

/** Lines that were rejected, by reason, with the first line numbers: one text a reason. */
export function describeRejects(rejects: readonly Rejection[]): readonly string[] {
  const byCode = new Map<string, { reason: string; lines: number[] }>();
  for (const { code, reason, line } of rejects) {
    const entry = byCode.get(code) ?? { reason, lines: [] };
    entry.lines.push(line);
    byCode.set(code, entry);
  }
  return Array.from(
    byCode.values(),
    ({ reason, lines }) => `${plural(lines.length, "line")} rejected: ${reason} (${lineNumbers(lines)})`,
  );
}

/** `line 3` or `lines 3, 7, 9 and 12 more`. */
export function lineNumbers(lines: readonly number[], count: number = lines.length): string {
  const shown = lines.slice(0, 5);
  const more = count > shown.length ? ` and ${count - shown.length} more` : "";
  return `${count === 1 ? "line" : "lines"} ${shown.join(", ")}${more}`;
}

/** `1 line`, `2 lines`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Refuses an output file that exists already, before any work is done. */
export async function refuseOverwrite(path: string, force: boolean): Promise<void> {
  if (force || path === STANDARD) return;
  if ((await kindOf(path)) === "file") {
    throw new UsageError(`${path} exists already; choose another --out, or replace it by --force`);
  }
}

/**
 * Writes a file whole or not at all; a device or pipe is written to as it is. Missing folders are made.
 * Throws errors that name the path.
 */
export async function writeOutput(path: string, content: FileContent): Promise<void> {
  try {
    const kind = await kindOf(path);
    if (kind === "folder") throw new InvalidInput(`${path} is a folder; name a file`, { code: "EISDIR" });
    if (kind === "device") {
      await writeFile(path, content);
      return;
    }
    await makeFolder(dirname(resolve(path)));
    await writeFileAtomic(path, content);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Makes a folder and those above it. (Node's own recursive mkdir never ends inside /proc.) */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      if ((await kindOf(path)) === "folder") return;
      throw new InvalidInput(`${path} is a file, so nothing can be put below it; choose another path`, {
        code: "ENOTDIR",
      });
    }
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}

async function kindOf(path: string): Promise<"none" | "file" | "folder" | "device"> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "device";
  } catch {
    return "none";
  }
}

/**
 * Loads a function from `MODULE#name`, a TypeScript or JavaScript module and the name of its export.
 * Throws `UsageError` when there is no such module or function.
 */
export async function loadFunction(
  reference: string,
  option: string,
): Promise<(...args: readonly unknown[]) => unknown> {
  const [module = "", name = "", ...rest] = reference.split("#");
  if (module === "" || name === "" || rest.length > 0) {
    throw new UsageError(`${option} takes MODULE#name, as in ./redact.ts#redact, got ${reference}`);
  }
  const { createJiti } = await import("jiti");
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await createJiti(import.meta.url).import(pathToFileURL(resolve(module)).href);
  } catch (error) {
    throw new UsageError(`${option} cannot load ${module}: ${(error as Error).message.split("\n", 1)[0]}`, {
      cause: error,
    });
  }
  const found = loaded[name];
  if (typeof found === "function") return found as (...args: readonly unknown[]) => unknown;
  const names = Object.keys(loaded).filter((key) => typeof loaded[key] === "function");
  throw new UsageError(`${module} exports no function ${name}; it exports ${names.join(", ") || "none"}`);
}
