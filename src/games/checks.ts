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

export function checkVector(name: string, value: ArrayLike<number>, length: number): void {
  if (value?.length !== length)
    throw new InvalidInput(`${name} has length ${value?.length}, but needs ${length}`);
  for (let i = 0; i < length; i++)
    if (!Number.isFinite(value[i])) throw new NonFinite(`${name} is ${value[i]} in place ${i}`);
}

export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value))
    throw new InvalidInput(`${name} is ${JSON.stringify(value)}: use one of ${choices.join(", ")}`);
  return value;
}
