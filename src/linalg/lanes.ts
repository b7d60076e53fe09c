/**
 * The plain-TypeScript twins of `kernels/level1.ts`: inner products run in eight lanes, element i in lane
 * i mod 8, joined by the tree ((0+4)+(2+6)) + ((1+5)+(3+7)), and the elements beyond the last multiple of
 * eight follow in order. So the bits are those of the kernels. Vectors begin at `xAt` and `yAt`.
 */

const fround = Math.fround;

export function dot64(x: Float64Array, xAt: number, y: Float64Array, yAt: number, n: number): number {
  let sum = 0;
  let i = 0;
  if (n >= 8) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let s4 = 0;
    let s5 = 0;
    let s6 = 0;
    let s7 = 0;
    for (; i + 8 <= n; i += 8) {
      const p = xAt + i;
      const q = yAt + i;
      s0 += x[p]! * y[q]!;
      s1 += x[p + 1]! * y[q + 1]!;
      s2 += x[p + 2]! * y[q + 2]!;
      s3 += x[p + 3]! * y[q + 3]!;
      s4 += x[p + 4]! * y[q + 4]!;
      s5 += x[p + 5]! * y[q + 5]!;
      s6 += x[p + 6]! * y[q + 6]!;
      s7 += x[p + 7]! * y[q + 7]!;
    }
    sum = s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
  }
  for (; i < n; i++) sum += x[xAt + i]! * y[yAt + i]!;
  return sum;
}

export function dot32(x: Float32Array, y: Float32Array): number {
  const n = x.length;
  let sum = 0;
  let i = 0;
  if (n >= 8) {
    const s = new Float32Array(8);
    for (; i + 8 <= n; i += 8) {
      for (let lane = 0; lane < 8; lane++) s[lane]! += fround(x[i + lane]! * y[i + lane]!);
    }
    for (let lane = 0; lane < 4; lane++) s[lane]! += s[lane + 4]!;
    s[0]! += s[2]!;
    s[1]! += s[3]!;
    sum = fround(s[0]! + s[1]!);
  }
  for (; i < n; i++) sum = fround(sum + fround(x[i]! * y[i]!));
  return sum;
}

/** y += alpha x */
export function axpy64(
  alpha: number,
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) y[yAt + i] = y[yAt + i]! + alpha * x[xAt + i]!;
}

export function axpy32(alpha: number, x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) y[i] = y[i]! + fround(alpha * x[i]!);
}
