/**
 * Tables of finite-difference steps and the law that picks among them. The telescoping sum
 * D(μ₁) + Σ (D(μₙ₊₁) − D(μₙ)) is sampled at one level n; the law with the least variance takes n in proportion to
 * μₙ − μₙ₊₁ (Ma & Huang 2025, section 3), whatever the steps are. Tables are finite, so that rounding stays bounded.
 */

import { checkCount, checkOpen, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";

/** Steps μ₁ > … > μ_{N+1} > 0 and the probabilities of the N cells between them. */
export interface LevelTable {
  /** N + 1 steps, decreasing; the last is the step whose bias remains. */
  readonly mu: Float64Array;
  /** N probabilities; their sum is 1. */
  readonly p: Float64Array;
  /** Σ (μₙ − μₙ₊₁)² / pₙ, which the variance bound grows with; at least (μ₁ − μ_min)², which the pairing attains. */
  readonly rho: number;
  /** What to mind about it, in words; empty for most tables. */
  readonly warnings: readonly string[];
}

/** How many levels a table gets when `count` is `"auto"`. */
export interface LevelCount {
  /** Number of levels N, or `"auto"` (default): as many as rounding allows, at most 20 in float64 and 5 in float32. */
  readonly count?: number | "auto";
  /** Precision that the loss is computed in; default `"float64"`. */
  readonly dtype?: "float64" | "float32";
  /** With `"auto"`: the noise's standard deviation at most, as a share of the directional derivative; default 0.01. */
  readonly tolerance?: number;
  /** With `"auto"`: size of the loss over that of its directional derivative; default 1. */
  readonly lossOverSlope?: number;
}

const MOST = { float64: 20, float32: 5 };
const EPSILON = { float64: 2 ** -52, float32: 2 ** -23 };

/**
 * Geometric steps μ₁, μ₁c, μ₁c², …, the default table.
 *
 * @throws InvalidInput when `mu` (first step, above 0, default 2⁻⁷), `ratio` (c in (0, 1), default ½) or `count`
 * (at least 1) is out of range.
 * @example geometricLevels({ mu: 0.1 }).mu; // 0.1, 0.05, 0.025, …
 */
export function geometricLevels(
  options: LevelCount & { readonly mu?: number; readonly ratio?: number } = {},
): LevelTable {
  const { mu = 2 ** -7, ratio = 0.5 } = options;
  checkOpen("mu", mu, 0);
  checkOpen("ratio", ratio, 0, 1);
  return counted(options, (count) => Float64Array.from({ length: count + 1 }, (_, n) => mu * ratio ** n));
}

/**
 * Steps whose cells have probabilities ∝ n^-s: μₙ = μ₁ ζ(s, n) / ζ(s). Exponents below 2.5 have tails so heavy that
 * rounding takes over, which the table's `warnings` say; 3 or more is advised.
 *
 * @throws InvalidInput when `mu` (above 0, default 2⁻⁷), `exponent` (s above 1, default 3) or `count` (at least 1) is
 * out of range.
 */
export function zipfLevels(
  options: LevelCount & { readonly mu?: number; readonly exponent?: number } = {},
): LevelTable {
  const { mu = 2 ** -7, exponent = 3 } = options;
  checkOpen("mu", mu, 0);
  checkOpen("exponent", exponent, 1);
  const levels = counted(options, (count) => {
    // From the tail backwards: a difference from 1 would lose the small steps to rounding.
    const tails = new Float64Array(count + 1);
    tails[count] = hurwitzZeta(exponent, count + 1);
    for (let n = count; n >= 1; n--) tails[n - 1] = tails[n]! + n ** -exponent;
    const whole = tails[0]!;
    return tails.map((tail) => (mu * tail) / whole);
  });
  if (exponent >= 2.5) return levels;
  const warning = `exponent is ${exponent}: below 2.5 the rare levels let rounding dominate; 3 or more is advised`;
  return { ...levels, warnings: [warning] };
}

/**
 * A table of your own: N + 1 decreasing steps and, unless given, the probabilities that pair with them best.
 *
 * @throws InvalidInput when there are fewer than two steps, they do not decrease to above 0, or the N probabilities are
 * not all above 0 with sum 1 (within 1e-12).
 * @example customLevels([0.1, 0.03, 0.001]);
 */
export function customLevels(
  mu: ArrayLike<number>,
  options: { readonly probabilities?: ArrayLike<number> } = {},
): LevelTable {
  checkVector("mu", mu);
  if (mu.length < 2) throw new InvalidInput("mu has one step: give at least 2, of which the last remains");
  for (let n = 0; n < mu.length; n++) {
    const next = n + 1 < mu.length ? mu[n + 1]! : 0;
    if (!(mu[n]! > next))
      throw new InvalidInput(
        `mu[${n}] is ${mu[n]}, followed by ${next}: give steps that decrease to above 0`,
      );
  }
  if (options.probabilities === undefined) return paired(Float64Array.from(mu));
  const p = Float64Array.from(options.probabilities);
  checkVector("probabilities", p, mu.length - 1);
  const bad = p.findIndex((share) => !(share > 0));
  if (bad >= 0) throw new InvalidInput(`probabilities[${bad}] is ${p[bad]}: give a number above 0`);
  const sum = p.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-12)
    throw new InvalidInput(`probabilities add up to ${sum}: they must add up to 1`);
  return table(Float64Array.from(mu), p);
}

