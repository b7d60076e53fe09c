/**
 * MurmurHash3 x86 128 (Austin Appleby, public domain algorithm): tells apart what was mixed up by accident; it is no
 * defence against an attacker.
 */
const rotate = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const C = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
const K_ROTATE = [15, 16, 17, 18] as const;
const H_ADD = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const;

/** 16 bytes of digest of `bytes`. */
export function digest128(bytes: Uint8Array): Uint8Array {
  const h = new Int32Array(4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scramble = (k: number, lane: number): number =>
    Math.imul(rotate(Math.imul(k, C[lane]!), K_ROTATE[lane]!), C[(lane + 1) & 3]!);

  const whole = bytes.length & ~15;
  // In local variables: problems digest their data, which may be large.
  let [h0, h1, h2, h3] = [0, 0, 0, 0];
  for (let offset = 0; offset < whole; offset += 16) {
    h0 ^= Math.imul(rotate(Math.imul(view.getInt32(offset, true), C[0]), 15), C[1]);
    h0 = (Math.imul((rotate(h0, 19) + h1) | 0, 5) + H_ADD[0]) | 0;
    h1 ^= Math.imul(rotate(Math.imul(view.getInt32(offset + 4, true), C[1]), 16), C[2]);
    h1 = (Math.imul((rotate(h1, 17) + h2) | 0, 5) + H_ADD[1]) | 0;
    h2 ^= Math.imul(rotate(Math.imul(view.getInt32(offset + 8, true), C[2]), 17), C[3]);
    h2 = (Math.imul((rotate(h2, 15) + h3) | 0, 5) + H_ADD[2]) | 0;
    h3 ^= Math.imul(rotate(Math.imul(view.getInt32(offset + 12, true), C[3]), 18), C[0]);
    h3 = (Math.imul((rotate(h3, 13) + h0) | 0, 5) + H_ADD[3]) | 0;
  }
  h.set([h0, h1, h2, h3]);

  const tail = new Uint8Array(16);
  tail.set(bytes.subarray(whole));
  const tailView = new DataView(tail.buffer);
  for (let lane = 0; lane < 4; lane++) h[lane]! ^= scramble(tailView.getInt32(4 * lane, true), lane);

  const spread = () => {
    h[0]! += h[1]! + h[2]! + h[3]!;
    for (let lane = 1; lane < 4; lane++) h[lane]! += h[0]!;
  };
  for (let lane = 0; lane < 4; lane++) h[lane]! ^= bytes.length;
  spread();
  for (let lane = 0; lane < 4; lane++) h[lane] = mix(h[lane]!);
  spread();
  return new Uint8Array(h.buffer);
}
