/** Group commit: what arrives while one transaction runs goes into the next, so that many share one flush of the disk. */
import { Problem } from "./problem.ts";

interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Collects items and commits them in groups, one group at a time. */
export class CommitQueue<T, R> {
  readonly #commit: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #largest: number;
  readonly #longest: number;
  #waiting: Waiting<T, R>[] = [];
  #running: Promise<void> | undefined;

  /** `commit` makes the results of a group durable before it resolves; it is called again item by item when it fails. */
  constructor(
    commit: (items: readonly T[]) => Promise<readonly R[]>,
    { largest = 256, longest = 20_000 }: { readonly largest?: number; readonly longest?: number } = {},
  ) {
    this.#commit = commit;
    this.#largest = largest;
    this.#longest = longest;
  }

  /** The item's result, once it is durable. Throws a 503 problem when too many wait. */
  push(item: T): Promise<R> {
    if (this.#waiting.length >= this.#longest)
      throw new Problem(503, "BUSY", "too many requests wait for the disk: try again", {
        headers: { "retry-after": "1" },
      });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#work();
    });
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #work(): Promise<void> {
    // What arrives in the same turn belongs to the same group.
    await new Promise((next) => setImmediate(next));
    while (this.#waiting.length > 0) await this.#settle(this.#waiting.splice(0, this.#largest));
    this.#running = undefined;
  }

  async #settle(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#commit(group.map(({ item }) => item));
      for (const [i, { resolve }] of group.entries()) resolve(results[i]!);
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      else for (const one of group) await this.#settle([one]);
    }
  }
}
