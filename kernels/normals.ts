/**
 * Standard normals by Box-Muller, and random signs, written over or added to an array. Only + - * / sqrt and
 * integer operations, so the bits are the same in every engine and in the plain-TypeScript twin. The
 * polynomials come from coefficients.py.
 */
import { eightBlocks, storeTransposed, useKey, x0, x1, x2, x3, y0, y1, y2, y3 } from "./philox";

/** -2 ln 2 in two parts, the first so short that its product with an exponent is exact. */
const LN2_HIGH32: f32 = -1.38623046875;
const LN2_LOW32: f32 = -6.389236989061883e-05;
const LN2_HIGH64: f64 = -1.3862943607382476;
const LN2_LOW64: f64 = -3.8164298585411754e-10;

// ── float32: words (0, 1) and (2, 3) of a block give two normals each ─────────────────────────────

/** sqrt(-2 ln((w + 1/2) / 2^32)) of four words. */
// @ts-ignore: decorator
@inline
function radius32(w: v128): v128 {
  const u = f32x4.add(f32x4.convert_i32x4_u(w), f32x4.splat(0.5));
  const i = i32x4.sub(u, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(i, 23), i32x4.splat(32)));
  const m = i32x4.add(v128.and(i, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1));
  const s = f32x4.div(f, f32x4.add(f, f32x4.splat(2)));
  const y = f32x4.mul(s, s);
  let q = f32x4.splat(-0.5915989878394557);
  q = f32x4.add(f32x4.mul(q, y), f32x4.splat(-0.7997756113204396));
  q = f32x4.add(f32x4.mul(q, y), f32x4.splat(-1.3333337007915171));
  q = f32x4.add(f32x4.mul(q, y), f32x4.splat(-4));
  const low = f32x4.add(f32x4.mul(s, q), f32x4.mul(e, f32x4.splat(LN2_LOW32)));
  return f32x4.sqrt(f32x4.add(f32x4.mul(e, f32x4.splat(LN2_HIGH32)), low));
}

let cos32: v128 = i32x4.splat(0);
let sin32: v128 = i32x4.splat(0);

/**
 * Cosine and sine of an angle uniform on the circle: the upper two bits count quarter turns, and the others,
 * as a signed fraction, go up to half a quarter back or on.
 */
// @ts-ignore: decorator
@inline
function turn32(w: v128): void {
  const t = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(w, 2)), f32x4.splat(2.3283064365386963e-10));
  const y = f32x4.mul(t, t);
  let s = f32x4.splat(-0.004621966732229712);
  s = f32x4.add(f32x4.mul(s, y), f32x4.splat(0.07968703122416297));
  s = f32x4.add(f32x4.mul(s, y), f32x4.splat(-0.6459640198218692));
  s = f32x4.mul(f32x4.add(f32x4.mul(s, y), f32x4.splat(1.5707963267948966)), t);
  let c = f32x4.splat(0.0009067398984032665);
  c = f32x4.add(f32x4.mul(c, y), f32x4.splat(-0.020861528342199967));
  c = f32x4.add(f32x4.mul(c, y), f32x4.splat(0.2536694103571085));
  c = f32x4.add(f32x4.mul(c, y), f32x4.splat(-1.2337005493742192));
  c = f32x4.add(f32x4.mul(c, y), f32x4.splat(1));
  const swap = i32x4.shr_s(i32x4.shl(w, 1), 31);
  const sign = i32x4.splat(0x80000000);
  cos32 = v128.xor(v128.bitselect(s, c, swap), v128.and(i32x4.add(w, i32x4.splat(0x40000000)), sign));
  sin32 = v128.xor(v128.bitselect(c, s, swap), v128.and(w, sign));
}

/** Writes 16 floats, given transposed, as `scale * z`, or adds them to what is there. */
// @ts-ignore: decorator
@inline
function emit32(out: usize, scale: v128, add: bool, a: v128, b: v128, c: v128, d: v128): void {
  a = f32x4.mul(scale, a);
  b = f32x4.mul(scale, b);
  c = f32x4.mul(scale, c);
  d = f32x4.mul(scale, d);
  if (add) {
    const y0 = v128.load(out);
    const y1 = v128.load(out, 16);
    const y2 = v128.load(out, 32);
    const y3 = v128.load(out, 48);
    storeTransposed(out, a, b, c, d);
    v128.store(out, f32x4.add(y0, v128.load(out)));
    v128.store(out, f32x4.add(y1, v128.load(out, 16)), 16);
    v128.store(out, f32x4.add(y2, v128.load(out, 32)), 32);
    v128.store(out, f32x4.add(y3, v128.load(out, 48)), 48);
  } else {
    storeTransposed(out, a, b, c, d);
  }
}

/** The 16 normals of four blocks, whose words are given. */
function quad32(out: usize, scale: v128, add: bool, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const r = radius32(w0);
  turn32(w1);
  const a = f32x4.mul(r, cos32);
  const b = f32x4.mul(r, sin32);
  const R = radius32(w2);
  turn32(w3);
  emit32(out, scale, add, a, b, f32x4.mul(R, cos32), f32x4.mul(R, sin32));
}

/** `out = scale * z`, or `out += scale * z` when `add`, for 32 normals a group. */
export function normals32(out: usize, groups: u32, key0: u32, key1: u32, block: u64, step: u32, index: u32, scale: f32, add: bool): void {
  useKey(key0, key1);
  const factor = f32x4.splat(scale);
  for (let g: u32 = 0; g < groups; g++, out += 128) {
    eightBlocks(block + 8 * g, step, index);
    quad32(out, factor, add, x0, x1, x2, x3);
    quad32(out + 64, factor, add, y0, y1, y2, y3);
  }
}

