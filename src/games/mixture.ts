import type { Rng } from "../random/index.ts";

/** A distribution on finitely many points; weights are positive and need not add up to 1. */
export interface Mixture {
  readonly points: readonly Float64Array[];
  readonly weights: readonly number[];
}

export const nothing: Mixture = { points: [], weights: [] };

/** Equal weights that add up to 1. */
export const empirical = (points: readonly Float64Array[]): Mixture =>
  merge(nothing, { points, weights: points.map(() => 1 / points.length) });

/** The sum of two mixtures; equal points become one. */
export function merge(a: Mixture, b: Mixture): Mixture {
  const places = new Map<string, number>();
  const points: Float64Array[] = [];
  const weights: number[] = [];
  for (const mixture of [a, b])
    for (const [k, point] of mixture.points.entries()) {
      const key = point.join();
      const place = places.get(key);
      if (place === undefined) {
        places.set(key, points.length);
        points.push(point);
        weights.push(mixture.weights[k]!);
      } else weights[place]! += mixture.weights[k]!;
    }
  return { points, weights };
}

export const totalWeight = ({ weights }: Mixture): number => weights.reduce((sum, weight) => sum + weight, 0);

/** The same distribution with weights that add up to 1. */
export function normalised(mixture: Mixture): Mixture {
  const total = totalWeight(mixture);
  return { points: mixture.points, weights: mixture.weights.map((weight) => weight / total) };
}

/** At most `size` points in place of many, by systematic sampling; expectations stay the same. */
export function thinned(mixture: Mixture, size: number, rng: Rng, purpose: string, step: number): Mixture {
  const total = totalWeight(mixture);
  const spacing = total / size;
  let next = rng.stream(purpose, step).uniforms(1)[0]! * spacing;
  const points: Float64Array[] = [];
  const weights: number[] = [];
  let reached = 0;
  for (const [k, point] of mixture.points.entries()) {
    reached += mixture.weights[k]!;
    let count = 0;
    for (; next < reached; next += spacing) count++;
    if (count > 0) {
      points.push(point);
      weights.push(count * spacing);
    }
  }
  return { points, weights };
}
