/** Writing files so that a crash leaves the old file or the new one, never a half. */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What a file may be made of: all at once, or piece by piece. */
export type FileContent =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** Text pieces are gathered to this many UTF-16 units before they are written. */
const CHUNK = 1 << 16;

/**
 * Writes `content` to `path` in one go: a temporary file beside it, flushed to the disk, then renamed over it.
 * Missing folders are made; a symbolic link is followed. After an error or a crash `path` holds what it held before.
 *
 * Throws the system's error (`ENOSPC`, `EACCES`, ...), or what the iterable throws, after removing the temporary file.
 *
 * @example await writeFileAtomic("out/metrics.json", JSON.stringify(metrics));
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await writeAll(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Writes each string of `lines` and a newline after it, as `writeFileAtomic` does; returns the number of lines. */
export async function writeLinesAtomic(
  path: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<number> {
  let count = 0;
  async function* terminated(): AsyncGenerator<string> {
    for await (const line of lines) {
      count++;
      yield `${line}\n`;
    }
  }
  await writeFileAtomic(path, terminated());
  return count;
}

async function writeAll(file: FileHandle, content: FileContent): Promise<void> {
  if (typeof content === "string" || content instanceof Uint8Array) {
    await file.writeFile(content);
    return;
  }
  let text = "";
  for await (const piece of content) {
    if (typeof piece === "string") {
      text += piece;
      if (text.length < CHUNK) continue;
    }
    if (text !== "") await file.writeFile(text);
    text = "";
    if (typeof piece !== "string") await file.writeFile(piece);
  }
  if (text !== "") await file.writeFile(text);
}

/** Makes the renaming itself durable; systems that cannot open a folder (Windows) do so by themselves. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, "r");
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "EPERM", "EISDIR", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
  } finally {
    await handle.close();
  }
}
