import type { Asking } from "../../core/index.ts";
import { combine, scale, zeroVector } from "../spaces/manifold.ts";
import { type Evaluated, evaluate, type Objective } from "./objective.ts";
import { gradientStep } from "./prgd.ts";
import { rescue } from "./rescue.ts";

/** A point, and the length of the next plain step: the inverse of the curvature met on the way there. */
interface Stepping extends Evaluated {
  readonly stepSize: number;
}

/**
 * RAGD, for mu-strongly g-convex, L-smooth functions: gradient steps of Barzilai-Borwein lengths, or accelerated ones
 * (xi = 1). When the certificate has not fallen fourfold for a while, the other kind goes on from the best point; when neither makes
 * it fall, both get twice the time, up to 8/q steps, q = sqrt(mu/L), after which a certified stage of Riemacon takes over. On curved
 * spaces both kinds are heuristics, made safe by certificates.
 */
export interface RagdState extends Stepping {
  /** Tangent at p, while steps are accelerated. */
  readonly momentum?: Float64Array;
  /** The certificate, and how many steps ago it was that, when the guard last was content. */
  readonly mark: number;
  readonly since: number;
  /** Steps of a kind without a fourfold fall before the other kind has its turn. */
  readonly patience: number;
  /** The least certificate since the mark. */
  readonly best: Stepping;
  /** No method makes progress: rounding errors rule. */
  readonly stuck: boolean;
}

/** Up to this ratio of L to mu the first step is 1 / mu: the largest curvature that L allows is rarely met. */
const WELL_CONDITIONED = 10;
/** Steps that each kind has at first for a fourfold fall, and in the end, in 1/q; the accelerated rate asks for 1.4. */
const PATIENCE = 16;
const LONGEST = 8;
/** A plain step that makes the certificate so many times the marked one is taken back. */
const WORSE = 1e4;

/** `stepSize`: one that is known to suit, as from an earlier search on a similar function. */
export function ragdStart(F: Objective, at: Evaluated, stepSize: number = firstStep(F)): RagdState {
  const best = stepping(at, stepSize);
  return { ...best, best, mark: at.decrease, since: 0, patience: PATIENCE, stuck: false };
}

const firstStep = ({ mu, L }: Objective): number => (L / mu <= WELL_CONDITIONED ? 1 / mu : 2 / (mu + L));

/** Of all that is known of a point only this. */
const stepping = ({ p, g, decrease }: Evaluated, stepSize: number): Stepping => ({
  p,
  g,
  decrease,
  stepSize,
});

/** One gradient, or one rescue. */
export function* ragdStep(F: Objective, state: RagdState): Asking<RagdState> {
  const q = Math.sqrt(F.mu / F.L);
  const { momentum, mark, patience } = state;
  const next = momentum ? yield* acceleratedStep(F, state, momentum, q) : yield* plainStep(F, state);
  if (next.decrease <= mark / 4)
    return { ...next, best: stepping(next, next.stepSize), mark: next.decrease, since: 0 };
  const best = next.decrease < state.best.decrease ? stepping(next, next.stepSize) : state.best;
  const most = Math.ceil(LONGEST / q);
  if (state.since + 1 < Math.min(patience, most)) return { ...next, best, since: state.since + 1 };
  // The other kind of step goes on from the best point.
  const again = { ...next, ...best, best, since: 0 };
  if (!momentum) return { ...again, momentum: zeroVector(F.set.manifold) };
  if (patience < most) {
    const { momentum: _, ...plain } = again;
    return { ...plain, patience: 2 * patience };
  }
  const rescued = yield* rescue(F, again);
  const from = stepping(rescued, again.stepSize);
  return { ...again, ...from, best: from, mark: from.decrease, stuck: from.decrease > mark / 4 };
}

/** No plain step need be longer than the region is wide; in curved space coordinates grow by exp(10) on the longest. */
const FURTHEST = 10;
const furthest = ({ region }: Objective): number =>
  Math.min(region.diameter, FURTHEST / Math.sqrt(Math.abs(region.manifold.sectionalCurvatureMin)));

/** A gradient step; the next one's length follows the curvature met on it (Barzilai-Borwein), within [1 / L, 1 / mu]. */
function* plainStep(F: Objective, state: RagdState): Asking<RagdState> {
  const { set, mu, L } = F;
  const { p, g } = state;
  const M = set.manifold;
  const stepSize = Math.max(1 / L, Math.min(state.stepSize, furthest(F) / M.norm(p, g)));
  const x = set.project(M.exp(p, scale(-stepSize, g)));
  const at = yield* evaluate(F, x);
  const within = (step: number): number => Math.min(1 / mu, Math.max(1 / L, step));
  if (at.decrease > WORSE * state.mark && stepSize > 1 / L)
    return { ...state, stepSize: within(stepSize / 10) };
  const s = scale(-1, M.log(x, p));
  const before = set.whole ? scale(-1 / stepSize, s) : M.parallelTransport(p, x, g);
  const curvature = M.inner(x, s, combine(1, at.g, -1, before)) / M.norm(x, s) ** 2;
  return { ...state, ...at, stepSize: within(curvature > 0 ? 1 / curvature : 0) };
}

function* acceleratedStep(
  F: Objective,
  state: RagdState,
  momentum: Float64Array,
  q: number,
): Asking<RagdState> {
  const { set, mu, L } = F;
  const { p, g } = state;
  const M = set.manifold;
  // The gradient step moves by `move`; on a proper set it is the projected one, and its slope takes the gradient's place.
  const x = gradientStep(F, p, g);
  const move = set.whole ? scale(-1 / L, g) : M.log(p, x);
  const ahead = combine(1 - q, momentum, (q / mu) * L - 1, move);
  const v = M.parallelTransport(p, x, ahead);
  const jump = scale(q / (1 + q), v);
  const y = set.project(M.exp(x, jump));
  const rest = combine(1, v, -1, set.whole ? jump : M.log(x, y));
  return { ...state, ...(yield* evaluate(F, y)), momentum: M.parallelTransport(x, y, rest) };
}

/** RAGD from a point with known gradient until `accept` is content or rounding errors rule. */
export function* ragd(
  F: Objective,
  from: Evaluated,
  accept: (at: Evaluated) => boolean,
  stepSize?: number,
): Asking<RagdState> {
  let state = ragdStart(F, from, stepSize);
  while (!accept(state) && !state.stuck) state = yield* ragdStep(F, state);
  return state;
}
