/** Parsers of option values; a wrong value is wrong usage, exit code 2. */
import { InvalidArgumentError } from "commander";
import { InvalidInput } from "../core/errors.ts";
import { UsageError } from "./errors.ts";

export interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Parses an integer, by default at least 0; for `command.option(flags, text, integer())`. */
export function integer({
  minimum = 0,
  maximum = Number.MAX_SAFE_INTEGER,
}: Range = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError("Give an integer.");
    }
    return within(value, minimum, maximum);
  };
}

/** Parses a finite number. */
export function number({
  minimum = Number.NEGATIVE_INFINITY,
  maximum = Number.POSITIVE_INFINITY,
}: Range = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Give a number.");
    return within(value, minimum, maximum);
  };
}

/** Parses names separated by commas, each one of `allowed`, none twice. */
export function listOf<T extends string>(allowed: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const chosen: T[] = [];
    for (const part of text.split(",")) {
      const name = part.trim();
      const known = allowed.find((candidate) => candidate === name);
      if (known === undefined) {
        throw new InvalidArgumentError(`"${name}" is not one of ${allowed.join(", ")}.`);
      }
      if (chosen.includes(known)) throw new InvalidArgumentError(`"${name}" is named twice.`);
      chosen.push(known);
    }
    return chosen;
  };
}

/** Parses one of `allowed`. */
export function oneOf<T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const known = allowed.find((candidate) => candidate === text);
    if (known === undefined) throw new InvalidArgumentError(`Choose one of ${allowed.join(", ")}.`);
    return known;
  };
}

/** A parser of the library as a parser of an option: what it calls invalid is wrong usage. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof InvalidInput) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function within(value: number, minimum: number, maximum: number): number {
  if (value < minimum) throw new InvalidArgumentError(`Give at least ${minimum}.`);
  if (value > maximum) throw new InvalidArgumentError(`Give at most ${maximum}.`);
  return value;
}

/** Refuses `--threads` beside `--cluster`. */
export function checkExecutor(flags: { readonly threads?: number; readonly cluster?: string }): void {
  if (flags.threads !== undefined && flags.cluster !== undefined)
    throw new UsageError(
      "--threads and --cluster exclude each other: threads of a cluster belong to fpx worker",
    );
}
