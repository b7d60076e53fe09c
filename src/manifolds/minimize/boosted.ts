import type { Asking } from "../../core/index.ts";
import { distanceBound } from "../certificate.ts";
import { geodesicBall } from "../sets/ball.ts";
import { zetaOf } from "../spaces/curvature.ts";
import type { Manifold } from "../spaces/manifold.ts";
import { type Evaluated, evaluated, type Objective } from "./objective.ts";
import {
  paperSequences,
  type StagedState,
  smoothProximal,
  stagedStart,
  stagedStep,
  xiOfRadius,
} from "./riemacon.ts";

/** One ball of the chain: its center, and the stages inside it. */
export interface BoostedState {
  readonly center: Float64Array;
  /** Of the balls. */
  readonly diameter: number;
  /** Of the ball that the whole problem lies in. */
  readonly radius: number;
  /** The point as the whole problem sees it. */
  readonly at: Evaluated;
  readonly inner: StagedState<Evaluated>;
}

/** The diameter with D = 1 / (46 R |k| zeta_D), or that of the whole ball when it is as small already. */
function ballDiameter(M: Manifold, R: number): number {
  const curvature = Math.abs(M.sectionalCurvatureMin);
  const allowed = (D: number): number => 1 / (46 * R * curvature * zetaOf(M, D));
  if (curvature === 0 || 2 * R <= allowed(2 * R)) return 2 * R;
  let low = 0;
  let high = 2 * R;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (middle <= allowed(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The function on one ball; the certificate inside it bounds what this ball can still give. */
const within = (F: Objective, center: Float64Array, diameter: number): Objective => {
  const ball = geodesicBall(F.set.manifold, center, diameter / 2);
  if (!F.set.whole) return F;
  return { ...F, set: ball, region: ball };
};

function parts(F: Objective, center: Float64Array, diameter: number, accuracy: number) {
  const M = F.set.manifold;
  const ball = within(F, center, diameter);
  const lambda = zetaOf(M, 2 * diameter) / F.L;
  return {
    ball,
    prox: smoothProximal(ball, lambda, 2 * diameter),
    method: (radius: number) => ({
      lambda,
      xi: xiOfRadius(M, Math.min(radius, diameter / 2)),
      diameter: Math.min(2 * radius, diameter),
      sequences: paperSequences,
      floor: Math.max(1e-26, 1e-3 * accuracy),
    }),
  };
}

/** What each ball is solved to: min(D eps / 8R, mu R^2 / 2T^2) with T = (4R / D) ln(L R^2 / eps) balls. */
function ballAccuracy(F: Objective, radius: number, diameter: number, target: number): number {
  const T = Math.ceil(((4 * radius) / diameter) * Math.log(Math.max(Math.E, (F.L * radius ** 2) / target)));
  return Math.min((diameter * target) / (8 * radius), (F.mu * radius ** 2) / (2 * T * T));
}

function* enter(F: Objective, at: Evaluated, radius: number, target: number): Asking<BoostedState> {
  const diameter = ballDiameter(F.set.manifold, radius);
  const accuracy = ballAccuracy(F, radius, diameter, target);
  const { ball, prox, method } = parts(F, at.p, diameter, accuracy);
  const inner = yield* stagedStart(prox, method, evaluated(ball, at.p, at.g));
  const { p, g } = inner.stage.y;
  return { center: at.p, diameter, radius, at: evaluated(F, p, g), inner };
}

export const boosted = {
  start: (F: Objective, at: Evaluated, target: number): Asking<BoostedState> =>
    enter(F, at, distanceBound(at.decrease, F.mu), target),

  /** One iteration inside the ball; the next ball begins where this one's minimum is reached. */
  *step(F: Objective, own: BoostedState, target: number): Asking<BoostedState> {
    const accuracy = ballAccuracy(F, own.radius, own.diameter, target);
    if (own.inner.stage.y.decrease <= accuracy) return yield* enter(F, own.at, own.radius, target);
    const { prox, method } = parts(F, own.center, own.diameter, accuracy);
    const inner = yield* stagedStep(prox, method, own.inner);
    const { p, g } = inner.stage.y;
    return { ...own, at: evaluated(F, p, g), inner };
  },
};
