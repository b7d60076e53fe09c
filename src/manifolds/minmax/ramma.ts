import type { Asking } from "../../core/index.ts";
import { distanceBound, proxTest } from "../certificate.ts";
import { ragd } from "../minimize/ragd.ts";
import type { Both } from "../problem.ts";
import { zetaOf } from "../spaces/curvature.ts";
import { scale } from "../spaces/manifold.ts";
import { type Responder, rabrRound } from "./rabr.ts";
import { manifoldOf, type Name, proxSaddle, type Saddle, type SaddlePoint, shifted } from "./saddle.ts";
import { proxWeights } from "./weights.ts";

/** One prox level: where its term is centered, and the last point that it accepted. */
export interface Level {
  readonly center: Float64Array;
  readonly last: Float64Array;
}

/** RAMMA between two rounds of alternating best responses. */
export interface RammaState extends Both<Level> {
  /** The pair, as the problem itself sees it. */
  readonly at: SaddlePoint;
  readonly alpha: Both<number>;
  /** Bounds of the distance to the saddle at the start: where smoothness of the prox terms is taken. */
  readonly reach: Both<number>;
  /** Where each player's last answer left its step size. */
  readonly steps: Partial<Both<number>>;
}

const momentum = (mu: number, alpha: number) => {
  const root = Math.sqrt(mu / (mu + alpha));
  return { beta: (1 - root) / (1 + root), share: ((root / (2 - root)) * alpha) / 2 };
};

/** The weights for a pair's certified distance, and both levels centered there. */
export function rammaStart(S: Saddle, at: SaddlePoint, levels: boolean): RammaState {
  const reach = {
    x: Math.min(2 * distanceBound(at.gap, S.x.mu), S.x.region.diameter),
    y: Math.min(2 * distanceBound(at.gap, S.y.mu), S.y.region.diameter),
  };
  const constants = { muX: S.x.mu, muY: S.y.mu, Lx: S.x.L, Ly: S.y.L, Lxy: S.Lxy };
  const zetaX = zetaOf(manifoldOf(S, "x"), reach.x);
  const zetaY = zetaOf(manifoldOf(S, "y"), reach.y);
  const alpha = levels ? proxWeights(constants, zetaX, zetaY) : { x: 0, y: 0 };
  return { at, alpha, reach, steps: {}, x: { center: at.x, last: at.x }, y: { center: at.y, last: at.y } };
}

/** One round of best responses, and the levels' tests after it. `target`: the gap in the end. */
export function* rammaStep(S: Saddle, state: RammaState, target: number): Asking<RammaState> {
  const { alpha, reach, at } = state;
  const outer = proxSaddle(S, "x", state.x.center, alpha.x, reach.x);
  const inner = proxSaddle(outer, "y", state.y.center, alpha.y, reach.y);
  const from = shifted(inner, shifted(outer, at, "x", state.x.center, alpha.x), "y", state.y.center, alpha.y);
  const steps: { -readonly [S in Name]?: number } = { ...state.steps };
  const respond: Responder = function* (side, F, start, accept) {
    const answer = yield* ragd(F, start, accept, steps[side]);
    steps[side] = answer.stepSize;
    return answer;
  };
  const floor = { x: floorOf(0.01 * target, S.x.mu, alpha.x), y: 0 };
  floor.y = floorOf(0.01 * Math.min(target, floor.x), S.y.mu, alpha.y);
  const low = yield* rabrRound(inner, from, respond, Math.min(floor.x, floor.y));
  const middle = shifted(outer, low, "y", state.y.center, -alpha.y);
  const next = { ...state, steps, at: shifted(S, middle, "x", state.x.center, -alpha.x) };
  if (next.at.gap <= target) return next;

  const accepts = (side: Name, gap: number): boolean => {
    const { mu } = S[side];
    const distance = manifoldOf(S, side).dist(state[side].center, next.at[side]);
    return proxTest(gap, mu + alpha[side], distance, momentum(mu, alpha[side]).share, floor[side]);
  };
  if (alpha.x > 0 && accepts("x", middle.gap))
    return { ...next, x: advance(S, "x", state, next.at), y: { center: next.at.y, last: next.at.y } };
  if (alpha.y > 0 && accepts("y", low.gap)) return { ...next, y: advance(S, "y", state, next.at) };
  return next;
}

const floorOf = (target: number, mu: number, alpha: number): number =>
  Math.max(1e-26, (target * mu) / (mu + alpha));

/** The next center: beyond the accepted point by constant momentum. */
function advance(S: Saddle, side: Name, state: RammaState, at: SaddlePoint): Level {
  const M = manifoldOf(S, side);
  const { beta } = momentum(S[side].mu, state.alpha[side]);
  const p = at[side];
  return { center: M.exp(p, scale(-beta, M.log(p, state[side].last))), last: p };
}
