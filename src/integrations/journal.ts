/** A file of lines that only grows; a line is acknowledged when the disk has it. */

import { type FileHandle, open } from "node:fs/promises";
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
  readonly #file: FileHandle;
  #size: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** Opens or creates the file; gives the journal and its whole lines. Throws the system's error where it cannot. */
  static async open(path: string): Promise<{ readonly journal: Journal; readonly lines: readonly string[] }> {
    const file = await open(path, "a+", PRIVATE);
    const bytes = await file.readFile();
    const size = bytes.lastIndexOf(0x0a) + 1;
    if (size < bytes.length) await file.truncate(size);
    const lines = bytes.subarray(0, size).toString("utf8").split("\n").slice(0, -1);
    return { journal: new Journal(file, size), lines };
  }

  /** Resolves when the line is on the disk; rejects with the system's error when it is not. */
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

  async #flush(): Promise<void> {
    // Lines of the same turn go to the disk together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const bytes = Buffer.from(batch.map(({ line }) => `${line}\n`).join(""));
        await this.#file.appendFile(bytes);
        await this.#file.datasync();
        this.#size += bytes.length;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // Half a batch must not stay: the next line would be glued to it.
        await this.#file.truncate(this.#size).catch(() => {});
        for (const { reject } of batch) reject(error);
      }
    }
    this.#flushing = undefined;
  }
}
