import { type Batch, type Executor, InvalidInput, inline } from "../core/index.ts";
import { createPace, type Load, sized } from "./pace.ts";
import { createPool, type Pool } from "./pool.ts";
import { chunkOf, oracleFailure, unitSize } from "./protocol.ts";
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
    const { oracle, questions } = batch;
    const size = unitSize(batch);
    const units = Math.ceil(questions.length / size);
    const answers = new Array<unknown>(units);
    const shared: Batch = { ...batch, common: share(batch.common) };
    let next = 0;
    let answered = 0;
    let failed: { readonly index: number; readonly error: unknown } | undefined;

    async function feed(): Promise<void> {
      while (next < units && failed === undefined) {
        const each = pace.perQuestion(oracle.name);
        const from = next;
        next = Math.min(
          units,
          from + (each === undefined ? 1 : sized((units - from) / (2 * count), each * size, LOAD)),
        );
        const to = next;
        const fail = (index: number, error: unknown) => {
          if (failed === undefined || index < failed.index) failed = { index, error };
        };
        try {
          const chunk = chunkOf(shared, from, to);
          const reply = await pool.answer(
            { ...chunk, questions: share(chunk.questions) as readonly unknown[] },
            signal,
          );
          if ("refused" in reply) fail(-1, new InvalidInput(reply.refused));
          else if ("failure" in reply) {
            const index = from * size + reply.index;
            fail(index, oracleFailure(oracle.name, index, reply.failure));
          } else {
            for (let i = from; i < to; i++) answers[i] = reply.answers[i - from];
            pace.learn(oracle.name, chunk.questions.length, reply.milliseconds);
            answered += chunk.questions.length;
            onProgress?.(answered, questions.length);
          }
        } catch (error) {
          fail(-1, error);
        }
      }
    }

    await Promise.all(Array.from({ length: Math.min(count, units) }, feed));
    // Chunks are handed out in order, so the first failing question is the same one however many workers there are.
    if (failed !== undefined) throw (failed as { error: unknown }).error;
    return answers;
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
