import { checkChoice, checkPositive } from "../../core/checks.ts";
import { type Asking, InvalidInput, type Solver } from "../../core/index.ts";
import { distanceBound, holds } from "../certificate.ts";
import { advanced, begun, type GapEntry, type Progress, targetOf, toleranceOf } from "../outcome.ts";
import type { MinimizationProblem } from "../problem.ts";
import { type Claim, refuteByGradients, requireTangent } from "../refutation.ts";
import { requireHadamard } from "../spaces/curvature.ts";
import { type BoostedState, boosted } from "./boosted.ts";
import { type Evaluated, evaluate, type Objective, objectiveOf } from "./objective.ts";
import { gradientStep } from "./prgd.ts";
import { type RagdState, ragdStart, ragdStep } from "./ragd.ts";
import {
  paperSequences,
  type RiemaconState,
  riemaconStart,
  riemaconStep,
  type StagedState,
  smoothProximal,
  stagedStart,
  stagedStep,
  tightSequences,
  xiOfRadius,
} from "./riemacon.ts";

/** A minimiser's state: plain data. */
export interface MinimizeState<T = unknown> {
  readonly progress: Progress<Evaluated>;
  /** The method's own. */
  readonly own: T;
}

/** A certified minimum. */
export interface Minimum {
  readonly x: Float64Array;
  /** A proved bound of F(x) - min F. */
  readonly gap: number;
  /** False when x, or perhaps the minimiser, lies outside the domain of the constants: the gap is then a guess. */
  readonly certified: boolean;
  /** A bound of d(x, x*); infinite without strong convexity. */
  readonly distBound: number;
  /** Gradients asked for. */
  readonly calls: number;
  readonly history: readonly GapEntry[];
}

export type Minimizer<T = unknown> = Solver<MinimizationProblem, MinimizeState<T>, Minimum>;

interface Method<T> {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** `target`: the gap to aim at in the end. */
  start(F: Objective, at: Evaluated, target: number): Asking<T>;
  step(F: Objective, own: T, target: number): Asking<T>;
  at(own: T): Evaluated;
  stuck?(own: T): boolean;
  callsPerHalving(F: Objective): number;
}

function minimizer<T>(method: Method<T>, tolerance = toleranceOf(undefined)): Minimizer<T> {
  return {
    name: method.name,
    options: { ...method.options, tolerance },
    *init(problem) {
      requireHadamard(problem.manifold, method.name);
      const meter = { gradient: 0 };
      const F = objectiveOf(problem, meter);
      const at = yield* evaluate(F, problem.start);
      requireTangent(claimOf(problem), at);
      const certified = () => isCertified(problem, at);
      const progress = begun(at, at.decrease, meter.gradient, tolerance, certified);
      const own =
        progress.status === "running"
          ? yield* method.start(F, at, targetOf(progress, tolerance))
          : (undefined as T);
      return { progress: { ...progress, calls: meter.gradient }, own };
    },
    *step(problem, { progress, own }) {
      const meter = { gradient: progress.calls };
      const F = objectiveOf(problem, meter);
      const next = yield* method.step(F, own, targetOf(progress, tolerance));
      const at = method.at(next);
      const refute = (from: Evaluated, to: Evaluated): void => {
        requireTangent(claimOf(problem), to);
        if (problem.moduli === "claimed") refuteByGradients([claimOf(problem)], [from], [to]);
      };
      // Where the certificate has grown, a gradient that leads uphill would show.
      const before = method.at(own);
      if (at.decrease > before.decrease) refute(before, at);
      return {
        own: next,
        progress: advanced(progress, at, at.decrease, meter.gradient, tolerance, {
          certified: () => isCertified(problem, at),
          refute,
          callsPerHalving: method.callsPerHalving(F),
          stuck: method.stuck?.(next) ?? false,
        }),
      };
    },
    metrics: ({ progress }) => ({ gap: progress.gap }),
    status: ({ progress }) => progress.status,
    result: (problem, { progress: { best, gap, calls, history } }) => ({
      x: best.p,
      gap,
      certified: isCertified(problem, best),
      distBound: distanceBound(gap, problem.mu),
      calls,
      history,
    }),
  };
}

