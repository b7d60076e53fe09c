import { checkCount, checkPositive, checkVector } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { argmin, inner, times, topSingular } from "../vectors.ts";
import type { StrategySet } from "./strategy-set.ts";

const indicator = (n: number, at: Iterable<number>): Float64Array => {
  const vertex = new Float64Array(n);
  for (const i of at) vertex[i] = 1;
  return vertex;
};

const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The probability simplex on n actions. */
export function simplex(n: number): StrategySet {
  checkCount("n", n);
  return {
    name: `simplex(${n})`,
    dimension: n,
    diameter: Math.SQRT2,
    constantSum: true,
    decisions: [{ parent: -1, first: 0, actions: n }],
    polytope: { rows: [{ indices: all(n), values: all(n).map(() => 1), right: 1 }] },
    lmo: (cost) => indicator(n, [argmin(cost)]),
    project: projectOntoSimplex,
  };
}

function projectOntoSimplex(point: Float64Array): Float64Array {
  const sorted = point.slice().sort().reverse();
  let [sum, shift] = [0, 0];
  for (let k = 0; k < sorted.length; k++) {
    sum += sorted[k]!;
    const candidate = (sum - 1) / (k + 1);
    if (sorted[k]! > candidate) shift = candidate;
  }
  return point.map((value) => Math.max(0, value - shift));
}

/** The convex hull of the subsets of k among n items, as 0/1 vectors. */
export function kSubsets(n: number, k: number): StrategySet {
  checkCount("n", n);
  checkCount("k", k);
  if (k >= n) throw new InvalidInput(`k is ${k}: give a number below n = ${n}, else there is no choice`);
  return {
    name: `kSubsets(${n}, ${k})`,
    dimension: n,
    diameter: Math.sqrt(2 * Math.min(k, n - k)),
    constantSum: true,
    polytope: {
      rows: [{ indices: all(n), values: all(n).map(() => 1), right: k }],
      upper: new Float64Array(n).fill(1),
    },
    lmo: (cost) =>
      indicator(
        n,
        all(n)
          .sort((a, b) => cost[a]! - cost[b]! || a - b)
          .slice(0, k),
      ),
  };
}

/** The box of all x with lower <= x <= upper. */
export function box(lower: ArrayLike<number>, upper: ArrayLike<number>): StrategySet {
  const n = checkCount("the dimension of the box", lower.length);
  checkVector("lower", lower, n);
  checkVector("upper", upper, n);
  const [low, high] = [Float64Array.from(lower), Float64Array.from(upper)];
  if (low.some((value, i) => value > high[i]!))
    throw new InvalidInput("lower exceeds upper in some coordinate: swap them");
  const sides = high.map((value, i) => value - low[i]!);
  return {
    name: `box(${n})`,
    dimension: n,
    diameter: checkPositive("the diameter of the box", Math.sqrt(inner(sides, sides))),
    polytope: { rows: [], lower: low, upper: high },
    lmo: (cost) => cost.map((c, i) => (c > 0 ? low[i]! : c < 0 ? high[i]! : low[i]!)),
    project: (point) => point.map((value, i) => Math.min(high[i]!, Math.max(low[i]!, value))),
  };
}

/** The l1 ball of that radius around 0. */
export function l1Ball(dimension: number, radius = 1): StrategySet {
  checkCount("dimension", dimension);
  checkPositive("radius", radius);
  return {
    name: `l1Ball(${dimension}, ${radius})`,
    dimension,
    diameter: 2 * radius,
    lmo: (cost) => {
      const vertex = new Float64Array(dimension);
      const at = argmin(cost.map((c) => -Math.abs(c)));
      vertex[at] = cost[at]! > 0 ? -radius : radius;
      return vertex;
    },
  };
}

/** The l2 ball of that radius around 0. */
export function l2Ball(dimension: number, radius = 1): StrategySet {
  checkCount("dimension", dimension);
  checkPositive("radius", radius);
  return {
    name: `l2Ball(${dimension}, ${radius})`,
    dimension,
    diameter: 2 * radius,
    lmo: (cost) => {
      const norm = Math.sqrt(inner(cost, cost));
      return norm === 0 ? indicator(dimension, [0]).map((e) => e * radius) : times(cost, -radius / norm);
    },
    project: (point) => {
      const norm = Math.sqrt(inner(point, point));
      return norm <= radius ? point.slice() : times(point, radius / norm);
    },
  };
}

/** The p by q matrices, row-major, whose singular values add up to at most `radius`. */
export function traceNormBall(p: number, q: number, radius = 1): StrategySet {
  checkCount("p", p);
  checkCount("q", q);
  checkPositive("radius", radius);
  return {
    name: `traceNormBall(${p}, ${q}, ${radius})`,
    dimension: p * q,
    diameter: 2 * radius,
    lmo: (cost) => {
      const { left, right } = topSingular(p, q, cost);
      return Float64Array.from(cost, (_, i) => -radius * left[Math.floor(i / q)]! * right[i % q]!);
    },
  };
}
