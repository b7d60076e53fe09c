import type { Rng } from "../random/index.ts";
import { type Asking, ask, type Oracle } from "./ask.ts";
import { InvalidInput, NonFinite } from "./errors.ts";
import type { Problem, Solver } from "./solver.ts";

/** What one replication found: finite numbers by name, the same names in each. */
export type Figures = Readonly<Record<string, number>>;

/** An experiment that can be repeated: everything random in it follows from the question's seed. */
export interface Experiment extends Problem {
  readonly replicate: Oracle<Replication, Figures>;
}

/** One repetition: its number from 0, and a seed from 0 to 2^32 - 1 that follows from the run's. */
export interface Replication {
  readonly index: number;
  readonly seed: number;
}

/** Options of `replications`. */
export interface ReplicationsOptions {
  /** How many repetitions; at least 2. */
  readonly count: number;
  /** How many are asked at once, and kept together when the run is stopped; default 100. */
  readonly batch?: number;
}

export interface ReplicationsResult {
  readonly count: number;
  /** Mean of each figure. */
  readonly mean: Figures;
  /** Standard error of each mean. */
  readonly standardError: Figures;
  /** All that was found, in the order of the repetitions. */
  readonly figures: readonly Figures[];
}

export interface ReplicationsState {
  figures: Figures[];
}

/**
 * Repeats an experiment with seeds of its own: coverage studies, rollouts of policies, tables over seeds. The
 * repetitions of a batch (the first is the start, each step is one more) are independent questions, so that threads and clusters answer them at once, with the same
 * bits. Metrics are the mean of each figure and, as `NAME error`, its standard error, which a tolerance may end the
 * run at. Throws `InvalidInput` for other names than those of the first repetition, and `NonFinite`.
 *
 * @example
 * const problem: Experiment = {
 *   fingerprint: "coin",
 *   replicate: { name: "replicate", answer: ({ seed }) => ({ heads: Number(createRng(seed).draws("coin").uniform() < 0.5) }) },
 * };
 * const { result } = await run(replications({ count: 1000 }), problem, { seed: 7, executor });
 */
export function replications(
  options: ReplicationsOptions,
): Solver<Experiment, ReplicationsState, ReplicationsResult> {
  const { count, batch = 100 } = options;
  for (const [name, value, least] of [
    ["count", count, 2],
    ["batch", batch, 1],
  ] as const)
    if (!(Number.isSafeInteger(value) && value >= least))
      throw new InvalidInput(`replications: ${name} is ${value}: give a whole number of at least ${least}`);
  function* more(
    replicate: Experiment["replicate"],
    state: ReplicationsState,
    rng: Rng,
  ): Asking<ReplicationsState> {
    const from = state.figures.length;
    const questions = Array.from({ length: Math.min(batch, count - from) }, (_, i) => ({
      index: from + i,
      seed: rng.stream("replication", 0, from + i).words(1)[0]!,
    }));
    for (const [i, found] of (yield* ask(replicate, questions)).entries()) {
      check(found, state.figures[0] ?? found, from + i);
      state.figures.push(found);
    }
    return state;
  }

  return {
    name: "replications",
    options: { count, batch },
    *init({ replicate }, rng) {
      return yield* more(replicate, { figures: [] }, rng);
    },
    *step({ replicate }, state, rng) {
      return yield* more(replicate, state, rng);
    },
    metrics: ({ figures }) =>
      Object.fromEntries(
        summaries(figures).flatMap(({ name, mean, error }) => [
          [name, mean],
          [`${name} error`, error],
        ]),
      ),
    status: ({ figures }) => (figures.length >= count ? "converged" : "running"),
    result(_, { figures }) {
      const all = summaries(figures);
      return {
        count: figures.length,
        mean: Object.fromEntries(all.map(({ name, mean }) => [name, mean])),
        standardError: Object.fromEntries(all.map(({ name, error }) => [name, error])),
        figures,
      };
    },
  };
}

function check(found: Figures, first: Figures, index: number): void {
  const names = Object.keys(first);
  if (names.length === 0 || Object.keys(found).join() !== names.join())
    throw new InvalidInput(
      `replication ${index} found ${Object.keys(found).join(", ") || "nothing"}: give the same figures in each, at least one`,
    );
  for (const name of names)
    if (!Number.isFinite(found[name])) throw new NonFinite(`replication ${index}: ${name} is ${found[name]}`);
}

/** Mean and standard error by name; before the second repetition the error is that of knowing nothing. */
function summaries(figures: readonly Figures[]) {
  const n = figures.length;
  return Object.keys(figures[0] ?? {}).map((name) => {
    const mean = figures.reduce((sum, found) => sum + found[name]!, 0) / n;
    const squares = figures.reduce((sum, found) => sum + (found[name]! - mean) ** 2, 0);
    return { name, mean, error: n < 2 ? Number.MAX_VALUE : Math.sqrt(squares / (n - 1) / n) };
  });
}
