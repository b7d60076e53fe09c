import type { Asking } from "../../core/index.ts";
import { distanceBound } from "../certificate.ts";
import type { Evaluated } from "../minimize/objective.ts";
import {
  type ProxAccept,
  type Proximal,
  paperSequences,
  type StagedState,
  smoothProximal,
  stagedStart,
  stagedStep,
  xiOfRadius,
} from "../minimize/riemacon.ts";
import type { Both } from "../problem.ts";
import type { Manifold } from "../spaces/manifold.ts";
import { type Responder, rabrRound } from "./rabr.ts";
import { manifoldOf, type Name, proxSaddle, type Saddle, type SaddlePoint, shifted } from "./saddle.ts";

/** A saddle point as one player's Riemacon sees it: its coordinate, and the gap as what can still be gained. */
export interface View {
  readonly p: Float64Array;
  readonly decrease: number;
  readonly at: SaddlePoint;
}

const view = (side: Name, at: SaddlePoint): View => ({ p: at[side], decrease: at.gap, at });

const staged = (M: Manifold, lambda: number, floor: number) => (radius: number) => ({
  lambda,
  xi: xiOfRadius(M, radius),
  diameter: 2 * radius,
  sequences: paperSequences,
  floor,
});

type Solve = (S: Saddle, at: SaddlePoint, accept: (at: SaddlePoint) => boolean) => Asking<SaddlePoint>;

/** One player's function (after the other's best response) through prox steps, each a saddle problem of its own. */
function saddleProximal(S: Saddle, side: Name, lambda: number, reach: number, solve: Solve): Proximal<View> {
  const M = manifoldOf(S, side);
  return {
    manifold: M,
    mu: S[side].mu,
    *solve(center, from, accept: ProxAccept) {
      const h = proxSaddle(S, side, center, 1 / lambda, reach);
      const begin = shifted(h, from.at, side, center, 1 / lambda);
      const at = yield* solve(h, begin, (q) => accept(q.gap, h[side].mu, M.dist(center, q[side])));
      return view(side, shifted(S, at, side, center, -1 / lambda));
    },
  };
}

/** A loop ends unaccepted after so many iterations without a new least gap, or ten that ask nothing: rounding errors rule. */
const IDLE = 10_000;

function* repeated<T>(
  spent: () => number,
  from: T,
  gapOf: (at: T) => number,
  accept: (at: T) => boolean,
  next: (at: T) => Asking<T>,
): Asking<T> {
  let at = from;
  let least = gapOf(at);
  for (let idle = 0; idle < IDLE && !accept(at); ) {
    const before = spent();
    at = yield* next(at);
    idle += spent() === before ? IDLE / 10 : 1;
    if (gapOf(at) < least) {
      least = gapOf(at);
      idle = 0;
    }
  }
  return at;
}

/** Loops 4 and 5: best responses by stages of Riemacon, whose prox steps PRGD takes. */
const respondWithRiemacon = (S: Saddle): Responder =>
  function* (_side, F, from, accept) {
    const M = F.set.manifold;
    const radius = distanceBound(from.decrease, F.mu);
    const prox = smoothProximal(F, 1 / F.L, 4 * radius);
    const method = staged(M, 1 / F.L, 1e-3 * from.decrease * (F.mu / F.L));
    const start: StagedState<Evaluated> = yield* stagedStart(prox, method, from);
    const answer = yield* repeated(
      S.spent,
      start,
      ({ stage }) => stage.y.decrease,
      ({ stage }) => accept(stage.y),
      (state) => stagedStep(prox, method, state),
    );
    return answer.stage.y;
  };

/** Loop 3. */
const alternate: Solve = (S, from, accept) =>
  repeated(
    S.spent,
    from,
    ({ gap }) => gap,
    accept,
    (at) => rabrRound(S, at, respondWithRiemacon(S)),
  );

/** Loop 2 (or 1): Riemacon on one player's function, each prox step by the next loop; weight 0 skips it. */
const level = (side: Name, alpha: number, reach: number, floor: number, next: Solve): Solve =>
  alpha === 0
    ? next
    : function* (S, from, accept) {
        if (accept(from)) return from;
        const prox = saddleProximal(S, side, 1 / alpha, reach, next);
        const method = staged(manifoldOf(S, side), 1 / alpha, floor);
        const answer = yield* repeated(
          S.spent,
          yield* stagedStart(prox, method, view(side, from)),
          ({ stage }) => stage.y.decrease,
          ({ stage }) => accept(stage.y.at),
          (state) => stagedStep(prox, method, state),
        );
        return answer.stage.y.at;
      };

/** RAMMA in the shape of the paper, five loops, with certified stops in place of its unread constants. */
export interface Ramma5State {
  readonly at: SaddlePoint;
  readonly alpha: Both<number>;
  readonly reach: Both<number>;
  /** The outermost loop. */
  readonly outer?: StagedState<View>;
}

/** One iteration of the outermost loop. `target`: the gap in the end. */
export function* ramma5Step(S: Saddle, state: Ramma5State, target: number): Asking<Ramma5State> {
  const { at, alpha, reach } = state;
  const share = (mu: number, a: number): number => (0.01 * mu) / (mu + a);
  const floorX = target * share(S.x.mu, alpha.x);
  const floorY = floorX * share(S.y.mu, alpha.y);
  const inner = level("y", alpha.y, reach.y, Math.max(1e-26, floorY), alternate);
  if (alpha.x === 0) return { ...state, at: yield* inner(S, at, (q) => q.gap <= target) };
  const prox = saddleProximal(S, "x", 1 / alpha.x, reach.x, inner);
  const method = staged(manifoldOf(S, "x"), 1 / alpha.x, Math.max(1e-26, floorX));
  const outer = state.outer
    ? yield* stagedStep(prox, method, state.outer)
    : yield* stagedStart(prox, method, view("x", at));
  return { ...state, outer, at: outer.stage.y.at };
}
