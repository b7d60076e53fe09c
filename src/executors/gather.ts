/** Sends a batch in chunks and puts the answers back into question order. */
import { setMaxListeners } from "node:events";
import { type Batch, InvalidInput } from "../core/index.ts";
import type { Pace } from "./pace.ts";
import { type Chunk, chunkOf, oracleFailure, type Reply, unitSize } from "./protocol.ts";

export interface Gathering {
  /** How many chunks may be under way at once. */
  readonly lanes: number;
  /** Where the chunk ends that begins at unit `from`. */
  end(from: number): number;
  send(chunk: Chunk): Promise<Reply>;
  readonly pace: Pace;
  readonly onProgress?: ((answered: number, asked: number) => void) | undefined;
}

/** Every chunk under way listens to the run's signal: many listeners are no leak there. */
export function allowListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}

/** Answers of the batch in their order; throws what the first failing question threw, whoever answered first. */
export async function gather(batch: Batch, how: Gathering): Promise<readonly unknown[]> {
  const { oracle, questions } = batch;
  const { lanes, end, send, pace, onProgress } = how;
  const size = unitSize(batch);
  const units = Math.ceil(questions.length / size);
  const answers = new Array<unknown>(units);
  let next = 0;
  let answered = 0;
  let failed: { readonly index: number; readonly error: unknown } | undefined;
  const fail = (index: number, error: unknown): void => {
    if (failed === undefined || index < failed.index) failed = { index, error };
  };

  async function feed(): Promise<void> {
    while (next < units && failed === undefined) {
      const from = next;
      const to = Math.min(units, end(from));
      next = to;
      try {
        const chunk = chunkOf(batch, from, to);
        const reply = await send(chunk);
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

  // Chunks are handed out in order, so the first failing question is the same one however many workers there are.
  await Promise.all(Array.from({ length: Math.min(lanes, units) }, feed));
  if (failed !== undefined) throw (failed as { error: unknown }).error;
  return answers;
}
