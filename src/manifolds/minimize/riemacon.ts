import type { Asking } from "../../core/index.ts";
import { distanceBound, proxTest } from "../certificate.ts";
import { riemaconXi } from "../spaces/curvature.ts";
import { combine, type Manifold, scale, zeroVector } from "../spaces/manifold.ts";
import { type Evaluated, evaluate, evaluated, type Objective, withProx } from "./objective.ts";
import { prgd } from "./prgd.ts";

/** When a point is good enough as the minimiser of a prox problem: from its certificate and its distance to the center. */
export type ProxAccept = (decrease: number, sigma: number, distance: number) => boolean;

/** What Riemacon minimises: a function that it sees only through its prox steps. E is a point with what is known there. */
export interface Proximal<E extends { readonly p: Float64Array; readonly decrease: number }> {
  readonly manifold: Manifold;
  readonly mu: number;
  /** Approximately the minimiser of F + d(center, .)^2 / (2 lambda) over the set. */
  solve(center: Float64Array, from: E, accept: ProxAccept): Asking<E>;
}

/** The sequences of Riemacon: a_k and the A_0 that they begin at. */
export interface Sequences {
  first(lambda: number, xi: number): number;
  next(k: number, A: number, lambda: number, xi: number): number;
}

/** The sequences of the paper (COLT 2023, Algorithm 1). */
export const paperSequences: Sequences = {
  first: (lambda, xi) => 200 * lambda * xi,
  next: (k, _A, lambda, xi) => (2 * lambda * (k + 32 * xi)) / 5,
};

/**
 * The longest steps that the paper's proof allows, a_k^2 = 8/9 lambda (xi A + a_k); derived from its Lyapunov argument,
 * not printed there.
 */
export const tightSequences: Sequences = {
  first(lambda, xi) {
    if (xi === 1) return 0;
    const m = Math.max(0, 5.4 - 6.4 / xi);
    return Math.max(m * (8 / 9) * lambda * (xi * m + 1), 1.62 * lambda * xi);
  },
  next(_k, A, lambda, xi) {
    const half = (4 / 9) * lambda;
    return half + Math.sqrt(half * half + (8 / 9) * lambda * xi * A);
  },
};

export interface RiemaconMethod {
  readonly lambda: number;
  readonly xi: number;
  /** Of the set: momentum is clipped to it. */
  readonly diameter: number;
  readonly sequences: Sequences;
  /** Prox problems solved to this are always good enough. */
  readonly floor: number;
  /** Instead of the relative test: the accuracy of every prox problem (the absolute-accuracy variant). */
  readonly accuracy?: number;
}

export interface RiemaconState<E> {
  readonly y: E;
  /** Tangent at y. */
  readonly z: Float64Array;
  readonly k: number;
  readonly A: number;
}

/** Accepts by the criterion of iteration k: sigma_k = d(center, y*)^2 / (78 lambda (k + 1)^2). */
const acceptance =
  (method: RiemaconMethod, k: number): ProxAccept =>
  (decrease, sigma, distance) =>
    method.accuracy === undefined
      ? proxTest(decrease, sigma, distance, 1 / (78 * method.lambda * (k + 1) ** 2), method.floor)
      : decrease <= method.accuracy;

/** The first prox step, from a point. */
export function* riemaconStart<E extends { readonly p: Float64Array; readonly decrease: number }>(
  F: Proximal<E>,
  method: RiemaconMethod,
  from: E,
): Asking<RiemaconState<E>> {
  const y = yield* F.solve(from.p, from, acceptance(method, 0));
  const A = method.sequences.first(method.lambda, method.xi);
  return { y, z: zeroVector(F.manifold), k: 0, A };
}

/** One iteration of Riemacon (COLT 2023, Algorithm 1). */
export function* riemaconStep<E extends { readonly p: Float64Array; readonly decrease: number }>(
  { manifold: M, solve }: Proximal<E>,
  method: RiemaconMethod,
  state: RiemaconState<E>,
): Asking<RiemaconState<E>> {
  const { lambda, xi, diameter } = method;
  const k = state.k + 1;
  const a = method.sequences.next(k, state.A, lambda, xi);
  const from = state.y.p;
  const x = M.exp(from, scale(a / (state.A + a), state.z));
  const y = yield* solve(x, state.y, acceptance(method, k));
  // v = -log_x(y) / lambda is the gradient of the prox step; z moves against it with step a / xi.
  const toY = M.log(x, y.p);
  const zx = combine(1, M.log(x, M.exp(from, state.z)), a / (xi * lambda), toY);
  const zy = combine(1, M.parallelTransport(x, y.p, zx), 1, M.log(y.p, x));
  const length = M.norm(y.p, zy);
  const z = length > diameter ? scale(diameter / length, zy) : zy;
  return { y, z, k, A: state.A + a / xi };
}

/** A smooth function through prox steps by PRGD. `reach` bounds the distances to the centers. */
export function smoothProximal(F: Objective, lambda: number, reach: number): Proximal<Evaluated> {
  const M = F.set.manifold;
  return {
    manifold: M,
    mu: F.mu,
    *solve(center, from, accept) {
      const h = withProx(F, center, 1 / lambda, reach);
      const start = F.set.project(center);
      const known = M.dist(start, from.p) === 0;
      const first = known
        ? evaluated(h, start, combine(1, from.g, -1 / lambda, M.log(start, center)))
        : yield* evaluate(h, start);
      const at = yield* prgd(h, first, ({ p, decrease }) => accept(decrease, h.mu, M.dist(center, p)));
      return evaluated(F, at.p, combine(1, at.g, 1 / lambda, M.log(at.p, center)));
    },
  };
}

/** Stages of Riemacon for a strongly g-convex function: each halves a certified distance to the minimiser. */
export interface StagedState<E> {
  readonly stage: RiemaconState<E>;
  readonly radius: number;
}

/** What a stage of radius R needs to know. */
export type StageMethod = (radius: number) => RiemaconMethod;

export function* stagedStart<E extends { readonly p: Float64Array; readonly decrease: number }>(
  F: Proximal<E>,
  method: StageMethod,
  from: E,
): Asking<StagedState<E>> {
  const radius = distanceBound(from.decrease, F.mu);
  return { stage: yield* riemaconStart(F, method(radius), from), radius };
}

/** One iteration; when the certificate shows the distance halved, the next stage begins from there. */
export function* stagedStep<E extends { readonly p: Float64Array; readonly decrease: number }>(
  F: Proximal<E>,
  method: StageMethod,
  state: StagedState<E>,
): Asking<StagedState<E>> {
  const radius = distanceBound(state.stage.y.decrease, F.mu);
  if (radius <= state.radius / 2)
    return { stage: yield* riemaconStart(F, method(radius), state.stage.y), radius };
  return { stage: yield* riemaconStep(F, method(state.radius), state.stage), radius: state.radius };
}

/** The iterations after which a stage of radius R is proved to have halved it: 2 psi_0 / A_T <= mu R^2 / 8. */
export function stageLength(mu: number, method: RiemaconMethod): number {
  const { lambda, xi, diameter, sequences } = method;
  const R = diameter / 2;
  let A = sequences.first(lambda, xi);
  const psi = (A * R * R) / (2 * lambda) + (R * R) / 2;
  let k = 0;
  while (2 * psi > (mu * A * R * R) / 8) A += sequences.next(++k, A, lambda, xi) / xi;
  return Math.max(1, k);
}

/** The penalty xi of a ball of that radius. */
export const xiOfRadius = (M: Manifold, radius: number): number => riemaconXi(M, 2 * radius);
