/**
 * The frame of `fpx reproduce`: a paper's study is a list of rows, each run on its own, so that a command can
 * run one of them again, stop between two, and go on later.
 */
import { type Executor, inline, type Oracle, OracleFailure, type Problem } from "fpx";
import type { Table } from "fpx/report";

/** What came of a published claim: never rounded up. */
export type Verdict = "reproduced" | "partly" | "not";

/** One published claim beside our figure. A printed claim that is wrong stands in its corrected form, and says so. */
export interface Claim {
  /** Short and stable, such as "R3". */
  readonly id: string;
  readonly claim: string;
  readonly published: string;
  readonly measured: string;
  readonly verdict: Verdict;
  readonly seeds: readonly number[];
}

/** What one row found: claims, and the tables, plots and remarks that show them. */
export interface Findings {
  readonly claims: readonly Claim[];
  readonly tables: readonly Table[];
  /** SVG markup, as the plots of `fpx/report` give it. */
  readonly plots: readonly { readonly title: string; readonly svg: string }[];
  /** Sentences a reader must know: what was shortened, what cannot be reproduced here and why. */
  readonly notes: readonly string[];
}

export interface RowContext {
  /** All rows of a room together within 60 s; fewer seeds, replications or steps, never other methods. */
  readonly quick: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Who answers the questions of `answersOf`; this thread unless given. */
  readonly executor?: Executor | undefined;
  /** Tells how many of the row's parts are done. */
  progress(done: number, total: number): void;
}

/** One experiment of a paper. */
export interface Row {
  readonly id: string;
  readonly title: string;
  run(context: RowContext): Promise<Findings>;
}

/** All experiments of one room, as `experiments/<room>/index.ts` exports them under the name `reproduction`. */
export interface Reproduction {
  readonly room: string;
  readonly title: string;
  /** The paper. */
  readonly source: string;
  readonly rows: readonly Row[];
  /** The oracles that rows ask through `answersOf`: threads and workers find them here. */
  readonly problem: Problem;
}

/**
 * Asks an oracle of the study independent questions, a seed or an instance each: this is how a row does its work, so
 * that threads and clusters can do it. Here one is asked at a time, and stopping waits for that one; an executor gets
 * all of them, each as a batch of its own, since they take from milliseconds to minutes. Tells the row's progress.
 * Parts whose time is measured are not asked: side by side they would slow each other down.
 *
 * @returns the answers in question order.
 * @throws OracleFailure with the question's index; the signal's reason.
 */
export async function answersOf<Q, A, C = undefined>(
  { executor, signal, progress }: Pick<RowContext, "executor" | "signal" | "progress">,
  oracle: Oracle<Q, A, C>,
  questions: readonly Q[],
  ...common: C extends undefined ? [] : [common: C]
): Promise<readonly A[]> {
  const ended = new AbortController();
  const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  let done = 0;
  progress(done, questions.length);

  async function answer(question: Q, index: number): Promise<A> {
    const batch = {
      oracle: oracle as Oracle<unknown, unknown, unknown>,
      questions: [question],
      common: common[0],
    };
    try {
      const [found] = (await (executor ?? inline).ask(batch, stop)) as readonly [A];
      progress(++done, questions.length);
      return found;
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof OracleFailure ? new OracleFailure(oracle.name, index, error.cause) : error;
    }
  }

  try {
    if (executor !== undefined) return await Promise.all(questions.map(answer));
    const answers: A[] = [];
    for (const [index, question] of questions.entries()) {
      // Lets signals and the progress display through.
      await new Promise((resolve) => setTimeout(resolve));
      stop.throwIfAborted();
      answers.push(await answer(question, index));
    }
    return answers;
  } finally {
    // After a failure nobody waits for the others.
    ended.abort();
  }
}

/** Consecutive answers in groups of `size`: gives back the loops that a row's questions came from. */
export const inGroups = <A>(answers: readonly A[], size: number): readonly (readonly A[])[] =>
  Array.from({ length: Math.ceil(answers.length / size) }, (_, k) => answers.slice(k * size, (k + 1) * size));
