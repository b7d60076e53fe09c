import { InvalidInput, NonFinite } from "../core/errors.ts";

export function checkCount(name: string, value: number, least = 1): number {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw new InvalidInput(`${name} is ${value}: give a whole number of at least ${least}`);
  return value;
}

export function checkPositive(name: string, value: number): number {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidInput(`${name} is ${value}: give a finite number above 0`);
  return value;
}

export function checkNonNegative(name: string, value: number): number {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidInput(`${name} is ${value}: give a finite number of at least 0`);
  return value;
}

export function checkFinite(name: string, value: number): number {
  if (!Number.isFinite(value)) throw new NonFinite(`${name} is ${value}`);
  return value;
}

export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value))
    throw new InvalidInput(`${name} is ${JSON.stringify(value)}: use one of ${choices.join(", ")}`);
  return value;
}

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
