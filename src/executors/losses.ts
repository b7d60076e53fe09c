/** What happens to questions whose worker is lost while it answers. */
import { type Chunk, plainError, type Reply, unitSize } from "./protocol.ts";

/** A question that loses its worker so often is a failure of the oracle. */
export const MAX_LOSSES = 3;

/** The worker ended while it answered: killed, out of memory, or the oracle ended its process. */
export class WorkerLost extends Error {}

/**
 * Sends a chunk with `once`; when its worker is lost, each of its units goes alone from then on, because one of them
 * may be to blame. A unit that loses `MAX_LOSSES` workers is a failure with code `WORKER_LOST`.
 */
export async function surviveLosses(
  chunk: Chunk,
  once: (chunk: Chunk, losses: number) => Promise<Reply>,
  losses = 0,
): Promise<Reply> {
  try {
    return await once(chunk, losses);
  } catch (error) {
    if (!(error instanceof WorkerLost)) throw error;
    if (losses + 1 >= MAX_LOSSES) {
      const message = `lost its worker ${MAX_LOSSES} times: ${error.message}`;
      return { failure: { ...plainError(error), message, code: "WORKER_LOST" }, index: 0 };
    }
  }
  const size = unitSize(chunk);
  const units: Chunk[] = [];
  for (let at = 0; at < chunk.questions.length; at += size)
    units.push({ ...chunk, questions: chunk.questions.slice(at, at + size) });
  const replies = await Promise.all(units.map((unit) => surviveLosses(unit, once, losses + 1)));
  const answers: unknown[] = [];
  let milliseconds = 0;
  for (const [at, reply] of replies.entries()) {
    if ("failure" in reply) return { ...reply, index: at * size + reply.index };
    if ("refused" in reply) return reply;
    answers.push(...reply.answers);
    milliseconds += reply.milliseconds;
  }
  return { answers, milliseconds };
}
