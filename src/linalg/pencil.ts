import { InvalidInput, NonFinite, within } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { checkFiniteTriangle, checkSize } from "./checks.ts";
import { choleskyBy, solveTriangular } from "./cholesky.ts";
import { exponent } from "./eigh.ts";
import { leftSingular } from "./left-singular.ts";

import { kernelPencils, pencilsOfOrder3, plainPencils } from "./pencil-functions.ts";
import { extremeRatio, isFiniteTriangle, outOfRange, refuse } from "./pencil-range.ts";

/**
 * Functions of pencils (P, A): symmetric n by n matrices of which P is positive definite. With P = C C' and
 * C^-1 A C^-T = V diag(v) V', the frame F = C V has P = F F' and A = F diag(v) F'. The affine-invariant geometry of positive
 * definite matrices is made of them.
 *
 * P, A and X are one matrix (row-major), which then serves all pairs, or `count` of them one after another. Only lower triangles are
 * read; results are exactly symmetric and the same to the bit however many pairs are given at once. They go to `out`,
 * which may be one of the arguments. Lengths are not checked.
 *
 * Methods throw InvalidInput (code NOT_POSITIVE_DEFINITE) for a P, or an A called Q, without a Cholesky factor, and NonFinite for
 * NaN or infinity in what they are given, and where a result, or P^-1 A, would overflow or lose its digits to underflow; of
 * several pairs they name the first that is wrong.
 */
export interface Pencils {
  /** F exp(v) F'. */
  exp(count: number, p: Float64Array, a: Float64Array, out: Float64Array): void;
  /** F log(v) F' of a positive definite Q: as accurate near P as far from it. */
  log(count: number, p: Float64Array, q: Float64Array, out: Float64Array): void;
  /** E X E' with E = F sqrt(v) F^-1, which takes P to Q. */
  carry(count: number, p: Float64Array, q: Float64Array, x: Float64Array, out: Float64Array): void;
  /** The root of the sum of log(v)^2, of one pair. */
  distance(p: Float64Array, q: Float64Array): number;
  /** The sum over Q_i = points[i] of weights[i] F log(v) F'; writes their distances to `distances` too. */
  sumOfLogs(
    p: Float64Array,
    points: readonly Float64Array[],
    weights: ArrayLike<number>,
    out: Float64Array,
    distances?: Float64Array,
  ): void;
  /** tr(P^-1 X P^-1 Y) of one pair. */
  inner(p: Float64Array, x: Float64Array, y: Float64Array): number;
  /** C S C' of one matrix; `out` holds S. */
  unwhiten(p: Float64Array, out: Float64Array): void;
}

/**
 * Below this ratio of eigenvalues the smallest would be rounding error: they come from singular values then, which for
 * small orders costs so little that it is done sooner.
 */
const ratioOf = (n: number): number => (n <= 3 ? 1e-6 : 1e-9);
/** Smaller numbers lose digits, or vanish. */
const LEAST = 2 ** -1022;
/** So many numbers of a kind, and pairs at most, are worked on together: they stay in the cache. */
const CHUNK = 8192;
const MOST = 64;
/** Up to so many numbers a loop copies faster than a call (measured). */
const SHORT = 64;

/**
 * Functions of pencils of order n, with memory of their own for what lies between.
 *
 * @throws InvalidInput when n is no integer from 0 up.
 * @example
 * const out = new Float64Array(4);
 * createPencils(2).log(1, Float64Array.of(1, 0, 0, 1), Float64Array.of(Math.E, 0, 0, 1), out); // 1 0 0 0
 */
export function createPencils(n: number): Pencils {
  return pencilsBy(sharedKernels, n);
}