const claimOf = ({ domain, mu, L }: MinimizationProblem): Claim => ({
  name: "mu",
  gradient: "gradient",
  domain,
  mu,
  L,
});

const isCertified = ({ set, domain, mu }: MinimizationProblem, { p, g, decrease }: Evaluated): boolean =>
  decrease < Number.POSITIVE_INFINITY && holds(set, domain, p, distanceBound(set.decrease(p, g, mu), mu));

/** Options of all minimisers. */
export interface MinimizeOptions {
  /** The certified gap to stop at; default 1e-8. */
  readonly tolerance?: number;
}

const conditioned = ({ mu, L }: Objective): number => (mu > 0 ? L / mu : 1e4);

/**
 * Metric-projected Riemannian gradient descent: on any set with a projection, at the rate 1 - mu / (L zeta) a step.
 *
 * @throws InvalidInput for a tolerance that is not positive.
 */
export function prgd(options: MinimizeOptions = {}): Minimizer<Evaluated> {
  return minimizer<Evaluated>(
    {
      name: "prgd",
      options: {},
      *start(_F, at) {
        return at;
      },
      step: (F, { p, g }) => evaluate(F, gradientStep(F, p, g)),
      at: (own) => own,
      callsPerHalving: conditioned,
    },
    toleranceOf(options.tolerance),
  );
}

/**
 * Accelerated gradient descent with certified restarts; needs mu > 0. On curved spaces its momentum is a heuristic, its
 * certificates are not; where it makes no progress, stages of Riemacon with proved penalties take over.
 *
 * @throws InvalidInput for a tolerance that is not positive; in the run, for mu = 0 (add a term with
 *   `convexToStrong`).
 */
export function ragd(options: MinimizeOptions = {}): Minimizer<RagdState> {
  return minimizer<RagdState>(
    {
      name: "ragd",
      options: {},
      *start(F, at) {
        requireStrong(F, "ragd");
        return ragdStart(F, at);
      },
      step: ragdStep,
      at: (own) => own,
      stuck: (own) => own.stuck,
      callsPerHalving: (F) => Math.sqrt(conditioned(F)),
    },
    toleranceOf(options.tolerance),
  );
}

export interface RiemaconOptions extends MinimizeOptions {
  /** "paper" (default): the printed step sequences. "tight": the longest that the proof allows. */
  readonly sequences?: "paper" | "tight";
  /** The prox weight; default 1 / L. */
  readonly lambda?: number;
  /** Geometric penalty; default 4 zeta(2D) - 3 of the diameter. Less is a heuristic. */
  readonly xi?: number;
}

function sequencesOf({ sequences = "paper", lambda, xi }: RiemaconOptions) {
  checkChoice("sequences", sequences, ["paper", "tight"]);
  if (lambda !== undefined) checkPositive("lambda", lambda);
  if (xi !== undefined && !(xi >= 1 && xi < Number.POSITIVE_INFINITY))
    throw new InvalidInput(`xi is ${xi}: give a finite number of at least 1`);
  return {
    sequences: sequences === "paper" ? paperSequences : tightSequences,
    options: { sequences, lambda: lambda ?? null, xi: xi ?? null },
  };
}

/** Prox problems need not be solved to more than a hundredth of the target's share. */
const floorOf = (F: Objective, lambda: number, target: number): number =>
  Math.max(1e-26, (0.01 * target * Math.max(F.mu, 1e-3 / lambda)) / (F.mu + 1 / lambda));

/**
 * Riemacon (COLT 2023, Algorithm 1): accelerated inexact prox steps, solved by PRGD, for g-convex functions on a set
 * with a bounded diameter (or with mu > 0, from which a radius follows).
 *
 * With `steps`, the absolute-accuracy variant: that many iterations, each prox problem to
 * tolerance / (4 T (1 + (T + 1)^2)).
 *
 * @throws InvalidInput for options out of range; in the run, for an unbounded set with mu = 0.
 */
