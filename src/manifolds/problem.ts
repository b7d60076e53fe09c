import { checkFinite, checkNonNegative, checkPositive } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { fingerprint, type Oracle, type Problem } from "../core/index.ts";
import { isGeodesicBall } from "./sets/ball.ts";
import { type ConvexSet, wholeSpace } from "./sets/convex-set.ts";
import { type Manifold, requirePoint } from "./spaces/manifold.ts";

/** One value for x and one for y. */
export interface Both<T> {
  readonly x: T;
  readonly y: T;
}

/** Where a problem's moduli of convexity come from. */
export type Moduli = "proved" | "claimed";

/** Minimise a g-convex function over a set. */
export interface MinimizationProblem extends Problem {
  readonly name: string;
  readonly manifold: Manifold;
  readonly set: ConvexSet;
  /** Where `mu` and `L` hold. */
  readonly domain: ConvexSet;
  /** Strong g-convexity: certificates rest on it. */
  readonly mu: number;
  /** Smoothness: step sizes rest on it, certificates do not. */
  readonly L: number;
  readonly start: Float64Array;
  /** "proved": the constants follow from a theorem, so solving does not test them by samples first. */
  readonly moduli: Moduli;
  /** The Riemannian gradient. */
  readonly gradient: Oracle<Float64Array, Float64Array>;
  readonly cost?: Oracle<Float64Array, number>;
}

/** What `minimizationProblem` needs; functions may return promises. */
export interface MinimizationParts {
  /** Default "minimization". */
  readonly name?: string;
  readonly M: Manifold;
  /** The Riemannian gradient of F; see `egrad2rgrad`. */
  gradient(p: Float64Array): Float64Array | Promise<Float64Array>;
  cost?(p: Float64Array): number | Promise<number>;
  /** Feasible set; default the whole manifold. */
  readonly X?: ConvexSet;
  /**
   * A set in which `mu` and `L` hold, where they do not in all of X; default X. Nothing is certified until the minimiser is
   * proved to lie in it.
   */
  readonly domain?: ConvexSet;
  /** Strong g-convexity, 0 for convex only. Too small is safe, too large makes certificates false. */
  readonly mu: number;
  readonly L: number;
  /** Default: the manifold's origin, projected onto X. */
  readonly start?: Float64Array;
  /** "proved": the constants follow from a theorem, so solving does not test them by samples first; default "claimed". */
  readonly moduli?: Moduli;
  /** Digest of the data inside the functions; default one of their source text, constants and start. */
  readonly fingerprint?: string;
}

/**
 * A minimisation problem from plain functions.
 *
 * @throws InvalidInput for sets of another manifold, a start off the manifold or outside X, mu < 0, or L below mu.
 * @example
 * const problem = minimizationProblem({ M, gradient: (p) => scale(-1, M.log(p, target)), mu: 1, L: 2 });
 */
export function minimizationProblem(parts: MinimizationParts): MinimizationProblem {
  const { name = "minimization", M, mu, L } = parts;
  const { set, domain, start } = region("", M, parts.X, parts.domain, parts.start);
  checkNonNegative("mu", mu);
  checkPositive("L", L);
  if (L < mu)
    throw new InvalidInput(`L is ${L}, below mu = ${mu}: no function has that; raise L or lower mu`);
  const { cost } = parts;
  return {
    name,
    manifold: M,
    set,
    domain,
    mu,
    L,
    start,
    moduli: parts.moduli ?? "claimed",
    fingerprint:
      parts.fingerprint ?? digest(name, [M, set, domain], { mu, L }, [start], [parts.gradient, parts.cost]),
    gradient: { name: "gradient", answer: (p) => parts.gradient(p) },
    ...(cost ? { cost: { name: "cost", answer: (p: Float64Array) => cost(p) } } : {}),
  };
}

/** A point of both players. */
export type Pair = Both<Float64Array>;

/** A partial gradient: of f with respect to x, or to y, at (x, y). */
export interface PartialGradient extends Pair {
  readonly of: "x" | "y";
}

