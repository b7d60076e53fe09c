/**
 * An algorithm asks, a driver answers. A method never calls an oracle: it yields a batch of questions and is
 * resumed with the answers, so that one implementation serves loops, promises, threads, clusters and ask/tell.
 */

/**
 * Something that can be asked. Repeatable: the same question with the same common part gets the same answer,
 * because a lost worker's questions are asked again. An oracle is a member of its problem under its own `name`,
 * so that a worker that loaded the problem finds it; questions, common part and answers are plain data.
 */
export interface Oracle<Q, A, C = undefined> {
  readonly name: string;
  answer(question: Q, common: C, signal?: AbortSignal): A | Promise<A>;
  /** Combines the answers of one block of consecutive questions, in their order; needed by `askFolded`. */
  fold?(answers: readonly A[]): A;
}

/** Independent questions to one oracle: answered in any order, returned in question order. */
export interface Batch {
  readonly oracle: Oracle<unknown, unknown, unknown>;
  readonly questions: readonly unknown[];
  /** What all questions of the batch share; travels once per batch and worker. */
  readonly common: unknown;
  /** When set, blocks of this many questions are folded by `oracle.fold`, and one answer per block returns. */
  readonly blockSize?: number;
}

/** A computation that may ask on its way to R. */
export type Asking<R> = Generator<Batch, R, readonly unknown[]>;

/**
 * Asks independent questions; the answers come back in question order. Question buffers may be reused as soon
 * as the answers are there.
 *
 * @example const [plus, minus] = yield* ask(problem.value, [xPlus, xMinus]);
 */
export function* ask<Q, A, C = undefined>(
  oracle: Oracle<Q, A, C>,
  questions: readonly Q[],
  ...common: C extends undefined ? [] : [common: C]
): Asking<readonly A[]> {
  const batch: Batch = { oracle: oracle as Oracle<unknown, unknown, unknown>, questions, common: common[0] };
  return (yield batch) as readonly A[];
}

/**
 * Asks, and gets one folded answer per block of `blockSize` consecutive questions (the last may be shorter).
 * The blocks are fixed by the caller, never by the executor, so a sum has the same bits for any worker count.
 */
export function* askFolded<Q, A, C = undefined>(
  oracle: Oracle<Q, A, C> & { fold(answers: readonly A[]): A },
  questions: readonly Q[],
  blockSize: number,
  ...common: C extends undefined ? [] : [common: C]
): Asking<readonly A[]> {
  const batch: Batch = {
    oracle: oracle as Oracle<unknown, unknown, unknown>,
    questions,
    common: common[0],
    blockSize,
  };
  return (yield batch) as readonly A[];
}
