/** The worker thread: loads the problem once and answers chunks of questions to its oracles. */
import { BroadcastChannel } from "node:worker_threads";
import { Piscina, transferableSymbol, valueSymbol } from "piscina";
import { type Batch, inline, OracleFailure, type Problem } from "../core/index.ts";
import { CANCEL_CHANNEL, type Call } from "./pool.ts";
import { plainError, type Reply } from "./protocol.ts";
import { detachable } from "./sharing.ts";
import { loadProblem, oracleOf } from "./source.ts";

let problem: Promise<Problem> | undefined;
const open = new Map<string, AbortController>();
const cancellations = new BroadcastChannel(CANCEL_CHANNEL);
cancellations.onmessage = (message) => open.get((message as { data: string }).data)?.abort();
cancellations.unref();

async function answer({ id, source, chunk }: Call): Promise<unknown> {
  const controller = new AbortController();
  open.set(id, controller);
  try {
    return movable(await reply(source, chunk, controller.signal));
  } finally {
    open.delete(id);
  }
}

async function reply(source: Call["source"], chunk: Call["chunk"], signal: AbortSignal): Promise<Reply> {
  let batch: Batch;
  try {
    problem ??= loadProblem(source);
    batch = { ...chunk, oracle: oracleOf(await problem, chunk.oracle) };
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const began = performance.now();
  try {
    const answers = await inline.ask(batch, signal);
    return { answers, milliseconds: performance.now() - began };
  } catch (error) {
    if (error instanceof OracleFailure) return { failure: plainError(error.cause), index: error.index };
    return { failure: plainError(error), index: 0 };
  }
}

function movable(result: Reply): unknown {
  const { value, buffers } = detachable(result);
  if (buffers.length === 0) return value;
  return Piscina.move({ [transferableSymbol]: buffers, [valueSymbol]: value } as never);
}

/**
 * The pool's library awaits what it imported and calls it, so importing this module gives `answer` itself, whether
 * Node loads the built file or a loader wraps the source.
 */
export function then(resolve: (handler: typeof answer) => void): void {
  resolve(answer);
}