/** Moduli of a saddle function f(x, y), g-convex in x and g-concave in y, on X x Y. */
export interface SaddleConstants {
  /** Strong g-convexity in x. Too small is safe, too large makes certificates false. */
  readonly muX: number;
  /** Strong g-concavity in y. */
  readonly muY: number;
  /** Lipschitz constant of grad_x f(., y). */
  readonly Lx: number;
  /** Lipschitz constant of grad_y f(x, .). */
  readonly Ly: number;
  /** |grad_x f(x, y) - grad_x f(x, y')| <= Lxy d(y, y'), and the other way round. */
  readonly Lxy: number;
}

/** Find min over x in X of max over y in Y of f(x, y), f g-convex in x and g-concave in y. */
export interface MinMaxProblem extends Problem {
  readonly name: string;
  readonly M: Manifold;
  readonly N: Manifold;
  readonly set: Both<ConvexSet>;
  /** Where the constants hold. */
  readonly domain: Both<ConvexSet>;
  readonly constants: SaddleConstants;
  readonly start: Pair;
  /** "proved": the constants follow from a theorem, so solving does not test them by samples first. */
  readonly moduli: Moduli;
  /** Riemannian partial gradients; each question is one call. */
  readonly gradient: Oracle<PartialGradient, Float64Array>;
  readonly cost?: Oracle<Pair, number>;
  /** The exact minimiser of f(., y) over X, of y. */
  readonly bestResponseX?: Oracle<Float64Array, Float64Array>;
  /** The exact maximiser of f(x, .) over Y, of x. */
  readonly bestResponseY?: Oracle<Float64Array, Float64Array>;
}

/** What `minMaxProblem` needs; functions may return promises. */
export interface MinMaxParts {
  /** Default "min-max". */
  readonly name?: string;
  readonly M: Manifold;
  readonly N: Manifold;
  /** The Riemannian gradient of f(., y) at x. */
  gradX(x: Float64Array, y: Float64Array): Float64Array | Promise<Float64Array>;
  /** The Riemannian gradient of f(x, .) at y: the direction of ascent, no sign is changed. */
  gradY(x: Float64Array, y: Float64Array): Float64Array | Promise<Float64Array>;
  cost?(x: Float64Array, y: Float64Array): number | Promise<number>;
  bestResponseX?(y: Float64Array): Float64Array | Promise<Float64Array>;
  bestResponseY?(x: Float64Array): Float64Array | Promise<Float64Array>;
  /** Feasible sets; default the whole manifolds. */
  readonly X?: ConvexSet;
  readonly Y?: ConvexSet;
  /**
   * Sets in which the constants hold, where they do not in all of X and Y; default X and Y. Nothing is certified until the
   * saddle is proved to lie in them.
   */
  readonly domainX?: ConvexSet;
  readonly domainY?: ConvexSet;
  readonly constants: SaddleConstants;
  /** Default: the manifolds' origins, projected onto X and Y. */
  readonly x0?: Float64Array;
  readonly y0?: Float64Array;
  /** "proved": the constants follow from a theorem, so solving does not test them by samples first; default "claimed". */
  readonly moduli?: Moduli;
  /** Digest of the data inside the functions; default one of their source text, constants and starts. */
  readonly fingerprint?: string;
}

/**
 * A min-max problem from plain functions.
 *
 * @throws InvalidInput for sets of another manifold, starts off the manifolds or outside the sets, negative constants, or a
 *   smoothness constant below its strong convexity.
 */
