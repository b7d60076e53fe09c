import {
  hyperbolic,
  hyperbolicQuadratic,
  hyperbolicQuadraticSaddle,
  logdetSaddle,
  type Manifold,
  randomDirection,
  randomPoint,
  robustKarcher,
  type solveMinMax,
  spd,
} from "fpx/manifolds";
import { createRng } from "fpx/random";

export type Problem = Parameters<typeof solveMinMax>[0];

/** A point at that distance from the origin, in a direction that seed and index fix. */
export function away(M: Manifold, distance: number, seed: number, index: number): Float64Array {
  const direction = randomDirection(M, M.origin, createRng(seed).stream("direction", 0, index));
  return M.exp(
    M.origin,
    direction.map((value) => distance * value),
  );
}

/** Random points around the origin. */
export const cloud = (M: Manifold, count: number, spread: number, seed: number): Float64Array[] =>
  Array.from({ length: count }, (_, i) => randomPoint(M, createRng(seed).stream("cloud", 0, i), spread));

const logSpaced = (n: number, kappa: number): number[] =>
  Array.from({ length: n }, (_, i) => kappa ** (-i / (n - 1)));

/** Weakly coupled: b = 0.5 / kappa, three dimensions a side, starts at distance 0.5. */
export function weaklyCoupled(kappa: number, seed: number): Problem {
  const M = hyperbolic(3);
  return hyperbolicQuadraticSaddle({
    c: logSpaced(3, kappa),
    b: 0.5 / kappa,
    radius: 0.75,
    x0: away(M, 0.5, seed, 0),
    y0: away(M, 0.5, seed, 1),
  });
}

/** Strong convexity of both players, their own curvatures, and the coupling. */
export interface Moduli {
  readonly muX: number;
  readonly muY: number;
  readonly cx: number;
  readonly cy: number;
  readonly b: number;
}

/** The logdet saddle on SPD(3) from random starts. */
export function logdetOf(moduli: Moduli, seed: number): Problem {
  const [x0, y0] = cloud(spd(3), 2, 0.3, seed);
  return logdetSaddle({ n: 3, ...moduli, x0: x0!, y0: y0! }).problem;
}

/** Unbalanced: x is badly conditioned, y is not. */
export const unbalanced = (kappa: number, seed: number): Problem =>
  logdetOf({ muX: 1 / kappa, cx: 1, muY: 1, cy: 0, b: 1 }, seed);

/** A robust Karcher mean whose adversary's answer the solver is not told. */
export const karcher = (n: number, m: number, seed: number): Problem =>
  robustKarcher(spd(n), cloud(spd(n), m, 0.3, seed), 6, { exactResponse: false });

/** One player alone: six dimensions, start at distance 0.7. */
export const single = (kappa: number, seed: number): ReturnType<typeof hyperbolicQuadratic> =>
  hyperbolicQuadratic(logSpaced(6, kappa), { radius: 0.8, start: away(hyperbolic(6), 0.7, seed, 0) });

/** Least squares slope of log y over log x. */
export function logSlope(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mu, mv] = [mean(u), mean(v)];
  const cross = u.reduce((sum, ui, i) => sum + (ui - mu) * (v[i]! - mv), 0);
  return cross / u.reduce((sum, ui) => sum + (ui - mu) ** 2, 0);
}

/** "214-228", or one number. */
export const range = (values: readonly number[]): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? String(low) : `${low}-${high}`;
};

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

export const seedsFrom = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => seed + i);
