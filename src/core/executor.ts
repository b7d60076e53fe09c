import type { Batch } from "./ask.ts";
import { InvalidInput, OracleFailure } from "./errors.ts";

/** Answers batches. Whatever it is made of, the answers and their order are the same. */
export interface Executor {
  /** Answers of one batch in question order (one per block for a folded batch); at once or as a promise. */
  ask(batch: Batch, signal?: AbortSignal): readonly unknown[] | Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";

/** Answers every question in this thread; asynchronous oracles are awaited together. */
export const inline: Executor = {
  ask(batch, signal) {
    const { oracle, questions, common } = batch;
    const answers = new Array<unknown>(questions.length);
    let pending = false;
    for (let i = 0; i < questions.length; i++) {
      try {
        const answer = oracle.answer(questions[i], common, signal);
        answers[i] = answer;
        if (isThenable(answer)) {
          pending = true;
          answers[i] = Promise.resolve(answer).catch((cause: unknown) => {
            throw failure(batch, i, cause);
          });
        }
      } catch (cause) {
        if (pending) for (const open of answers) if (isThenable(open)) open.then(undefined, () => undefined);
        throw failure(batch, i, cause);
      }
    }
    if (pending) return Promise.all(answers).then((settled) => foldBlocks(batch, settled));
    return foldBlocks(batch, answers);
  },
  async close() {},
};

const failure = ({ oracle }: Batch, index: number, cause: unknown): OracleFailure =>
  cause instanceof OracleFailure ? cause : new OracleFailure(oracle.name, index, cause);

/** One answer per block of a folded batch, the answers themselves otherwise; for executors. */
export function foldBlocks(batch: Batch, answers: readonly unknown[]): readonly unknown[] {
  const { oracle, blockSize } = batch;
  if (blockSize === undefined) return answers;
  if (!(Number.isSafeInteger(blockSize) && blockSize > 0))
    throw new InvalidInput(`block size ${blockSize} of oracle "${oracle.name}": give a positive integer`);
  if (!oracle.fold)
    throw new InvalidInput(`oracle "${oracle.name}" has no fold: give it one, or ask without folding`);
  const folded: unknown[] = [];
  for (let start = 0; start < answers.length; start += blockSize)
    folded.push(oracle.fold(answers.slice(start, start + blockSize)));
  return folded;
}
