import { InvalidInput } from "../core/errors.ts";
import { amplification, checkGConvexity, costRounding } from "./checking.ts";
import type { MinimizationProblem, MinMaxProblem } from "./problem.ts";
import type { ConvexSet } from "./sets/convex-set.ts";
import { combine, type Manifold, scale } from "./spaces/manifold.ts";

/** Samples that a claimed modulus is checked with before solving. */
const SAMPLES = 30;
/** Along so long a geodesic a gradient is compared with a difference of costs. */
const STEP = 1e-4;
/** They may differ by this share, and by what curvature adds. */
const GROSS = 0.05;

type Cost = (p: Float64Array) => number | Promise<number>;
type Gradient = (p: Float64Array) => Float64Array | Promise<Float64Array>;

/**
 * Throws when the cost of a minimisation problem whose constants are claimed, not proved, refutes its gradient at the
 * start, or its modulus at a few points around it. Says nothing without a cost, or of functions that answer later.
 *
 * @throws InvalidInput
 */
export function refuteMinimization(problem: MinimizationProblem): void {
  const { cost, gradient, domain, start, mu, L } = problem;
  if (!cost || problem.moduli === "proved") return;
  refute(
    "",
    domain,
    start,
    mu,
    L,
    (p) => cost.answer(p, undefined),
    (p) => gradient.answer(p, undefined),
  );
}

/** The same for both players of a min-max problem. */
export function refuteSaddle({ cost, gradient, domain, start, constants, moduli }: MinMaxProblem): void {
  if (!cost || moduli === "proved") return;
  const { muX, muY, Lx, Ly, Lxy } = constants;
  for (const side of ["x", "y"] as const) {
    const pair = (p: Float64Array) => ({ ...start, [side]: p });
    const sign = side === "x" ? 1 : -1;
    refute(
      side.toUpperCase(),
      domain[side],
      start[side],
      side === "x" ? muX : muY,
      (side === "x" ? Lx : Ly) + Lxy,
      (p) => {
        const value = cost.answer(pair(p), undefined);
        return typeof value === "number" ? sign * value : value;
      },
      (p) => {
        const g = gradient.answer({ of: side, ...pair(p) }, undefined);
        return g instanceof Float64Array ? scale(sign, g) : g;
      },
    );
  }
}

function refute(
  side: string,
  domain: ConvexSet,
  start: Float64Array,
  mu: number,
  L: number,
  cost: Cost,
  gradient: Gradient,
): void {
  if (typeof cost(start) !== "number") return;
  const now = cost as (p: Float64Array) => number;
  const g = gradient(start);
  if (g instanceof Float64Array) refuteGradient(`grad${side}`, domain, start, g, L, now);
  const radius = Math.min(1, domain.diameter / 2);
  if (!(radius > 0)) return;
  const options = { radius, within: domain, mu, samples: SAMPLES };
  const { ok, least } = checkGConvexity(domain.manifold, now, domain.project(start), options);
  if (!ok)
    throw new InvalidInput(
      `mu${side} is ${mu}, but the function curves by ${least} somewhere within ${radius} of the start: with it certificates would be false; lower mu${side}, or shrink the domain`,
    );
}

/**
 * Throws when the cost between two points of the domain, behind and ahead along the gradient, rises by anything but what the
 * gradient says: a wrong sign, or no Riemannian gradient.
 */
function refuteGradient(
  name: string,
  domain: ConvexSet,
  p: Float64Array,
  g: Float64Array,
  L: number,
  cost: (p: Float64Array) => number,
): void {
  const M = domain.manifold;
  const length = M.norm(p, g);
  if (length === 0 || !domain.contains(p)) return;
  const ends = [-STEP, STEP].map((t) => domain.project(M.exp(p, scale(t / length, g))));
  const [behind, ahead] = ends.map((q) => M.log(p, q)) as [Float64Array, Float64Array];
  const [low, high] = ends.map(cost) as [number, number];
  const expected = M.inner(p, g, combine(1, ahead, -1, behind));
  const way = M.norm(p, ahead) + M.norm(p, behind);
  const rounding = costRounding(M, p, Math.abs(low) + Math.abs(high));
  if (Math.abs(high - low - expected) > GROSS * length * way + L * way ** 2 + rounding)
    throw new InvalidInput(
      `along ${name === "grad" ? "the gradient" : name} at the start the cost rises by ${((high - low) / way).toPrecision(3)} per unit length, where the gradient says ${(expected / way).toPrecision(3)}: give the Riemannian gradient of the cost, of partial derivatives G it is M.egrad2rgrad(p, G), without a change of sign`,
    );
}

