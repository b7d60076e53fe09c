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

/**
 * The batches that a solver of problem P may yield: one kind for every oracle of the problem, with its own questions
 * and common part. Of a problem that names no oracle nothing is known, as in `Batch`.
 */
export type BatchOf<P> = [OracleOf<P>] extends [never] ? Batch : BatchTo<OracleOf<P>>;

/** Answers to the questions of `BatchOf<P>`. */
export type AnswerOf<P> = [OracleOf<P>] extends [never]
  ? unknown
  : OracleOf<P> extends Oracle<never, infer A, never>
    ? A
    : never;

/** The members of a problem that are oracles. */
type OracleOf<P> = Extract<P[keyof P], Oracle<never, unknown, never>>;

type BatchTo<O> =
  O extends Oracle<infer Q, infer A, infer C>
    ? Omit<Batch, "oracle" | "questions" | "common"> & {
        readonly oracle: Oracle<Q, A, C>;
        readonly questions: readonly Q[];
        readonly common: C;
      }
    : never;

/** A computation that may ask on its way to R. */
export type Asking<R> = Generator<Batch, R, readonly unknown[]>;

/** The common part as the last argument; none where the oracle has none. */
type CommonPart<C> = [C] extends [undefined] ? [] : [common: C];

/**
 * Asks independent questions; the answers come back in question order. Question buffers may be reused as soon
 * as the answers are there.
 *
 * @example const [plus, minus] = yield* ask(problem.value, [xPlus, xMinus]);
 */
export function* ask<Q, A, C = undefined>(
  oracle: Oracle<Q, A, C>,
  questions: readonly Q[],
  ...common: CommonPart<NoInfer<C>>
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
  ...common: CommonPart<NoInfer<C>>
): Asking<readonly A[]> {
  const batch: Batch = {
    oracle: oracle as Oracle<unknown, unknown, unknown>,
    questions,
    common: common[0],
    blockSize,
  };
  return (yield batch) as readonly A[];
}
