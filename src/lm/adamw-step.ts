/**
 * AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019; the formula of PyTorch), over typed arrays.
 * At step t, counted from 1, for each number p with gradient g:
 *
 *   m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
 *   p ← p(1 − rate·decay) − rate · (m / (1 − β₁ᵗ)) / (sqrt(v / (1 − β₂ᵗ)) + ε)
 */

import { InvalidInput } from "../core/errors.ts";
import { type AdamNumbers, adam } from "../linalg/index.ts";

/** The constants of AdamW. */
export interface AdamwOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay per unit of learning rate. Default 0.01. */
  readonly weightDecay?: number;
  /** Gradients are scaled down so that their norm over all parameters is at most this. Default: no clipping. */
  readonly maximumNorm?: number;
}

const defaults = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maximumNorm: Number.POSITIVE_INFINITY,
};

/** The options with their defaults; throws `InvalidInput` for what is out of range. */
export function checkedAdamw(options: AdamwOptions): Required<AdamwOptions> {
  const all = { ...defaults, ...options };
  const inside = (name: "beta1" | "beta2"): void => {
    if (!(all[name] >= 0 && all[name] < 1))
      throw new InvalidInput(`AdamW: ${name} must be in [0, 1), got ${all[name]}`);
  };
  inside("beta1");
  inside("beta2");
  if (!(all.epsilon > 0)) throw new InvalidInput(`AdamW: epsilon must be above 0, got ${all.epsilon}`);
  if (!(all.weightDecay >= 0))
    throw new InvalidInput(`AdamW: weightDecay must not be negative, got ${all.weightDecay}`);
  if (!(all.maximumNorm > 0))
    throw new InvalidInput(`AdamW: maximumNorm must be above 0, got ${all.maximumNorm}`);
  return all;
}

/** Numbers under AdamW with their moments; arrays of equal length, changed in place. */
export type AdamwNumbers = AdamNumbers;

/** One AdamW step over typed arrays in place; `step` counts from 1. Clipping takes the norm of this gradient alone. */
export function adamwStep(
  numbers: AdamwNumbers,
  gradient: ArrayLike<number>,
  step: number,
  learningRate: number,
  options: AdamwOptions = {},
): void {
  const constants = checkedAdamw(options);
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) squares += gradient[i]! ** 2;
  const { maximumNorm } = constants;
  const clip = Number.isFinite(maximumNorm) ? Math.min(1, maximumNorm / (Math.sqrt(squares) + 1e-6)) : 1;
  adam(numbers, gradient, step, learningRate, constants, clip);
}
