import { InvalidInput } from "../core/errors.ts";
import { philox } from "./philox.ts";

/** A safe integer from 0 up, or a bigint of at most 64 bits. */
export type Seed = number | bigint;

/**
 * Name and version of the layout below; the same name means the same bits for ever.
 *
 * A stream is addressed by (seed, purpose, step, index). The seed is the first Philox key (low word, high
 * word). The purpose turns it into the stream's key: for every four UTF-16 units of the string (padded with
 * zeros; the empty string counts as one group) the key becomes the first two words of the block with counter
 * (units 0 and 1, units 2 and 3, number of the group, length of the string), first unit in the low half.
 * Under that key, block b of the stream has the counter (b mod 2^32, b / 2^32 + 2^20 a, step, index), where
 * a counts the rejections of `integers` (0 elsewhere); b is below 2^51.
 *
 * So streams of one seed and purpose never share a block, and two pairs of seed and purpose share a key with
 * probability 2^-64: among a million pairs a collision has probability 3e-8.
 *
 * Element i of `words` is word i mod 4 of block i / 4; of `signs` bit i mod 32 (1 is -1) of word i / 32. A
 * float64 uniform is (x + 1/2) 2^-52 with x the upper 52 bits of (word 2i+1, word 2i), a float32 one
 * (x + 1/2) 2^-23 with x the upper 23 bits of word i. Normals come in pairs (r cos, r sin) by Box-Muller:
 * float32 from words (radius, angle), float64 from pairs of words likewise, as `box-muller.ts` has it.
 */
export const randomFormat: string = "philox4x32-10/1";

/** Where the blocks of one stream lie. */
export interface StreamAddress {
  readonly key0: number;
  readonly key1: number;
  readonly step: number;
  readonly index: number;
}

/** The two key words of a seed. */
export function seedKey(seed: Seed): readonly [number, number] {
  const valid =
    typeof seed === "bigint" ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!valid) {
    throw new InvalidInput(
      `seed ${String(seed)} is not usable; give an integer from 0 to 2^53 - 1, or a bigint below 2^64`,
    );
  }
  const wide = BigInt(seed);
  return [Number(wide & 0xffffffffn), Number(wide >> 32n)];
}

/** The key of all streams of a purpose. */
export function purposeKey(seed: readonly [number, number], purpose: string): readonly [number, number] {
  const out = new Uint32Array(4);
  out.set(seed);
  const unit = (i: number): number => (i < purpose.length ? purpose.charCodeAt(i) : 0);
  for (let i = 0; i === 0 || i < purpose.length; i += 4) {
    const low = unit(i) | (unit(i + 1) << 16);
    const high = unit(i + 2) | (unit(i + 3) << 16);
    philox(low, high, i / 4, purpose.length, out[0]!, out[1]!, out);
  }
  return [out[0]!, out[1]!];
}
