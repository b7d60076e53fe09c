/** What happens to questions whose worker is lost while it answers. */
import { type Chunk, plainError, type Reply, unitSize } from "./protocol.ts";

/** A question that loses its worker so often is a failure of the oracle. */
export const MAX_LOSSES = 3;

/** The worker ended while it answered: killed, out of memory, or the oracle ended its process. */
export class WorkerLost extends Error {
  /** Workers that the chunk has cost, when several were asked. */
  readonly workers: number;

  constructor(
    message: string,
    { workers = 1, ...options }: ErrorOptions & { readonly workers?: number } = {},
  ) {
    super(message, options);
    this.workers = workers;
  }
}

/**
 * Sends a chunk with `once`; when its worker is lost, each of its units goes alone from then on, because one of them
 * may be to blame. A unit that loses `MAX_LOSSES` workers, the last of them alone, is a failure with code
 * `WORKER_LOST`. `once` is told how many workers the chunk may still cost.
 */
export async function surviveLosses(
  chunk: Chunk,
  once: (chunk: Chunk, allowed: number) => Promise<Reply>,
  losses = 0,
): Promise<Reply> {
  const size = unitSize(chunk);
  const alone = chunk.questions.length <= size;
  const allowed = MAX_LOSSES - losses - (alone ? 0 : 1);
  let lost: number;
  try {
    return await once(chunk, allowed);
  } catch (error) {
    if (!(error instanceof WorkerLost)) throw error;
    lost = losses + Math.min(allowed, error.workers);
    if (lost >= MAX_LOSSES) {
      const message = `lost its worker ${MAX_LOSSES} times: ${error.message}`;
      return { failure: { ...plainError(error), message, code: "WORKER_LOST" }, index: 0 };
    }
  }
  const units: Chunk[] = [];
  for (let at = 0; at < chunk.questions.length; at += size)
    units.push({ ...chunk, questions: chunk.questions.slice(at, at + size) });
  const replies = await Promise.all(units.map((unit) => surviveLosses(unit, once, lost)));
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
