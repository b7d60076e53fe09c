/** Descent along estimated gradients, as a solver: estimator × update rule × schedule × safeguards. */

import { checkChoice, checkCount, checkShare } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Asking, ask, type Solver } from "../core/index.ts";
import type { Rng } from "../random/index.ts";
import {
  askGradient,
  type BlackBox,
  type GradientEstimate,
  type GradientOptions,
  type GradientPlan,
  mostOf,
  planGradient,
} from "./gradient.ts";
import {
  type Constraint,
  checkConstraint,
  checkSchedule,
  type Moments,
  noMoments,
  OPTIMIZERS,
  type Optimizer,
  project,
  type Schedule,
  scheduled,
  type UpdateRule,
  update,
} from "./updates.ts";

/** What `zerothOrder` is made of. */
export interface ZerothOrderOptions {
  readonly stepSize: Schedule;
  /** How gradients are estimated; default one central difference along random signs. */
  readonly gradient?: GradientOptions;
  /** Default `"sgd"`. */
  readonly optimizer?: Optimizer;
  /** In [0, 1); default 0 for sgd and sign, 0.9 (β₁) for adam and adamm. */
  readonly momentum?: number;
  /** β₂ of adam and adamm, in [0, 1); default 0.999. */
  readonly beta2?: number;
  /** Steps of the estimator fall as (t + 1)^-muDecay; default 0. */
  readonly muDecay?: number;
  readonly constraint?: Constraint;
  /** Moves to the best of x, the step and its mirror image, at 3 evaluations more a step; default false. */
  readonly conservative?: boolean;
  /** Variance reduction for sampled losses. */
  readonly svrg?: SvrgOptions;
  /**
   * `true`: each step asks another sample (1, 2, …), and the first losses prove that a sample's loss is repeatable.
   * `"independent"`: without that proof, for losses whose noise cannot be repeated; then take `"central"` with a large
   * `mu`. Default false: the whole loss, sample 0, always; where the first losses do not repeat the result warns.
   */
  readonly stochastic?: boolean | "independent";
  /** Steps over which the norm of estimates is averaged for the metric `gradientNorm`; default 20. */
  readonly window?: number;
}

/**
 * ZO-SVRG (Liu et al. 2018): every `every` steps a step along an estimate h of the whole loss's gradient at an anchor;
 * between, along ĝ(x) − ĝ(anchor) + h, both ĝ with the same directions, levels and sample.
 */
export interface SvrgOptions {
  /** At least 2. */
  readonly every: number;
  /** Step size at anchors; default `stepSize`. */
  readonly anchorStepSize?: Schedule;
  /** Directions of h; default those of `gradient`. */
  readonly anchorDirections?: number;
}

/** Where a descent stands. */
export interface DescentState {
  readonly x: Float64Array;
  readonly t: number;
  readonly moments: Moments;
  /** `"residual"`: the loss of the step before. */
  readonly previous: number | null;
  readonly anchor: { readonly x: Float64Array; readonly gradient: Float64Array } | null;
  /** Norms of the last estimates. */
  readonly norms: readonly number[];
  /** Mean loss of the last step's evaluations. */
  readonly loss: number;
  /** What was not finite, once something was. */
  readonly failure: string | null;
  readonly warnings: readonly string[];
}

/** What a descent found. */
export interface Descended {
  readonly x: Float64Array;
  /** Mean loss of the last step's evaluations. */
  readonly loss: number;
  /** What to mind about the loss or the level table, in words. */
  readonly warnings: readonly string[];
}

/**
 * Minimises a loss from its values alone. Every part composes with every other; the metric `gradientNorm` (the norm of
 * estimates averaged over a window, infinite before the window is full) is for `stop.tolerance`.
 *
 * With a step size near 1 / (tr H + 2 λ_max) for a Hessian H, plain descent converges at the rate of Ma & Huang 2025,
 * corollary 3.5; the worst case is 1 / (L d).
 *
 * @throws InvalidInput for options out of range.
 * @example
 * const manual = askTell(zerothOrder({ stepSize: 0.01 }), blackBox(f, x0), { seed: 1, stop: { maxCalls: 500 } });
 * while (manual.batch) manual.tell(manual.batch.questions.map((x) => f(x as Float64Array)));
 */
