/** The games that the rows share, drawn from a seed. */
import { type RunResult, runSync, type StopRules } from "fpx";
import {
  bilinearGame,
  birkhoff,
  dagPaths,
  type GameSolver,
  kSubsets,
  type OptimisticFtplOptions,
  optimisticFtpl,
  type Play,
  type SaddleGame,
  type SaddlePoint,
  simplex,
} from "fpx/games";
import { createRng } from "fpx/random";

/** n by n payoffs, uniform in [-1, 1]. */
export function matrixGame(n: number, seed: number): SaddleGame {
  const entries = createRng(seed)
    .stream("R50", n)
    .uniforms(n * n);
  return bilinearGame(
    simplex(n),
    simplex(n),
    entries.map((u) => 2 * u - 1),
  );
}

/** An assignment against the worst of five cost scenarios, uniform in [0, 1]. */
export function robustAssignment(n: number, seed: number): SaddleGame {
  return bilinearGame(
    birkhoff(n),
    simplex(5),
    createRng(seed)
      .stream("costs", n)
      .uniforms(5 * n * n),
  );
}

/** A path across an n by n grid (right and down) against sensors on edges with detection weights in [0.2, 1]. */
export function interdiction(n: number, sensors: number, seed: number): SaddleGame {
  const edges: [number, number][] = [];
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const node = row * n + column;
      if (column + 1 < n) edges.push([node, node + 1]);
      if (row + 1 < n) edges.push([node, node + n]);
    }
  const count = edges.length;
  const matrix = new Float64Array(count * count);
  const weights = createRng(seed).stream("detection", n).uniforms(count);
  for (let e = 0; e < count; e++) matrix[e * count + e] = 0.2 + 0.8 * weights[e]!;
  return bilinearGame(dagPaths({ nodes: n * n, edges }, 0, n * n - 1), kSubsets(count, sensors), matrix);
}

/** A method on a game, whatever it remembers. */
export type Contender = (
  game: SaddleGame,
  run: { readonly evalEvery: number; readonly seed: number; readonly stop: StopRules },
) => Pick<RunResult<unknown, SaddlePoint>, "steps" | "status" | "result">;

export const contender =
  <P extends Play>(make: (options: { evalEvery: number }) => GameSolver<P>): Contender =>
  (game, { evalEvery, seed, stop }) =>
    runSync(make({ evalEvery }), game, { seed, stop });

export const ftpl = (options: OptimisticFtplOptions): Contender =>
  contender((evaluation) => optimisticFtpl({ ...options, ...evaluation }));

/** The outcome of so many rounds, certified at the last. */
export const outcome = (method: Contender, game: SaddleGame, rounds: number, seed: number): SaddlePoint =>
  method(game, { evalEvery: rounds, seed, stop: { maxSteps: rounds } }).result;

/** The certified gap of the averages after exactly `rounds` rounds. */
export const gapAfter = (...args: Parameters<typeof outcome>): number =>
  outcome(...args).history.at(-1)!.nashConv;

/** Least-squares slope of log y over log x. */
export function logSlope(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mu, mv] = [average(u), average(v)];
  return (
    u.reduce((sum, value, i) => sum + (value - mu) * (v[i]! - mv), 0) /
    u.reduce((sum, value) => sum + (value - mu) ** 2, 0)
  );
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Seeds of a row: the context's and those after it. */
export const seedsFrom = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => seed + k);

export const figure = (value: number): string => value.toPrecision(3);
