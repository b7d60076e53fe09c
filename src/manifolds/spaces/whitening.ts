import { InvalidInput } from "../../core/errors.ts";
import { cholesky, eigh } from "../../linalg/index.ts";
import { leftSingular } from "./left-singular.ts";

/** Below this ratio of eigenvalues the smallest would be rounding error: they come from singular values then. */
const RATIO = 1e-9;

/**
 * Scratch for matrices of one order seen from a base point P = C C': W(X) = C^-1 X C^-T has the eigenvalues that all
 * operations of the affine-invariant metric are functions of. Nothing is allocated but results.
 */
export interface Whitening {
  /** Eigenvalues of the last decomposition, ascending. */
  readonly values: Float64Array;
  /** Takes P as the base point. */
  base(p: Float64Array): void;
  /** W(X) in the scratch matrix of that number (0 or 1). */
  whiten(X: Float64Array, place: 0 | 1): Float64Array;
  /** Eigenvalues and vectors V of a whitened matrix. */
  decompose(w: Float64Array): void;
  /** Decomposes W(Q), or W(Q - P) when Q is near P; returns what to add to `values`: 0, or 1. */
  decomposeRatio(q: Float64Array): 0 | 1;
  /** C V f(values) V' C'. */
  recompose(f: (value: number) => number): Float64Array;
  /** E X E' with E = C V sqrt(values + offset) V' C^-1. */
  sandwich(X: Float64Array, offset: 0 | 1): Float64Array;
  /** C S C' of the symmetric matrix S that `fill` writes. */
  unwhiten(fill: (out: Float64Array) => void): Float64Array;
}

export function createWhitening(n: number): Whitening {
  const size = n * n;
  const factor = new Float64Array(size);
  const base = new Float64Array(size);
  const scratch = [new Float64Array(size), new Float64Array(size)] as const;
  const half = new Float64Array(size);
  const frame = new Float64Array(size);
  const values = new Float64Array(n);
  const vectors = new Float64Array(size);
  const weights = new Float64Array(n);
  const roots = new Float64Array(n);
  const out = { values, vectors };
  const cholesky_ = { out: factor };

  /** out = left right' for row-major matrices. */
  const timesTranspose = (left: Float64Array, right: Float64Array, product: Float64Array): void => {
    for (let i = 0; i < n; i++) {
      const a = i * n;
      for (let j = 0; j < n; j++) {
        const b = j * n;
        let sum = 0;
        for (let k = 0; k < n; k++) sum += left[a + k]! * right[b + k]!;
        product[a + j] = sum;
      }
    }
  };

  /** C^-1 B in place, by rows. */
  const solveLeft = (b: Float64Array): void => {
    for (let i = 0; i < n; i++) {
      const row = i * n;
      for (let k = 0; k < i; k++) {
        const c = factor[row + k]!;
        const other = k * n;
        for (let j = 0; j < n; j++) b[row + j]! -= c * b[other + j]!;
      }
      const inverse = 1 / factor[row + i]!;
      for (let j = 0; j < n; j++) b[row + j]! *= inverse;
    }
  };

  /** B C^-T of which the lower triangle counts, in place; the result is symmetric. */
  const solveRight = (b: Float64Array): void => {
    for (let i = 0; i < n; i++) {
      const row = i * n;
      for (let j = 0; j <= i; j++) {
        const other = j * n;
        let sum = b[row + j]!;
        for (let k = 0; k < j; k++) sum -= b[row + k]! * factor[other + k]!;
        b[row + j] = b[other + i] = sum / factor[other + j]!;
      }
    }
  };

  const mirror = (X: Float64Array, target: Float64Array): void => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) target[i * n + j] = target[j * n + i] = X[i * n + j]!;
  };

  const whiten = (X: Float64Array, place: 0 | 1): Float64Array => {
    const w = scratch[place];
    mirror(X, w);
    solveLeft(w);
    solveRight(w);
    return w;
  };

  const decompose = (w: Float64Array): void => {
    eigh(w, n, { out });
  };

  /** frame = C V. */
  const frameOf = (): void => {
    for (let i = 0; i < n; i++) {
      const row = i * n;
      for (let j = 0; j < n; j++) frame[row + j] = 0;
      for (let k = 0; k <= i; k++) {
        const c = factor[row + k]!;
        const other = k * n;
        for (let j = 0; j < n; j++) frame[row + j]! += c * vectors[other + j]!;
      }
    }
  };

  /** left diag(weights) right' as a new symmetric matrix, from its lower triangle. */
  const congruence = (left: Float64Array): Float64Array => {
    const result = new Float64Array(size);
    for (let i = 0; i < n; i++) {
      const a = i * n;
      for (let k = 0; k < n; k++) half[a + k] = left[a + k]! * weights[k]!;
      for (let j = 0; j <= i; j++) {
        const b = j * n;
        let sum = 0;
        for (let k = 0; k < n; k++) sum += half[a + k]! * left[b + k]!;
        result[a + j] = result[b + i] = sum;
      }
    }
    return result;
  };

  /** left S left' as a new symmetric matrix. */
  const conjugate = (left: Float64Array, s: Float64Array): Float64Array => {
    timesTranspose(left, s, half);
    const result = new Float64Array(size);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += half[i * n + k]! * left[j * n + k]!;
        result[i * n + j] = result[j * n + i] = sum;
      }
    return result;
  };

  return {
    values,
    base(p) {
      base.set(p);
      cholesky(p, n, cholesky_);
    },
    whiten,
    decompose,
    decomposeRatio(q) {
      // |Q - P| <= P / 2 in every direction needs it on the diagonal.
      let near = true;
      for (let i = 0; i < size; i += n + 1) near &&= Math.abs(q[i]! - base[i]!) <= base[i]! / 2;
      if (near) {
        for (let i = 0; i < size; i++) half[i] = q[i]! - base[i]!;
        decompose(whiten(half, 0));
        if (values[0]! >= -0.5 && values[n - 1]! <= 0.5) return 1;
      }
      decompose(whiten(q, 0));
      if (!(values[0]! > RATIO * values[n - 1]!)) {
        cholesky(q, n, { out: half });
        solveLeft(half);
        leftSingular(half, n, values, vectors);
        for (let i = 0; i < n; i++) values[i]! *= values[i]!;
      }
      if (!(values[0]! > 0))
        throw new InvalidInput(
          "the matrix is not positive definite up to rounding: add a multiple of the identity",
          {
            code: "NOT_POSITIVE_DEFINITE",
          },
        );
      return 0;
    },
    recompose(f) {
      frameOf();
      for (let k = 0; k < n; k++) weights[k] = f(values[k]!);
      return congruence(frame);
    },
    sandwich(X, offset) {
      const w = whiten(X, 1);
      for (let k = 0; k < n; k++) roots[k] = Math.sqrt(offset + values[k]!);
      // E = C V sqrt V' ; E W(X) E'
      frameOf();
      for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) frame[i * n + k]! *= roots[k]!;
      timesTranspose(frame, vectors, scratch[0]);
      return conjugate(scratch[0], w);
    },
    unwhiten(fill) {
      fill(scratch[0]);
      return conjugate(factor, scratch[0]);
    },
  };
}
