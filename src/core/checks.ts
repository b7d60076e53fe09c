/** Checks of options and arguments that rooms share: each says the name, the value and the range that is allowed. */
import { InvalidInput, NonFinite } from "./errors.ts";

export function checkCount(
  name: string,
  value: number,
  least: number = 1,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!(Number.isSafeInteger(value) && value >= least && value <= most)) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidInput(`${name} is ${value}: give a whole number ${range}`);
  }
  return value;
}

/** A finite number above `above` and, when given, below `below`. */
export function checkOpen(name: string, value: number, above: number, below?: number): number {
  if (!(value > above && value < (below ?? Number.POSITIVE_INFINITY)))
    throw new InvalidInput(
      `${name} is ${value}: give a ${below === undefined ? "finite number" : "number"} above ${above}${below === undefined ? "" : ` and below ${below}`}`,
    );
  return value;
}

/** A number from `least` up to, not including, `below`. */
export function checkShare(name: string, value: number, least = 0, below = 1): number {
  if (!(value >= least && value < below))
    throw new InvalidInput(`${name} is ${value}: give a number in [${least}, ${below})`);
  return value;
}

export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value))
    throw new InvalidInput(`${name} is ${JSON.stringify(value)}: use one of ${choices.join(", ")}`);
  return value;
}

/** A vector of finite numbers, of the given length where there is one. */
export function checkVector(name: string, value: ArrayLike<number>, length?: number): void {
  if (length === undefined && !(value?.length >= 1))
    throw new InvalidInput(`${name} is empty: its dimension must be at least 1`);
  if (length !== undefined && value?.length !== length)
    throw new InvalidInput(`${name} has length ${value?.length}, but needs ${length}`);
  for (let i = 0; i < value.length; i++)
    if (!Number.isFinite(value[i])) throw new NonFinite(`${name} is ${value[i]} in place ${i}`);
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
