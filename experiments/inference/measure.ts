/** Replications of one configuration, and what the paper's tables say of them. */
import type { RowContext } from "fpx/experiments";
import {
  AveragedKieferWolfowitz,
  type IntervalMethod,
  type KieferWolfowitzOptions,
  type Row,
} from "fpx/inference";
import { createWorld, type WorldOptions } from "./worlds.ts";

export interface Configuration {
  readonly world: Omit<WorldOptions, "seed">;
  readonly options?: Partial<KieferWolfowitzOptions<Row>>;
  readonly methods: readonly IntervalMethod[];
  readonly observations: number;
  readonly replications: number;
}

export interface Measured {
  readonly replications: number;
  /** Mean of |estimate - theta| / |theta|. */
  readonly error: number;
  /** Mean of |estimate - theta|^2 times the calls that the averaged steps made. */
  readonly squareTimesCalls: number;
  readonly coverage: Readonly<Partial<Record<IntervalMethod, number>>>;
  /** Mean length of an interval times sqrt(n). */
  readonly length: Readonly<Partial<Record<IntervalMethod, number>>>;
  /** Of the last replication, with `plug-in`. */
  readonly hessian: Float64Array | undefined;
}

/** Runs the replications; `step` is called after each. */
export function measure(
  { world, options = {}, methods, observations, replications }: Configuration,
  { seed, signal }: Pick<RowContext, "seed" | "signal">,
  step: () => void,
): Measured {
  const d = world.dimension;
  let error = 0;
  let squareTimesCalls = 0;
  let hessian: Float64Array | undefined;
  const hits = new Map<IntervalMethod, number>();
  const lengths = new Map<IntervalMethod, number>();
  for (let r = 0; r < replications; r++) {
    signal?.throwIfAborted();
    const { theta, loss, smooth, next } = createWorld({ ...world, seed: 1000 * seed + r });
    const fit = new AveragedKieferWolfowitz<Row>({
      initial: new Float64Array(d),
      loss,
      smooth,
      inference: methods.length === 0 ? "none" : methods,
      seed: 1000 * seed + r,
      ...options,
    });
    for (let i = 0; i < observations; i++) fit.update(next());
    const estimate = fit.estimate();
    let square = 0;
    for (let k = 0; k < d; k++) square += (estimate[k]! - theta[k]!) ** 2;
    error += Math.sqrt(square) / Math.hypot(...theta) / replications;
    squareTimesCalls += (square * fit.averaged * ((options.queries ?? 1) + 1)) / replications;
    for (const method of methods)
      for (const [k, { lower, upper }] of fit.confidenceInterval({ method }).entries()) {
        if (lower <= theta[k]! && theta[k]! <= upper) hits.set(method, (hits.get(method) ?? 0) + 1);
        lengths.set(
          method,
          (lengths.get(method) ?? 0) + ((upper - lower) * Math.sqrt(observations)) / (d * replications),
        );
      }
    if (methods.includes("plug-in")) hessian = fit.hessian();
    step();
  }
  const coverage = Object.fromEntries(
    methods.map((method) => [method, (hits.get(method) ?? 0) / (d * replications)]),
  );
  return { replications, error, squareTimesCalls, coverage, length: Object.fromEntries(lengths), hessian };
}

/** Two standard errors of a mean coverage, as if the coordinates of one replication moved together. */
export const coverageSlack = (replications: number): number => 2 * Math.sqrt((0.95 * 0.05) / replications);

export const figure = (x: number | undefined, digits = 4): string =>
  x === undefined ? "-" : x.toPrecision(digits);
export const share = (x: number | undefined): string => (x === undefined ? "-" : x.toFixed(3));
