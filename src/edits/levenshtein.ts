import { InvalidInput } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";

/** Token ids; they are compared as 32-bit words, so -1 in an Int32Array equals 2^32 - 1 in a Uint32Array. */
export type Tokens = Int32Array | Uint32Array | readonly number[];

/** Options of `levenshtein` and `levenshteinAll`. */
export interface LevenshteinOptions {
  /** Distances above it come out as `max + 1`, sooner. Default: no limit. */
  readonly max?: number;
}

const NO_LIMIT = 0xffffffff;
/** Tokens that go to the kernel at a time. */
const BATCH = 1 << 18;

/**
 * The least number of tokens inserted, deleted or substituted that turns a into b (Levenshtein distance),
 * by bit-parallel columns (Myers 1999, Hyyro 2003).
 *
 * @throws InvalidInput when a plain array holds something else than 32-bit integers, or `max` is negative.
 * @example levenshtein([1, 2, 3], [1, 3]); // 1
 */
export function levenshtein(a: Tokens, b: Tokens, options: LevenshteinOptions = {}): number {
  return levenshteinAll([[a, b]], options)[0]!;
}

/** The distances of many pairs at once, faster than one by one; throws as `levenshtein` does. */
export function levenshteinAll(
  pairs: readonly (readonly [Tokens, Tokens])[],
  options: LevenshteinOptions = {},
): Uint32Array {
  return levenshteinBy(sharedKernels(), pairs, options);
}

/** `levenshteinAll` by the given kernels, or by plain loops. */
export function levenshteinBy(
  kernels: Kernels | undefined,
  pairs: readonly (readonly [Tokens, Tokens])[],
  options: LevenshteinOptions = {},
): Uint32Array {
  const most = limit(options.max);
  for (const [a, b] of pairs) {
    checkTokens(a);
    checkTokens(b);
  }
  const distances = new Uint32Array(pairs.length);
  if (kernels === undefined) {
    pairs.forEach(([a, b], i) => {
      distances[i] = Math.min(plainLevenshtein(a, b), most + 1);
    });
    return distances;
  }
  for (let start = 0; start < pairs.length; ) {
    let tokens = 0;
    let longest = 0;
    let end = start;
    for (; end < pairs.length && (tokens < BATCH || end === start); end++) {
      const [a, b] = pairs[end]!;
      tokens += a.length + b.length;
      longest = Math.max(longest, a.length, b.length);
    }
    kernelLevenshtein(kernels, pairs, start, end, tokens, longest, most, distances);
    start = end;
  }
  return distances;
}

function kernelLevenshtein(
  kernels: Kernels,
  pairs: readonly (readonly [Tokens, Tokens])[],
  start: number,
  end: number,
  tokens: number,
  longest: number,
  most: number,
  distances: Uint32Array,
): void {
  const count = end - start;
  const base = kernels.reserve(4 * (3 * count + tokens) + kernels.run.levenshteinScratch(longest));
  const memory = kernels.uint32;
  const lengths = base / 4;
  const out = lengths + 2 * count;
  const text = out + count;
  let next = text;
  for (let i = 0; i < count; i++) {
    const [a, b] = pairs[start + i]!;
    memory[lengths + 2 * i] = a.length;
    memory[lengths + 2 * i + 1] = b.length;
    memory.set(a, next);
    memory.set(b, next + a.length);
    next += a.length + b.length;
  }
  kernels.run.levenshtein(4 * text, base, count, 4 * out, most, 4 * next);
  distances.set(memory.subarray(out, text), start);
}

/** The kernel's twin, with 32-bit words. */
function plainLevenshtein(a: Tokens, b: Tokens): number {
  let start = 0;
  let m = a.length;
  let n = b.length;
  while (start < m && start < n && (a[start]! | 0) === (b[start]! | 0)) start++;
  while (m > start && n > start && (a[m - 1]! | 0) === (b[n - 1]! | 0)) {
    m--;
    n--;
  }
  m -= start;
  n -= start;
  if (m === 0 || n === 0) return m + n;

  const words = Math.ceil(m / 32);
  const rows = new Map<number, Int32Array>();
  for (let i = 0; i < m; i++) {
    const symbol = a[start + i]! | 0;
    let row = rows.get(symbol);
    if (row === undefined) rows.set(symbol, (row = new Int32Array(words)));
    row[i >>> 5]! |= 1 << i;
  }
  const none = new Int32Array(words);
  // Bits that say where the difference down the column is +1 (p) and -1 (q).
  const p = new Int32Array(words).fill(-1);
  const q = new Int32Array(words);
  let distance = m;
  for (let j = 0; j < n; j++) {
    const row = rows.get(b[start + j]! | 0) ?? none;
    let plus = 1;
    let minus = 0;
    for (let w = 0; w < words; w++) {
      const down = p[w]!;
      const up = q[w]!;
      const match = row[w]!;
      const x = match | up;
      const e = match | minus;
      const h = (((e & down) + down) ^ down) | e;
      const t = up | ~(h | down);
      const d = down & h;
      const last = w === words - 1 ? (m - 1) & 31 : 31;
      const right = (t << 1) | plus;
      const left = (d << 1) | minus;
      plus = (t >>> last) & 1;
      minus = (d >>> last) & 1;
      p[w] = left | ~(x | right);
      q[w] = right & x;
    }
    distance += plus - minus;
  }
  return distance;
}

function limit(max: number | undefined): number {
  if (max === undefined || max === Number.POSITIVE_INFINITY) return NO_LIMIT;
  if (!(Number.isInteger(max) && max >= 0)) {
    throw new InvalidInput(`max is ${max}, but must be an integer from 0 up`);
  }
  return Math.min(max, NO_LIMIT - 1);
}

/** Throws `InvalidInput` for a plain array that holds something else than 32-bit integers. */
export function checkTokens(tokens: Tokens): void {
  if (!Array.isArray(tokens)) return;
  for (let i = 0; i < tokens.length; i++) {
    const id: unknown = tokens[i];
    if (typeof id !== "number" || ((id | 0) !== id && id >>> 0 !== id)) {
      throw new InvalidInput(`token ${i} is ${String(id)}, but token ids are 32-bit integers`);
    }
  }
}
