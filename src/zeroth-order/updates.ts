/** What an optimiser does with a gradient estimate: update rules, step schedules, projections; parts that compose. */

import { checkCount, checkOpen, checkShare, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { adam } from "../linalg/index.ts";

/**
 * `sgd`; `adam` (Kingma & Ba 2015); `adamm` (Chen et al. 2019: the second moment never falls, no bias correction);
 * `sign` (signs of the averaged estimate). All take their momentum.
 */
export type Optimizer = (typeof OPTIMIZERS)[number];

export const OPTIMIZERS = ["sgd", "adam", "adamm", "sign"] as const;

/** Moments of the estimates seen; arrays of length 0 where the rule keeps none. */
export interface Moments {
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly largest: Float64Array;
}

/** A rule with its constants. */
export interface UpdateRule {
  readonly optimizer: Optimizer;
  /** Share of the earlier moment that stays; Adam's β₁. */
  readonly momentum: number;
  /** Adam's β₂. */
  readonly beta2: number;
}

const EPSILON = 1e-8;

/** Moments before the first step. */
export function noMoments({ optimizer, momentum }: UpdateRule, dimension: number): Moments {
  const adaptive = optimizer === "adam" || optimizer === "adamm";
  return {
    first: new Float64Array(adaptive || momentum > 0 ? dimension : 0),
    second: new Float64Array(adaptive ? dimension : 0),
    largest: new Float64Array(optimizer === "adamm" ? dimension : 0),
  };
}

/** One step, in place in x and moments; `t` counts from 0. */
export function update(
  { optimizer, momentum, beta2 }: UpdateRule,
  x: Float64Array,
  { first, second, largest }: Moments,
  gradient: Float64Array,
  t: number,
  rate: number,
): void {
  if (optimizer === "adam") {
    const constants = { beta1: momentum, beta2, epsilon: EPSILON, weightDecay: 0 };
    adam({ values: x, m: first, v: second }, gradient, t + 1, rate, constants);
    return;
  }
  if (optimizer === "adamm") {
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i]!;
      first[i] = momentum * first[i]! + (1 - momentum) * g;
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
      largest[i] = Math.max(largest[i]!, second[i]!);
      x[i]! -= (rate * first[i]!) / (Math.sqrt(largest[i]!) + EPSILON);
    }
    return;
  }
  let along = gradient;
  if (momentum > 0) {
    for (let i = 0; i < x.length; i++) first[i] = momentum * first[i]! + gradient[i]!;
    along = first;
  }
  if (optimizer === "sgd") for (let i = 0; i < x.length; i++) x[i]! -= rate * along[i]!;
  else for (let i = 0; i < x.length; i++) x[i]! -= rate * Math.sign(along[i]!);
}

/**
 * A number; or one that falls with the steps t = 0, 1, … as `initial / (t + 1 + offset)^exponent`; or one that falls along a
 * line from `initial` to 0 at step `steps`, and stays there.
 */
export type Schedule =
  | number
  | { readonly initial: number; readonly exponent: number; readonly offset: number }
  | { readonly initial: number; readonly steps: number };

/** The value of a schedule at step t, counted from 0. */
export function scheduled(schedule: Schedule, t: number): number {
  if (typeof schedule === "number") return schedule;
  if ("steps" in schedule) return schedule.initial * Math.max(0, 1 - t / schedule.steps);
  return schedule.initial / (t + 1 + schedule.offset) ** schedule.exponent;
}

/** Throws `InvalidInput` unless the schedule's numbers are finite and in range. */
export function checkSchedule(name: string, schedule: Schedule): Schedule {
  if (typeof schedule === "number") checkOpen(name, schedule, 0);
  else if (typeof schedule === "object" && schedule !== null) {
    checkOpen(`${name}.initial`, schedule.initial, 0);
    if ("steps" in schedule) {
      checkCount(`${name}.steps`, schedule.steps);
      return schedule;
    }
    checkShare(`${name}.exponent`, schedule.exponent, 0, Number.POSITIVE_INFINITY);
    checkShare(`${name}.offset`, schedule.offset, 0, Number.POSITIVE_INFINITY);
  } else throw new InvalidInput(`${name} is ${String(schedule)}: give a number above 0 or a schedule`);
  return schedule;
}

/**
 * Spall's gains for SPSA (1998): steps a / (k + 1 + A)^0.602 and differences c / (k + 1)^0.101 with A = 10 % of the
 * iterations. `noise` is c, about the standard deviation of the loss's noise, or the scale of x for exact losses.
 *
 * @example minimize(f, x0, { ...spsaGains({ a: 0.1, noise: 0.01, iterations: 1000 }), maxEvaluations: 2000 });
 */
export function spsaGains(options: {
  readonly a: number;
  readonly noise: number;
  readonly iterations: number;
}): {
  readonly stepSize: Schedule;
  readonly muDecay: number;
  readonly gradient: { readonly method: "central"; readonly mu: number };
} {
  const { a, noise, iterations } = options;
  checkOpen("a", a, 0);
  checkOpen("noise", noise, 0);
  checkOpen("iterations", iterations, 0);
  return {
    stepSize: { initial: a, exponent: 0.602, offset: 0.1 * iterations },
    muDecay: 0.101,
    gradient: { method: "central", mu: noise },
  };
}

/**
 * A set that x is projected onto after each step. The losses of an estimate are asked around x, so near its boundary they
 * are asked outside of the set too, by up to the largest step; where the loss does not exist there, transform x instead.
 */
export type Constraint =
  | { readonly kind: "box"; readonly lower: ArrayLike<number>; readonly upper: ArrayLike<number> }
  | { readonly kind: "ball"; readonly center: ArrayLike<number>; readonly radius: number };

/** Throws `InvalidInput` for an empty set or one of another dimension. */
export function checkConstraint(set: Constraint, dimension: number): void {
  if (set.kind === "ball") {
    checkVector("constraint.center", set.center, dimension);
    checkOpen("constraint.radius", set.radius, 0);
  } else if (set.kind === "box") {
    for (const side of ["lower", "upper"] as const)
      if (set[side]?.length !== dimension)
        throw new InvalidInput(`constraint.${side} has length ${set[side]?.length}, but needs ${dimension}`);
    for (let i = 0; i < dimension; i++)
      if (!(set.lower[i]! <= set.upper[i]!))
        throw new InvalidInput(
          `constraint.lower[${i}] is ${set.lower[i]}, upper ${set.upper[i]}: give lower at most upper`,
        );
  } else throw new InvalidInput("constraint.kind must be box or ball");
}

/** The nearest point of the set, in place. */
export function project(set: Constraint, x: Float64Array): void {
  if (set.kind === "box") {
    for (let i = 0; i < x.length; i++) x[i] = Math.min(Math.max(x[i]!, set.lower[i]!), set.upper[i]!);
    return;
  }
  let square = 0;
  for (let i = 0; i < x.length; i++) square += (x[i]! - set.center[i]!) ** 2;
  const shrink = set.radius / Math.sqrt(square);
  if (shrink < 1)
    for (let i = 0; i < x.length; i++) x[i] = set.center[i]! + shrink * (x[i]! - set.center[i]!);
}
