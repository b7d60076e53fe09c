/** Kernels for matrices too small for WebAssembly's call to pay: n by n, row-major. */

/**
 * Writes the lower Cholesky factor of a symmetric matrix (its lower triangle is read) over `out`, zeros above the
 * diagonal. False when the matrix has none.
 */
export function smallCholesky(a: Float64Array, n: number, out: Float64Array): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = a[row + j]!;
      for (let k = 0; k < j; k++) sum -= out[row + k]! * out[other + k]!;
      if (j < i) out[row + j] = sum / out[other + j]!;
      else if (sum > 0 && sum < Number.POSITIVE_INFINITY) out[row + i] = Math.sqrt(sum);
      else return false;
    }
    for (let j = i + 1; j < n; j++) out[row + j] = 0;
  }
  return true;
}

/** W = C^-1 W C^-T in place, exactly symmetric, by triangular solves. */
export function smallWhiten(factor: Float64Array, n: number, w: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let k = 0; k < i; k++) {
      const c = factor[row + k]!;
      const other = k * n;
      for (let j = 0; j < n; j++) w[row + j]! -= c * w[other + j]!;
    }
    const inverse = 1 / factor[row + i]!;
    for (let j = 0; j < n; j++) w[row + j]! *= inverse;
  }
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = w[row + j]!;
      for (let k = 0; k < j; k++) sum -= w[row + k]! * factor[other + k]!;
      w[row + j] = w[other + i] = sum / factor[other + j]!;
    }
  }
}

const SWEEPS = 30;

/**
 * Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations; overwrites it.
 * False when it is not finite.
 */
export function smallEigh(a: Float64Array, n: number, values: Float64Array, vectors: Float64Array): boolean {
  vectors.fill(0);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; ; sweep++) {
    let off = 0;
    let on = 0;
    for (let i = 0; i < n; i++) {
      on += a[i * n + i]! * a[i * n + i]!;
      for (let j = 0; j < i; j++) off += a[i * n + j]! * a[i * n + j]!;
    }
    if (!(on + off < Number.POSITIVE_INFINITY)) return false;
    // Beyond it rotations change nothing that a double could hold.
    if (off <= 1e-34 * on || off < 1e-300 || sweep === SWEEPS) break;
    for (let p = 0; p < n - 1; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[q * n + p]!;
        if (apq === 0) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(1 + theta * theta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        a[p * n + p]! -= t * apq;
        a[q * n + q]! += t * apq;
        a[q * n + p] = 0;
        for (let k = 0; k < n; k++) {
          if (k !== p && k !== q) {
            const ip = k > p ? k * n + p : p * n + k;
            const iq = k > q ? k * n + q : q * n + k;
            const x = a[ip]!;
            const y = a[iq]!;
            a[ip] = c * x - s * y;
            a[iq] = s * x + c * y;
          }
          const u = vectors[k * n + p]!;
          const v = vectors[k * n + q]!;
          vectors[k * n + p] = c * u - s * v;
          vectors[k * n + q] = s * u + c * v;
        }
      }
  }
  for (let i = 0; i < n; i++) values[i] = a[i * n + i]!;
  // Insertion sort with the columns.
  for (let i = 1; i < n; i++)
    for (let j = i; j > 0 && values[j - 1]! > values[j]!; j--) {
      const value = values[j]!;
      values[j] = values[j - 1]!;
      values[j - 1] = value;
      for (let k = 0; k < n; k++) {
        const entry = vectors[k * n + j]!;
        vectors[k * n + j] = vectors[k * n + j - 1]!;
        vectors[k * n + j - 1] = entry;
      }
    }
  return true;
}

/** out = left right', or its lower triangle at least. Two rows of `right` at a time, so that sums do not wait for one another. */
export function smallTimesTranspose(
  left: Float64Array,
  right: Float64Array,
  n: number,
  out: Float64Array,
  lower: boolean,
): void {
  for (let i = 0; i < n; i++) {
    const a = i * n;
    const end = lower ? i : n;
    let j = 0;
    for (; j + 1 < n && j <= end; j += 2) {
      const b = j * n;
      let s = 0;
      let t = 0;
      for (let k = 0; k < n; k++) {
        const x = left[a + k]!;
        s += x * right[b + k]!;
        t += x * right[b + n + k]!;
      }
      out[a + j] = s;
      out[a + j + 1] = t;
    }
    if (j < n && j <= end) {
      let s = 0;
      for (let k = 0; k < n; k++) s += left[a + k]! * right[j * n + k]!;
      out[a + j] = s;
    }
  }
}