export function zerothOrder(options: ZerothOrderOptions): Solver<BlackBox, DescentState, Descended> {
  const { gradient = {}, stochastic = false, conservative = false, window = 20, muDecay = 0 } = options;
  const { stepSize, svrg, constraint } = options;
  const rule = updateRule(options);
  checkSchedule("stepSize", stepSize);
  checkShare("muDecay", muDecay, 0, Number.POSITIVE_INFINITY);
  checkCount("window", window);
  if (svrg !== undefined) checkCount("svrg.every", svrg.every, 2);
  if (svrg?.anchorStepSize !== undefined) checkSchedule("svrg.anchorStepSize", svrg.anchorStepSize);
  if (svrg && gradient.method === "residual")
    throw new InvalidInput('svrg goes with every method but "residual": use another');

  const planOf = plannedOnce(gradient);
  const { anchorDirections } = svrg ?? {};
  const anchorPlanOf = plannedOnce(
    anchorDirections === undefined ? gradient : { ...gradient, numDirections: anchorDirections },
  );

  function* estimate(problem: BlackBox, state: DescentState, rng: Rng): Asking<GradientEstimate> {
    const { x, t, anchor, previous } = state;
    const plan = planOf(x.length);
    const at = { step: t, sample: stochastic ? t + 1 : 0, scale: (t + 1) ** -muDecay, previous };
    const here = yield* askGradient(problem.value, plan, rng, { ...at, x });
    if (anchor === null) return here;
    const there = yield* askGradient(problem.value, plan, rng, { ...at, x: anchor.x });
    const { gradient: sum } = here;
    for (let i = 0; i < sum.length; i++) sum[i]! += anchor.gradient[i]! - there.gradient[i]!;
    return { ...here, evaluations: here.evaluations + there.evaluations };
  }

  function* anchored(problem: BlackBox, { x, t }: DescentState, rng: Rng): Asking<GradientEstimate> {
    return yield* askGradient(problem.value, anchorPlanOf(x.length), rng, {
      x,
      step: t,
      sample: 0,
      scale: (t + 1) ** -muDecay,
    });
  }

  function* move(problem: BlackBox, state: DescentState, rng: Rng): Asking<DescentState> {
    const { t } = state;
    const atAnchor = svrg !== undefined && t % svrg.every === 0;
    const found = yield* atAnchor ? anchored(problem, state, rng) : estimate(problem, state, rng);
    const schedule = atAnchor ? (svrg.anchorStepSize ?? stepSize) : stepSize;
    const anchor = atAnchor ? { x: state.x.slice(), gradient: found.gradient.slice() } : state.anchor;
    // Until the last answer is there nothing of the state may change.
    const moments = conservative ? structuredClone(state.moments) : state.moments;
    let x = conservative ? state.x.slice() : state.x;
    update(rule, x, moments, found.gradient, t, scheduled(schedule, t));
    if (constraint) project(constraint, x);
    if (conservative) x = yield* best(problem, state.x, x, stochastic ? t + 1 : 0, constraint);
    const norm = Math.sqrt(found.gradient.reduce((sum, g) => sum + g * g, 0));
    return {
      x,
      t: t + 1,
      moments,
      previous: gradient.method === "residual" ? found.loss : null,
      anchor,
      norms: [...state.norms.slice(state.norms.length < window ? 0 : 1), norm],
      loss: found.loss,
      failure: Number.isFinite(norm) ? null : `the norm of the estimate is ${norm}`,
      warnings: state.warnings,
    };
  }

  return {
    name: "zeroth-order",
    options,
    *init(problem) {
      const x = problem.start.slice();
      planOf(x.length);
      if (constraint) {
        checkConstraint(constraint, x.length);
        project(constraint, x);
      }
      const warnings = [...(gradient.levels?.warnings ?? [])];
      if (stochastic !== "independent") {
        const noise = yield* repeatNoise(problem, x, stochastic ? 1 : 0);
        if (noise !== null && stochastic) throw new InvalidInput(`${noise}: ${REPEAT}`);
        if (noise !== null) warnings.push(`${noise}: ${REPEAT}`);
      }
      const none = { previous: null, anchor: null, norms: [], loss: Number.NaN, failure: null };
      return { x, t: 0, moments: noMoments(rule, x.length), ...none, warnings };
    },
    *step(problem, state, rng) {
      try {
        return yield* move(problem, state, rng);
      } catch (error) {
        if (!(error instanceof NonFinite)) throw error;
        return { ...state, t: state.t + 1, failure: error.message };
      }
    },
    metrics: ({ loss, norms }) => ({
      loss,
      gradientNorm:
        norms.length < window
          ? Number.POSITIVE_INFINITY
          : norms.reduce((sum, norm) => sum + norm, 0) / norms.length,
    }),
    status: ({ failure }) => (failure === null ? "running" : "diverged"),
    result: (_, { x, loss, warnings }) => ({ x, loss, warnings }),
  };
}

