/**
 * Sixteen-bit floats as checkpoints store them: IEEE half precision (F16) and bfloat16 (BF16), widened to
 * float32 exactly and narrowed by rounding to nearest, ties to even.
 */

/** Widens IEEE half-precision bit patterns to float32; exact. */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let i = 0; i < bits.length; i++) {
    const h = bits[i]!;
    if ((h & 0x7c00) === 0x7c00) {
      word[0] = 0x7f800000 | ((h & 0x3ff) << 13);
    } else {
      word[0] = (h & 0x7fff) << 13;
      float[0] = float[0]! * 2 ** 112;
    }
    word[0] = word[0]! | ((h & 0x8000) << 16);
    out[i] = float[0]!;
  }
  return out;
}

/** Narrows float32 to IEEE half-precision bit patterns, round to nearest even; beyond 65504 gives infinity. */
export function floatToHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const sign = (words[i]! >>> 16) & 0x8000;
    const magnitude = words[i]! & 0x7fffffff;
    if (magnitude > 0x7f800000) out[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else if (magnitude < 0x38800000) out[i] = sign | roundHalfToEven(Math.abs(values[i]!) * 2 ** 24);
    else out[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  return out;
}

/** Widens bfloat16 bit patterns to float32; exact. */
export function bfloatToFloat(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Narrows float32 to bfloat16 bit patterns, round to nearest even. */
export function floatToBfloat(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const word = words[i]!;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    out[i] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