/** A point with the gradient of a function that is to be minimised. */
interface Slope {
  readonly p: Float64Array;
  readonly g: Float64Array;
}

/** A player's constants, in the domain. */
export interface Claim {
  /** Of the modulus and of the gradient, such as "muX" and "gradX". */
  readonly name: string;
  readonly gradient: string;
  readonly domain: ConvexSet;
  readonly mu: number;
  readonly L: number;
}

/** What a gradient may lack of being tangent: a share of its largest number, times what the projection makes of noise. */
const TANGENT = 1e-6;
/** Rounding errors, as a share of L, of gradients at distance 1 from the origin; generous. */
const ROUNDING = 1e-10;

/** What rounding may do to a gradient at p of a function whose gradients are L-Lipschitz. */
const roundingAt = (M: Manifold, p: Float64Array, L: number): number =>
  ROUNDING * L * (1 + M.dist(M.origin, p)) * amplification(M, p);

/**
 * Throws unless a gradient is tangent at its point, up to rounding of a function whose gradients are L-Lipschitz.
 *
 * @throws InvalidInput, as for partial derivatives that were not converted
 */
export function requireTangent({ gradient, domain, L }: Claim, { p, g }: Slope): void {
  const M = domain.manifold;
  const tangent = M.project(p, g);
  let [off, largest, far] = [0, 0, 0];
  for (let i = 0; i < M.size; i++) {
    off = Math.max(off, Math.abs(g[i]! - tangent[i]!));
    largest = Math.max(largest, Math.abs(g[i]!));
    far = Math.max(far, Math.abs(p[i]!));
  }
  if (off === 0 || off <= TANGENT * amplification(M, p) * largest + roundingAt(M, p, L) * far) return;
  throw new InvalidInput(
    `${gradient} answered no tangent vector of ${M.name} at its point, but one that is off by ${off.toPrecision(3)}: of partial derivatives G give M.egrad2rgrad(p, G)`,
  );
}

/** A refusal needs this share below the claim, besides errors of gradients of that share: they may be inexact. */
const CLEAR = 0.01;
const INEXACT = 1e-6;

/**
 * Throws when gradients at two points refute a modulus: <grad F(q) carried to p - grad F(p), log_p q> is at least
 * mu d(p, q)^2 for a mu-strongly g-convex F. Several players' gradients refute the sum of their claims.
 *
 * @throws InvalidInput
 */
export function refuteByGradients(
  claims: readonly Claim[],
  from: readonly Slope[],
  to: readonly Slope[],
): void {
  let [rise, claimed, noise] = [0, 0, 0];
  for (const [i, { domain, mu, L }] of claims.entries()) {
    const M = domain.manifold;
    const [a, b] = [from[i]!, to[i]!];
    const there = M.log(a.p, b.p);
    const distance = M.norm(a.p, there);
    if (distance === 0) continue;
    rise -= M.inner(a.p, a.g, there) + M.inner(b.p, b.g, M.log(b.p, a.p));
    claimed += mu * distance ** 2;
    const gradients = M.norm(a.p, a.g) + M.norm(b.p, b.g);
    noise += distance * (INEXACT * gradients + roundingAt(M, a.p, L) + roundingAt(M, b.p, L));
  }
  if (rise >= (1 - CLEAR) * claimed - noise) return;
  const inside = claims.every(({ domain }, i) => domain.contains(from[i]!.p) && domain.contains(to[i]!.p));
  if (!inside) return;
  const names = claims.map(({ name, mu }) => `${name} is ${mu}`).join(" and ");
  throw new InvalidInput(
    `${names}, but between two points where it should hold <gradient, step> rose by ${rise.toPrecision(3)}, not by ${claimed.toPrecision(3)} or more: with it certificates would be false; lower ${claims.map(({ name }) => name).join(" or ")}, or shrink the domain`,
  );
}
