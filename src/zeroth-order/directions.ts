/** Random directions with E[v vᵀ] = I, one of a draw or all of them together. */
import type { Rng } from "../random/index.ts";

/**
 * How directions are drawn. One by one: `rademacher` (entries ±1), `sphere` (uniform, of length √d), `gaussian`
 * (standard normal), `coordinate` (√d e_i, i uniform). Together: `orthogonal` (unit columns of a uniform orthogonal
 * matrix) and `basis` (e_1, …, e_d in turn); their directional derivatives count d-fold, so that the mean is unbiased.
 */
export type DirectionLaw = (typeof DIRECTION_LAWS)[number];

export const DIRECTION_LAWS = [
  "rademacher",
  "sphere",
  "gaussian",
  "coordinate",
  "orthogonal",
  "basis",
] as const;

/** What a directional derivative along a direction of this law is multiplied by in the mean. */
export const directionWeight = (law: DirectionLaw, dimension: number): number =>
  law === "orthogonal" || law === "basis" ? dimension : 1;

/** The square length of directions of this law (its mean for `gaussian`). */
export const squareLength = (law: DirectionLaw, dimension: number): number =>
  law === "orthogonal" || law === "basis" ? 1 : dimension;

/** Draws the directions of one estimate in their order: call it with k = 0, 1, …; each fills and returns `out`. */
export function directionsOf(
  law: DirectionLaw,
  rng: Rng,
  step: number,
): (k: number, out: Float64Array) => Float64Array {
  const stream = (k: number) => rng.stream("directions", step, k);
  const earlier: Float64Array[] = [];
  switch (law) {
    case "rademacher":
      return (k, out) => stream(k).signs(out);
    case "gaussian":
      return (k, out) => stream(k).normals(out);
    case "sphere":
      return (k, out) => stream(k).sphere(out, Math.sqrt(out.length));
    case "coordinate":
      return (k, out) => unit(out, stream(k).integers(out.length, 1)[0]!, Math.sqrt(out.length));
    case "basis":
      return (k, out) => unit(out, k % out.length, 1);
    case "orthogonal":
      return (k, out) => {
        const column = orthogonalise(stream(k).normals(out), earlier);
        earlier.push(column.slice());
        return column;
      };
  }
}

function unit(out: Float64Array, i: number, length: number): Float64Array {
  out.fill(0);
  out[i] = length;
  return out;
}

/** Gram–Schmidt, twice for the sake of rounding; a positive diagonal of R makes the columns uniform. */
function orthogonalise(v: Float64Array, earlier: readonly Float64Array[]): Float64Array {
  for (let pass = 0; pass < 2; pass++) {
    for (const q of earlier) {
      const along = inner(q, v);
      for (let i = 0; i < v.length; i++) v[i]! -= along * q[i]!;
    }
    const length = Math.sqrt(inner(v, v));
    for (let i = 0; i < v.length; i++) v[i]! /= length;
  }
  return v;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
