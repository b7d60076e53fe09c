import { type Batch, type Executor, InvalidInput, inline } from "../core/index.ts";
import { allowListeners, gather } from "./gather.ts";
import { createPace, type Load, sized } from "./pace.ts";
import { createPool, type Pool } from "./pool.ts";
import { unitSize } from "./protocol.ts";
import { share } from "./sharing.ts";
import type { ProblemSource } from "./source.ts";

/** Options of `threads`. */
export interface ThreadsOptions {
  /**
   * A batch that is expected to take less milliseconds than this is answered in the driver's own thread, where a
   * message would cost more than the work. Default 0.05; 0 sends every batch to a worker.
   */
  readonly inlineBelow?: number;
  /** Told of a batch's progress whenever answers arrive. */
  readonly onProgress?: (answered: number, asked: number) => void;
}

const LOAD: Load = { least: 1, most: 20 };

/**
 * Answers batches in `count` worker threads, which load the problem themselves. Same bits as `inline`. A lost worker
 * is replaced and its questions are asked again; one that loses its worker three times is an `OracleFailure`.
 * Throws `InvalidInput` when the module does not hold the run's problem. Close it to end the threads.
 *
 * @example
 * const executor = threads(4, { module: new URL("./problem.ts", import.meta.url), export: "problem", fingerprint: problem.fingerprint });
 * const { result } = await run(solver, problem, { seed: 7, executor });
 * await executor.close();
 */
export function threads(count: number, source: ProblemSource, options: ThreadsOptions = {}): Executor {
  const { inlineBelow = 0.05, onProgress } = options;
  if (!(inlineBelow >= 0))
    throw new InvalidInput(`inlineBelow is ${inlineBelow}: give milliseconds, at least 0`);
  const pool: Pool = createPool(count, source);
  const pace = createPace();

  async function answerInWorkers(batch: Batch, signal?: AbortSignal): Promise<readonly unknown[]> {
    const size = unitSize(batch);
    const units = Math.ceil(batch.questions.length / size);
    allowListeners(signal);
    return gather(
      { ...batch, common: share(batch.common) },
      {
        lanes: count,
        end(from) {
          const each = pace.perQuestion(batch.oracle.name);
          return from + (each === undefined ? 1 : sized((units - from) / (2 * count), each * size, LOAD));
        },
        send: (chunk) =>
          pool.answer({ ...chunk, questions: share(chunk.questions) as readonly unknown[] }, signal),
        pace,
        onProgress,
      },
    );
  }

  return {
    ask(batch, signal) {
      const each = pace.perQuestion(batch.oracle.name);
      if (each !== undefined && each * batch.questions.length < inlineBelow) return inline.ask(batch, signal);
      return answerInWorkers(batch, signal);
    },
    close: () => pool.close(),
  };
}
