/** The estimators that the study compares where descent ends, and what its rows share. */
import { type GradientOptions, zipfLevels } from "fpx/zeroth-order";

/** Names and options by mu, in the order of the tables: forward, central, P4, P3. */
export const ESTIMATORS: readonly (readonly [string, (mu: number) => GradientOptions])[] = [
  ["forward", (mu) => ({ method: "forward", mu, directions: "sphere" })],
  ["central", (mu) => ({ method: "central", mu, directions: "sphere" })],
  ["P4", (mu) => ({ method: "p4", mu, directions: "sphere" })],
  ["P3", (mu) => ({ method: "p3", levels: zipfLevels({ mu, count: 20 }), directions: "sphere" })],
];

/** Five seeds, on which every figure of the study rests. */
export const seedsFrom = (seed: number): readonly number[] => Array.from({ length: 5 }, (_, k) => seed + k);

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1]!;
