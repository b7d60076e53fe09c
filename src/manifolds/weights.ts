/** Weights of points. */
import { checkNonNegative, checkPositive } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";

/** Non-negative weights that add up to 1, from any non-negative ones; equal ones by default. */
export function normalised(
  name: string,
  weights: ArrayLike<number> | undefined,
  count: number,
): Float64Array {
  if (weights === undefined) return new Float64Array(count).fill(1 / count);
  if (weights.length !== count)
    throw new InvalidInput(`${name} has ${weights.length} numbers, but there are ${count} points`);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += checkNonNegative(`${name}[${i}]`, weights[i]!);
  checkPositive(`the sum of ${name}`, sum);
  return Float64Array.from(weights, (weight) => weight / sum);
}
