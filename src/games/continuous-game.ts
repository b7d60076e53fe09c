import { checkCount, checkVector } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { fingerprint, type Oracle, type Problem } from "../core/index.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import { type Box, type BoxSearch, naturalSearch } from "./box-search.ts";
import type { Mixture } from "./mixture.ts";
import { type Perturbation, samplePerturbation } from "./perturbation.ts";

type Player = "x" | "y";

/** One thing for each player. */
export type Each<T> = Readonly<Record<Player, T>>;

/** What the perturbed best responses of a phase share. */
export interface SearchPhase {
  /** What each player has played: the other answers it. */
  readonly played: Each<Mixture>;
  readonly law: Perturbation;
  readonly scale: Each<number>;
  readonly seed: Seed;
  readonly purpose: string;
  readonly step: number;
}

/** The j-th answer of a player; `incumbent` is its answer of the last round. */
export interface SearchQuestion {
  readonly player: Player;
  readonly j: number;
  readonly incumbent: Float64Array | null;
}

/** A best response. */
export interface Found {
  readonly point: Float64Array;
  /** The player's unperturbed cost there. */
  readonly cost: number;
}

/** A game min over x, max over y of f(x, y) on boxes, with f of any shape. */
export interface ContinuousGame extends Problem {
  readonly xBox: Box;
  readonly yBox: Box;
  readonly search: Oracle<SearchQuestion, Found, SearchPhase>;
  /** The mean payoff of a point of x against a mixture of y. */
  readonly meanPayoff: Oracle<Float64Array, number, Mixture>;
}

/** f(x, y) as the inner product of features of x and of y, equally many. */
export interface SeparablePayoff {
  x(x: Float64Array): ArrayLike<number>;
  y(y: Float64Array): ArrayLike<number>;
}

/** What `continuousGame` needs. */
export interface ContinuousGameSpec {
  readonly xBox: Box;
  readonly yBox: Box;
  /**
   * f(x, y), or f as features of x times features of y: then a point against a mixture costs one evaluation, however
   * many points the mixture has.
   */
  readonly payoff: ((x: Float64Array, y: Float64Array) => number) | SeparablePayoff;
  /** Default: a grid of 101 points in one dimension, else `multistart()`. */
  readonly oracle?: BoxSearch;
  /** Names the payoff; snapshots of another are refused. */
  readonly fingerprint?: string;
}

/**
 * A game on boxes from its payoff.
 * @throws InvalidInput or NonFinite for boxes that are empty or not finite.
 * @example continuousGame({ xBox: { lower: [-1], upper: [1] }, yBox: { lower: [-1], upper: [1] }, payoff: ([x], [y]) => (x! - y!) ** 2 })
 */
export function continuousGame(spec: ContinuousGameSpec): ContinuousGame {
  const { xBox, yBox, payoff } = spec;
  checkBox("xBox", xBox);
  checkBox("yBox", yBox);
  const boxes = { x: xBox, y: yBox };
  const searchOf = (box: Box) => spec.oracle ?? naturalSearch(box);
  const searches = { x: searchOf(xBox), y: searchOf(yBox) };
  const against = typeof payoff === "function" ? sumOver(payoff) : throughFeatures(payoff);
  // What does not depend on the question is worked out once for a batch.
  let phaseKnown: { phase: SearchPhase; rng: Rng; cost: Each<(z: Float64Array) => number> } | undefined;
  let meanKnown: { mixture: Mixture; mean: (x: Float64Array) => number } | undefined;
  return {
    fingerprint: spec.fingerprint ?? fingerprint([xBox, yBox]),
    xBox,
    yBox,
    search: {
      name: "search",
      answer({ player, j, incumbent }, phase) {
        if (phaseKnown?.phase !== phase) {
          const { x, y } = phase.played;
          const ofY = against("y", x);
          const cost = { x: against("x", y), y: (z: Float64Array) => -ofY(z) };
          phaseKnown = { phase, rng: createRng(phase.seed), cost };
        }
        const { law, purpose, step } = phase;
        const { rng } = phaseKnown;
        const scale = phase.scale[player];
        const cost = phaseKnown.cost[player];
        const box = boxes[player];
        const d = box.lower.length;
        const sigma =
          scale > 0
            ? samplePerturbation(law, scale, rng.stream(`${purpose}/${player}`, step, j), d, false)
            : new Float64Array(d);
        const starts = rng.stream(`${purpose}/${player}/starts`, step, j);
        const point = searches[player](cost, sigma, box, starts, incumbent ?? undefined);
        checkInBox(`the answer of the oracle of ${player}`, point, box);
        return { point, cost: cost(point) };
      },
    },
    meanPayoff: {
      name: "meanPayoff",
      answer(x, mixture) {
        if (meanKnown?.mixture !== mixture) {
          const total = mixture.weights.reduce((sum, weight) => sum + weight, 0);
          const sum = against("x", mixture);
          meanKnown = { mixture, mean: (z) => sum(z) / total };
        }
        return meanKnown.mean(x);
      },
    },
  };
}

/** The payoff of a point of one player against a mixture of the other, summed with its weights. */
type Against = (player: Player, mixture: Mixture) => (z: Float64Array) => number;

const finite = (value: number): number => {
  if (!Number.isFinite(value)) throw new NonFinite(`the payoff is ${value}`);
  return value;
};

function sumOver(payoff: (x: Float64Array, y: Float64Array) => number): Against {
  return (player, { points, weights }) =>
    (z) => {
      let sum = 0;
      for (let k = 0; k < points.length; k++)
        sum += weights[k]! * (player === "x" ? payoff(z, points[k]!) : payoff(points[k]!, z));
      return finite(sum);
    };
}

function throughFeatures(features: SeparablePayoff): Against {
  return (player, { points, weights }) => {
    const other = player === "x" ? "y" : "x";
    const mean: number[] = [];
    for (const [k, point] of points.entries()) {
      const values = features[other](point);
      for (let i = 0; i < values.length; i++) mean[i] = (mean[i] ?? 0) + weights[k]! * values[i]!;
    }
    return (z) => {
      if (points.length === 0) return 0;
      const own = features[player](z);
      if (own.length !== mean.length)
        throw new InvalidInput(
          `the payoff has ${own.length} features of ${player} and ${mean.length} of ${other}: give equally many`,
        );
      let sum = 0;
      for (let i = 0; i < mean.length; i++) sum += own[i]! * mean[i]!;
      return finite(sum);
    };
  };
}

/** Throws `InvalidInput` or `NonFinite` unless each lower bound is below its upper one. */
export function checkBox(name: string, { lower, upper }: Box): void {
  checkCount(`the dimension of ${name}`, lower.length);
  checkVector(`${name}.lower`, lower, lower.length);
  checkVector(`${name}.upper`, upper, lower.length);
  if (lower.some((low, i) => !(low < upper[i]!)))
    throw new InvalidInput(`${name} is empty: each lower must be below its upper`);
}

/** Throws `InvalidInput` unless the point is one of the box. */
export function checkInBox(name: string, point: Float64Array, { lower, upper }: Box): void {
  checkVector(name, point, lower.length);
  if (point.some((z, i) => z < lower[i]! || z > upper[i]!))
    throw new InvalidInput(`${name} is outside its box: mend it`);
}