/** `createPencils` by the kernels there are at each call, or by plain loops; `closed`: by the closed form of order 3. */
export function pencilsBy(
  kernelsNow: () => Kernels | undefined,
  n: number,
  closed: boolean = n === 3,
): Pencils {
  checkSize("n", n);
  const size = n * n;
  const most = Math.max(1, Math.min(MOST, Math.floor(CHUNK / size)));
  let end = 0;
  const place = (length: number): number => {
    end += length;
    return end - length;
  };
  const P = place(most * size);
  const A = place(most * size);
  const X = place(most * size);
  const C = place(most * size);
  const ROWS = place(most * size);
  const VALUES = place(most * n);
  const NEAR = place(most);
  const SUM = place(size);
  const WORK = place(3 * size + 3 * n);

  // The memory, where the places begin in it, and what works on it.
  let own: Float64Array<ArrayBuffer> | undefined;
  let m = new Float64Array();
  let at = 0;
  let run = closed ? pencilsOfOrder3 : plainPencils;
  let last: Kernels | undefined;
  /** Other calls may have moved the kernels' memory, and overwritten what it held. */
  const begin = (): void => {
    const kernels = closed ? undefined : kernelsNow();
    if (kernels === undefined) {
      own ??= new Float64Array(end);
      m = own;
      return;
    }
    if (kernels !== last) run = kernelPencils(kernels);
    last = kernels;
    at = kernels.reserve(8 * end + kernels.run.gemmScratch(n, 8)) / 8;
    m = kernels.float64;
  };

  /** Copies matrices of an argument, from pair `first` on. */
  const load = (to: number, from: Float64Array, first: number, count: number): void => {
    if (from.length > size) copy(from, first * size, m, at + to, count * size);
    else for (let i = 0; i < count; i++) copy(from, 0, m, at + to + i * size, size);
  };
  const store = (out: Float64Array, first: number, count: number): void =>
    copy(m, at + A, out, first * size, count * size);

  /** Decomposes the pairs that are loaded, `count` of `all` from `first` on. */
  const decompose = (shared: boolean, ratio: boolean, first: number, count: number, all: number): void => {
    const done = run.decompose(
      m,
      n,
      count,
      at + P,
      shared,
      at + A,
      ratio,
      at + C,
      at + ROWS,
      at + VALUES,
      at + NEAR,
      at + WORK,
    );
    if (done < count)
      named(first + done, all, () => refuse(matrix(P, shared ? 0 : done), matrix(A, done), n, ratio));
    for (let i = 0; ratio && i < count; i++)
      if (m[at + NEAR + i] === 0 && !settled(m, at + VALUES + i * n, n))
        named(first + i, all, () => refine(shared ? 0 : i, i));
  };
  const matrix = (of: number, i: number): Float64Array =>
    m.subarray(at + of + i * size, at + of + (i + 1) * size);
  /** With A = L L', the singular values of C^-1 L are the roots of the eigenvalues, to more digits. */
  const refine = (base: number, i: number): void => {
    const factor = choleskyBy(undefined, matrix(A, i), n);
    const values = m.subarray(at + VALUES + i * n, at + VALUES + (i + 1) * n);
    const root = solveTriangular(matrix(C, base), n, factor);
    // Its entries are made of size 1, so that their squares stay in range.
    let largest = 0;
    for (let k = 0; k < size; k++) largest = Math.max(largest, Math.abs(root[k]!));
    const unit = 2 ** exponent(largest);
    for (let k = 0; k < size; k++) root[k]! /= unit;
    // The least singular value of a triangular matrix is below its diagonal.
    let least = 1;
    for (let k = 0; k < n; k++) least = Math.min(least, root[k * (n + 1)]!);
    leftSingular(root, n, values, matrix(ROWS, i));
    for (let k = 0; k < n; k++) {
      values[k]! *= unit;
      values[k]! *= values[k]!;
    }
    if (Math.max(...values) === Number.POSITIVE_INFINITY)
      throw extremeRatio(matrix(P, base), matrix(A, i), "overflows");
    if (Math.min(...values) >= LEAST) return;
    if ((least * Math.min(1, unit)) ** 2 < LEAST)
      throw extremeRatio(matrix(P, base), matrix(A, i), "underflows");
    throw new InvalidInput(
      "the matrix is not positive definite up to rounding: add a multiple of the identity",
      { code: "NOT_POSITIVE_DEFINITE" },
    );
  };

  /** Loads and decomposes pairs chunk by chunk. */
  const each = (
    count: number,
    p: Float64Array,
    a: Float64Array,
    ratio: boolean,
    then: (shared: boolean, first: number, chunk: number) => void,
  ): void => {
    const shared = p.length === size;
    for (let first = 0; first < count; first += most) {
      const chunk = Math.min(most, count - first);
      begin();
      load(P, p, first, shared ? 1 : chunk);
      load(A, a, first, chunk);
      decompose(shared, ratio, first, chunk, count);
      then(shared, first, chunk);
    }
  };
  const recompose = (shared: boolean, count: number): void =>
    run.recompose(m, n, count, at + C, shared, at + ROWS, at + VALUES, at + A, at + WORK);
  /** Takes the logarithms of the eigenvalues of loaded pairs. */
  const logarithms = (count: number): void => {
    let k = at + VALUES;
    for (let i = 0; i < count; i++) {
      const end = k + n;
      if (m[at + NEAR + i] === 1) for (; k < end; k++) m[k] = Math.log1p(m[k]!);
      else for (; k < end; k++) m[k] = Math.log(m[k]!);
    }
  };
  const one = (of: Float64Array, pair: number): Float64Array =>
    of.length > size ? of.subarray(pair * size, (pair + 1) * size) : of;
  /** Throws for the first of the chunk's results that is not finite; `why` makes the error of a pair. */
  const settle = (first: number, count: number, all: number, why: (pair: number) => never): void => {
    if (Number.isFinite(sumOf(m, at + A, count * size))) return;
    for (let i = 0; i < count; i++)
      if (!isFiniteTriangle(m, at + A + i * size, n)) named(first + i, all, () => why(first + i));
  };
  /** Throws for the first of the chunk's exponentials that overflows or underflows. */
  const settleExponentials = (
    first: number,
    count: number,
    all: number,
    p: Float64Array,
    x: Float64Array,
  ): void => {
    const values = (i: number): Float64Array => m.subarray(at + VALUES + i * n, at + VALUES + (i + 1) * n);
    for (let i = 0; i < count; i++) {
      const result = at + A + i * size;
      if (Math.min(...values(i)) >= LEAST && isPositive(m, result, n, 1)) continue;
      const overflows = !isFiniteTriangle(m, result, n);
      named(first + i, all, () => {
        // The exponents have been overwritten.
        const base = one(p, first + i);
        load(P, base, 0, 1);
        load(A, one(x, first + i), 0, 1);
        decompose(false, false, 0, 1, 1);
        const exponent = overflows ? Math.max(...values(0)) : Math.min(...values(0));
        throw outOfRange(
          `exp ${overflows ? "overflows" : "underflows"}: P^-1 X has the eigenvalue ${exponent.toPrecision(3)}`,
          { P: base },
          "the step is too long, take a shorter one",
        );
      });
    }
  };
  /** The norm of the values of pair i. */
  const norm = (i: number): number => {
    const begin = at + VALUES + i * n;
    let sum = 0;
    for (let k = begin; k < begin + n; k++) sum += m[k]! * m[k]!;
    return Math.sqrt(sum);
  };

  return {
    exp(count, p, a, out) {
      each(count, p, a, false, (shared, first, chunk) => {
        const end = at + VALUES + chunk * n;
        let least = 1;
        for (let k = at + VALUES; k < end; k++) {
          const value = Math.exp(m[k]!);
          if (value < least) least = value;
          m[k] = value;
        }
        recompose(shared, chunk);
        if (!(least >= LEAST && isPositive(m, at + A, n, chunk)))
          settleExponentials(first, chunk, count, p, a);
        store(out, first, chunk);
      });
    },
    log(count, p, q, out) {
      each(count, p, q, true, (shared, first, chunk) => {
        logarithms(chunk);
        recompose(shared, chunk);
        settle(first, chunk, count, (pair) => {
          throw outOfRange("log overflows", { P: one(p, pair) }, "divide both matrices by a common size");
        });
        store(out, first, chunk);
      });
    },
    carry(count, p, q, x, out) {
      each(count, p, q, true, (shared, first, chunk) => {
        for (let i = 0; i < chunk; i++) {
          const begin = at + VALUES + i * n;
          const offset = m[at + NEAR + i]!;
          for (let k = begin; k < begin + n; k++) m[k] = Math.sqrt(offset + m[k]!);
        }
        load(X, x, first, chunk);
        run.carry(m, n, chunk, at + C, shared, at + ROWS, at + VALUES, at + X, at + A, at + WORK);
        settle(first, chunk, count, (pair) => {
          checkFiniteTriangle(one(x, pair), n);
          throw outOfRange("the transported vector overflows", { X: one(x, pair) }, "divide it by its size");
        });
        store(out, first, chunk);
      });
    },
    distance(p, q) {
      let result = 0;
      each(1, p, q, true, () => {
        logarithms(1);
        result = norm(0);
      });
      return result;
    },
    sumOfLogs(p, points, weights, out, distances) {
      factor(p);
      m.fill(0, at + SUM, at + SUM + size);
      for (let first = 0; first < points.length; first += most) {
        const chunk = Math.min(most, points.length - first);
        load(P, p, 0, 1);
        for (let i = 0; i < chunk; i++) load(A + i * size, points[first + i]!, 0, 1);
        decompose(true, true, first, chunk, points.length);
        logarithms(chunk);
        for (let i = 0; i < chunk; i++) {
          if (distances) distances[first + i] = norm(i);
          const begin = at + VALUES + i * n;
          for (let k = begin; k < begin + n; k++) m[k]! *= weights[first + i]!;
        }
        run.add(m, n, chunk, at + ROWS, at + VALUES, at + SUM, at + WORK);
      }
      run.unwhiten(m, n, at + C, at + SUM, at + WORK);
      if (!isFiniteTriangle(m, at + SUM, n)) {
        for (let i = 0; i < points.length; i++)
          if (!Number.isFinite(weights[i])) throw new NonFinite(`weights[${i}] is ${weights[i]}`);
        throw outOfRange(
          "the sum of logarithms overflows",
          { P: p },
          "divide all matrices by a common size, or the weights",
        );
      }
      copy(m, at + SUM, out, 0, size);
    },
    inner(p, x, y) {
      factor(p);
      load(A, x, 0, 1);
      run.whiten(m, n, at + C, at + A, at + WORK);
      let other = A;
      if (y !== x) {
        load(X, y, 0, 1);
        run.whiten(m, n, at + C, at + X, at + WORK);
        other = X;
      }
      const result = trace(m, n, at + A, at + other);
      if (!Number.isFinite(result)) {
        for (const vector of [x, y]) checkFiniteTriangle(vector, n);
        throw outOfRange(
          "the inner product overflows",
          { P: p, X: x, Y: y },
          "divide X and Y by their sizes",
        );
      }
      return result;
    },
    unwhiten(p, out) {
      factor(p);
      load(SUM, out, 0, 1);
      run.unwhiten(m, n, at + C, at + SUM, at + WORK);
      if (!isFiniteTriangle(m, at + SUM, n)) {
        checkFiniteTriangle(out, n);
        throw outOfRange("C S C' overflows", { P: p, S: out }, "give smaller ones");
      }
      copy(m, at + SUM, out, 0, size);
    },
  };

  function factor(p: Float64Array): void {
    begin();
    load(C, p, 0, 1);
    if (!run.factor(m, n, at + C)) refuse(p, p, n, false);
  }
}

