import type { Asking } from "../../core/index.ts";
import { combine, scale, zeroVector } from "../spaces/manifold.ts";
import { type Evaluated, evaluate, type Objective } from "./objective.ts";
import { gradientStep } from "./prgd.ts";
import { rescue } from "./rescue.ts";

/**
 * RAGD, an accelerated gradient method for mu-strongly g-convex, L-smooth functions (xi = 1: a heuristic on curved
 * spaces, made safe by certificates). When the certificate does not fall fourfold within 8/q steps, q = sqrt(mu/L), it begins
 * anew without momentum; when that fails too, a certified stage of Riemacon takes over.
 */
export interface RagdState extends Evaluated {
  /** Tangent at p. */
  readonly momentum: Float64Array;
  /** Of the next plain step; 1 / mu at first, which the curvature met there corrects. */
  readonly stepSize: number;
  /** The certificate, and how many steps ago it was that, when the guard last was content. */
  readonly mark: number;
  readonly since: number;
  /** Guards in a row that were not content. */
  readonly failures: number;
  /** No method makes progress: rounding errors rule. */
  readonly stuck: boolean;
}

export function ragdStart(F: Objective, at: Evaluated): RagdState {
  return {
    ...at,
    momentum: zeroVector(F.set.manifold),
    stepSize: 1 / F.mu,
    mark: at.decrease,
    since: 0,
    failures: 0,
    stuck: false,
  };
}

/** Above this the plain gradient step is as fast. */
const WELL_CONDITIONED = 0.6;
/** The guard never looks sooner. */
const PATIENCE = 8;

/** One gradient, or one rescue. */
export function* ragdStep(F: Objective, state: RagdState): Asking<RagdState> {
  const q = Math.sqrt(F.mu / F.L);
  const next = q > WELL_CONDITIONED ? yield* plainStep(F, state) : yield* acceleratedStep(F, state, q);
  if (next.decrease <= state.mark / 4)
    return { ...next, mark: next.decrease, since: 0, failures: 0, stuck: false };
  const guarded = {
    ...next,
    mark: state.mark,
    since: state.since + 1,
    failures: state.failures,
    stuck: false,
  };
  if (guarded.since < Math.max(PATIENCE, Math.ceil(8 / q))) return guarded;
  if (state.failures === 0)
    return { ...guarded, momentum: zeroVector(F.set.manifold), since: 0, failures: 1 };
  const rescued = yield* rescue(F, guarded);
  return { ...ragdStart(F, rescued), failures: 1, stuck: rescued.decrease > state.mark / 4 };
}

type Step = Evaluated & Pick<RagdState, "momentum" | "stepSize">;

/** A gradient step whose length follows the curvature met on the last one (Barzilai-Borwein), within [1 / L, 1 / mu]. */
function* plainStep(F: Objective, { p, g, stepSize }: RagdState): Asking<Step> {
  const { set, mu, L } = F;
  const M = set.manifold;
  const x = set.project(M.exp(p, scale(-stepSize, g)));
  const at = yield* evaluate(F, x);
  const s = scale(-1, M.log(x, p));
  const curvature = M.inner(x, s, combine(1, at.g, -1, M.parallelTransport(p, x, g))) / M.norm(x, s) ** 2;
  const next = curvature > 0 ? Math.min(1 / mu, Math.max(1 / L, 1 / curvature)) : 1 / L;
  return { ...at, momentum: zeroVector(M), stepSize: next };
}

function* acceleratedStep(F: Objective, { p, g, momentum, stepSize }: RagdState, q: number): Asking<Step> {
  const { set, mu, L } = F;
  const M = set.manifold;
  // The gradient step moves by `move`; on a proper set it is the projected one, and its slope takes the gradient's place.
  const x = gradientStep(F, p, g);
  const move = set.whole ? scale(-1 / L, g) : M.log(p, x);
  const ahead = combine(1 - q, momentum, (q / mu) * L - 1, move);
  const v = M.parallelTransport(p, x, ahead);
  const jump = scale(q / (1 + q), v);
  const y = set.project(M.exp(x, jump));
  const rest = combine(1, v, -1, set.whole ? jump : M.log(x, y));
  return { ...(yield* evaluate(F, y)), momentum: M.parallelTransport(x, y, rest), stepSize };
}

/** RAGD from a point with known gradient until `accept` is content or rounding errors rule. */
export function* ragd(F: Objective, from: Evaluated, accept: (at: Evaluated) => boolean): Asking<RagdState> {
  let state = ragdStart(F, from);
  while (!accept(state) && !state.stuck) state = yield* ragdStep(F, state);
  return state;
}
