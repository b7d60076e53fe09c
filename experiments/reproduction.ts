/**
 * The frame of `fpx reproduce`: a paper's study is a list of rows, each run on its own, so that a command can
 * run one of them again, stop between two, and go on later.
 */
import { type Executor, inline, type Oracle, type Problem } from "fpx";
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
  /** Who answers the questions of `answersOf`; `inline` unless given. */
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
  readonly problem?: Problem;
}

/** Questions that are asked at once: what a Ctrl-C waits for. */
const AT_ONCE = 16;

/**
 * Asks an oracle of the study independent questions, such as seeds; in their order. `step` is called after each
 * answer.
 */
export async function answersOf<Q, A, C = undefined>(
  { executor = inline, signal }: Pick<RowContext, "executor" | "signal">,
  oracle: Oracle<Q, A, C>,
  questions: readonly Q[],
  common: C,
  step: () => void,
): Promise<readonly A[]> {
  const answers: A[] = [];
  while (answers.length < questions.length) {
    // Lets signals and the progress display through.
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const asked = questions.slice(answers.length, answers.length + AT_ONCE);
    const batch = { oracle: oracle as Oracle<unknown, unknown, unknown>, questions: asked, common };
    answers.push(...((await executor.ask(batch, signal)) as readonly A[]));
    for (const _ of asked) step();
  }
  return answers;
}