/** The plan for a dimension, made at its first use: a table of levels takes longer than a step. */
function plannedOnce(options: GradientOptions): (dimension: number) => GradientPlan {
  let last: { readonly dimension: number; readonly plan: GradientPlan } | undefined;
  return (dimension) => {
    if (last?.dimension !== dimension) last = { dimension, plan: planGradient(options, dimension) };
    return last.plan;
  };
}

/** Most evaluations of one step, and of the comparison before the first. */
export function evaluationsOf(
  options: ZerothOrderOptions,
  dimension: number,
): { readonly first: number; readonly step: number } {
  const plan = planGradient(options.gradient ?? {}, dimension);
  const extra = options.conservative ? 3 : 0;
  const anchors: GradientPlan = { ...plan, count: options.svrg?.anchorDirections ?? plan.count };
  const step = options.svrg ? Math.max(2 * mostOf(plan), mostOf(anchors)) : mostOf(plan);
  return { first: options.stochastic === "independent" ? 0 : 2, step: step + extra };
}

function updateRule(options: ZerothOrderOptions): UpdateRule {
  const { optimizer = "sgd", beta2 = 0.999 } = options;
  checkChoice("optimizer", optimizer, OPTIMIZERS);
  const { momentum = optimizer === "adam" || optimizer === "adamm" ? 0.9 : 0 } = options;
  checkShare("momentum", momentum);
  checkShare("beta2", beta2);
  return { optimizer, momentum, beta2 };
}

const REPEAT =
  'make its randomness follow the sample (switch dropout and augmentation off), or set stochastic to "independent" and use method "central" with a larger mu';

/** Asks one loss twice: what is wrong where the answers differ, else null. */
function* repeatNoise({ value }: BlackBox, x: Float64Array, sample: number): Asking<string | null> {
  const [first, second] = yield* ask(value, [x.slice(), x.slice()], sample);
  const same = first === second || (Number.isNaN(first) && Number.isNaN(second));
  return same ? null : `the loss at one point and sample is ${first}, then ${second}`;
}

/** The best of x, the step and its mirror image. */
function* best(
  { value }: BlackBox,
  x: Float64Array,
  forward: Float64Array,
  sample: number,
  constraint: Constraint | undefined,
): Asking<Float64Array> {
  const backward = x.map((xi, i) => 2 * xi - forward[i]!);
  if (constraint) project(constraint, backward);
  const candidates = [x.slice(), forward, backward];
  const losses = yield* ask(value, candidates, sample);
  let least = 0;
  for (let i = 1; i < 3; i++) if (losses[i]! < losses[least]!) least = i;
  return candidates[least]!;
}
