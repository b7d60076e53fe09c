/** Random signs, one bit each (0 is +1, 1 is -1, lowest bit of a word first), written or added to an array. */
import { fourBlocks, storeTransposed, useKey, x0, x1, x2, x3 } from "./philox";

const buffer: usize = memory.data(64, 16);

/** `out = scale * sign`, or `out += scale * sign` when `add`, for 512 signs a group. */
export function signs32(out: usize, groups: u32, key0: u32, key1: u32, block: u64, step: u32, index: u32, scale: f32, add: bool): void {
  useKey(key0, key1);
  const factor = f32x4.splat(scale);
  const bits = i32x4(1, 2, 4, 8);
  for (let g: u32 = 0; g < groups; g++) {
    fourBlocks(block + 4 * g, step, index);
    storeTransposed(buffer, x0, x1, x2, x3);
    for (let w: usize = 0; w < 64; w += 4) {
      let word = load<u32>(buffer + w);
      for (let k = 0; k < 8; k++, word >>= 4, out += 16) {
        const set = i32x4.eq(v128.and(i32x4.splat(word), bits), bits);
        const value = v128.xor(factor, v128.and(set, i32x4.splat(0x80000000)));
        v128.store(out, add ? f32x4.add(v128.load(out), value) : value);
      }
    }
  }
}

/** As `signs32`, in float64. */
export function signs64(out: usize, groups: u32, key0: u32, key1: u32, block: u64, step: u32, index: u32, scale: f64, add: bool): void {
  useKey(key0, key1);
  const factor = f64x2.splat(scale);
  const bits = i64x2(1, 2);
  for (let g: u32 = 0; g < groups; g++) {
    fourBlocks(block + 4 * g, step, index);
    storeTransposed(buffer, x0, x1, x2, x3);
    for (let w: usize = 0; w < 64; w += 4) {
      let word = load<u32>(buffer + w);
      for (let k = 0; k < 16; k++, word >>= 2, out += 16) {
        const set = i64x2.eq(v128.and(i64x2.splat(word), bits), bits);
        const value = v128.xor(factor, v128.and(set, i64x2.splat(0x8000000000000000)));
        v128.store(out, add ? f64x2.add(v128.load(out), value) : value);
      }
    }
  }
}
