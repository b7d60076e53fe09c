/**
 * Constants from a pilot: the first observations measure each coordinate's curvature at the start, the spread of the
 * curvature along random directions and its smallest eigenvalue; from these follow scales, step, offset and burn-in.
 */
import { InvalidInput } from "../core/errors.ts";
import { eigh } from "../linalg/index.ts";
import type { Rng } from "../random/index.ts";

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
  const point = initial.slice();
  let evaluations = 0;
  const at = (z: Z): number => {
    evaluations++;
    const value = loss(point, z);
    if (!Number.isFinite(value)) {
      throw new InvalidInput(
        `the loss is ${value} near the start: give an \`initial\` where it is finite, or check the observation`,
      );
    }
    return value;
  };
  const base = observations.map(at);

  const scales = new Float64Array(d);
  for (let k = 0; k < d; k++) {
    const start = initial[k]!;
    const probe = (delta: number) => {
      let sum = 0;
      let seen = 0;
      observations.forEach((z, i) => {
        point[k] = start + delta;
        const plus = at(z);
        point[k] = start - delta;
        const minus = at(z);
        const second = plus - 2 * base[i]! + minus;
        const size = Math.abs(plus) + 2 * Math.abs(base[i]!) + Math.abs(minus);
        if (Math.abs(second) > 8 * Number.EPSILON * size) {
          seen++;
          sum += second;
        }
      });
      point[k] = start;
      return { mean: sum / (delta * delta * observations.length), seen: seen / observations.length };
    };
    let delta = 1e-4 * Math.max(1, Math.abs(start));
    let found = probe(delta);
    for (let tries = 0; tries < 12 && !(found.seen >= 0.2 && found.mean > 0); tries++) {
      found = probe((delta *= 4));
    }
    if (!(found.mean > 0)) {
      throw new InvalidInput(
        `the loss does not curve upwards along ${nameOf(k)} at the start: ${nameOf(k)} has no effect, or \`initial\` is far off; leave it out, or give \`step\` and \`spacing\``,
      );
    }
    const finer = probe(0.2 * found.mean ** -0.5).mean;
    scales[k] = (finer > 0 ? finer : found.mean) ** -0.5;
  }

  /** Second difference over step^2 along a scaled direction. */
  const along = (z: Z, f0: number, direction: Float64Array, step: number): number => {
    for (let k = 0; k < d; k++) point[k] = initial[k]! + step * scales[k]! * direction[k]!;
    const plus = at(z);
    for (let k = 0; k < d; k++) point[k] = initial[k]! - step * scales[k]! * direction[k]!;
    const minus = at(z);
    point.set(initial);
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
  const h = reach;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const corner = (z: Z, a: number, b: number): number => {
        point[i]! += a * h * scales[i]!;
        point[j]! += b * h * scales[j]!;
        const value = at(z);
        point[i] = initial[i]!;
        point[j] = initial[j]!;
        return value;
      };
      let mixed = 0;
      for (const z of observations)
        mixed += corner(z, 1, 1) - corner(z, 1, -1) - corner(z, -1, 1) + corner(z, -1, -1);
      hessian[i * d + j] = mixed / (4 * h * h * observations.length);
    }
  }
  const { values, vectors } = eigh(hessian, d);
  const flattest = Float64Array.from({ length: d }, (_, k) => vectors[k * d]!);
  const curvatures = observations.map((z, i) => along(z, base[i]!, flattest, reach));
  const n = curvatures.length;
  const mean = curvatures.reduce((a, b) => a + b, 0) / n;
  const variance = curvatures.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  return {
    scales,
    radius,
    curvature: Math.max(values[0]!, LEAST_CURVATURE),
    singular: mean + 2 * Math.sqrt(variance / n) < LEAST_CURVATURE,
    guessed: false,
    evaluations,
  };
}
