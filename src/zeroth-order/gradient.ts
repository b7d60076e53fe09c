/** Gradient estimates: estimator × direction law × level table, composed. */

import { checkChoice, checkCount, checkOpen, checkShare, checkVector } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Asking, ask, type Oracle, type Problem } from "../core/index.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import {
  DIRECTION_LAWS,
  type DirectionLaw,
  directionsOf,
  directionWeight,
  squareLength,
} from "./directions.ts";
import { checkLevels, geometricLevels, type LevelTable } from "./levels.ts";
import {
  checkTheoryOnly,
  METHODS,
  type Method,
  mostEvaluations,
  type Stencil,
  type StencilRule,
  slopeOf,
  stencilAt,
  usesLevels,
} from "./stencils.ts";

/**
 * A loss at a point. `sample` 0 asks for the whole loss; 1, 2, … name a minibatch or a seed of a simulation, and the
 * same sample must give the same loss: all losses of one estimate share it (common random numbers).
 */
export type Objective = (x: Float64Array, sample: number) => number;

/** A loss that can be asked, with its dimension and where the search begins. */
export interface BlackBox extends Problem {
  readonly value: Oracle<Float64Array, number, number>;
  readonly start: Float64Array;
}

/** How gradients are estimated; each part goes with each other. */
export interface GradientOptions {
  /** Default `"central"`; `"p4"` is unbiased, which pays when `mu` is large or hard to choose. */
  readonly method?: Method;
  /** Default `"rademacher"`. */
  readonly directions?: DirectionLaw;
  /** Directions of one estimate; default 1, all d for `"basis"`. At most d for `"orthogonal"`. */
  readonly numDirections?: number;
  /** Step of methods without levels, first step of the default table; default 2⁻⁷. */
  readonly mu?: number;
  /** Table of P4 to P1; default geometric with ratio ½ from `mu`. P2 and P1 need one given. */
  readonly levels?: LevelTable;
  /** Factor of the step for each coordinate; default 1. The estimate is of the gradient with respect to x. */
  readonly scale?: ArrayLike<number>;
  /** P3: probability of the branch without levels, in (0, 1); default ½. */
  readonly branch?: number;
  /** P3, P2, P1 with the printed weights, whose mean is ½, ⅓, ¼ of the gradient; for comparison only. */
  readonly paperWeights?: boolean;
}

/** Checked options of one dimension; plain data. */
export interface GradientPlan {
  readonly rule: StencilRule;
  readonly directions: DirectionLaw;
  readonly count: number;
  readonly scale: Float64Array | null;
}

/** One estimate. */
export interface GradientEstimate {
  readonly gradient: Float64Array;
  /** The estimated directional derivative of each direction. */
  readonly directional: Float64Array;
  /** The level of each direction, from 1; 0 where none was drawn. */
  readonly level: Int32Array;
  readonly evaluations: number;
  /** Mean of the losses that were evaluated: f near x. */
  readonly loss: number;
}

/** A loss as a problem. The fingerprint names it in snapshots. */
export function blackBox(
  f: (x: Float64Array, sample: number) => number | Promise<number>,
  start: ArrayLike<number>,
  options: { readonly fingerprint?: string } = {},
): BlackBox {
  checkVector("x0", start);
  return {
    fingerprint: options.fingerprint ?? `black box of dimension ${start.length}`,
    start: Float64Array.from(start),
    value: { name: "value", answer: (x, sample) => f(x, sample) },
  };
}

/** Throws `InvalidInput` for options out of range. */
export function planGradient(options: GradientOptions, dimension: number): GradientPlan {
  const { method = "central", directions = "rademacher", mu = 2 ** -7, branch = 0.5 } = options;
  checkChoice("method", method, METHODS);
  checkChoice("directions", directions, DIRECTION_LAWS);
  checkOpen("mu", mu, 0);
  checkOpen("branch", branch, 0, 1);
  checkTheoryOnly(method, options.levels);
  const { numDirections: count = directions === "basis" ? dimension : 1, scale } = options;
  checkCount("numDirections", count, 1, directions === "orthogonal" ? dimension : undefined);
  if (directions === "basis" && count !== dimension)
    throw new InvalidInput(`numDirections is ${count}: with directions "basis" it must be ${dimension}`);
  if (method === "residual" && count !== 1)
    throw new InvalidInput(`numDirections is ${count}: "residual" takes 1`);
  if (scale !== undefined) {
    checkVector("scale", scale, dimension);
    for (let i = 0; i < dimension; i++) checkOpen(`scale[${i}]`, scale[i]!, 0);
  }
  const levels = options.levels === undefined ? geometricLevels({ mu }) : checkLevels(options.levels);
  return {
    rule: { method, mu, levels, branch, paperWeights: options.paperWeights ?? false },
    directions,
    count,
    scale: scale === undefined ? null : Float64Array.from(scale),
  };
}

/** Most losses that one estimate of this plan takes. */
export const mostOf = ({ rule, count }: GradientPlan): number => mostEvaluations(rule.method, count);

/** At most so many numbers are in the questions of one batch, beyond those of one direction. */
const BATCH_NUMBERS = 2 ** 20;

/** Where an estimate is made. */
export interface EstimateAt {
  readonly x: Float64Array;
  /** Names the estimate's randomness. */
  readonly step: number;
  readonly sample: number;
  /** Factor of all steps; default 1. */
  readonly scale?: number;
  /** For `"residual"`: the loss of the estimate before; without it the gradient is 0. */
  readonly previous?: number | null;
}

