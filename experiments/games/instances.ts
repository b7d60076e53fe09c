/** The games that the rows share, drawn from a seed. */
import {
  bilinearGame,
  birkhoff,
  dagPaths,
  kSubsets,
  l1Ball,
  type SaddleGame,
  saddleGame,
  simplex,
} from "fpx/games";
import { createRng } from "fpx/random";
import { linePlot } from "fpx/report";

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

/** m by n payoffs, uniform in [-1, 1], most of them 0. */
export function sparseGame(m: number, n: number, filled: number, seed: number): SaddleGame {
  const rng = createRng(seed);
  const [entries, present] = [rng.stream("sparse").uniforms(m * n), rng.stream("filled").uniforms(m * n)];
  return bilinearGame(
    simplex(m),
    simplex(n),
    entries.map((u, k) => (present[k]! < filled ? 2 * u - 1 : 0)),
  );
}

/** Quadratic terms of the players' own beside a bilinear one, on l1 balls. */
export function curvedGame(d: number, seed: number): SaddleGame {
  const rng = createRng(seed);
  const matrix = rng.stream("curved").normals(d * d);
  const [p, q] = [rng.stream("centre/x").normals(d), rng.stream("centre/y").normals(d)];
  return saddleGame({
    x: l1Ball(d),
    y: l1Ball(d),
    fingerprint: `curved ${d} ${seed}`,
    payoff: (x, y) => {
      const gx = x.map((value, i) => d * (value - p[i]! / d));
      const gy = y.map((value, j) => -d * (value - q[j]! / d));
      let value = 0;
      for (let i = 0; i < d; i++) value += (gx[i]! ** 2 - gy[i]! ** 2) / (2 * d);
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) {
          const a = matrix[i * d + j]!;
          value += a * x[i]! * y[j]!;
          gx[i]! += a * y[j]!;
          gy[j]! += a * x[i]!;
        }
      return { value, gx, gy };
    },
  });
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

/** Gaps against rounds on logarithmic axes. */
export const gapPlot = (
  title: string,
  series: readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[],
): { readonly title: string; readonly svg: string } => ({
  title,
  svg: linePlot({
    title,
    x: { label: "rounds T", scale: "log" },
    y: { label: "certified gap", scale: "log" },
    series: series.map((one) => ({ ...one, marks: true })),
  }),
});

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Seeds of a row: the context's and those after it. */
export const seedsFrom = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => seed + k);

export const figure = (value: number): string => value.toPrecision(3);
