/** Replications of one configuration, and what the paper's tables say of them. */
import type { Oracle } from "fpx";
import {
  AveragedKieferWolfowitz,
  type IntervalMethod,
  type KieferWolfowitzOptions,
  type Row,
} from "fpx/inference";
import { eigh } from "fpx/linalg";
import { answersOf, type RowContext } from "../reproduction.ts";
import { covarianceOf, createWorld, feed, type WorldOptions } from "./worlds.ts";

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
  /** Of linear models with `plug-in`: mean relative error of the Hessian in the spectral norm. */
  readonly hessianError: number | undefined;
}

/** One replication: sums over its coordinates. */
interface Replicated {
  readonly error: number;
  readonly squareTimesCalls: number;
  readonly hits: Readonly<Partial<Record<IntervalMethod, number>>>;
  readonly lengths: Readonly<Partial<Record<IntervalMethod, number>>>;
  readonly hessianError?: number;
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
      ...(measuresHessian(world, methods) ? { hessianError: hessianError(fit.hessian(), world) } : {}),
    };
  },
};

const measuresHessian = ({ model }: Configuration["world"], methods: readonly IntervalMethod[]): boolean =>
  model === "linear" && methods.includes("plug-in");

/** Spectral norm of a linear model's Hessian less its truth, the features' covariance, over the norm of that. */
function hessianError(
  hessian: Float64Array,
  { dimension: d, design = { kind: "identity" } }: Configuration["world"],
): number {
  const truth = covarianceOf(d, design);
  const norm = (a: Float64Array): number => {
    const { values } = eigh(a, d);
    return Math.max(Math.abs(values[0]!), Math.abs(values[d - 1]!));
  };
  return norm(hessian.map((x, i) => x - truth[i]!)) / norm(truth);
}

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
    hessianError: measuresHessian(world, methods) ? mean((one) => one.hessianError!) : undefined,
  };
}

/** Two standard errors of a mean coverage, as if the coordinates of one replication moved together. */
export const coverageSlack = (replications: number): number => 2 * Math.sqrt((0.95 * 0.05) / replications);

export const figure = (x: number | undefined, digits = 4): string =>
  x === undefined ? "-" : x.toPrecision(digits);
export const share = (x: number | undefined): string => (x === undefined ? "-" : x.toFixed(3));
