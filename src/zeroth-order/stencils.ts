/**
 * Every estimator is a random stencil: a few steps along a direction v, and weights that turn the losses there into an
 * estimate of the directional derivative v·∇f. Two-point forms come out of a fixed stencil; P1 to P4 (Ma & Huang 2025,
 * section 2, with the weights that make them unbiased) draw a level and a branch first.
 */
import { InvalidInput } from "../core/errors.ts";
import { type LevelTable, levelAt } from "./levels.ts";

/**
 * `central` and `forward` differences; `p4`, the unbiased default, and `p3`, unbiased with twice the variance; `p2` and
 * `p1`, of interest in theory only: their variance grows without bound in the number of levels; `onePoint` and
 * `residual` with one evaluation a draw.
 */
export type Method = (typeof METHODS)[number];

export const METHODS = ["central", "forward", "p4", "p3", "p2", "p1", "onePoint", "residual"] as const;

/** Losses f(x + steps[j] v) and what to make of them. */
export interface Stencil {
  readonly steps: readonly number[];
  /** With one step the estimate is weights[0] f; with more it is Σ weights[j] (f_j − f_0), so weights[0] is not used. */
  readonly weights: readonly number[];
  /** The level that was drawn, counted from 1; 0 where there is none. */
  readonly level: number;
}

/** What fixes the stencils of a method. */
export interface StencilRule {
  readonly method: Method;
  /** The step of methods without levels. */
  readonly mu: number;
  readonly levels: LevelTable;
  /** P3: probability of the branch without levels. */
  readonly branch: number;
  /** P3 to P1 without the compensation of their branches, as printed: the mean is then a half, a third, a quarter. */
  readonly paperWeights: boolean;
}

/** Whether a method draws levels. */
export const usesLevels = (method: Method): boolean => /^p\d$/.test(method);

/** Most losses that `count` directions of one estimate take; f(x) is shared. */
export function mostEvaluations(method: Method, count: number): number {
  const [shared, own] = {
    central: [0, 2],
    forward: [1, 1],
    p4: [1, 3],
    p3: [1, 2],
    p2: [1, 1],
    p1: [0, 1],
    onePoint: [0, 1],
    residual: [0, 1],
  }[method] as [number, number];
  return shared + count * own;
}

/** The stencil that two uniforms pick, one for the level and one for the branch; `scale` multiplies all steps. */
export function stencilAt(rule: StencilRule, u: number, uBranch: number, scale = 1): Stencil {
  const { method, levels, branch, paperWeights } = rule;
  const mu = rule.mu * scale;
  switch (method) {
    case "central":
      return { steps: [-mu, mu], weights: [0, 0.5 / mu], level: 0 };
    case "forward":
      return { steps: [0, mu], weights: [0, 1 / mu], level: 0 };
    case "onePoint":
    case "residual":
      return { steps: [mu], weights: [1 / mu], level: 0 };
  }
  const n = levelAt(levels, u);
  const level = n + 1;
  const [first, upper, lower] = [levels.mu[0]! * scale, levels.mu[n]! * scale, levels.mu[n + 1]! * scale];
  const p = levels.p[n]!;
  switch (method) {
    case "p4": {
      if (n > 0)
        return {
          steps: [0, first, upper, lower],
          weights: [0, 1 / first, -1 / (upper * p), 1 / (lower * p)],
          level,
        };
      // D(μ₁) takes part twice; on a table of one level it drops out.
      if (levels.p.length === 1) return { steps: [0, lower], weights: [0, 1 / lower], level };
      return { steps: [0, first, lower], weights: [0, (1 - 1 / p) / first, 1 / (lower * p)], level };
    }
    case "p3": {
      if (uBranch < branch)
        return { steps: [0, first], weights: [0, (paperWeights ? 1 : 1 / branch) / first], level: 0 };
      const factor = (paperWeights ? 1 : 1 / (1 - branch)) / p;
      return { steps: [0, upper, lower], weights: [0, -factor / upper, factor / lower], level };
    }
    case "p2": {
      const factor = paperWeights ? 1 : 3;
      if (uBranch < 1 / 3) return { steps: [0, first], weights: [0, factor / first], level: 0 };
      const step = uBranch < 2 / 3 ? lower : upper;
      return { steps: [0, step], weights: [0, (step === lower ? factor : -factor) / (step * p)], level };
    }
    case "p1": {
      const factor = paperWeights ? 1 : 4;
      const one = (step: number, weight: number) => ({ steps: [step], weights: [factor * weight], level });
      if (uBranch < 1 / 4) return one(0, -(1 / first + (1 / lower - 1 / upper) / p));
      if (uBranch < 2 / 4) return one(first, 1 / first);
      return uBranch < 3 / 4 ? one(lower, 1 / (lower * p)) : one(upper, -1 / (upper * p));
    }
  }
}

/** The estimate of v·∇f from the losses at the stencil's steps. */
export function slopeOf({ weights }: Stencil, losses: ArrayLike<number>): number {
  if (weights.length === 1) return weights[0]! * losses[0]!;
  let sum = 0;
  for (let j = 1; j < weights.length; j++) sum += weights[j]! * (losses[j]! - losses[0]!);
  return sum;
}

/** Throws `InvalidInput` where P1 or P2 is asked for without a table of the caller's own. */
export function checkTheoryOnly(method: Method, levels: LevelTable | undefined): void {
  if ((method === "p1" || method === "p2") && levels === undefined)
    throw new InvalidInput(
      `method is "${method}", which has no finite mean over endless levels: give levels, a finite table; use p4 for real work`,
    );
}