/** Asks for the losses of one estimate, in as few batches as memory allows, and adds up the gradient. */
export function* askGradient(
  value: BlackBox["value"],
  plan: GradientPlan,
  rng: Rng,
  at: EstimateAt,
): Asking<GradientEstimate> {
  const { x, step, sample } = at;
  const { rule, count, scale } = plan;
  const dimension = x.length;
  const draw = directionsOf(plan.directions, rng, step);
  const uniforms = usesLevels(rule.method)
    ? rng.stream("levels", step).uniforms(2 * count)
    : new Float64Array(2 * count);
  const gradient = new Float64Array(dimension);
  const directional = new Float64Array(count);
  const level = new Int32Array(count);
  let base: number | undefined;
  let total = 0;
  let evaluations = 0;

  const block = Math.max(1, Math.floor(BATCH_NUMBERS / dimension));
  for (let from = 0; from < count; from += block) {
    const parts: { v: Float64Array; stencil: Stencil }[] = [];
    const questions: Float64Array[] = [];
    let asksBase = false;
    for (let k = from; k < Math.min(count, from + block); k++) {
      const v = draw(k, new Float64Array(dimension));
      const stencil = stencilAt(rule, uniforms[2 * k]!, uniforms[2 * k + 1]!, at.scale);
      parts.push({ v, stencil });
      for (const mu of stencil.steps) {
        if (mu !== 0) questions.push(moved(x, mu, v, scale));
        else asksBase ||= base === undefined;
      }
    }
    if (asksBase) questions.push(x.slice());
    const answers = yield* ask(value, questions, sample);
    for (const [i, answer] of answers.entries()) {
      if (!Number.isFinite(answer)) throw new NonFinite(`the loss is ${answer} at ${point(questions[i]!)}`);
      total += answer;
    }
    evaluations += answers.length;
    if (asksBase) base = answers.at(-1)!;
    let next = 0;
    for (const [i, { v, stencil }] of parts.entries()) {
      const losses = stencil.steps.map((mu) => (mu === 0 ? base! : answers[next++]!));
      const slope =
        rule.method === "residual"
          ? (losses[0]! - (at.previous ?? losses[0]!)) * stencil.weights[0]!
          : slopeOf(stencil, losses);
      directional[from + i] = slope;
      level[from + i] = stencil.level;
      addScaled(gradient, (slope * directionWeight(plan.directions, dimension)) / count, v, scale);
    }
  }
  return { gradient, directional, level, evaluations, loss: total / evaluations };
}

/** x + mu v, coordinate by coordinate scaled. */
function moved(x: Float64Array, mu: number, v: Float64Array, scale: Float64Array | null): Float64Array {
  const to = new Float64Array(x.length);
  if (scale === null) for (let i = 0; i < to.length; i++) to[i] = x[i]! + mu * v[i]!;
  else for (let i = 0; i < to.length; i++) to[i] = x[i]! + mu * scale[i]! * v[i]!;
  return to;
}

function addScaled(sum: Float64Array, factor: number, v: Float64Array, scale: Float64Array | null): void {
  if (scale === null) for (let i = 0; i < sum.length; i++) sum[i]! += factor * v[i]!;
  else for (let i = 0; i < sum.length; i++) sum[i]! += (factor * v[i]!) / scale[i]!;
}

/** The first numbers of a point, for messages. */
export const point = (x: Float64Array): string =>
  `x = [${Array.from(x.subarray(0, 6)).join(", ")}${x.length > 6 ? `, … ${x.length} in all` : ""}]`;

/** An estimate with what remains of its bias. */
export interface EstimatedGradient extends GradientEstimate {
  /**
   * Bound on the bias of a directional derivative for a loss whose gradient is L-Lipschitz: L ‖v‖² μ / 2 with the
   * smallest step of the table, or the only one; infinite for `"residual"` and for printed weights.
   */
  biasBound(lipschitz: number): number;
}

/**
 * Estimates the gradient of f at x from values of f (Ma & Huang 2025; `"central"` with signs is SPSA, Spall 1992).
 *
 * @throws InvalidInput for options out of range or an asynchronous f; NonFinite with the point where f is not finite.
 * @example estimateGradient((x) => x[0]! ** 2 + x[1]!, [1, 2], { method: "p4", numDirections: 8, seed: 1 }).gradient;
 */
export function estimateGradient(
  f: Objective,
  x: ArrayLike<number>,
  options: GradientOptions & { readonly seed?: Seed; readonly sample?: number } = {},
): EstimatedGradient {
  const problem = blackBox(f, x);
  const plan = planGradient(options, x.length);
  if (plan.rule.method === "residual")
    throw new InvalidInput('method "residual" needs a step before: use it in minimize');
  const { seed = 0, sample = 0 } = options;
  checkCount("sample", sample, 0);
  const asking = askGradient(problem.value, plan, createRng(seed), { x: problem.start, step: 0, sample });
  const { rule } = plan;
  const mu = usesLevels(rule.method) ? rule.levels.mu.at(-1)! : rule.mu;
  const biased = rule.paperWeights && rule.method !== "p4" && usesLevels(rule.method);
  return {
    ...answered(asking, f),
    biasBound: (lipschitz) =>
      biased
        ? Number.POSITIVE_INFINITY
        : (checkShare("lipschitz", lipschitz, 0, Number.POSITIVE_INFINITY) *
            squareLength(plan.directions, x.length) *
            mu) /
          2,
  };
}

/** Answers an asking computation over one synchronous loss. */
export function answered<R>(asking: Asking<R>, f: Objective): R {
  let turn = asking.next([]);
  while (!turn.done) {
    const { questions, common } = turn.value;
    turn = asking.next(
      questions.map((x) => {
        const loss: unknown = f(x as Float64Array, common as number);
        if (typeof loss !== "number")
          throw new InvalidInput(
            `the loss is a ${typeof loss}: give a function that returns a number; for promises use run with zerothOrder`,
          );
        return loss;
      }),
    );
  }
  return turn.value;
}
