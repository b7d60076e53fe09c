import { checkPositive } from "../../core/checks.ts";
import { type Asking, InvalidInput, type Solver } from "../../core/index.ts";
import { distanceBound, holds } from "../certificate.ts";
import { advanced, begun, type GapEntry, type Progress, targetOf, toleranceOf } from "../outcome.ts";
import type { Both, MinMaxProblem, Pair, SaddleConstants } from "../problem.ts";
import { type Claim, refuteByGradients, requireTangent } from "../refutation.ts";
import { requireHadamard, zeta } from "../spaces/curvature.ts";
import * as play from "./gradient-methods.ts";
import { type RammaState, rammaStart, rammaStep } from "./ramma.ts";
import { type Ramma5State, ramma5Step } from "./ramma5.ts";
import { type RiodaState, riodaStart, riodaStep } from "./rioda.ts";
import {
  type Calls,
  evaluateSaddle,
  manifoldOf,
  type Saddle,
  type SaddlePoint,
  saddleOf,
  sidePoint,
} from "./saddle.ts";

/** A certified saddle point. */
export interface SaddleResult {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** A proved bound of max_Y f(x, .) - min_X f(., y). */
  readonly gap: number;
  /** False when the pair, or perhaps the saddle, lies outside the domain of the constants, or no bound exists: the gap is then a guess. */
  readonly certified: boolean;
  /** Bounds of d(x, x*) and d(y, y*). */
  readonly distBoundX: number;
  readonly distBoundY: number;
  /** Partial gradients asked for, those for certificates included; exact best responses count as one. */
  readonly calls: Readonly<Calls>;
  readonly history: readonly GapEntry[];
}

export interface MinMaxState<T = unknown> {
  readonly progress: Progress<SaddlePoint>;
  readonly calls: Calls;
  readonly own: T;
}

export type MinMaxSolver<T = unknown> = Solver<MinMaxProblem, MinMaxState<T>, SaddleResult>;

export interface MinMaxOptions {
  /** The certified saddle gap to stop at; default 1e-8. */
  readonly tolerance?: number;
}

/** A method between two steps; `auto` runs two of them. */
export interface Method<T> {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  start(S: Saddle, at: SaddlePoint): T;
  /** `target`: the gap to aim at in the end. */
  step(S: Saddle, own: T, target: number): Asking<T>;
  at(own: T): SaddlePoint;
}

export function minMaxSolver<T>(method: Method<T>, tolerance: number): MinMaxSolver<T> {
  return {
    name: method.name,
    options: { ...method.options, tolerance },
    *init(problem) {
      requireHadamard(problem.M, method.name);
      requireHadamard(problem.N, method.name);
      const calls = { gradX: 0, gradY: 0 };
      const S = saddleOf(problem, calls);
      const at = yield* evaluateSaddle(S, problem.start);
      requireBothTangent(problem, at);
      return {
        own: method.start(S, at),
        calls,
        progress: begun(at, at.gap, 2, tolerance, () => isCertified(problem, at)),
      };
    },
    *step(problem, state) {
      const calls = { ...state.calls };
      const S = saddleOf(problem, calls);
      const own = yield* method.step(S, state.own, targetOf(state.progress, tolerance));
      const at = method.at(own);
      const progress = advanced(state.progress, at, at.gap, S.spent(), tolerance, {
        certified: () => isCertified(problem, at),
        refute(from, to) {
          requireBothTangent(problem, to);
          refuteTogether(problem, from, to);
        },
        callsPerHalving: callsPerHalving(problem.constants),
      });
      if (progress.status !== "running") yield* refuteApart(problem, S, state.progress.mark, at);
      return { own, calls, progress };
    },
    metrics: ({ progress }) => ({ gap: progress.gap }),
    status: ({ progress }) => progress.status,
    result: (problem, { progress: { best, gap, history }, calls }) => ({
      x: best.x,
      y: best.y,
      gap,
      certified: isCertified(problem, best),
      distBoundX: distanceBound(gap, problem.constants.muX),
      distBoundY: distanceBound(gap, problem.constants.muY),
      calls,
      history,
    }),
  };
}