export function riemacon(
  options: RiemaconOptions & { readonly steps?: number } = {},
): Minimizer<RiemaconState<Evaluated> & { readonly diameter: number }> {
  const { sequences, options: kept } = sequencesOf(options);
  const tolerance = toleranceOf(options.tolerance);
  const { steps } = options;
  if (steps !== undefined && !(Number.isSafeInteger(steps) && steps >= 1))
    throw new InvalidInput(`steps is ${steps}: give a whole number of at least 1`);
  const parts = (F: Objective, diameter: number, target: number) => {
    const lambda = options.lambda ?? 1 / F.L;
    return {
      prox: smoothProximal(F, lambda, 2 * diameter),
      method: {
        lambda,
        xi: options.xi ?? xiOfRadius(F.set.manifold, diameter / 2),
        diameter,
        sequences,
        floor: floorOf(F, lambda, target),
        ...(steps === undefined ? {} : { accuracy: tolerance / (4 * steps * (1 + (steps + 1) ** 2)) }),
      },
    };
  };
  return minimizer<RiemaconState<Evaluated> & { readonly diameter: number }>(
    {
      name: "riemacon",
      options: { ...kept, steps: steps ?? null },
      *start(F, at, target) {
        const diameter = Math.min(F.region.diameter, 2 * distanceBound(at.decrease, F.mu));
        if (!(diameter < Number.POSITIVE_INFINITY))
          throw new InvalidInput("riemacon needs a bounded set or mu > 0: give X as a geodesic ball");
        const { prox, method } = parts(F, diameter, target);
        return { ...(yield* riemaconStart(prox, method, at)), diameter };
      },
      *step(F, own, target) {
        const { prox, method } = parts(F, own.diameter, target);
        return { ...(yield* riemaconStep(prox, method, own)), diameter: own.diameter };
      },
      at: (own) => own.y,
      stuck: (own) => steps !== undefined && own.k >= steps,
      callsPerHalving: (F) => 100 * Math.sqrt(conditioned(F)),
    },
    tolerance,
  );
}

/**
 * Riemacon in stages for mu > 0: each ends when the certificate shows the distance to the minimiser halved, and the next
 * begins from there with the penalty of the smaller ball.
 *
 * @throws InvalidInput for options out of range; in the run, for mu = 0.
 */
export function riemaconSC(options: RiemaconOptions = {}): Minimizer<StagedState<Evaluated>> {
  const { sequences, options: kept } = sequencesOf(options);
  const parts = (F: Objective, reach: number, target: number) => {
    const lambda = options.lambda ?? 1 / F.L;
    return {
      prox: smoothProximal(F, lambda, reach),
      method: (radius: number) => ({
        lambda,
        xi: options.xi ?? xiOfRadius(F.set.manifold, radius),
        diameter: 2 * radius,
        sequences,
        floor: floorOf(F, lambda, target),
      }),
    };
  };
  return minimizer<StagedState<Evaluated>>(
    {
      name: "riemaconSC",
      options: kept,
      *start(F, at, target) {
        requireStrong(F, "riemaconSC");
        const { prox, method } = parts(F, 4 * distanceBound(at.decrease, F.mu), target);
        return yield* stagedStart(prox, method, at);
      },
      *step(F, own, target) {
        const { prox, method } = parts(F, 4 * own.radius, target);
        return yield* stagedStep(prox, method, own);
      },
      at: (own) => own.stage.y,
      callsPerHalving: (F) => 100 * Math.sqrt(conditioned(F)),
    },
    toleranceOf(options.tolerance),
  );
}

/**
 * Boosted Riemacon: stages inside a chain of small balls, in which the geometric penalty is a constant; each ball is
 * centered where the last one ended. Needs mu > 0.
 *
 * @throws InvalidInput for a tolerance that is not positive; in the run, for mu = 0.
 */
export function boostedRiemacon(options: MinimizeOptions = {}): Minimizer<BoostedState> {
  return minimizer<BoostedState>(
    {
      name: "boostedRiemacon",
      options: {},
      *start(F, at, target) {
        requireStrong(F, "boostedRiemacon");
        return yield* boosted.start(F, at, target);
      },
      step: boosted.step,
      at: (own) => own.at,
      callsPerHalving: (F) => 1000 * Math.sqrt(conditioned(F)),
    },
    toleranceOf(options.tolerance),
  );
}

function requireStrong(F: Objective, name: string): void {
  if (!(F.mu > 0))
    throw new InvalidInput(`${name} needs mu > 0: give the modulus, or add a term with convexToStrong`);
}
