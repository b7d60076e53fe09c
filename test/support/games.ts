/** Games and measurements that the fast and the long tests of `fpx/games` share. */
import { runSync } from "../../src/core/index.ts";
import { type OptimisticFtplOptions, optimisticFtpl } from "../../src/games/optimistic-ftpl.ts";
import { ballVolumeRatio } from "../../src/games/perturbation.ts";
import { bilinearGame, type SaddleGame } from "../../src/games/saddle-game.ts";
import { simplex } from "../../src/games/sets/basic.ts";
import { createRng } from "../../src/random/index.ts";

export const skewCost: Float64Array = Float64Array.of(0, 2, -1, -2, 0, 3, 1, -3, 0);

export const skew = (): SaddleGame => bilinearGame(simplex(3), simplex(3), skewCost);

/** 50 by 50 payoffs, uniform in [-1, 1]. */
export const random50 = (seed = 3): SaddleGame =>
  bilinearGame(
    simplex(50),
    simplex(50),
    createRng(seed)
      .stream("payoffs")
      .uniforms(2500)
      .map((u) => 2 * u - 1),
  );

export function solve(game: SaddleGame, options: OptimisticFtplOptions, rounds: number, seed = 1) {
  return runSync(optimisticFtpl({ evalEvery: rounds, ...options }), game, {
    seed,
    stop: { maxSteps: rounds },
  });
}

/** The certified gap of the averages after so many rounds. */
export const gap = (...args: Parameters<typeof solve>): number =>
  solve(...args).snapshot.state!.latest.nashConv;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, k) => k + 1);

/** Mean gap over seeds under the ball law at the scale of theory, m = T. */
export const meanGapOfBall = (game: SaddleGame, rounds: number, seeds: number): number =>
  mean(
    upTo(seeds).map((seed) =>
      gap(game, { perturbation: "ball", scale: "theory", samples: rounds }, rounds, seed),
    ),
  );

/** What theory proves for it on simplices: (eta_x D_x + eta_y D_y) / (2 T) + L (D_x^2 + D_y^2) / (2 m). */
export function ballBound(game: SaddleGame, rounds: number): number {
  const d = game.x.dimension;
  const eta = (Math.SQRT2 * ballVolumeRatio(d) * d * game.smoothness!) / (d + 1);
  return (2 * eta * Math.SQRT2) / (2 * rounds) + (4 * game.smoothness!) / (2 * rounds);
}

/** Log-log slopes of the mean gap on `random50` over rounds, with both guesses and without. */
export function slopesOnMatrices(
  rounds: readonly number[],
  samples: number,
  seeds: readonly number[],
): { readonly past: number; readonly extragradient: number; readonly plain: number } {
  const slopeOf = (options: (t: number) => OptimisticFtplOptions): number => {
    const x = rounds.map(Math.log);
    const y = rounds.map((t) =>
      Math.log(mean(seeds.map((seed) => gap(random50(seed), { samples, ...options(t) }, t, seed)))),
    );
    const [mx, my] = [mean(x), mean(y)];
    return (
      x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) /
      x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
    );
  };
  return {
    past: slopeOf(() => ({ guess: "past", scale: 1 })),
    extragradient: slopeOf(() => ({ guess: "extragradient", scale: 1 })),
    plain: slopeOf((t) => ({ guess: "none", scale: 2 * Math.sqrt(t / (8 * Math.log(50))) })),
  };
}

/**
 * A degenerate matrix game: few values make ties; copied, zero and dominated rows and columns, constant games and games
 * of rank one make whole faces of equilibria.
 */
export function degenerateGame(k: number): number[][] {
  const draws = createRng(21).draws("degenerate", k);
  const [m, n] = [1 + draws.integer(6), 1 + draws.integer(6)];
  if (k % 20 === 19) return Array.from({ length: m }, () => Array<number>(n).fill(draws.integer(3)));
  const rows = Array.from({ length: m }, () => Array.from({ length: n }, () => draws.integer(3) - 1));
  if (k % 10 === 9) {
    const column = rows.map((row) => row[0]!);
    return rows.map((_, i) => rows[0]!.map((value) => value * column[i]!));
  }
  if (k % 2 === 0)
    rows.push(
      [...rows[0]!],
      rows[0]!.map(() => 0),
    );
  if (k % 3 === 0) for (const row of rows) row.push(row[0]!);
  if (k % 7 === 0) for (const row of rows) row.push(Math.max(...row));
  return rows;
}