/**
 * Standard deviation of the noise that independent evaluation errors of standard deviation `delta` leave in one P4
 * directional derivative.
 */
export function levelNoise({ mu, p }: LevelTable, delta: number): number {
  let sum = 2 / mu[0]! ** 2;
  for (let n = 0; n < p.length; n++) {
    const [upper, lower] = [1 / mu[n]!, 1 / mu[n + 1]!];
    sum += (lower ** 2 + upper ** 2 + (lower - upper) ** 2) / p[n]!;
  }
  return delta * Math.sqrt(sum);
}

/** The level (counted from 0) that a uniform `u` in (0, 1) picks. */
export function levelAt({ p }: LevelTable, u: number): number {
  const last = p.length - 1;
  let n = 0;
  for (let rest = u - p[0]!; rest > 0 && n < last; rest -= p[n]!) n++;
  return n;
}

/** Checks a table that came from outside. */
export function checkLevels(levels: LevelTable): LevelTable {
  if (levels?.mu === undefined || levels.p === undefined)
    throw new InvalidInput("levels is no table: make one by geometricLevels, zipfLevels or customLevels");
  return { ...customLevels(levels.mu, { probabilities: levels.p }), warnings: levels.warnings ?? [] };
}

function counted(options: LevelCount, steps: (count: number) => Float64Array): LevelTable {
  const { count = "auto", dtype = "float64", tolerance = 0.01, lossOverSlope = 1 } = options;
  if (count !== "auto") return paired(steps(checkCount("count", count)));
  const most = MOST[dtype];
  if (most === undefined) throw new InvalidInput(`dtype is ${dtype}: use float64 or float32`);
  checkOpen("tolerance", tolerance, 0);
  checkOpen("lossOverSlope", lossOverSlope, 0);
  let best = paired(steps(1));
  for (let n = 2; n <= most; n++) {
    const next = paired(steps(n));
    if (levelNoise(next, EPSILON[dtype] * lossOverSlope) > tolerance) break;
    best = next;
  }
  return best;
}

const paired = (mu: Float64Array): LevelTable => {
  const range = mu[0]! - mu.at(-1)!;
  return table(
    mu,
    Float64Array.from({ length: mu.length - 1 }, (_, n) => (mu[n]! - mu[n + 1]!) / range),
  );
};

const table = (mu: Float64Array, p: Float64Array): LevelTable => ({
  mu,
  p,
  rho: p.reduce((sum, share, n) => sum + (mu[n]! - mu[n + 1]!) ** 2 / share, 0),
  warnings: [],
});

/** ζ(s, a) = Σ_{k≥0} (a + k)^-s by Euler–Maclaurin from a + 12 on; relative error below 1e-15 for s up to 20. */
function hurwitzZeta(s: number, a: number): number {
  const b = a + 12;
  let tail = b ** (1 - s) / (s - 1) + b ** -s / 2;
  let term = s * b ** (-s - 1);
  for (const [k, bernoulli] of [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160].entries()) {
    tail += bernoulli * term;
    term *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / b ** 2;
  }
  for (let k = 11; k >= 0; k--) tail += (a + k) ** -s;
  return tail;
}