// ── float64: words (0, 1) give the radius, words (2, 3) the angle of a block's two normals ──────────

/** sqrt(-2 ln((x + 1/2) / 2^52)) with x the top 52 bits of each 64-bit lane. */
// @ts-ignore: decorator
@inline
function radius64(w: v128): v128 {
  const one = i64x2.splat(0x3ff0000000000000);
  const u = f64x2.sub(v128.or(i64x2.shr_u(w, 12), one), f64x2.splat(0.9999999999999999));
  const i = i64x2.sub(u, i64x2.splat(0x3fe6a09e00000000));
  const exponents = i32x4.shr_s(i, 20);
  const e = f64x2.convert_low_i32x4_s(v128.shuffle<u32>(exponents, exponents, 1, 3, 1, 3));
  const m = i64x2.add(v128.and(i, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e00000000));
  const f = f64x2.sub(m, f64x2.splat(1));
  const s = f64x2.div(f, f64x2.add(f, f64x2.splat(2)));
  const y = f64x2.mul(s, s);
  let q = f64x2.splat(-0.2923289937008681);
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-0.30663443201112084));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-0.36365778250523445));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-0.4444442226959016));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-0.5714285725195097));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-0.7999999999979901));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-1.333333333333334));
  q = f64x2.add(f64x2.mul(q, y), f64x2.splat(-4));
  const low = f64x2.add(f64x2.mul(s, q), f64x2.mul(e, f64x2.splat(LN2_LOW64)));
  return f64x2.sqrt(f64x2.add(f64x2.mul(e, f64x2.splat(LN2_HIGH64)), low));
}

let cos64: v128 = i32x4.splat(0);
let sin64: v128 = i32x4.splat(0);

/** As `turn32`, from 64-bit lanes; the fraction is the next 52 bits less one half. */
// @ts-ignore: decorator
@inline
function turn64(w: v128): void {
  const fraction = i64x2.shr_u(i64x2.shl(w, 2), 12);
  const t = f64x2.sub(v128.or(fraction, i64x2.splat(0x3ff0000000000000)), f64x2.splat(1.5));
  const y = f64x2.mul(t, t);
  let s = f64x2.splat(5.642225369163528e-08);
  s = f64x2.add(f64x2.mul(s, y), f64x2.splat(-3.5987029509735105e-06));
  s = f64x2.add(f64x2.mul(s, y), f64x2.splat(0.00016044116661409423));
  s = f64x2.add(f64x2.mul(s, y), f64x2.splat(-0.004681754134254207));
  s = f64x2.add(f64x2.mul(s, y), f64x2.splat(0.07969262624614423));
  s = f64x2.add(f64x2.mul(s, y), f64x2.splat(-0.6459640975062462));
  s = f64x2.mul(f64x2.add(f64x2.mul(s, y), f64x2.splat(1.5707963267948966)), t);
  let c = f64x2.splat(-6.329396344967424e-09);
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(4.710678405505227e-07));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(-2.5202039028029178e-05));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(0.0009192602745468447));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(-0.020863480763340773));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(0.2536695079010478));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(-1.2337005501361697));
  c = f64x2.add(f64x2.mul(c, y), f64x2.splat(1));
  // The high words, doubled: their bit 30 chooses the swap for both halves of a lane.
  const high = v128.shuffle<u32>(w, w, 1, 1, 3, 3);
  const swap = i32x4.shr_s(i32x4.shl(high, 1), 31);
  const sign = i64x2.splat(0x8000000000000000);
  cos64 = v128.xor(v128.bitselect(s, c, swap), v128.and(i32x4.add(high, i32x4.splat(0x40000000)), sign));
  sin64 = v128.xor(v128.bitselect(c, s, swap), v128.and(w, sign));
}

/** Writes `scale * z` for the two normals of two blocks, or adds them to what is there. */
// @ts-ignore: decorator
@inline
function emit64(out: usize, scale: v128, add: bool, radius: v128): void {
  const a = f64x2.mul(scale, f64x2.mul(radius, cos64));
  const b = f64x2.mul(scale, f64x2.mul(radius, sin64));
  let first = v128.shuffle<u64>(a, b, 0, 2);
  let second = v128.shuffle<u64>(a, b, 1, 3);
  if (add) {
    first = f64x2.add(v128.load(out), first);
    second = f64x2.add(v128.load(out, 16), second);
  }
  v128.store(out, first);
  v128.store(out, second, 16);
}

/** The 8 normals of four blocks, whose words are given. */
function quad64(out: usize, scale: v128, add: bool, w0: v128, w1: v128, w2: v128, w3: v128): void {
  turn64(v128.shuffle<u32>(w2, w3, 0, 4, 1, 5));
  emit64(out, scale, add, radius64(v128.shuffle<u32>(w0, w1, 0, 4, 1, 5)));
  turn64(v128.shuffle<u32>(w2, w3, 2, 6, 3, 7));
  emit64(out + 32, scale, add, radius64(v128.shuffle<u32>(w0, w1, 2, 6, 3, 7)));
}

/** `out = scale * z`, or `out += scale * z` when `add`, for 16 normals a group. */
export function normals64(out: usize, groups: u32, key0: u32, key1: u32, block: u64, step: u32, index: u32, scale: f64, add: bool): void {
  useKey(key0, key1);
  const factor = f64x2.splat(scale);
  for (let g: u32 = 0; g < groups; g++, out += 128) {
    eightBlocks(block + 8 * g, step, index);
    quad64(out, factor, add, x0, x1, x2, x3);
    quad64(out + 64, factor, add, y0, y1, y2, y3);
  }
}
