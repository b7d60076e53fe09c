import type { Asking } from "../../core/index.ts";
import { type Evaluated, evaluated } from "../minimize/objective.ts";
import {
  type Name,
  other,
  type Saddle,
  type SaddlePoint,
  saddlePoint,
  sideObjective,
  sidePoint,
} from "./saddle.ts";

/** Finds a player's best answer from a point with known gradient, to an accepted certificate. */
export type Responder = (
  side: Name,
  F: ReturnType<typeof sideObjective>,
  from: Evaluated,
  accept: (at: Evaluated) => boolean,
) => Asking<Evaluated>;

/** Each player answers to this share of the pair's gap. */
const SHARE = 0.1;

/**
 * One round of alternating best responses: x answers y, then y answers x, each to a tenth of the gap, or of `floor`. Exact answers
 * contract the distance to the saddle by Lxy^2 / (mu_x mu_y).
 */
export function* rabrRound(S: Saddle, at: SaddlePoint, respond: Responder, floor = 0): Asking<SaddlePoint> {
  const accept = ({ decrease }: Evaluated): boolean => decrease <= SHARE * Math.max(at.gap, floor);
  const x = yield* answer(S, "x", at, sidePoint(at, "x"), respond, accept);
  const moved = x.p !== at.x;
  const gy = moved ? yield* S.gradient("y", { x: x.p, y: at.y }) : at.g.y;
  const from = evaluated(sideObjective(S, "y", x.p), at.y, gy);
  const y = yield* answer(S, "y", { ...at, x: x.p }, from, respond, accept);
  const pair = { x: x.p, y: y.p };
  const gx = y.p === at.y ? x.g : yield* S.gradient("x", pair);
  return saddlePoint(S, pair, { x: gx, y: y.g });
}

function* answer(
  S: Saddle,
  side: Name,
  at: { readonly x: Float64Array; readonly y: Float64Array },
  from: Evaluated,
  respond: Responder,
  accept: (at: Evaluated) => boolean,
): Asking<Evaluated> {
  if (accept(from)) return from;
  const against = at[other(side)];
  const F = sideObjective(S, side, against);
  const exact = S.best[side];
  if (!exact) return yield* respond(side, F, from, accept);
  const p = yield* exact(against);
  return evaluated(F, p, yield* F.gradient(p));
}
