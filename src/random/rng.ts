import { InvalidInput } from "../core/errors.ts";
import { purposeKey, type Seed, seedKey } from "./address.ts";
import { Draws } from "./draws.ts";
import type { Filler } from "./fill.ts";
import { Stream } from "./stream.ts";

/** All randomness of a run: a family of streams, each found by its name and never by the order of calls. */
export interface Rng {
  readonly seed: Seed;
  /** The stream of (purpose, step, index); step and index are integers from 0 (default) to 2^32 - 1. */
  stream(purpose: string, step?: number, index?: number): Stream;
  /** A reader of that stream from its start. */
  draws(purpose: string, step?: number, index?: number): Draws;
}

/**
 * The streams of a seed; see `randomFormat` for the layout.
 * @throws InvalidInput when the seed is not an integer from 0 to 2^53 - 1 or a bigint below 2^64.
 * @example createRng(7).stream("direction", 3).normals(10);
 */
export function createRng(seed: Seed): Rng {
  return rngWith(seed);
}

/** As `createRng`, with a given way to compute, for tests. */
export function rngWith(seed: Seed, filler?: Filler): Rng {
  const root = seedKey(seed);
  const keys = new Map<string, readonly [number, number]>();
  const stream = (purpose: string, step = 0, index = 0): Stream => {
    let key = keys.get(purpose);
    if (key === undefined) keys.set(purpose, (key = purposeKey(root, purpose)));
    return new Stream(
      { key0: key[0], key1: key[1], step: word("step", step), index: word("index", index) },
      filler,
    );
  };
  return { seed, stream, draws: (purpose, step, index) => new Draws(stream(purpose, step, index)) };
}

function word(name: string, value: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32)) {
    throw new InvalidInput(`the stream's ${name} ${value} is not an integer from 0 to 2^32 - 1`);
  }
  return value;
}
