import type { PencilFunctions } from "./pencil-functions.ts";
import { NEAR, plainDecompose } from "./pencil-twin.ts";

/**
 * The functions of `kernels/pencil.ts` for matrices of order 3, in local variables: calls and loops would take longer than
 * the arithmetic. Places are elements of the memory `m`.
 */
export const decompose3: PencilFunctions["decompose"] = (
  m,
  _n,
  count,
  p,
  shared,
  a,
  ratio,
  c,
  rows,
  values,
  near,
  work,
) => {
  for (let item = 0; item < count; item++) {
    const own = a + 9 * item;
    const w = rows + 9 * item;
    const [from, factor] = shared ? [p, c] : [p + 9 * item, c + 9 * item];
    if ((item === 0 || !shared) && !factor3(m, from, factor)) return item;
    whiten3(m, factor, m[own]!, m[own + 3]!, m[own + 4]!, m[own + 6]!, m[own + 7]!, m[own + 8]!, w);
    let close = 0;
    if (ratio) {
      const x = m[w]! - 1;
      const y = m[w + 4]! - 1;
      const z = m[w + 8]! - 1;
      const off = m[w + 3]! ** 2 + m[w + 6]! ** 2 + m[w + 7]! ** 2;
      if (x * x + y * y + z * z + 2 * off <= NEAR) {
        close = 1;
        whiten3(
          m,
          factor,
          m[own]! - m[from]!,
          m[own + 3]! - m[from + 3]!,
          m[own + 4]! - m[from + 4]!,
          m[own + 6]! - m[from + 6]!,
          m[own + 7]! - m[from + 7]!,
          m[own + 8]! - m[from + 8]!,
          w,
        );
      }
    }
    m[near + item] = close;
    // The general way scales numbers that are too large or small to be squared.
    if (
      !eigh3(m, w, values + 3 * item) &&
      plainDecompose(m, 3, 1, from, false, own, ratio, factor, w, values + 3 * item, near + item, work) === 0
    )
      return item;
  }
  return count;
};

/** The lower Cholesky factor; false when there is none. */
function factor3(m: Float64Array, p: number, c: number): boolean {
  const d = m[p]!;
  const l00 = Math.sqrt(d);
  const l10 = m[p + 3]! / l00;
  const e = m[p + 4]! - l10 * l10;
  const l11 = Math.sqrt(e);
  const l20 = m[p + 6]! / l00;
  const l21 = (m[p + 7]! - l20 * l10) / l11;
  const f = m[p + 8]! - (l20 * l20 + l21 * l21);
  const l22 = Math.sqrt(f);
  m[c] = l00;
  m[c + 1] = 0;
  m[c + 2] = 0;
  m[c + 3] = l10;
  m[c + 4] = l11;
  m[c + 5] = 0;
  m[c + 6] = l20;
  m[c + 7] = l21;
  m[c + 8] = l22;
  return d > 0 && e > 0 && f > 0 && l00 + l11 + l22 < Number.POSITIVE_INFINITY;
}

/** The lower triangle of C^-1 A C^-T, by two triangular solves. */
function whiten3(
  m: Float64Array,
  c: number,
  a00: number,
  a10: number,
  a11: number,
  a20: number,
  a21: number,
  a22: number,
  out: number,
): void {
  const l10 = m[c + 3]!;
  const l20 = m[c + 6]!;
  const l21 = m[c + 7]!;
  const i0 = 1 / m[c]!;
  const i1 = 1 / m[c + 4]!;
  const i2 = 1 / m[c + 8]!;
  const y00 = a00 * i0;
  const y01 = a10 * i0;
  const y02 = a20 * i0;
  const y10 = (a10 - l10 * y00) * i1;
  const y11 = (a11 - l10 * y01) * i1;
  const y12 = (a21 - l10 * y02) * i1;
  const w10 = y10 * i0;
  const w20 = (a20 - l20 * y00 - l21 * y10) * i2 * i0;
  const w21 = ((a21 - l20 * y01 - l21 * y11) * i2 - l10 * w20) * i1;
  m[out] = y00 * i0;
  m[out + 3] = w10;
  m[out + 4] = (y11 - l10 * w10) * i1;
  m[out + 6] = w20;
  m[out + 7] = w21;
  m[out + 8] = ((a22 - l20 * y02 - l21 * y12) * i2 - l20 * w20 - l21 * w21) * i2;
}

