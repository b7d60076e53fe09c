import { InvalidInput } from "../core/errors.ts";
import { sharedKernels } from "../wasm/index.ts";
import type { StreamAddress } from "./address.ts";
import { type Filler, type Floats, kernelFiller, type Law, typescriptFiller } from "./fill.ts";
import { mulHigh, philox } from "./philox.ts";

/** Below this many elements a call into the kernels costs more than it saves. */
const FEW = 48;

/**
 * Random numbers at fixed places: element i of a stream is the same whenever and wherever it is asked for, so
 * nothing depends on the order of calls. All methods read the same words: take one stream for each use.
 * Methods that take `out` accept an array to fill or a length (then a new Float64Array is made), and return
 * the array; `offset` is the stream's element that comes first.
 *
 * @example createRng(7).stream("direction", step).signs(dimension);
 */
export class Stream {
  readonly #address: StreamAddress;
  readonly #filler: Filler | undefined;

  /** For `createRng` and tests; without `filler` the fastest available is taken at each call. */
  constructor(address: StreamAddress, filler?: Filler) {
    this.#address = address;
    this.#filler = filler;
  }

  /** Uniform 32-bit words. */
  words(out: number | Uint32Array, offset = 0): Uint32Array {
    const words = typeof out === "number" ? new Uint32Array(length(out)) : out;
    this.#fillerFor(words.length).words(words, this.#address, place(offset));
    return words;
  }

  /** Standard normals. */
  normals(out: number, offset?: number): Float64Array;
  normals<T extends Floats>(out: T, offset?: number): T;
  normals(out: number | Floats, offset = 0): Floats {
    return this.#draw("normal", floats(out), 1, offset, false);
  }

  /** +1 or -1 with equal probability (Rademacher). */
  signs(out: number, offset?: number): Float64Array;
  signs<T extends Floats>(out: T, offset?: number): T;
  signs(out: number | Floats, offset = 0): Floats {
    return this.#draw("sign", floats(out), 1, offset, false);
  }

  /** Uniforms in the open interval (0, 1): 2^52 values in float64, 2^23 in float32. */
  uniforms(out: number, offset?: number): Float64Array;
  uniforms<T extends Floats>(out: T, offset?: number): T;
  uniforms(out: number | Floats, offset = 0): Floats {
    const values = floats(out);
    if (values instanceof Float32Array) {
      const words = this.words(values.length, offset);
      for (let i = 0; i < values.length; i++) values[i] = ((words[i]! >>> 9) + 0.5) * 2 ** -23;
    } else {
      const words = this.words(2 * values.length, 2 * place(offset));
      for (let i = 0; i < values.length; i++) values[i] = uniform(words[2 * i]!, words[2 * i + 1]!);
    }
    return values;
  }

  /** Integers from 0 to `bound - 1`, each exactly equally likely; `bound` is at most 2^32. */
  integers(bound: number, out: number | Uint32Array, offset = 0): Uint32Array {
    checkBound(bound);
    const values = this.words(out, offset);
    const spare = new Uint32Array(4);
    for (let i = 0; i < values.length; i++) values[i] = this.#below(bound, values[i]!, offset + i, spare);
    return values;
  }

  /** A uniform point of the sphere of that radius (default 1) around 0, of dimension `out` or `out.length` >= 1. */
  sphere(out: number, radius?: number): Float64Array;
  sphere<T extends Floats>(out: T, radius?: number): T;
  sphere(out: number | Floats, radius = 1): Floats {
    const point = floats(out);
    if (point.length === 0) throw new InvalidInput("a sphere needs a dimension of at least 1, got 0");
    if (!(radius >= 0 && radius < Number.POSITIVE_INFINITY)) {
      throw new InvalidInput(`the radius ${radius} is not a finite number from 0 up`);
    }
    this.#draw("normal", point, 1, 0, false);
    let square = 0;
    for (const z of point) square += z * z;
    const scale = radius / Math.sqrt(square);
    for (let i = 0; i < point.length; i++) point[i]! *= scale;
    return point;
  }

  /** The numbers 0 to n - 1 in random order, each order equally likely (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = new Uint32Array(length(n));
    const words = this.words(n);
    const spare = new Uint32Array(4);
    for (let k = 0; k < n; k++) order[k] = k;
    for (let k = n - 1; k > 0; k--) {
      const j = this.#below(k + 1, words[k]!, k, spare);
      const other = order[j]!;
      order[j] = order[k]!;
      order[k] = other;
    }
    return order;
  }

  /**
   * `theta += scale * z` in place, with z normal (default) or signs; z need not be stored, and the same call
   * with `-scale` takes it back but for rounding. For a Float32Array `scale` is rounded to float32, as is
   * every operation. Long parameter lists may be treated piece by piece by means of `offset`.
   */
  perturb<T extends Floats>(
    theta: T,
    scale: number,
    options: { readonly law?: Law; readonly offset?: number } = {},
  ): T {
    const { law = "normal", offset = 0 } = options;
    if (law !== "normal" && law !== "sign") {
      throw new InvalidInput(`unknown law ${JSON.stringify(law)}; use "normal" or "sign"`);
    }
    if (!Number.isFinite(scale)) throw new InvalidInput(`the scale ${scale} is not a finite number`);
    return this.#draw(law, theta, scale, offset, true);
  }

  #draw<T extends Floats>(law: Law, out: T, scale: number, offset: number, add: boolean): T {
    const factor = out instanceof Float32Array ? Math.fround(scale) : scale;
    this.#fillerFor(out.length).draw(law, out, this.#address, place(offset), factor, add);
    return out;
  }

  #fillerFor(count: number): Filler {
    if (this.#filler !== undefined) return this.#filler;
    const kernels = count > FEW ? sharedKernels() : undefined;
    return kernels === undefined ? typescriptFiller : kernelFiller(kernels);
  }

  /** Lemire's multiplication; the few words that would make it unfair are replaced by later attempts. */
  #below(bound: number, word: number, element: number, spare: Uint32Array): number {
    const unfair = 2 ** 32 % bound;
    const { key0, key1, step, index } = this.#address;
    const block = Math.floor(element / 4);
    for (let attempt = 1; Math.imul(word, bound) >>> 0 < unfair; attempt++) {
      philox(block, Math.floor(block / 2 ** 32) + attempt * 2 ** 20, step, index, key0, key1, spare);
      word = spare[element % 4]!;
    }
    return bound === 2 ** 32 ? word : mulHigh(word, bound) >>> 0;
  }
}

/** The uniform of two words, in (0, 1). */
export function uniform(low: number, high: number): number {
  return ((high >>> 12) * 2 ** 32 + (((high << 20) | (low >>> 12)) >>> 0) + 0.5) * 2 ** -52;
}

/** Throws `InvalidInput` unless `bound` is an integer from 1 to 2^32. */
export function checkBound(bound: number): void {
  if (!(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32)) {
    throw new InvalidInput(`the bound ${bound} is not an integer from 1 to 2^32`);
  }
}

function floats(out: number | Floats): Floats {
  return typeof out === "number" ? new Float64Array(length(out)) : out;
}

function length(n: number): number {
  if (!(Number.isInteger(n) && n >= 0 && n < 2 ** 32)) {
    throw new InvalidInput(`the length ${n} is not an integer from 0 to 2^32 - 1`);
  }
  return n;
}

function place(offset: number): number {
  if (!(Number.isSafeInteger(offset) && offset >= 0)) {
    throw new InvalidInput(`the offset ${offset} is not an integer from 0 to 2^53 - 1`);
  }
  return offset;
}
