import { type Asking, ask } from "../../core/index.ts";
import { type Evaluated, type Objective, regionOf } from "../minimize/objective.ts";
import { type Both, type MinMaxProblem, type Pair, requireGradient, requireStart } from "../problem.ts";
import type { ConvexSet } from "../sets/convex-set.ts";
import { zetaOf } from "../spaces/curvature.ts";
import { combine, type Manifold, scale } from "../spaces/manifold.ts";

/** One player's sets and moduli; both players minimise, x the function f and y its negative. */
export interface Side {
  readonly set: ConvexSet;
  /** What certificates are taken over. */
  readonly region: ConvexSet;
  readonly mu: number;
  readonly L: number;
}

export type Name = "x" | "y";
export const other = (side: Name): Name => (side === "x" ? "y" : "x");

/** A saddle function as methods see it, signed so that each player descends. */
export interface Saddle extends Both<Side> {
  readonly Lxy: number;
  /** Calls so far. */
  spent(): number;
  /** The gradient of the player's own objective at the pair. */
  gradient(of: Name, at: Pair): Asking<Float64Array>;
  /** The player's exact answer to the other's point, where one is known. */
  readonly best: { readonly [S in Name]?: (against: Float64Array) => Asking<Float64Array> };
}

/** A pair with both players' signed gradients. */
export interface SaddlePoint extends Pair {
  readonly g: Both<Float64Array>;
  /** What each player can still gain, at most. */
  readonly gain: Both<number>;
  /** A proved bound of the saddle gap, the sum of both. */
  readonly gap: number;
}

/** Calls of each partial gradient (or of the exact answer that takes its place). */
export interface Calls {
  gradX: number;
  gradY: number;
}

export function saddleOf(problem: MinMaxProblem, meter: Calls): Saddle {
  const { constants, set, domain } = problem;
  const side = (name: Name): Side => ({
    set: set[name],
    region: regionOf(set[name], domain[name]),
    mu: name === "x" ? constants.muX : constants.muY,
    L: name === "x" ? constants.Lx : constants.Ly,
  });
  const count = (of: Name): void => {
    if (of === "x") meter.gradX++;
    else meter.gradY++;
  };
  const exact = (of: Name) => {
    const oracle = of === "x" ? problem.bestResponseX : problem.bestResponseY;
    if (!oracle) return {};
    return {
      [of]: function* (against: Float64Array): Asking<Float64Array> {
        count(of);
        const [answer] = yield* ask(oracle, [against]);
        return requireStart(`the answer of ${oracle.name}`, set[of], answer!);
      },
    };
  };
  return {
    x: side("x"),
    y: side("y"),
    Lxy: constants.Lxy,
    spent: () => meter.gradX + meter.gradY,
    *gradient(of, { x, y }) {
      count(of);
      const [g] = yield* ask(problem.gradient, [{ of, x, y }]);
      requireGradient(of === "x" ? "gradX" : "gradY", g!, set[of].manifold.size);
      return of === "x" ? g! : scale(-1, g!);
    },
    best: { ...exact("x"), ...exact("y") },
  };
}

export const manifoldOf = (S: Saddle, side: Name): Manifold => S[side].set.manifold;

/** The same saddle with alpha/2 d(center, .)^2 added to one player's objective. `reach`: see `withProx`. */
export function proxSaddle(
  S: Saddle,
  side: Name,
  center: Float64Array,
  alpha: number,
  reach: number,
): Saddle {
  if (alpha === 0) return S;
  const M = manifoldOf(S, side);
  const own = S[side];
  const { [side]: _, ...best } = S.best;
  return {
    ...S,
    [side]: { ...own, mu: own.mu + alpha, L: own.L + alpha * zetaOf(M, reach) },
    best,
    *gradient(of, at) {
      const g = yield* S.gradient(of, at);
      return of === side ? combine(1, g, -alpha, M.log(at[side], center)) : g;
    },
  };
}

/** A pair with known signed gradients, certified for S. */
export function saddlePoint(S: Saddle, { x, y }: Pair, g: Both<Float64Array>): SaddlePoint {
  const gain = { x: S.x.region.decrease(x, g.x, S.x.mu), y: S.y.region.decrease(y, g.y, S.y.mu) };
  return { x, y, g, gain, gap: gain.x + gain.y };
}

/** Asks for both gradients. */
export function* evaluateSaddle(S: Saddle, at: Pair): Asking<SaddlePoint> {
  return saddlePoint(S, at, { x: yield* S.gradient("x", at), y: yield* S.gradient("y", at) });
}

/** The same pair for the saddle with a prox term more (alpha > 0) or less (alpha < 0) on one side; no call. */
export function shifted(
  S: Saddle,
  at: SaddlePoint,
  side: Name,
  center: Float64Array,
  alpha: number,
): SaddlePoint {
  if (alpha === 0) return at;
  const g = combine(1, at.g[side], -alpha, manifoldOf(S, side).log(at[side], center));
  return saddlePoint(S, at, { ...at.g, [side]: g });
}

/** One player's objective against a fixed answer of the other. */
export function sideObjective(S: Saddle, side: Name, against: Float64Array): Objective {
  const pair = (p: Float64Array): Pair => (side === "x" ? { x: p, y: against } : { x: against, y: p });
  return { ...S[side], gradient: (p) => S.gradient(side, pair(p)) };
}

/** One player's part of an evaluated pair. */
export const sidePoint = (at: SaddlePoint, side: Name): Evaluated => ({
  p: at[side],
  g: at.g[side],
  decrease: at.gain[side],
});
