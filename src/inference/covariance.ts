/** Variances of the estimate by each of the three methods, from the figures that the recursion keeps. */
import { InvalidInput } from "../core/errors.ts";
import { batchMeansVariance } from "./batch-means.ts";
import type { IntervalMethod } from "./options.ts";
import { lastIterateCovariance, meanPull, mirrored, sandwich, spectral } from "./plug-in.ts";
import { scatterMatrix } from "./scatter.ts";
import type { KieferWolfowitzState } from "./state.ts";

type State = KieferWolfowitzState<unknown>;

/** A number with the deviation that the method's critical value is multiplied by. */
export interface Entry {
  readonly estimate: number;
  readonly deviation: number;
}

export function needAveraged({ seen, averaged }: State): void {
  if (averaged < 2) {
    throw new InvalidInput(
      `${seen} observations leave ${averaged} behind pilot and burn-in: intervals need at least 2`,
    );
  }
}

/** The method asked for, or the first that is kept. */
export function methodOf({ settings }: State, method: IntervalMethod | undefined): IntervalMethod {
  const { methods } = settings;
  const chosen = method ?? methods[0];
  if (chosen === undefined || !methods.includes(chosen)) {
    throw new InvalidInput(
      `${chosen ?? "an interval"} needs figures that were not kept: name it in the option inference`,
    );
  }
  return chosen;
}

/** H and Q of the plug-in, row-major d by d, in coordinates divided by the pilot's scales. */
export function momentsOf(state: State): { readonly hessian: Float64Array; readonly gram: Float64Array } {
  const { plugIn, theta } = state;
  if (plugIn === null) throw new InvalidInput(`plug-in figures were not kept: give inference: "plug-in"`);
  needAveraged(state);
  const d = theta.length;
  return { hessian: mirrored(plugIn.hessian, d), gram: mirrored(plugIn.gram, d, 1 / plugIn.count) };
}

/** Product of the scales of row and column of entry i. */
export function unitOf({ tuning }: State, i: number): number {
  const { scales } = tuning!;
  return scales[Math.floor(i / scales.length)]! * scales[i % scales.length]!;
}

/**
 * The estimate: the last iterate of Newton steps; else the average of the iterates, less the bias that a loss leaves which is not quadratic, where the settings
 * ask for that; during burn-in the iterate itself.
 */
export function estimateOf(state: State): Float64Array {
  const { averaged, average, theta, warm, plugIn, settings } = state;
  if (averaged === 0 || settings.newton) return (warm?.theta ?? theta).slice();
  if (plugIn === null || !settings.correctBias || averaged < 2) return average.slice();
  const { scales } = state.tuning!;
  const d = theta.length;
  const distance = average.map((x, k) => (x - plugIn.centre[k]!) / scales[k]!);
  const pull = meanPull(plugIn, distance);
  const inverse = inverseHessian(state);
  return average.map((x, i) => {
    let shift = 0;
    for (let j = 0; j < d; j++) shift += inverse[i * d + j]! * pull[j]!;
    return x + (scales[i]! * shift) / 2;
  });
}

/** Covariance of the last iterate of averaged steps, by the plug-in; of Newton steps that of the estimate. */
export function iterateCovariance(state: State): Float64Array {
  const { theta, settings, steps } = state;
  if (settings.newton) return covarianceOf(state, "plug-in");
  const d = theta.length;
  const { hessian, gram } = momentsOf(state);
  const { eta0, offset, alpha } = state.tuning!;
  const eta = eta0 * (steps + offset) ** -alpha;
  const floored = spectral(hessian, d, (x) => Math.max(x, settings.hessian.floor));
  return lastIterateCovariance(floored, gram, d).map((x, i) => eta * x * unitOf(state, i));
}

/** H^-1 in scaled coordinates, with the eigenvalues' floor. */
function inverseHessian(state: State): Float64Array {
  const { floor } = state.settings.hessian;
  return spectral(momentsOf(state).hessian, state.theta.length, (x) => 1 / Math.max(x, floor));
}

/** Covariance of the estimate, row-major d by d. */
export function covarianceOf(state: State, method: IntervalMethod): Float64Array {
  const { scatter, averaged, average, theta } = state;
  needAveraged(state);
  const d = theta.length;
  if (method === "plug-in") {
    return sandwich(inverseHessian(state), momentsOf(state).gram, d).map(
      (x, i) => (x * unitOf(state, i)) / averaged,
    );
  }
  if (method === "random-scaling" && scatter!.full)
    return scatterMatrix(scatter!, average).map((x) => x / averaged);
  throw new InvalidInput(
    `${method} keeps a diagonal only: give inference: "plug-in", or scatter: "full" with random scaling`,
  );
}

/** Estimates with their deviations: one a coordinate, or one of the contrast. */
export function entriesOf(
  state: State,
  method: IntervalMethod,
  weights: ArrayLike<number> | undefined,
): readonly Entry[] {
  needAveraged(state);
  if (weights !== undefined) return [contrastEntry(state, method, weights)];
  const { averaged, average, scatter, batchMeans } = state;
  const d = average.length;
  const from = (variance: (k: number) => number): Entry[] =>
    Array.from(estimateOf(state), (estimate, k) => ({ estimate, deviation: Math.sqrt(variance(k)) }));
  if (method === "plug-in") {
    const covariance = covarianceOf(state, method);
    return from((k) => covariance[k * d + k]!);
  }
  if (method === "batch-means") {
    const variance = batchMeansVariance(batchMeans!, average);
    return from((k) => variance[k]! / averaged);
  }
  const v = scatterMatrix(scatter!, average);
  const stride = scatter!.full ? d + 1 : 1;
  return from((k) => v[k * stride]! / averaged);
}

function contrastEntry(state: State, method: IntervalMethod, weights: ArrayLike<number>): Entry {
  const { averaged, average, scatter, contrastScatter, settings } = state;
  const d = average.length;
  if (weights.length !== d) throw new InvalidInput(`contrast has ${weights.length} numbers: give ${d}`);
  const w = Array.from(weights);
  const estimate = contrastsOf([w], estimateOf(state))[0]!;
  const kept = settings.contrasts.findIndex((row) => row.every((x, k) => x === w[k]));
  if (method === "random-scaling" && kept >= 0) {
    const v = scatterMatrix(contrastScatter!, contrastsOf(settings.contrasts, average));
    return { estimate, deviation: Math.sqrt(v[kept * (settings.contrasts.length + 1)]! / averaged) };
  }
  if (method === "random-scaling" && !scatter!.full) {
    throw new InvalidInput(
      `random scaling kept no scatter of this contrast: name it in contrasts, or give scatter: "full"`,
    );
  }
  const covariance = covarianceOf(state, method);
  let variance = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) variance += w[i]! * w[j]! * covariance[i * d + j]!;
  return { estimate, deviation: Math.sqrt(variance) };
}

/** w'theta for each row w. */
export function contrastsOf(rows: readonly (readonly number[])[], theta: Float64Array): Float64Array {
  return Float64Array.from(rows, (row) => row.reduce((sum, w, k) => sum + w * theta[k]!, 0));
}
