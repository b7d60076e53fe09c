import { checkCount } from "../core/checks.ts";
import type { Stream } from "../random/index.ts";
import { argmin } from "./vectors.ts";

/** All z with lower <= z <= upper. */
export interface Box {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/**
 * A perturbed best-response oracle on a box: a minimiser of `objective(z) - <sigma, z>`. `stream` is its own randomness,
 * `incumbent` the answer before, to be kept unless a better one is found. `objective` is the same function for all
 * calls of a phase.
 */
export type BoxSearch = (
  objective: (z: Float64Array) => number,
  sigma: Float64Array,
  box: Box,
  stream: Stream,
  incumbent: Float64Array | undefined,
) => Float64Array;

/**
 * Exhaustive search on an even grid with that many points an axis; the objective is tabulated once for a phase. For one
 * or two dimensions.
 */
export function gridSearch(pointsPerAxis: number): BoxSearch {
  checkCount("pointsPerAxis", pointsPerAxis, 2);
  const tables = new WeakMap<(z: Float64Array) => number, { points: Float64Array[]; values: Float64Array }>();
  return (objective, sigma, box) => {
    let table = tables.get(objective);
    if (!table) {
      const points = gridPoints(box, pointsPerAxis);
      table = { points, values: Float64Array.from(points, objective) };
      tables.set(objective, table);
    }
    const { points, values } = table;
    const perturbed = values.map((value, k) => value - linear(sigma, points[k]!));
    return points[argmin(perturbed)]!.slice();
  };
}

function gridPoints({ lower, upper }: Box, perAxis: number): Float64Array[] {
  const d = lower.length;
  return Array.from({ length: perAxis ** d }, (_, index) =>
    Float64Array.from(lower, (low, i) => {
      const place = Math.floor(index / perAxis ** i) % perAxis;
      return place === perAxis - 1 ? upper[i]! : low + ((upper[i]! - low) * place) / (perAxis - 1);
    }),
  );
}

/**
 * Random starts and the incumbent, each brought down by a compass search; the best is polished to 1e-6 of the box. One
 * start is no oracle: it leaves a floor under the gap.
 */
export function multistart(options: { readonly startsPerDimension?: number } = {}): BoxSearch {
  const { startsPerDimension = 4 } = options;
  checkCount("startsPerDimension", startsPerDimension);
  return (objective, sigma, box, stream, incumbent) => {
    const d = box.lower.length;
    const value = (z: Float64Array) => objective(z) - linear(sigma, z);
    const count = startsPerDimension * d;
    const uniforms = stream.uniforms(count * d);
    const starts: Float64Array[] = Array.from({ length: count }, (_, k) =>
      Float64Array.from(box.lower, (low, i) => low + (box.upper[i]! - low) * uniforms[k * d + i]!),
    );
    if (incumbent) starts.push(incumbent);
    let best: { z: Float64Array; value: number } | undefined;
    for (const start of starts) {
      const found = compass(value, start, box, 0.125, 1e-2);
      if (best === undefined || found.value < best.value) best = found;
    }
    return compass(value, best!.z, box, 1e-2, 1e-6).z;
  };
}

/** The search that suits a box: a grid of 101 points in one dimension, else many starts. */
export const naturalSearch = (box: Box): BoxSearch =>
  box.lower.length === 1 ? gridSearch(101) : multistart();

/** Coordinate steps, as fractions of the box, halved when none helps. */
function compass(
  value: (z: Float64Array) => number,
  start: Float64Array,
  { lower, upper }: Box,
  first: number,
  last: number,
): { z: Float64Array; value: number } {
  const z = start.slice();
  let least = value(z);
  for (let step = first; step >= last; ) {
    let moved = false;
    for (let i = 0; i < z.length; i++) {
      const from = z[i]!;
      for (const sign of [1, -1]) {
        z[i] = Math.min(upper[i]!, Math.max(lower[i]!, from + sign * step * (upper[i]! - lower[i]!)));
        const trial = z[i] === from ? least : value(z);
        if (trial < least) {
          least = trial;
          moved = true;
          break;
        }
        z[i] = from;
      }
    }
    if (!moved) step /= 2;
  }
  return { z, value: least };
}

function linear(sigma: Float64Array, z: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < z.length; i++) sum += sigma[i]! * z[i]!;
  return sum;
}
