/**
 * Standard normals by Box-Muller, the plain-TypeScript twins of `kernels/normals.ts`: the same operations in
 * the same order, so the same bits. The polynomials come from `kernels/coefficients.py`.
 */

const fround = Math.fround;

/** A float64 and its bits. */
export class Normals64 {
  cos = 0;
  sin = 0;
  readonly #value = new Float64Array(1);
  readonly #bits = new Int32Array(this.#value.buffer);

  /** Sets `cos` and `sin` to the two normals of a block's words. */
  draw(w0: number, w1: number, w2: number, w3: number): void {
    const radius = this.#radius(w0, w1);
    const t = this.#unit((w2 << 2) | 0, (w3 << 2) | (w2 >>> 30)) - 1.5;
    const y = t * t;
    let s = 5.642225369163528e-8;
    s = s * y + -3.5987029509735105e-6;
    s = s * y + 0.00016044116661409423;
    s = s * y + -0.004681754134254207;
    s = s * y + 0.07969262624614423;
    s = s * y + -0.6459640975062462;
    s = (s * y + 1.5707963267948966) * t;
    let c = -6.329396344967424e-9;
    c = c * y + 4.710678405505227e-7;
    c = c * y + -2.5202039028029178e-5;
    c = c * y + 0.0009192602745468447;
    c = c * y + -0.020863480763340773;
    c = c * y + 0.2536695079010478;
    c = c * y + -1.2337005501361697;
    c = c * y + 1;
    const quarter = w3 >>> 30;
    const a = quarter & 1 ? s : c;
    const b = quarter & 1 ? c : s;
    this.cos = radius * (quarter === 1 || quarter === 2 ? -a : a);
    this.sin = radius * (quarter >= 2 ? -b : b);
  }

  /** The float in [1, 2) whose fraction is the upper 52 bits of (high, low). */
  #unit(low: number, high: number): number {
    this.#bits[0] = (low >>> 12) | (high << 20);
    this.#bits[1] = 0x3ff00000 | (high >>> 12);
    return this.#value[0]!;
  }

  /** sqrt(-2 ln u) for u = (x + 1/2) / 2^52. */
  #radius(low: number, high: number): number {
    this.#value[0] = this.#unit(low, high) - 0.9999999999999999;
    const i = (this.#bits[1]! - 0x3fe6a09e) | 0;
    const e = i >> 20;
    this.#bits[1] = (i & 0xfffff) + 0x3fe6a09e;
    const f = this.#value[0]! - 1;
    const s = f / (f + 2);
    const y = s * s;
    let q = -0.2923289937008681;
    q = q * y + -0.30663443201112084;
    q = q * y + -0.36365778250523445;
    q = q * y + -0.4444442226959016;
    q = q * y + -0.5714285725195097;
    q = q * y + -0.7999999999979901;
    q = q * y + -1.333333333333334;
    q = q * y + -4;
    return Math.sqrt(e * -1.3862943607382476 + (s * q + e * -3.8164298585411754e-10));
  }
}

/** As `Normals64`, for float32: two words make two normals. */
export class Normals32 {
  cos = 0;
  sin = 0;
  readonly #value = new Float32Array(1);
  readonly #bits = new Int32Array(this.#value.buffer);

  draw(w0: number, w1: number): void {
    const radius = this.#radius(w0);
    const t = fround(fround(w1 << 2) * 2.3283064365386963e-10);
    const y = fround(t * t);
    let s = S3;
    s = fround(fround(s * y) + S2);
    s = fround(fround(s * y) + S1);
    s = fround(fround(fround(s * y) + S0) * t);
    let c = C4;
    c = fround(fround(c * y) + C3);
    c = fround(fround(c * y) + C2);
    c = fround(fround(c * y) + C1);
    c = fround(fround(c * y) + 1);
    const quarter = w1 >>> 30;
    const a = quarter & 1 ? s : c;
    const b = quarter & 1 ? c : s;
    this.cos = fround(radius * (quarter === 1 || quarter === 2 ? -a : a));
    this.sin = fround(radius * (quarter >= 2 ? -b : b));
  }

  /** sqrt(-2 ln u) for u = (w + 1/2) / 2^32. */
  #radius(w: number): number {
    this.#value[0] = fround(fround(w >>> 0) + 0.5);
    const i = (this.#bits[0]! - 0x3f3504f3) | 0;
    const e = (i >> 23) - 32;
    this.#bits[0] = (i & 0x7fffff) + 0x3f3504f3;
    const f = fround(this.#value[0]! - 1);
    const s = fround(f / fround(f + 2));
    const y = fround(s * s);
    let q = L3;
    q = fround(fround(q * y) + L2);
    q = fround(fround(q * y) + L1);
    q = fround(fround(q * y) + -4);
    const low = fround(fround(s * q) + fround(e * LN2_LOW));
    return fround(Math.sqrt(fround(fround(e * LN2_HIGH) + low)));
  }
}

const S0 = fround(1.5707963267948966);
const S1 = fround(-0.6459640198218692);
const S2 = fround(0.07968703122416297);
const S3 = fround(-0.004621966732229712);
const C1 = fround(-1.2337005493742192);
const C2 = fround(0.2536694103571085);
const C3 = fround(-0.020861528342199967);
const C4 = fround(0.0009067398984032665);
const L1 = fround(-1.3333337007915171);
const L2 = fround(-0.7997756113204396);
const L3 = fround(-0.5915989878394557);
const LN2_HIGH = fround(-1.38623046875);
const LN2_LOW = fround(-6.389236989061883e-5);