/** Whether the eigenvalues of a ratio are large enough beside one another to be trusted. */
function settled(m: Float64Array, at: number, n: number): boolean {
  let [least, largest] = [m[at]!, m[at]!];
  for (let k = at + 1; k < at + n; k++) {
    if (m[k]! < least) least = m[k]!;
    if (m[k]! > largest) largest = m[k]!;
  }
  return least > ratioOf(n) * largest && least >= LEAST;
}

/** Whether the diagonals of matrices one after another are positive, finite and lose no digits. */
function isPositive(m: Float64Array, a: number, n: number, count: number): boolean {
  for (let i = 0; i < count; i++)
    for (let k = 0; k < n; k++) {
      const entry = m[a + (i * n + k) * n + k]!;
      if (!(entry >= LEAST && entry < Number.POSITIVE_INFINITY)) return false;
    }
  return true;
}

/** The sum of numbers from a place on, in four parts: each addition waits for the one before it. */
function sumOf(m: Float64Array, from: number, length: number): number {
  const end = from + length;
  let k = from;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (; k + 3 < end; k += 4) {
    a += m[k]!;
    b += m[k + 1]!;
    c += m[k + 2]!;
    d += m[k + 3]!;
  }
  for (; k < end; k++) a += m[k]!;
  return a + b + c + d;
}

/** tr(A B) of symmetric matrices, from their lower triangles. */
function trace(m: Float64Array, n: number, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) sum += 2 * m[a + i * n + j]! * m[b + i * n + j]!;
    sum += m[a + i * n + i]! * m[b + i * n + i]!;
  }
  return sum;
}

function copy(from: Float64Array, first: number, to: Float64Array, place: number, length: number): void {
  if (length > SHORT) to.set(length === from.length ? from : from.subarray(first, first + length), place);
  else for (let k = 0; k < length; k++) to[place + k] = from[first + k]!;
}

/** Runs a check; its errors name the pair when there are several. */
const named = (pair: number, all: number, check: () => void): void =>
  all === 1 ? check() : within(`pair ${pair}`, check);
