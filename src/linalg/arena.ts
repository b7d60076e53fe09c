import { InvalidInput } from "../core/errors.ts";
import { createKernels, type Kernels } from "../wasm/index.ts";
import type { Floats } from "./checks.ts";

const ALIGNMENT = 64;
const MOST_BYTES = 2 ** 32 - 2 ** 20;

/** A fixed stretch of memory for vectors that the kernels work on in place, at full speed. */
export interface Arena {
  /** A new vector of zeros or of what `reset` left behind; throws `InvalidInput` when the arena is full. */
  float64(length: number): Float64Array<ArrayBuffer>;
  float32(length: number): Float32Array<ArrayBuffer>;
  /** Bytes that are left. */
  readonly free: number;
  /** Gives all memory back; vectors handed out before must not be used any more. */
  reset(): void;
}

/** The kernels in whose memory a buffer lies. */
const homes = new WeakMap<ArrayBufferLike, Kernels>();

/**
 * Makes an arena of `bytes` bytes (each vector begins at a multiple of 64). `dot`, `axpy`, `scal`, `nrm2` and
 * `gemv` reach the speed of a native BLAS when all their arrays lie in one arena; elsewhere they give the
 * same bits more slowly.
 *
 * @throws InvalidInput when `bytes` is not an integer from 0 to about 4 GiB.
 * @example
 * const arena = createArena(16e6);
 * const x = arena.float64(1e6), y = arena.float64(1e6);
 * axpy(0.5, x, y);
 */
export function createArena(bytes: number): Arena {
  if (!(Number.isInteger(bytes) && bytes >= 0 && bytes <= MOST_BYTES)) {
    throw new InvalidInput(`an arena of ${bytes} bytes is not possible; give an integer up to ${MOST_BYTES}`);
  }
  const capacity = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  const kernels = createKernels();
  const start = kernels === undefined ? 0 : kernels.reserve(capacity);
  const buffer = kernels === undefined ? new ArrayBuffer(capacity) : kernels.run.memory.buffer;
  if (kernels !== undefined) homes.set(buffer, kernels);
  let used = 0;
  const take = (size: number, length: number): number => {
    if (!(Number.isInteger(length) && length >= 0)) {
      throw new InvalidInput(`the length ${length} is not an integer from 0 up`);
    }
    const needed = Math.ceil((size * length) / ALIGNMENT) * ALIGNMENT;
    if (used + needed > capacity) {
      throw new InvalidInput(
        `the arena has ${capacity - used} bytes left, but the vector needs ${needed}; make a larger arena`,
      );
    }
    used += needed;
    return start + used - needed;
  };
  return {
    float64: (length) => new Float64Array(buffer, take(8, length), length),
    float32: (length) => new Float32Array(buffer, take(4, length), length),
    get free() {
      return capacity - used;
    },
    reset() {
      used = 0;
    },
  };
}

/** The kernels in whose arena all of the arrays lie, if there are any. */
export function commonHome(first: Floats, ...others: readonly Floats[]): Kernels | undefined {
  for (const other of others) if (other.buffer !== first.buffer) return undefined;
  return homes.get(first.buffer);
}
