import { InvalidInput } from "../core/errors.ts";
import type { Floats } from "./checks.ts";

/** Numbers under Adam with their moments; arrays of equal length, changed in place. */
export interface AdamNumbers {
  readonly values: Floats;
  readonly m: Floats;
  readonly v: Floats;
}

/** The constants of Adam with decoupled weight decay. */
export interface AdamConstants {
  /** Decay of the first moment. */
  readonly beta1: number;
  /** Decay of the second moment. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** Decoupled weight decay per unit of learning rate. */
  readonly weightDecay: number;
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019, the formula of PyTorch) over typed arrays in place; `step` counts from 1,
 * the gradient counts `clip`-fold (default 1).
 *
 * @throws InvalidInput when lengths differ.
 */
export function adam(
  { values, m, v }: AdamNumbers,
  gradient: ArrayLike<number>,
  step: number,
  rate: number,
  { beta1, beta2, epsilon, weightDecay }: AdamConstants,
  clip = 1,
): void {
  const n = values.length;
  if (m.length !== n || v.length !== n || gradient.length !== n) {
    throw new InvalidInput(
      `AdamW: lengths differ: ${n} values, ${m.length} and ${v.length} moments, ${gradient.length} gradients`,
    );
  }
  const root2 = Math.sqrt(1 - beta2 ** step);
  const stepSize = (rate * root2) / (1 - beta1 ** step);
  for (let i = 0; i < n; i++) {
    const g = gradient[i]! * clip;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    values[i] =
      values[i]! * (1 - rate * weightDecay) - (stepSize * m[i]!) / (Math.sqrt(v[i]!) + root2 * epsilon);
  }
}
