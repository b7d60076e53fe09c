/** A pool of worker threads that answer chunks; a lost worker's questions are asked again. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { BroadcastChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { Cancelled, InvalidInput } from "../core/index.ts";
import { sourceLoader } from "../core/node/index.ts";
import { surviveLosses, WorkerLost } from "./losses.ts";
import type { Chunk, Reply } from "./protocol.ts";
import { moduleUrl, type ProblemSource } from "./source.ts";

/** What a worker gets: whose problem, which questions, and the name under which they can be cancelled. */
export interface Call {
  readonly id: string;
  readonly source: ProblemSource;
  readonly chunk: Chunk;
}

export const CANCEL_CHANNEL = "fpx-cancel";
/** How long an oracle may take to heed its signal before its thread is ended, in milliseconds. */
const GRACE = 250;

export interface Pool {
  /** Throws `Cancelled` when the signal fires and `InvalidInput` for questions that cannot travel. */
  answer(chunk: Chunk, signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

export function createPool(size: number, given: ProblemSource): Pool {
  if (!Number.isSafeInteger(size) || size < 1 || size > 1024)
    throw new InvalidInput(`threads is ${size}: give a whole number from 1 to 1024`);
  const source = { ...given, module: moduleUrl(given.module) };
  const fromSource = import.meta.url.endsWith(".ts");
  const piscina = new Piscina({
    filename: fileURLToPath(new URL(`./oracle.worker.${fromSource ? "ts" : "js"}`, import.meta.url)),
    minThreads: size,
    maxThreads: size,
    execArgv: fromSource ? ["--import", sourceLoader()] : [],
  });
  // A worker that dies between two questions is replaced; the pool must not take the process with it.
  piscina.on("error", () => undefined);
  const cancellations = new BroadcastChannel(CANCEL_CHANNEL);
  cancellations.unref();

  async function once(chunk: Chunk, signal?: AbortSignal): Promise<Reply> {
    const id = randomUUID();
    const hard = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      cancellations.postMessage(id);
      timer = setTimeout(() => hard.abort(), GRACE);
    };
    if (signal?.aborted) throw new Cancelled();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const reply = (await piscina.run({ id, source, chunk }, { signal: hard.signal })) as Reply;
      if (signal?.aborted) throw new Cancelled();
      return reply;
    } catch (error) {
      if (signal?.aborted) throw new Cancelled();
      if ((error as Error).name === "DataCloneError")
        throw new InvalidInput(
          `a question to oracle "${chunk.oracle}" cannot travel to a worker: ${(error as Error).message}; questions must be plain data`,
          { cause: error },
        );
      throw new WorkerLost((error as Error).message, { cause: error });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }

  return {
    answer: (chunk, signal) => surviveLosses(chunk, (part) => once(part, signal)),
    async close() {
      cancellations.close();
      await piscina.destroy();
    },
  };
}
