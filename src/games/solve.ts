import { checkChoice, checkCount, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { type Executor, run, type Status } from "../core/index.ts";
import type { Seed } from "../random/index.ts";
import { regretMatchingPlus } from "./baselines/regret-matching.ts";
import type { SaddlePoint } from "./dynamics.ts";
import { exactSaddlePoint } from "./exact.ts";
import { type OptimisticFtplOptions, optimisticFtpl } from "./optimistic-ftpl.ts";
import { bilinearGame, type SaddleGame } from "./saddle-game.ts";
import { simplex } from "./sets/basic.ts";
import { spread } from "./vectors.ts";

/** Options of `solveSaddlePoint`; unless said, those of `optimisticFtpl`. */
export interface SolveOptions extends OptimisticFtplOptions {
  /** Rounds at most; default 1000. */
  readonly iterations?: number;
  /** Oracle questions at most, those for certificates included. */
  readonly maxCalls?: number;
  /** Default 0. */
  readonly seed?: Seed;
  readonly executor?: Executor;
  readonly signal?: AbortSignal;
}

/** A saddle point, and why the search ended. */
export interface SolvedGame extends SaddlePoint {
  readonly status: Status;
}

/**
 * Solves a convex-concave game by `optimisticFtpl` and certifies the answer. To resume, stop at steps of your own or
 * save snapshots, run the solver with `run` in place of this.
 *
 * @throws InvalidInput for options out of range; OracleFailure when an oracle throws.
 * @example const { x, nashConv } = await solveSaddlePoint(bilinearGame(birkhoff(10), simplex(5), costs));
 */
export async function solveSaddlePoint(game: SaddleGame, options: SolveOptions = {}): Promise<SolvedGame> {
  const { iterations = 1000, maxCalls, seed = 0, executor, signal, ...method } = options;
  checkCount("iterations", iterations);
  const evalEvery = Math.min(method.evalEvery ?? 10, iterations);
  const { result, status } = await run(optimisticFtpl({ ...method, evalEvery }), game, {
    seed,
    stop: { maxSteps: iterations, ...(maxCalls === undefined ? {} : { maxCalls }) },
    ...(executor === undefined ? {} : { executor }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...result, status };
}

/** How a matrix game can be solved; the last two stop at `tolerance`. */
export type MatrixGameMethod = "lp" | "regret-matching-plus" | "optimistic-ftpl";

const METHODS: readonly ("auto" | MatrixGameMethod)[] = [
  "auto",
  "lp",
  "regret-matching-plus",
  "optimistic-ftpl",
];

/** Options of `solveMatrixGame`; `tolerance` is by default 1e-3 of the payoffs' range, `iterations` 20,000. */
export interface MatrixGameOptions extends SolveOptions {
  /** `auto` (default): exactly by the linear programme up to 500 x 500, then by regret matching plus. */
  readonly method?: "auto" | MatrixGameMethod;
}

/** An equilibrium of a matrix game in the row player's terms. */
export interface MatrixGameSolution {
  readonly rowStrategy: Float64Array;
  readonly columnStrategy: Float64Array;
  /** To the row player; the game's value lies within `nashConv` of it. */
  readonly value: number;
  readonly nashConv: number;
  readonly exploitability: number;
  /** How it was solved, and why that way. */
  readonly method: MatrixGameMethod;
  readonly reason: string;
}

/** Matrix entries up to which the exact programme takes about a second or less. */
const LP_ENTRIES = 500 * 500;

/**
 * Solves a zero-sum matrix game; entries are payoffs to the row player, who maximises (rows of equal length). With
 * payoffs of the column player, A + B must be 0.
 *
 * @throws InvalidInput for an empty or ragged matrix or one that is not zero-sum; NonFinite for entries not finite.
 * @example const { rowStrategy, value } = await solveMatrixGame([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]);
 */
export async function solveMatrixGame(
  rowPayoffs: readonly (readonly number[])[],
  options: MatrixGameOptions & { readonly columnPayoffs?: readonly (readonly number[])[] } = {},
): Promise<MatrixGameSolution> {
  const { method = "auto", columnPayoffs, ...rest } = options;
  checkChoice("method", method, METHODS);
  const payoffs = flatten(rowPayoffs);
  if (columnPayoffs) {
    const range = spread(payoffs.values);
    const others = flatten(columnPayoffs).values;
    if (
      others.length !== payoffs.values.length ||
      others.some((b, k) => Math.abs(b + payoffs.values[k]!) > 1e-12 * (1 + range))
    )
      throw new InvalidInput("the game is not zero-sum: the players' payoffs do not add up to 0 everywhere");
  }
  const { m, n, values } = payoffs;
  const game = bilinearGame(
    simplex(m),
    simplex(n),
    values.map((a) => -a),
  );
  const chosen = method !== "auto" ? method : m * n <= LP_ENTRIES ? "lp" : "regret-matching-plus";
  const found =
    chosen === "lp"
      ? await exactSaddlePoint(game)
      : await approximate(game, chosen, { tolerance: 1e-3 * spread(values), ...rest });
  const size = `${m} x ${n} entries`;
  const why =
    method !== "auto"
      ? "as asked"
      : chosen === "lp"
        ? `${size}: up to 500 x 500 the exact linear programme is fast`
        : `${size}: regret matching plus comes within the tolerance long before the linear programme ends`;
  return {
    rowStrategy: found.x,
    columnStrategy: found.y,
    value: -found.value,
    nashConv: found.nashConv,
    exploitability: found.nashConv / 2,
    method: chosen,
    reason: why,
  };
}

/** Settings that serve matrix games of any size best; see `npm run bench -- games`. */
async function approximate(
  game: SaddleGame,
  method: "regret-matching-plus" | "optimistic-ftpl",
  options: SolveOptions,
): Promise<SaddlePoint> {
  if (method === "optimistic-ftpl")
    return solveSaddlePoint(game, {
      guess: "past",
      samples: 64,
      scale: "practical",
      iterations: 20_000,
      ...options,
    });
  const { iterations = 20_000, maxCalls, seed = 0, signal, tolerance, evalEvery } = options;
  checkCount("iterations", iterations);
  const solver = regretMatchingPlus({
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(evalEvery === undefined ? {} : { evalEvery }),
  });
  const { result } = await run(solver, game, {
    seed,
    stop: { maxSteps: iterations, ...(maxCalls === undefined ? {} : { maxCalls }) },
    ...(signal === undefined ? {} : { signal }),
  });
  return result;
}

function flatten(rows: readonly (readonly number[])[]): { m: number; n: number; values: Float64Array } {
  const m = rows.length;
  const n = rows[0]?.length ?? 0;
  if (m === 0 || n === 0)
    throw new InvalidInput("the payoff matrix is empty: give at least one row and column");
  for (const [i, row] of rows.entries()) checkVector(`row ${i} of the payoffs`, row, n);
  return { m, n, values: Float64Array.from(rows.flat()) };
}
