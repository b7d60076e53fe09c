/**
 * The frame of `fpx reproduce`: a paper's study is a list of rows, each run on its own, so that a command can
 * run one of them again, stop between two, and go on later.
 */
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
}
