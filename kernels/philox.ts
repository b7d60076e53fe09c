/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), four counters at a
 * time. Vector xi (and yi for the next four) holds word i of four consecutive blocks, one block a lane.
 */

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;

/** The ten round keys, each word spread over a vector. */
const schedule: usize = memory.data(320, 16);

export let x0: v128 = i32x4.splat(0);
export let x1: v128 = i32x4.splat(0);
export let x2: v128 = i32x4.splat(0);
export let x3: v128 = i32x4.splat(0);
export let y0: v128 = i32x4.splat(0);
export let y1: v128 = i32x4.splat(0);
export let y2: v128 = i32x4.splat(0);
export let y3: v128 = i32x4.splat(0);

/** Sets the key of the following `fourBlocks` and `eightBlocks` calls. */
export function useKey(key0: u32, key1: u32): void {
  for (let round: u32 = 0; round < 10; round++) {
    v128.store(schedule + 32 * round, i32x4.splat(key0 + round * W0));
    v128.store(schedule + 32 * round + 16, i32x4.splat(key1 + round * W1));
  }
}

/** Upper halves of the four products of 32-bit words. */
// @ts-ignore: decorator
@inline
function upper(c: v128, m: v128): v128 {
  return v128.shuffle<u32>(i64x2.extmul_low_i32x4_u(c, m), i64x2.extmul_high_i32x4_u(c, m), 1, 3, 5, 7);
}

/** Lower halves of the four products of 32-bit words. */
// @ts-ignore: decorator
@inline
function lower(c: v128, m: v128): v128 {
  return v128.shuffle<u32>(i64x2.extmul_low_i32x4_u(c, m), i64x2.extmul_high_i32x4_u(c, m), 0, 2, 4, 6);
}

/** Puts blocks `block` to `block + 3` of the stream (step, index) into x0 to x3. */
// @ts-ignore: decorator
@inline
export function fourBlocks(block: u64, step: u32, index: u32): void {
  const low = i32x4.splat(<u32>block);
  let c0 = i32x4.add(low, i32x4(0, 1, 2, 3));
  // A lane that wrapped round is below `low`: its comparison is -1, so subtracting it carries.
  let c1 = i32x4.sub(i32x4.splat(<u32>(block >> 32)), i32x4.lt_u(c0, low));
  let c2 = i32x4.splat(step);
  let c3 = i32x4.splat(index);
  const m0 = i32x4.splat(M0);
  const m1 = i32x4.splat(M1);
  for (let k = schedule; k < schedule + 320; k += 32) {
    const c = v128.xor(v128.xor(upper(c2, m1), c1), v128.load(k));
    const d = v128.xor(v128.xor(upper(c0, m0), c3), v128.load(k, 16));
    c1 = lower(c2, m1);
    c3 = lower(c0, m0);
    c0 = c;
    c2 = d;
  }
  x0 = c0;
  x1 = c1;
  x2 = c2;
  x3 = c3;
}

/**
 * As `fourBlocks`, and puts blocks `block + 4` to `block + 7` into y0 to y3. A round waits for the one before, so two
 * sets side by side take little longer than one.
 */
// @ts-ignore: decorator
@inline
export function eightBlocks(block: u64, step: u32, index: u32): void {
  const low = i32x4.splat(<u32>block);
  const high = i32x4.splat(<u32>(block >> 32));
  let c0 = i32x4.add(low, i32x4(0, 1, 2, 3));
  let d0 = i32x4.add(low, i32x4(4, 5, 6, 7));
  let c1 = i32x4.sub(high, i32x4.lt_u(c0, low));
  let d1 = i32x4.sub(high, i32x4.lt_u(d0, low));
  let c2 = i32x4.splat(step);
  let d2 = c2;
  let c3 = i32x4.splat(index);
  let d3 = c3;
  const m0 = i32x4.splat(M0);
  const m1 = i32x4.splat(M1);
  for (let k = schedule; k < schedule + 320; k += 32) {
    const a = v128.load(k);
    const b = v128.load(k, 16);
    const c = v128.xor(v128.xor(upper(c2, m1), c1), a);
    const C = v128.xor(v128.xor(upper(c0, m0), c3), b);
    c1 = lower(c2, m1);
    c3 = lower(c0, m0);
    c0 = c;
    c2 = C;
    const d = v128.xor(v128.xor(upper(d2, m1), d1), a);
    const D = v128.xor(v128.xor(upper(d0, m0), d3), b);
    d1 = lower(d2, m1);
    d3 = lower(d0, m0);
    d0 = d;
    d2 = D;
  }
  x0 = c0;
  x1 = c1;
  x2 = c2;
  x3 = c3;
  y0 = d0;
  y1 = d1;
  y2 = d2;
  y3 = d3;
}

/** Stores four vectors, transposed: lane 0 of each, then lane 1 of each, and so on. */
// @ts-ignore: decorator
@inline
export function storeTransposed(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(out, v128.shuffle<u64>(ab, cd, 1, 3), 16);
  v128.store(out, v128.shuffle<u64>(AB, CD, 0, 2), 32);
  v128.store(out, v128.shuffle<u64>(AB, CD, 1, 3), 48);
}

/** Writes 32 words a group: blocks `block`, `block + 1`, ... in order. */
export function words(out: usize, groups: u32, key0: u32, key1: u32, block: u64, step: u32, index: u32): void {
  useKey(key0, key1);
  for (let g: u32 = 0; g < groups; g++, out += 128) {
    eightBlocks(block + 8 * g, step, index);
    storeTransposed(out, x0, x1, x2, x3);
    storeTransposed(out + 64, y0, y1, y2, y3);
  }
}
