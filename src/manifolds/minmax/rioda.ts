import type { Asking } from "../../core/index.ts";
import { proxTest } from "../certificate.ts";
import { type Evaluated, evaluated, withProx } from "../minimize/objective.ts";
import { ragd } from "../minimize/ragd.ts";
import type { Pair } from "../problem.ts";
import type { Manifold } from "../spaces/manifold.ts";
import { evaluateSaddle, type Name, type Saddle, type SaddlePoint, sideObjective } from "./saddle.ts";

/** Prox problems are solved until their certificate is this share of the squared distance moved. */
const SHARE = 1e-2;

/** Implicit optimism (RIODA): both players' last plays, the hints of the next step. */
export interface RiodaState {
  readonly at: SaddlePoint;
  readonly hint: Pair;
}

/**
 * One step: each player takes a prox step against the other's last play, then one against the new plays. The order
 * of updates is derived from the authors' description.
 */
export function* riodaStep(
  S: Saddle,
  { at, hint }: RiodaState,
  eta: number,
  floor: number,
): Asking<RiodaState> {
  const x = yield* proximal(S, "x", at.x, hint.y, eta, floor);
  const y = yield* proximal(S, "y", at.y, hint.x, eta, floor);
  const next = {
    x: yield* proximal(S, "x", at.x, y, eta, floor),
    y: yield* proximal(S, "y", at.y, x, eta, floor),
  };
  return { at: yield* evaluateSaddle(S, next), hint: { x, y } };
}

/** prox of eta times one player's objective against a play of the other. */
function* proximal(
  S: Saddle,
  side: Name,
  center: Float64Array,
  against: Float64Array,
  eta: number,
  floor: number,
): Asking<Float64Array> {
  const M: Manifold = S[side].set.manifold;
  const F = sideObjective(S, side, against);
  const g = yield* F.gradient(center);
  const reach = 2 * eta * M.norm(center, g);
  const h = withProx(F, center, 1 / eta, reach);
  const start: Evaluated = evaluated(h, center, g);
  const accept = ({ p, decrease }: Evaluated): boolean =>
    proxTest(decrease, h.mu, M.dist(center, p), SHARE / eta, floor);
  const at = yield* ragd(h, start, accept);
  return at.p;
}

export const riodaStart = (at: SaddlePoint): RiodaState => ({ at, hint: { x: at.x, y: at.y } });
