import { InvalidInput } from "../../core/errors.ts";
import { cholesky, eigh, gemm } from "../../linalg/index.ts";
import { leftSingular } from "./left-singular.ts";
import { smallCholesky, smallEigh, smallTimesTranspose, smallWhiten } from "./small.ts";

/** Up to these orders plain loops beat a call of the kernels (measured). */
const SMALL_EIGH = 3;
const SMALL_PRODUCT = 10;

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
  /** Lower triangle of sum += weight V f(values) V', without the base point: `unwhiten` brings it in once for many. */
  accumulate(f: (value: number) => number, weight: number, sum: Float64Array): void;
  /** E X E' with E = C V sqrt(values + offset) V' C^-1. */
  sandwich(X: Float64Array, offset: 0 | 1): Float64Array;
  /** C S C' of the symmetric matrix S whose lower triangle `fill` writes. */
  unwhiten(fill: (out: Float64Array) => void): Float64Array;
}

export function createWhitening(n: number): Whitening {
  const size = n * n;
  const factor = new Float64Array(size);
  /** C^-1. */
  const inverse = new Float64Array(size);
  const base = new Float64Array(size);
  const scratch = [new Float64Array(size), new Float64Array(size)] as const;
  const half = new Float64Array(size);
  const frame = new Float64Array(size);
  const values = new Float64Array(n);
  const vectors = new Float64Array(size);
  const out = { values, vectors };
  const cholesky_ = { out: factor };
  const transposed = { transposeB: true };

  /** product = left right'; of a symmetric one the lower triangle is enough. */
  const timesTranspose = (
    left: Float64Array,
    right: Float64Array,
    product: Float64Array,
    lower = false,
  ): void => {
    if (n <= SMALL_PRODUCT) smallTimesTranspose(left, right, n, product, lower);
    else gemm(n, n, n, left, right, { ...transposed, out: product });
  };

  /** The inverse of the factor, by rows. */
  const invert = (): void => {
    for (let i = 0; i < n; i++) {
      const row = i * n;
      const pivot = 1 / factor[row + i]!;
      for (let j = 0; j < n; j++) inverse[row + j] = 0;
      for (let k = 0; k < i; k++) {
        const c = factor[row + k]! * pivot;
        const other = k * n;
        for (let j = 0; j <= k; j++) inverse[row + j]! -= c * inverse[other + j]!;
      }
      inverse[row + i] = pivot;
    }
  };

  const mirror = (X: Float64Array, target: Float64Array): void => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) target[i * n + j] = target[j * n + i] = X[i * n + j]!;
  };

  /** left S left' of a symmetric S, made exactly symmetric. */
  const conjugate = (left: Float64Array, s: Float64Array, target: Float64Array): Float64Array => {
    timesTranspose(left, s, half);
    timesTranspose(half, left, target, true);
    mirror(target, target);
    return target;
  };

  const whiten = (X: Float64Array, place: 0 | 1): Float64Array => {
    const w = scratch[place];
    mirror(X, w);
    if (n > SMALL_PRODUCT) return conjugate(inverse, w, w);
    smallWhiten(factor, n, w);
    return w;
  };

  const decompose = (w: Float64Array): void => {
    if (n <= SMALL_EIGH && smallEigh(w, n, values, vectors)) return;
    eigh(w, n, { out });
  };

  /** frame = C V. */
  const frameOf = (): void => {
    if (n > SMALL_PRODUCT) {
      gemm(n, n, n, factor, vectors, { out: frame });
      return;
    }
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

  /** Scales column k of the frame by f(values[k]). */
  const scaled = (f: (value: number) => number, target: Float64Array): void => {
    for (let k = 0; k < n; k++) {
      const weight = f(values[k]!);
      for (let i = k; i < size; i += n) target[i] = frame[i]! * weight;
    }
  };

  return {
    values,
    base(p) {
      base.set(p);
      // A matrix without a factor gets the kernel's error.
      if (n > SMALL_PRODUCT || !smallCholesky(p, n, factor)) cholesky(p, n, cholesky_);
      if (n > SMALL_PRODUCT) invert();
    },
    whiten,
    decompose,
    decomposeRatio(q) {
      // |Q - P| <= P / 2 in every direction needs it on the diagonal.
      let near = true;
      for (let i = 0; i < size; i += n + 1) near &&= Math.abs(q[i]! - base[i]!) <= base[i]! / 2;
      if (near) {
        for (let i = 0; i < size; i++) frame[i] = q[i]! - base[i]!;
        decompose(whiten(frame, 0));
        if (values[0]! >= -0.5 && values[n - 1]! <= 0.5) return 1;
      }
      decompose(whiten(q, 0));
      if (!(values[0]! > RATIO * values[n - 1]!)) {
        // C^-1 L with Q = L L' has the roots of the eigenvalues as singular values.
        if (n <= SMALL_PRODUCT) invert();
        cholesky(q, n, { out: half });
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) frame[j * n + i] = half[i * n + j]!;
        timesTranspose(inverse, frame, half);
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
      scaled(f, half);
      const result = new Float64Array(size);
      timesTranspose(half, frame, result, true);
      mirror(result, result);
      return result;
    },
    accumulate(f, weight, sum) {
      for (let k = 0; k < n; k++) {
        const share = weight * f(values[k]!);
        for (let i = k; i < size; i += n) half[i] = vectors[i]! * share;
      }
      timesTranspose(half, vectors, scratch[0], true);
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) sum[i * n + j]! += scratch[0][i * n + j]!;
    },
    sandwich(X, offset) {
      const w = whiten(X, 1);
      // E = C V sqrt V' ; E W(X) E'
      frameOf();
      scaled((value) => Math.sqrt(offset + value), frame);
      timesTranspose(frame, vectors, scratch[0]);
      return conjugate(scratch[0], w, new Float64Array(size));
    },
    unwhiten(fill) {
      fill(scratch[0]);
      mirror(scratch[0], scratch[0]);
      return conjugate(factor, scratch[0], new Float64Array(size));
    },
  };
}
