import type { Asking } from "../../core/index.ts";
import { distanceBound } from "../certificate.ts";
import type { Evaluated, Objective } from "./objective.ts";
import {
  riemaconStart,
  riemaconStep,
  smoothProximal,
  stageLength,
  tightSequences,
  xiOfRadius,
} from "./riemacon.ts";

/**
 * Brings a certificate down fourfold by stages of Riemacon with growing penalties xi = 2, 4, ... up to the proved one.
 * Returns the point it started from when not even that helps.
 */
export function* rescue(F: Objective, from: Evaluated): Asking<Evaluated> {
  const R = distanceBound(from.decrease, F.mu);
  if (!(R > 0 && R < Number.POSITIVE_INFINITY)) return from;
  const most = xiOfRadius(F.set.manifold, R);
  const lambda = 1 / F.L;
  const prox = smoothProximal(F, lambda, 2 * R);
  for (let xi = Math.min(2, most); ; xi = Math.min(most, 2 * xi)) {
    const method = { lambda, xi, diameter: 2 * R, sequences: tightSequences, floor: 1e-4 * from.decrease };
    let state = yield* riemaconStart(prox, method, from);
    const length = stageLength(F.mu, method);
    for (let k = 0; k < length && state.y.decrease > from.decrease / 4; k++)
      state = yield* riemaconStep(prox, method, state);
    if (state.y.decrease <= from.decrease / 4) return state.y;
    if (xi >= most) return from;
  }
}
