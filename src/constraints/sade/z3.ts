import type { init } from "z3-solver";
import { MissingDependency } from "../../core/errors.ts";
import { exact } from "../dyadic.ts";

/** The started module. */
export interface Z3 extends Pick<Awaited<ReturnType<typeof init>>, "Context"> {
  /** Runs a check; nothing else may touch the module's memory meanwhile. */
  alone<T>(check: () => Promise<T>): Promise<T>;
}

/**
 * Starts Z3 (WebAssembly; needs SharedArrayBuffer). Queries of one process wait for each other: one global lock.
 *
 * @throws MissingDependency when the package is not installed.
 */
export async function startZ3(): Promise<Z3> {
  let start: typeof init;
  try {
    ({ init: start } = await import("z3-solver"));
  } catch (cause) {
    throw new MissingDependency("z3-solver", "solving by Z3", "npm install z3-solver", { cause });
  }
  // The package frees collected objects from the main thread, also while a check runs in a worker, and the two corrupt
  // one memory. Its registry is made while it starts: here, one that waits until no check runs.
  let running = 0;
  const waiting: (() => void)[] = [];
  const Plain = globalThis.FinalizationRegistry;
  class Patient<T> extends Plain<T> {
    constructor(cleanup: (held: T) => void) {
      super((held) => {
        if (running === 0) cleanup(held);
        else waiting.push(() => cleanup(held));
      });
    }
  }
  globalThis.FinalizationRegistry = Patient;
  try {
    const { Context } = await start();
    return {
      Context,
      async alone(check) {
        running++;
        try {
          return await check();
        } finally {
          if (--running === 0) for (const free of waiting.splice(0)) free();
        }
      },
    };
  } finally {
    globalThis.FinalizationRegistry = Plain;
  }
}

/** A double as an exact SMT-LIB real. */
export function smtNumber(value: number): string {
  const { mantissa, exponent } = exact(value);
  const size = mantissa < 0n ? -mantissa : mantissa;
  const text = exponent >= 0 ? `${size << BigInt(exponent)}.0` : `(/ ${size}.0 ${1n << BigInt(-exponent)}.0)`;
  return mantissa < 0n ? `(- ${text})` : text;
}

/** Sum of coefficient * name. */
export function smtSum(terms: readonly (readonly [number, string])[]): string {
  const parts = terms
    .filter(([factor]) => factor !== 0)
    .map(([factor, name]) => `(* ${smtNumber(factor)} ${name})`);
  if (parts.length === 0) return "0.0";
  return parts.length === 1 ? parts[0]! : `(+ ${parts.join(" ")})`;
}

/** The double nearest to a fraction of whole numbers of any size. */
export function nearestDouble(numerator: bigint, denominator: bigint): number {
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  const length = (value: bigint): number => value.toString(2).length;
  const shift = BigInt(Math.max(0, 66 + length(denominator) - length(size)));
  const quotient = (size << shift) / denominator;
  // Number() of a big integer rounds to nearest; 66 bits leave no doubt about it, but for exact ties.
  const value = Number(quotient) * 2 ** -Number(shift);
  return negative ? -value : value;
}
