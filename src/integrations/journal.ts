/** A file of lines that only grows; a line is acknowledged when the disk has it. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { InvalidInput } from "../core/errors.ts";

/** Mode of the file: its owner alone reads what people wrote. */
export const PRIVATE = 0o600;

interface Waiting {
  readonly line: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Appends lines and syncs them to the disk, as many at once as have come in meanwhile. A line cut short by a crash was
 * never acknowledged; opening drops it.
 */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens or creates the file; gives the journal and its whole lines. Throws the system's error where it cannot. */
  static async open(path: string): Promise<{ readonly journal: Journal; readonly lines: readonly string[] }> {
    const file = await open(path, "a+", PRIVATE);
    const bytes = await file.readFile();
    const size = bytes.lastIndexOf(0x0a) + 1;
    if (size < bytes.length) await file.truncate(size);
    const lines = bytes.subarray(0, size).toString("utf8").split("\n").slice(0, -1);
    return { journal: new Journal(path, file), lines };
  }

  /**
   * Resolves when the line is on the disk; rejects with the system's error when it is not, and as `size` does.
   */
  append(line: string): Promise<void> {
    if (this.#closed) return Promise.reject(new InvalidInput("the edit log is closed; open it again"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when everything appended so far is on the disk or has failed. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  /** Writes what waits and closes the file; may be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.settled();
    await this.#file.close();
  }

  /**
   * The file's size. Throws `InvalidInput` with code `LOG_REPLACED` where its path leads to another file, as after a
   * rotation: what would be written here is lost there.
   */
  async size(): Promise<number> {
    const [here, there] = await Promise.all([
      this.#file.stat(),
      stat(this.#path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      }),
    ]);
    if (there?.ino === here.ino && there.dev === here.dev) return here.size;
    throw new InvalidInput(
      `${this.#path} was moved, removed or replaced while the edit log was open, so nothing more can be kept; close the log and open it again`,
      { code: "LOG_REPLACED" },
    );
  }

  async #flush(): Promise<void> {
    // Lines of the same turn go to the disk together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      let size: number | undefined;
      try {
        size = await this.size();
        await this.#file.appendFile(batch.map(({ line }) => `${line}\n`).join(""));
        await this.#file.datasync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // Half a batch must not stay: the next line would be glued to it.
        if (size !== undefined) await this.#file.truncate(size).catch(() => {});
        for (const { reject } of batch) reject(error);
      }
    }
    this.#flushing = undefined;
  }
}
