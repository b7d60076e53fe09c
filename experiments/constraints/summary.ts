import type { Verdict } from "fpx/experiments";

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v, 0) / values.length;

export const seedsFrom = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => seed + i);

/** Lets signals and the progress display through. Throws when the run shall stop. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal?.throwIfAborted();
}

export const verdict = (holds: boolean): Verdict => (holds ? "reproduced" : "not");

/** What a computation gives, and how long it took. */
export async function timed<T>(
  run: () => Promise<T> | T,
): Promise<{ readonly value: T; readonly milliseconds: number }> {
  const start = performance.now();
  const value = await run();
  return { value, milliseconds: performance.now() - start };
}