const claimsOf = ({ domain, constants: { muX, muY, Lx, Ly, Lxy } }: MinMaxProblem): Both<Claim> => ({
  x: { name: "muX", gradient: "gradX", domain: domain.x, mu: muX, L: Lx + Lxy },
  y: { name: "muY", gradient: "gradY", domain: domain.y, mu: muY, L: Ly + Lxy },
});

function requireBothTangent(problem: MinMaxProblem, at: SaddlePoint): void {
  const claims = claimsOf(problem);
  for (const side of ["x", "y"] as const) requireTangent(claims[side], sidePoint(at, side));
}

/** Throws when the gradients at two pairs refute claimed moduli; a player whose modulus is more than claimed can hide the other's. */
function refuteTogether(problem: MinMaxProblem, from: SaddlePoint, to: SaddlePoint): void {
  if (problem.moduli === "proved") return;
  const { x, y } = claimsOf(problem);
  const sides = (at: SaddlePoint) => [sidePoint(at, "x"), sidePoint(at, "y")];
  refuteByGradients([x, y], sides(from), sides(to));
}

/** Throws when a claimed modulus is refuted between two points of its player, the other staying: a call for each. */
function* refuteApart(problem: MinMaxProblem, S: Saddle, from: Pair, to: SaddlePoint): Asking<void> {
  if (problem.moduli === "proved" || !(to.gap < Number.POSITIVE_INFINITY)) return;
  for (const side of ["x", "y"] as const) {
    const p = from[side];
    const g = yield* S.gradient(side, { x: to.x, y: to.y, [side]: p });
    refuteByGradients([claimsOf(problem)[side]], [{ p, g }], [sidePoint(to, side)]);
  }
}

function isCertified({ set, domain, constants: { muX, muY } }: MinMaxProblem, at: SaddlePoint): boolean {
  const gap = set.x.decrease(at.x, at.g.x, muX) + set.y.decrease(at.y, at.g.y, muY);
  return (
    at.gap < Number.POSITIVE_INFINITY &&
    holds(set.x, domain.x, at.x, distanceBound(gap, muX)) &&
    holds(set.y, domain.y, at.y, distanceBound(gap, muY))
  );
}

/** Gradient play at the condition number L / mu; accelerated methods need less. */
function callsPerHalving({ muX, muY, Lx, Ly, Lxy }: SaddleConstants): number {
  const mu = Math.min(muX, muY);
  return mu > 0 ? (10 * (Math.max(Lx, Ly) + Lxy)) / mu : 1e5;
}

function requireStrong(S: Saddle, name: string): void {
  if (!(S.x.mu > 0 && S.y.mu > 0))
    throw new InvalidInput(
      `${name} needs muX > 0 and muY > 0: use convexConcaveToStrong, which adds them, or give the moduli`,
    );
}

const rammaMethod: Method<RammaState> = {
  name: "ramma",
  options: {},
  start(S, at) {
    requireStrong(S, "ramma");
    return rammaStart(S, at, true);
  },
  step: rammaStep,
  at: (own) => own.at,
};

/**
 * RAMMA in its practical form: accelerated inexact prox levels around alternating best responses, each ended by
 * certificates. The shape is the paper's (AISTATS 2025); constants are derived here. The gap that it returns is
 * proved, whatever the momentum did; the paper's count of calls is not.
 *
 * @throws InvalidInput for a tolerance that is not positive; in the run, unless muX > 0 and muY > 0.
 */
export function ramma(options: MinMaxOptions = {}): MinMaxSolver<RammaState> {
  return minMaxSolver(rammaMethod, toleranceOf(options.tolerance));
}

/**
 * Alternating best responses alone, for weak coupling: Lxy^2 < muX muY.
 *
 * @throws InvalidInput in the run, for a coupling that the rounds need not contract.
 */