/** Squares below this have lost digits. */
const UNDERFLOW = 1e-280;
/** cos(acos(y) / 3) on [0, 1] to 4.1e-5 (Chebyshev interpolation). */
const ROOT = [0.866066, 0.16533, -0.040691, 0.00932] as const;

/**
 * Eigenvalues, and eigenvectors in rows over the lower triangle at `w`, in closed form; false when squares
 * overflow or vanish. With
 * W = q I + r B, tr B = 0 and tr B^2 = 6, B has the eigenvalues 2 cos(angle + 2 pi k / 3), of which one is at least sqrt(3)
 * away from the others: its eigenvector is a column of the adjugate. What is left is a problem of order 2.
 */
function eigh3(m: Float64Array, w: number, values: number): boolean {
  const q = (m[w]! + m[w + 4]! + m[w + 8]!) / 3;
  let b00 = m[w]! - q;
  let b11 = m[w + 4]! - q;
  let b22 = m[w + 8]! - q;
  let b10 = m[w + 3]!;
  let b20 = m[w + 6]!;
  let b21 = m[w + 7]!;
  const square = (b00 * b00 + b11 * b11 + b22 * b22 + 2 * (b10 * b10 + b20 * b20 + b21 * b21)) / 6;
  if (!(square > UNDERFLOW)) {
    if (b00 !== 0 || b11 !== 0 || b10 !== 0 || b20 !== 0 || b21 !== 0) return false;
    for (let k = 0; k < 9; k++) m[w + k] = k % 4 === 0 ? 1 : 0;
    m[values] = m[values + 1] = m[values + 2] = q;
    return true;
  }
  const r = Math.sqrt(square);
  const scale = 1 / r;
  b00 *= scale;
  b11 *= scale;
  b22 *= scale;
  b10 *= scale;
  b20 *= scale;
  b21 *= scale;
  const det = b00 * (b11 * b22 - b21 * b21) - b10 * (b10 * b22 - b21 * b20) + b20 * (b10 * b21 - b11 * b20);
  // x = cos(acos(y) / 3) solves 4 x^3 - 3 x = y; a polynomial and two steps of Newton's method find it.
  const y = Math.min(1, Math.abs(det) / 2);
  let x = ROOT[0] + y * (ROOT[1] + y * (ROOT[2] + y * ROOT[3]));
  x -= (x * (4 * x * x - 3) - y) / (12 * x * x - 3);
  x -= (x * (4 * x * x - 3) - y) / (12 * x * x - 3);
  const lone = det < 0 ? -2 * x : 2 * x;
  // The adjugate of B - lone I is a positive multiple of v v'.
  const d0 = b00 - lone;
  const d1 = b11 - lone;
  const d2 = b22 - lone;
  const a00 = d1 * d2 - b21 * b21;
  const a11 = d0 * d2 - b20 * b20;
  const a22 = d0 * d1 - b10 * b10;
  const a10 = b21 * b20 - b10 * d2;
  const a20 = b10 * b21 - d1 * b20;
  const a21 = b10 * b20 - d0 * b21;
  let v0 = a20;
  let v1 = a21;
  let v2 = a22;
  if (a00 >= a11 && a00 >= a22) {
    v0 = a00;
    v1 = a10;
    v2 = a20;
  } else if (a11 >= a22) {
    v0 = a10;
    v1 = a11;
    v2 = a21;
  }
  const length = 1 / Math.sqrt(v0 * v0 + v1 * v1 + v2 * v2);
  v0 *= length;
  v1 *= length;
  v2 *= length;
  // Two unit vectors orthogonal to v and to each other.
  const sign = v2 >= 0 ? 1 : -1;
  const h = -1 / (sign + v2);
  const t0 = 1 + sign * v0 * v0 * h;
  const t1 = sign * v0 * v1 * h;
  const t2 = -sign * v0;
  const u0 = v0 * v1 * h;
  const u1 = sign + v1 * v1 * h;
  const u2 = -v1;
  const bt0 = b00 * t0 + b10 * t1 + b20 * t2;
  const bt1 = b10 * t0 + b11 * t1 + b21 * t2;
  const bt2 = b20 * t0 + b21 * t1 + b22 * t2;
  const tt = t0 * bt0 + t1 * bt1 + t2 * bt2;
  const ut = u0 * bt0 + u1 * bt1 + u2 * bt2;
  const uu =
    u0 * (b00 * u0 + b10 * u1 + b20 * u2) +
    u1 * (b10 * u0 + b11 * u1 + b21 * u2) +
    u2 * (b20 * u0 + b21 * u1 + b22 * u2);
  const theta = (uu - tt) / (2 * ut);
  const tangent = ut === 0 ? 0 : (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(1 + theta * theta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = tangent * cosine;
  m[values] = q + r * lone;
  m[values + 1] = q + r * (tt - tangent * ut);
  m[values + 2] = q + r * (uu + tangent * ut);
  m[w] = v0;
  m[w + 1] = v1;
  m[w + 2] = v2;
  m[w + 3] = cosine * t0 - sine * u0;
  m[w + 4] = cosine * t1 - sine * u1;
  m[w + 5] = cosine * t2 - sine * u2;
  m[w + 6] = sine * t0 + cosine * u0;
  m[w + 7] = sine * t1 + cosine * u1;
  m[w + 8] = sine * t2 + cosine * u2;
  return Math.abs(m[values]! + m[values + 1]! + m[values + 2]!) < Number.POSITIVE_INFINITY;
}

/** Lower triangle of V diag(f) V' at `out`, from eigenvectors in rows. */
function spectral3(m: Float64Array, v: number, weights: number, out: number): void {
  const f = m[weights]!;
  const g = m[weights + 1]!;
  const h = m[weights + 2]!;
  const a0 = f * m[v]!;
  const a1 = f * m[v + 1]!;
  const a2 = f * m[v + 2]!;
  const b0 = g * m[v + 3]!;
  const b1 = g * m[v + 4]!;
  const b2 = g * m[v + 5]!;
  const c0 = h * m[v + 6]!;
  const c1 = h * m[v + 7]!;
  const c2 = h * m[v + 8]!;
  m[out] = a0 * m[v]! + b0 * m[v + 3]! + c0 * m[v + 6]!;
  m[out + 3] = a1 * m[v]! + b1 * m[v + 3]! + c1 * m[v + 6]!;
  m[out + 4] = a1 * m[v + 1]! + b1 * m[v + 4]! + c1 * m[v + 7]!;
  m[out + 6] = a2 * m[v]! + b2 * m[v + 3]! + c2 * m[v + 6]!;
  m[out + 7] = a2 * m[v + 1]! + b2 * m[v + 4]! + c2 * m[v + 7]!;
  m[out + 8] = a2 * m[v + 2]! + b2 * m[v + 5]! + c2 * m[v + 8]!;
}

/** C S C' at `out` of the symmetric S whose lower triangle is at `s`. */
function congruence3(m: Float64Array, c: number, s: number, out: number): void {
  const s00 = m[s]!;
  const s10 = m[s + 3]!;
  const s11 = m[s + 4]!;
  const s20 = m[s + 6]!;
  const s21 = m[s + 7]!;
  const s22 = m[s + 8]!;
  const l00 = m[c]!;
  const l10 = m[c + 3]!;
  const l11 = m[c + 4]!;
  const l20 = m[c + 6]!;
  const l21 = m[c + 7]!;
  const l22 = m[c + 8]!;
  const x0 = l10 * s00 + l11 * s10;
  const x1 = l10 * s10 + l11 * s11;
  const y0 = l20 * s00 + l21 * s10 + l22 * s20;
  const y1 = l20 * s10 + l21 * s11 + l22 * s21;
  const y2 = l20 * s20 + l21 * s21 + l22 * s22;
  m[out] = l00 * s00 * l00;
  m[out + 1] = m[out + 3] = x0 * l00;
  m[out + 4] = x0 * l10 + x1 * l11;
  m[out + 2] = m[out + 6] = y0 * l00;
  m[out + 5] = m[out + 7] = y0 * l10 + y1 * l11;
  m[out + 8] = y0 * l20 + y1 * l21 + y2 * l22;
}

export const recompose3: PencilFunctions["recompose"] = (
  m,
  _n,
  count,
  c,
  shared,
  rows,
  weights,
  out,
  work,
) => {
  for (let item = 0; item < count; item++) {
    spectral3(m, rows + 9 * item, weights + 3 * item, work);
    congruence3(m, shared ? c : c + 9 * item, work, out + 9 * item);
  }
};

export const carry3: PencilFunctions["carry"] = (m, _n, count, c, shared, rows, weights, vectors, out) => {
  for (let item = 0; item < count; item++) {
    const factor = shared ? c : c + 9 * item;
    const w = vectors + 9 * item;
    whiten3(m, factor, m[w]!, m[w + 3]!, m[w + 4]!, m[w + 6]!, m[w + 7]!, m[w + 8]!, w);
    const v = rows + 9 * item;
    const v00 = m[v]!;
    const v01 = m[v + 1]!;
    const v02 = m[v + 2]!;
    const v10 = m[v + 3]!;
    const v11 = m[v + 4]!;
    const v12 = m[v + 5]!;
    const v20 = m[v + 6]!;
    const v21 = m[v + 7]!;
    const v22 = m[v + 8]!;
    const f = m[weights + 3 * item]!;
    const g = m[weights + 3 * item + 1]!;
    const h = m[weights + 3 * item + 2]!;
    const l00 = m[factor]!;
    const l10 = m[factor + 3]!;
    const l11 = m[factor + 4]!;
    const l20 = m[factor + 6]!;
    const l21 = m[factor + 7]!;
    const l22 = m[factor + 8]!;
    // E = C V diag(weights) V', row by row.
    let x = l00 * v00 * f;
    let y = l00 * v10 * g;
    let z = l00 * v20 * h;
    const e00 = x * v00 + y * v10 + z * v20;
    const e01 = x * v01 + y * v11 + z * v21;
    const e02 = x * v02 + y * v12 + z * v22;
    x = (l10 * v00 + l11 * v01) * f;
    y = (l10 * v10 + l11 * v11) * g;
    z = (l10 * v20 + l11 * v21) * h;
    const e10 = x * v00 + y * v10 + z * v20;
    const e11 = x * v01 + y * v11 + z * v21;
    const e12 = x * v02 + y * v12 + z * v22;
    x = (l20 * v00 + l21 * v01 + l22 * v02) * f;
    y = (l20 * v10 + l21 * v11 + l22 * v12) * g;
    z = (l20 * v20 + l21 * v21 + l22 * v22) * h;
    const e20 = x * v00 + y * v10 + z * v20;
    const e21 = x * v01 + y * v11 + z * v21;
    const e22 = x * v02 + y * v12 + z * v22;
    // E W E', row by row.
    const w00 = m[w]!;
    const w10 = m[w + 3]!;
    const w11 = m[w + 4]!;
    const w20 = m[w + 6]!;
    const w21 = m[w + 7]!;
    const w22 = m[w + 8]!;
    const to = out + 9 * item;
    x = e00 * w00 + e01 * w10 + e02 * w20;
    y = e00 * w10 + e01 * w11 + e02 * w21;
    z = e00 * w20 + e01 * w21 + e02 * w22;
    m[to] = x * e00 + y * e01 + z * e02;
    x = e10 * w00 + e11 * w10 + e12 * w20;
    y = e10 * w10 + e11 * w11 + e12 * w21;
    z = e10 * w20 + e11 * w21 + e12 * w22;
    m[to + 1] = m[to + 3] = x * e00 + y * e01 + z * e02;
    m[to + 4] = x * e10 + y * e11 + z * e12;
    x = e20 * w00 + e21 * w10 + e22 * w20;
    y = e20 * w10 + e21 * w11 + e22 * w21;
    z = e20 * w20 + e21 * w21 + e22 * w22;
    m[to + 2] = m[to + 6] = x * e00 + y * e01 + z * e02;
    m[to + 5] = m[to + 7] = x * e10 + y * e11 + z * e12;
    m[to + 8] = x * e20 + y * e21 + z * e22;
  }
};

export const add3: PencilFunctions["add"] = (m, _n, count, rows, weights, sum, work) => {
  for (let item = 0; item < count; item++) {
    spectral3(m, rows + 9 * item, weights + 3 * item, work);
    for (let i = 0; i < 3; i++) for (let j = 0; j <= i; j++) m[sum + 3 * i + j]! += m[work + 3 * i + j]!;
  }
};
