/**
 * Constants from a pilot: the first observations measure each coordinate's curvature at the start, the spread of the
 * curvature along random directions and its smallest eigenvalue; from these follow scales, step, offset and burn-in.
 */
import { InvalidInput } from "../core/errors.ts";
import { eigh } from "../linalg/index.ts";
import type { Rng } from "../random/index.ts";
import { nearby } from "./nearby.ts";

export type Loss<Z> = (theta: Float64Array, observation: Z) => number;

/** What the pilot found, in coordinates divided by `scales`. */
export interface Pilot {
  readonly scales: Float64Array;
  /** E|x|^4 / E|x|^2 of rank-one curvatures x x'. */
  readonly radius: number;
  /** Smallest eigenvalue of the curvature, at least `LEAST_CURVATURE`. */
  readonly curvature: number;
  /** The curvature is nearly 0 along some direction, beyond the pilot's own noise. */
  readonly singular: boolean;
  /** `curvature` is the mean one over d, not measured: above `WHOLE_CURVATURE` dimensions. */
  readonly guessed: boolean;
  readonly evaluations: number;
}

/** Smallest curvature in scaled coordinates that steps and intervals are made for. */
export const LEAST_CURVATURE = 0.02;
/** Up to this dimension the pilot measures the whole curvature. */
export const WHOLE_CURVATURE = 50;

export function runPilot<Z>(
  loss: Loss<Z>,
  observations: readonly Z[],
  initial: Float64Array,
  rng: Rng,
  nameOf: (coordinate: number) => string,
): Pilot {
  const d = initial.length;
  const near = nearby(loss, d);
  let evaluations = 0;
  const checked = (value: number): number => {
    evaluations++;
    if (!Number.isFinite(value)) {
      throw new InvalidInput(
        `the loss is ${value} near the start: give an \`initial\` where it is finite, or check the observation`,
      );
    }
    return value;
  };
  const base = observations.map((z) => {
    near.move(initial, z);
    return checked(near.here());
  });

  const deltas = initial.map((start) => 1e-4 * Math.max(1, Math.abs(start)));
  const curvatures = new Float64Array(d);
  const shown = new Float64Array(d);
  /** Mean curvature along axes by second differences of their `deltas`, and the share of observations that show any. */
  const probe = (axes: readonly number[]): void => {
    for (const k of axes) curvatures[k] = shown[k] = 0;
    observations.forEach((z, i) => {
      near.move(initial, z);
      for (const k of axes) {
        const plus = checked(near.along(k, deltas[k]!));
        const minus = checked(near.along(k, -deltas[k]!));
        const second = plus - 2 * base[i]! + minus;
        const size = Math.abs(plus) + 2 * Math.abs(base[i]!) + Math.abs(minus);
        if (Math.abs(second) > 8 * Number.EPSILON * size) {
          shown[k]!++;
          curvatures[k]! += second;
        }
      }
    });
    for (const k of axes) {
      curvatures[k]! /= deltas[k]! * deltas[k]! * observations.length;
      shown[k]! /= observations.length;
    }
  };
  const all = [...initial.keys()];
  let flat = all;
  for (let tries = 0; tries <= 12 && flat.length > 0; tries++) {
    if (tries > 0) for (const k of flat) deltas[k]! *= 4;
    probe(flat);
    flat = flat.filter((k) => !(shown[k]! >= 0.2 && curvatures[k]! > 0));
  }
  for (const k of flat) {
    if (!(curvatures[k]! > 0)) {
      throw new InvalidInput(
        `the loss does not curve upwards along ${nameOf(k)} at the start: ${nameOf(k)} has no effect, or \`initial\` is far off; leave it out, or give \`step\` and \`spacing\``,
      );
    }
  }
  const coarse = curvatures.slice();
  for (const k of all) deltas[k] = 0.2 * coarse[k]! ** -0.5;
  probe(all);
  const scales = coarse.map((c, k) => (curvatures[k]! > 0 ? curvatures[k]! : c) ** -0.5);

  /** Second difference over step^2 along a scaled direction. */
  const along = (z: Z, f0: number, direction: Float64Array, step: number): number => {
    near.move(initial, z);
    const plus = checked(near.towards(step, scales, direction, 0));
    const minus = checked(near.towards(-step, scales, direction, 0));
    return (plus - 2 * f0 + minus) / (step * step);
  };

  let sum = 0;
  let squares = 0;
  // A kinked loss shows no curvature far from its minimum at small steps: then longer ones are tried.
  let reach = 0.2;
  for (let tries = 0, seen = 0; tries < 9 && seen < 0.05 * observations.length; tries++) {
    if (tries > 0) reach *= 2;
    sum = squares = seen = 0;
    observations.forEach((z, i) => {
      const direction = rng.stream("pilot", i).sphere(d, Math.sqrt(d));
      const c = along(z, base[i]!, direction, reach / Math.sqrt(d));
      sum += c;
      squares += c * c;
      if (c > 1e-9) seen++;
    });
  }
  if (!(sum > 0)) {
    throw new InvalidInput(
      "the loss does not curve upwards at the start: give an `initial` nearer to the minimum, or `step` and `spacing`",
    );
  }
  const radius = ((d + 2) / (3 * d)) * (squares / sum);
  if (d > WHOLE_CURVATURE) {
    const curvature = sum / (d * observations.length);
    return { scales, radius, curvature, singular: false, guessed: true, evaluations };
  }

  const hessian = new Float64Array(d * d);
  const share = 1 / (4 * reach * reach * observations.length);
  for (const z of observations) {
    near.move(initial, z);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const corner = (a: number, b: number): number =>
          checked(near.alongTwo(i, a * reach * scales[i]!, j, b * reach * scales[j]!));
        hessian[i * d + j]! += share * (corner(1, 1) - corner(1, -1) - corner(-1, 1) + corner(-1, -1));
      }
    }
  }
  const { values, vectors } = eigh(hessian, d);
  const flattest = Float64Array.from({ length: d }, (_, k) => vectors[k * d]!);
  const least = observations.map((z, i) => along(z, base[i]!, flattest, reach));
  const n = least.length;
  const mean = least.reduce((a, b) => a + b, 0) / n;
  const variance = least.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  return {
    scales,
    radius,
    curvature: Math.max(values[0]!, LEAST_CURVATURE),
    singular: mean + 2 * Math.sqrt(variance / n) < LEAST_CURVATURE,
    guessed: false,
    evaluations,
  };
}