export function rabr(options: MinMaxOptions = {}): MinMaxSolver<RammaState> {
  return minMaxSolver<RammaState>(
    {
      name: "rabr",
      options: {},
      start(S, at) {
        requireStrong(S, "rabr");
        if (!(S.Lxy ** 2 < S.x.mu * S.y.mu))
          throw new InvalidInput(
            `rabr needs Lxy^2 < muX muY, but ${S.Lxy}^2 is not below ${S.x.mu} x ${S.y.mu}: use ramma`,
          );
        return rammaStart(S, at, false);
      },
      step: rammaStep,
      at: (own) => own.at,
    },
    toleranceOf(options.tolerance),
  );
}

/**
 * RAMMA in the paper's five-loop shape, with Riemacon's printed sequences and PRGD inside, and certified stops. Tens of
 * times the calls of `ramma`: for reproduction.
 */
export function ramma5(options: MinMaxOptions = {}): MinMaxSolver<Ramma5State> {
  return minMaxSolver<Ramma5State>(
    {
      name: "ramma5",
      options: {},
      start(S, at) {
        requireStrong(S, "ramma5");
        const { alpha, reach } = rammaStart(S, at, true);
        return { at, alpha, reach };
      },
      step: ramma5Step,
      at: (own) => own.at,
    },
    toleranceOf(options.tolerance),
  );
}

export interface GradientPlayOptions extends MinMaxOptions {
  /**
   * The step size; default 1 / L with L = max(Lx, Ly) + Lxy (0.5 / L for rogda and rpeg). "theory": the one with a
   * proved linear rate, from the certified distance at the start.
   */
  readonly step?: number | "theory";
}

interface Playing<T> {
  readonly at: SaddlePoint;
  readonly own: T;
  readonly eta: number;
}

/** Steps with a proved rate, for a saddle within R of the start; `rpeg` has none. */
const theory: Record<string, (mu: number, L: number, bend: number) => number> = {
  rgda: (mu, L, bend) => mu / (bend * L * L),
  rceg: (mu, L, bend) => Math.min(1 / (2 * L * Math.sqrt(bend)), 1 / (4 * mu)),
  reg: (mu, L, bend) => Math.min(1 / (2 * L * Math.sqrt(bend)), 1 / (4 * mu)),
  rogda: (_mu, L) => 1 / (2 * L),
};

export function playMethod<T>(
  method: play.GradientMethod<T>,
  step: number | "theory" | undefined,
): Method<Playing<T>> {
  if (step !== undefined && step !== "theory") checkPositive("step", step);
  if (step === "theory" && !theory[method.name])
    throw new InvalidInput(`${method.name} has no step with a proved rate here: give a number`);
  return {
    name: method.name,
    options: { step: step ?? null },
    start(S, at) {
      for (const side of ["x", "y"] as const)
        if (!S[side].set.whole)
          throw new InvalidInput(
            `${method.name} has no proof on constrained sets, and ${side} must stay in the ${S[side].set.name}: use ramma`,
          );
      const L = Math.max(S.x.L, S.y.L) + S.Lxy;
      const etaOf = (): number => {
        if (typeof step === "number") return step;
        if (step === undefined) return method.share / L;
        requireStrong(S, `${method.name} with the theory's step`);
        const mu = Math.min(S.x.mu, S.y.mu);
        const curvature = Math.min(
          manifoldOf(S, "x").sectionalCurvatureMin,
          manifoldOf(S, "y").sectionalCurvatureMin,
        );
        return theory[method.name]!(mu, L, zeta(curvature, 2 * fieldDistance(S, at, mu)));
      };
      return { at, own: method.start(S, at), eta: etaOf() };
    },
    step: function* (S, { at, own, eta }) {
      return { ...(yield* method.step(S, at, own, eta)), eta };
    },
    at: (own) => own.at,
  };
}

/** |F(z)| / mu, a bound of the distance to the saddle by strong monotonicity. */
function fieldDistance(S: Saddle, at: SaddlePoint, mu: number): number {
  const square = (side: "x" | "y"): number => manifoldOf(S, side).norm(at[side], at.g[side]) ** 2;
  return Math.sqrt(square("x") + square("y")) / mu;
}

