/** Replications of one configuration, and what the paper's tables say of them. */
import type { Oracle } from "fpx";
import {
  AveragedKieferWolfowitz,
  type IntervalMethod,
  type KieferWolfowitzOptions,
  type Row,
} from "fpx/inference";
import { answersOf, type RowContext } from "../reproduction.ts";
import { createWorld, feed, type WorldOptions } from "./worlds.ts";

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

/** One replication: sums over its coordinates. */
interface Replicated {
  readonly error: number;
  readonly squareTimesCalls: number;
  readonly hits: Readonly<Partial<Record<IntervalMethod, number>>>;
  readonly lengths: Readonly<Partial<Record<IntervalMethod, number>>>;
  readonly hessian?: Float64Array;
}

/** A replication by its seed. */
export const replicate: Oracle<number, Replicated, Omit<Configuration, "replications">> = {
  name: "replicate",
  answer(seed, { world, options = {}, methods, observations }) {
    const stream = createWorld({ ...world, seed });
    const { theta, loss, smooth } = stream;
    const fit = new AveragedKieferWolfowitz<Row>({
      initial: new Float64Array(world.dimension),
      loss,
      smooth,
      inference: methods.length === 0 ? "none" : methods,
      seed,
      ...options,
    });
    feed(fit, stream, observations);
    const estimate = fit.estimate();
    const square = theta.reduce((sum, t, k) => sum + (estimate[k]! - t) ** 2, 0);
    const intervals = methods.map((method) => [method, fit.confidenceInterval({ method })] as const);
    return {
      error: Math.sqrt(square) / Math.hypot(...theta),
      squareTimesCalls: square * fit.averaged * ((options.queries ?? 1) + 1),
      hits: Object.fromEntries(
        intervals.map(([method, all]) => [
          method,
          all.filter(({ lower, upper }, k) => lower <= theta[k]! && theta[k]! <= upper).length,
        ]),
      ),
      lengths: Object.fromEntries(
        intervals.map(([method, all]) => [
          method,
          all.reduce((sum, { lower, upper }) => sum + upper - lower, 0) * Math.sqrt(observations),
        ]),
      ),
      ...(methods.includes("plug-in") ? { hessian: fit.hessian() } : {}),
    };
  },
};

/** Runs the replications. */
export async function measure(
  { replications, ...configuration }: Configuration,
  context: Pick<RowContext, "seed" | "signal" | "executor" | "progress">,
): Promise<Measured> {
  const { world, methods } = configuration;
  const seeds = Array.from({ length: replications }, (_, r) => 1000 * context.seed + r);
  const found = await answersOf(context, replicate, seeds, configuration);
  const mean = (of: (one: Replicated) => number): number =>
    found.reduce((sum, one) => sum + of(one), 0) / replications;
  const byMethod = (of: (one: Replicated, method: IntervalMethod) => number) =>
    Object.fromEntries(methods.map((method) => [method, mean((one) => of(one, method)) / world.dimension]));
  return {
    replications,
    error: mean(({ error }) => error),
    squareTimesCalls: mean(({ squareTimesCalls }) => squareTimesCalls),
    coverage: byMethod(({ hits }, method) => hits[method]!),
    length: byMethod(({ lengths }, method) => lengths[method]!),
    hessian: found.at(-1)?.hessian,
  };
}

/** Two standard errors of a mean coverage, as if the coordinates of one replication moved together. */
export const coverageSlack = (replications: number): number => 2 * Math.sqrt((0.95 * 0.05) / replications);

export const figure = (x: number | undefined, digits = 4): string =>
  x === undefined ? "-" : x.toPrecision(digits);
export const share = (x: number | undefined): string => (x === undefined ? "-" : x.toFixed(3));
