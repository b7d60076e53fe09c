import { InvalidInput, NonFinite } from "../core/errors.ts";

/** Throws `InvalidInput` unless 0 < level < 1. */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new InvalidInput(`level is ${level}: give a number between 0 and 1, such as 0.95`);
  }
}

/** Throws `InvalidInput` unless the value is an integer of the range. */
export function checkInteger(
  name: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): void {
  if (!(Number.isSafeInteger(value) && value >= minimum && value <= maximum)) {
    const range =
      maximum === Number.MAX_SAFE_INTEGER
        ? `an integer from ${minimum} up`
        : `an integer from ${minimum} to ${maximum}`;
    throw new InvalidInput(`${name} is ${value}: give ${range}`);
  }
}

/** Throws `InvalidInput` unless low < value < high; infinite bounds are open as well. */
export function checkBetween(name: string, value: number, low: number, high: number): void {
  if (!(value > low && value < high)) {
    throw new InvalidInput(`${name} is ${value}: give a number between ${low} and ${high}, bounds excluded`);
  }
}

/** Throws `NonFinite` unless the value is a finite number. */
export function checkFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new NonFinite(`${name} is ${value}: give finite numbers only`);
}