const gradientPlay =
  <T>(method: play.GradientMethod<T>) =>
  (options: GradientPlayOptions = {}): MinMaxSolver<Playing<T>> =>
    minMaxSolver(playMethod(method, options.step), toleranceOf(options.tolerance));

/** Riemannian gradient descent-ascent, 2 calls a step. */
export const rgda: (options?: GradientPlayOptions) => MinMaxSolver = gradientPlay(play.rgda);
/** Riemannian corrected extragradient (Zhang, Zhang, Sra), 4 calls a step, the certificate's included. */
export const rceg: (options?: GradientPlayOptions) => MinMaxSolver = gradientPlay(play.rceg);
/** Riemannian extragradient with transport (Hu et al., AISTATS 2024), 4 calls a step. */
export const reg: (options?: GradientPlayOptions) => MinMaxSolver = gradientPlay(play.reg);
/** Riemannian past extragradient: one pair of calls a step, and one for its certificate. */
export const rpeg: (options?: GradientPlayOptions) => MinMaxSolver = gradientPlay(play.rpeg);
/** Riemannian optimistic gradient descent-ascent (Wang et al.), 2 calls a step. */
export const rogda: (options?: GradientPlayOptions) => MinMaxSolver = gradientPlay(play.rogda);

/**
 * Implicit optimism (RIODA, ICML 2025): prox steps against hints; default step 1 / Lxy, or 1 / L without coupling.
 */
export function rioda(options: MinMaxOptions & { readonly step?: number } = {}): MinMaxSolver {
  const tolerance = toleranceOf(options.tolerance);
  if (options.step !== undefined) checkPositive("step", options.step);
  return minMaxSolver<RiodaState>(
    {
      name: "rioda",
      options: { step: options.step ?? null },
      start(S, at) {
        requireStrong(S, "rioda");
        return riodaStart(at);
      },
      step(S, own, target) {
        const eta = options.step ?? 1 / (S.Lxy > 0 ? S.Lxy : Math.max(S.x.L, S.y.L));
        return riodaStep(S, own, eta, Math.max(1e-26, 1e-3 * target));
      },
      at: (own) => own.at,
    },
    tolerance,
  ) as MinMaxSolver;
}

/** Two methods in a race. */
interface Race {
  readonly ramma: RammaState;
  readonly rceg: Playing<object>;
  readonly spent: { readonly ramma: number; readonly rceg: number };
  readonly leader: "ramma" | "rceg";
}

/**
 * Races RAMMA against RCEG, always advancing the one that has spent fewer calls, and ends with the first certificate: at
 * most about twice the calls of the better one. On constrained sets RAMMA runs alone.
 *
 * @throws InvalidInput as `ramma` does.
 */
export function auto(options: MinMaxOptions = {}): MinMaxSolver {
  const tolerance = toleranceOf(options.tolerance);
  const one = rammaMethod;
  const two = playMethod(play.rceg, undefined);
  const free = (S: Saddle): boolean => S.x.set.whole && S.y.set.whole;
  return minMaxSolver<Race | RammaState>(
    {
      name: "auto",
      options: {},
      start: (S, at) =>
        free(S)
          ? {
              ramma: one.start(S, at),
              rceg: two.start(S, at) as Playing<object>,
              spent: { ramma: 0, rceg: 0 },
              leader: "ramma",
            }
          : one.start(S, at),
      *step(S, own, target) {
        if (!("leader" in own)) return yield* one.step(S, own, target);
        const leader = own.spent.ramma <= own.spent.rceg ? "ramma" : "rceg";
        const before = S.spent();
        const next =
          leader === "ramma"
            ? { ...own, leader, ramma: yield* one.step(S, own.ramma, target) }
            : { ...own, leader, rceg: (yield* two.step(S, own.rceg, target)) as Playing<object> };
        // A step that asks nothing counts as well, lest it is always that method's turn.
        const spent = own.spent[leader] + Math.max(1, S.spent() - before);
        return { ...next, spent: { ...own.spent, [leader]: spent } } as Race;
      },
      at: (own) => ("leader" in own ? own[own.leader].at : own.at),
    },
    tolerance,
  ) as MinMaxSolver;
}