export function minMaxProblem(parts: MinMaxParts): MinMaxProblem {
  const { name = "min-max", M, N } = parts;
  const x = region("X", M, parts.X, parts.domainX, parts.x0);
  const y = region("Y", N, parts.Y, parts.domainY, parts.y0);
  const constants = checkedConstants(parts.constants);
  const { cost, bestResponseX, bestResponseY } = parts;
  return {
    name,
    M,
    N,
    set: { x: x.set, y: y.set },
    domain: { x: x.domain, y: y.domain },
    constants,
    start: { x: x.start, y: y.start },
    moduli: parts.moduli ?? "claimed",
    fingerprint:
      parts.fingerprint ??
      digest(
        name,
        [M, N, x.set, y.set, x.domain, y.domain],
        constants,
        [x.start, y.start],
        [parts.gradX, parts.gradY, parts.bestResponseX, parts.bestResponseY],
      ),
    gradient: {
      name: "gradient",
      answer: (at) => (at.of === "x" ? parts.gradX(at.x, at.y) : parts.gradY(at.x, at.y)),
    },
    ...(cost ? { cost: { name: "cost", answer: (at: Pair) => cost(at.x, at.y) } } : {}),
    ...(bestResponseX
      ? { bestResponseX: { name: "bestResponseX", answer: (at: Float64Array) => bestResponseX(at) } }
      : {}),
    ...(bestResponseY
      ? { bestResponseY: { name: "bestResponseY", answer: (at: Float64Array) => bestResponseY(at) } }
      : {}),
  };
}

function checkedConstants(constants: SaddleConstants): SaddleConstants {
  const { muX, muY, Lx, Ly, Lxy } = constants;
  checkNonNegative("constants.muX", muX);
  checkNonNegative("constants.muY", muY);
  checkNonNegative("constants.Lxy", Lxy);
  checkNonNegative("constants.Lx", Lx);
  checkNonNegative("constants.Ly", Ly);
  for (const [L, mu, side] of [
    [Lx, muX, "X"],
    [Ly, muY, "Y"],
  ] as const)
    if (L < mu)
      throw new InvalidInput(
        `constants.L${side.toLowerCase()} is ${L}, below mu${side} = ${mu}: no function has that; raise the one or lower the other`,
      );
  if (Lx + Ly + Lxy === 0) throw new InvalidInput("all smoothness constants are 0: the function is constant");
  return { muX, muY, Lx, Ly, Lxy };
}

function region(
  side: string,
  M: Manifold,
  set: ConvexSet = wholeSpace(M),
  domain: ConvexSet = set,
  start: Float64Array = set.project(set.whole ? domain.project(M.origin) : M.origin),
): { set: ConvexSet; domain: ConvexSet; start: Float64Array } {
  for (const [what, region] of [
    [side === "" ? "the set" : `the set ${side}`, set],
    [`domain${side}`, domain],
  ] as const)
    if (region.manifold.name !== M.name)
      throw new InvalidInput(`${what} lies in ${region.manifold.name}, but the problem in ${M.name}`);
  if (!domain.margin && domain !== set)
    throw new InvalidInput(
      `domain${side} is the ${domain.name}, of which nobody knows how far points are from its edge: give it a margin, or leave it out where the constants hold on the whole set`,
    );
  const within = isGeodesicBall(set) && domain.margin!(set.center) >= set.radius;
  return {
    set,
    domain: within ? set : domain,
    start: requireStart(`the start${side && ` in ${side}`}`, set, start),
  };
}

/** Throws unless the point is one of the set. */
export function requireStart(name: string, set: ConvexSet, start: Float64Array): Float64Array {
  requirePoint(set.manifold, name, start);
  if (!set.contains(start)) throw new InvalidInput(`${name} lies outside the ${set.name}: project it first`);
  return start;
}

function digest(
  name: string,
  spaces: readonly { readonly name: string }[],
  constants: object,
  starts: readonly Float64Array[],
  functions: readonly unknown[],
): string {
  return fingerprint([
    name,
    spaces.map((space) => space.name),
    Object.entries(constants).map(([key, value]) => [key, checkFinite(key, value as number)]),
    starts,
    functions.map((f) => (f === undefined ? "" : String(f))),
  ]);
}

/** Throws unless an answer is a finite tangent vector's array. */
export function requireGradient(name: string, g: Float64Array, size: number): Float64Array {
  if (!(g instanceof Float64Array && g.length === size))
    throw new InvalidInput(
      `${name} answered ${g?.length ?? typeof g} numbers: return a Float64Array of ${size}`,
    );
  for (let i = 0; i < size; i++)
    if (!Number.isFinite(g[i])) throw new NonFinite(`${name} answered ${g[i]} in place ${i}`);
  return g;
}
