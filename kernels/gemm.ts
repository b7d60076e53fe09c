/**
 * C += alpha A B, with panels of A and B packed so that a register tile of 4 rows by 3 vectors (12 float32 or
 * 6 float64 columns) reads them in order. Every element of C is summed over k in order within blocks of 256,
 * and each block's sum is multiplied by alpha and added to C: tiles do not show in the bits.
 */

const DEPTH: u32 = 256;
const ROWS: u32 = 96;
const PANELS: u32 = 64;

const tile: usize = memory.data(192, 16);

/** Bytes of scratch memory that a product with n columns needs, given the element size. */
export function gemmScratch(n: u32, bytes: u32): u32 {
  const width: u32 = 48 / bytes;
  return DEPTH * bytes * (ROWS + width * min(PANELS, (n + width - 1) / width));
}

/** Packs `count` lines of length `depth` into panels of `width` lines side by side, padded with zeros. */
// @ts-ignore: decorator
@inline
function pack<T>(out: usize, from: usize, width: u32, count: u32, depth: u32, lineStride: u32, depthStride: u32): void {
  for (let i: u32 = 0; i < count; i += width, from += width * lineStride) {
    const lines = min(width, count - i);
    for (let k: u32 = 0; k < depth; k++) {
      let p = from + k * depthStride;
      let l: u32 = 0;
      for (; l < lines; l++, p += lineStride, out += sizeof<T>()) store<T>(out, load<T>(p));
      for (; l < width; l++, out += sizeof<T>()) store<T>(out, 0);
    }
  }
}

/** Packs columns of a row-major B, whose panel rows are 48 contiguous bytes. */
// @ts-ignore: decorator
@inline
function packRows<T>(out: usize, from: usize, panels: u32, depth: u32, rowStride: u32): void {
  for (let i: u32 = 0; i < panels; i++, from += 48) {
    let p = from;
    for (let k: u32 = 0; k < depth; k++, p += rowStride, out += 48) {
      v128.store(out, v128.load(p));
      v128.store(out, v128.load(p, 16), 16);
      v128.store(out, v128.load(p, 32), 32);
    }
  }
}

/** One tile of A B over `depth` terms, added to C when the tile lies inside it, else by way of a buffer. */
function multiply<T>(a: usize, b: usize, depth: u32, alpha: T, c: usize, stride: u32, rows: u32, columns: u32): void {
  let c00 = v128.splat<T>(0), c01 = c00, c02 = c00;
  let c10 = c00, c11 = c00, c12 = c00;
  let c20 = c00, c21 = c00, c22 = c00;
  let c30 = c00, c31 = c00, c32 = c00;
  let k: u32 = 0;
  for (; k + 4 <= depth; k += 4, a += 16 * sizeof<T>(), b += 192) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), s = v128.load_splat<T>(a, 0);
    c00 = v128.add<T>(c00, v128.mul<T>(s, b0)); c01 = v128.add<T>(c01, v128.mul<T>(s, b1)); c02 = v128.add<T>(c02, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(s, b0)); c11 = v128.add<T>(c11, v128.mul<T>(s, b1)); c12 = v128.add<T>(c12, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(s, b0)); c21 = v128.add<T>(c21, v128.mul<T>(s, b1)); c22 = v128.add<T>(c22, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(s, b0)); c31 = v128.add<T>(c31, v128.mul<T>(s, b1)); c32 = v128.add<T>(c32, v128.mul<T>(s, b2));

    b0 = v128.load(b, 48); b1 = v128.load(b, 64); b2 = v128.load(b, 80); s = v128.load_splat<T>(a, 4 * sizeof<T>());
    c00 = v128.add<T>(c00, v128.mul<T>(s, b0)); c01 = v128.add<T>(c01, v128.mul<T>(s, b1)); c02 = v128.add<T>(c02, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 5 * sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(s, b0)); c11 = v128.add<T>(c11, v128.mul<T>(s, b1)); c12 = v128.add<T>(c12, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 6 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(s, b0)); c21 = v128.add<T>(c21, v128.mul<T>(s, b1)); c22 = v128.add<T>(c22, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 7 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(s, b0)); c31 = v128.add<T>(c31, v128.mul<T>(s, b1)); c32 = v128.add<T>(c32, v128.mul<T>(s, b2));

    b0 = v128.load(b, 96); b1 = v128.load(b, 112); b2 = v128.load(b, 128); s = v128.load_splat<T>(a, 8 * sizeof<T>());
    c00 = v128.add<T>(c00, v128.mul<T>(s, b0)); c01 = v128.add<T>(c01, v128.mul<T>(s, b1)); c02 = v128.add<T>(c02, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 9 * sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(s, b0)); c11 = v128.add<T>(c11, v128.mul<T>(s, b1)); c12 = v128.add<T>(c12, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 10 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(s, b0)); c21 = v128.add<T>(c21, v128.mul<T>(s, b1)); c22 = v128.add<T>(c22, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 11 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(s, b0)); c31 = v128.add<T>(c31, v128.mul<T>(s, b1)); c32 = v128.add<T>(c32, v128.mul<T>(s, b2));

    b0 = v128.load(b, 144); b1 = v128.load(b, 160); b2 = v128.load(b, 176); s = v128.load_splat<T>(a, 12 * sizeof<T>());
    c00 = v128.add<T>(c00, v128.mul<T>(s, b0)); c01 = v128.add<T>(c01, v128.mul<T>(s, b1)); c02 = v128.add<T>(c02, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 13 * sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(s, b0)); c11 = v128.add<T>(c11, v128.mul<T>(s, b1)); c12 = v128.add<T>(c12, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 14 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(s, b0)); c21 = v128.add<T>(c21, v128.mul<T>(s, b1)); c22 = v128.add<T>(c22, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 15 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(s, b0)); c31 = v128.add<T>(c31, v128.mul<T>(s, b1)); c32 = v128.add<T>(c32, v128.mul<T>(s, b2));
  }
  for (; k < depth; k++, a += 4 * sizeof<T>(), b += 48) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), s = v128.load_splat<T>(a, 0);
    c00 = v128.add<T>(c00, v128.mul<T>(s, b0)); c01 = v128.add<T>(c01, v128.mul<T>(s, b1)); c02 = v128.add<T>(c02, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(s, b0)); c11 = v128.add<T>(c11, v128.mul<T>(s, b1)); c12 = v128.add<T>(c12, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(s, b0)); c21 = v128.add<T>(c21, v128.mul<T>(s, b1)); c22 = v128.add<T>(c22, v128.mul<T>(s, b2)); s = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(s, b0)); c31 = v128.add<T>(c31, v128.mul<T>(s, b1)); c32 = v128.add<T>(c32, v128.mul<T>(s, b2));
  }
  const whole = rows == 4 && columns == 48 / sizeof<T>();
  let out = whole ? c : tile;
  const step: u32 = whole ? stride : 48;
  // Adding to -0 gives the other summand, whatever its sign.
  if (!whole) for (let i: usize = 0; i < 192; i += 16) v128.store(tile + i, v128.splat<T>(-0.0));
  const f = v128.splat<T>(alpha);
  addRow<T>(out, f, c00, c01, c02);
  addRow<T>((out += step), f, c10, c11, c12);
  addRow<T>((out += step), f, c20, c21, c22);
  addRow<T>((out += step), f, c30, c31, c32);
  if (!whole) {
    for (let i: u32 = 0; i < rows; i++) {
      for (let j: u32 = 0; j < columns; j++) {
        const p = c + i * stride + j * sizeof<T>();
        store<T>(p, load<T>(p) + load<T>(tile + 48 * i + j * sizeof<T>()));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addRow<T>(out: usize, alpha: v128, a: v128, b: v128, c: v128): void {
  v128.store(out, v128.add<T>(v128.load(out), v128.mul<T>(alpha, a)));
  v128.store(out, v128.add<T>(v128.load(out, 16), v128.mul<T>(alpha, b)), 16);
  v128.store(out, v128.add<T>(v128.load(out, 32), v128.mul<T>(alpha, c)), 32);
}

/** Row and column strides in elements; C is row-major with n columns; `scratch` holds `gemmScratch` bytes. */
// @ts-ignore: decorator
@inline
function gemm<T>(m: u32, n: u32, k: u32, alpha: T, a: usize, aRow: u32, aColumn: u32, b: usize, bRow: u32, bColumn: u32, c: usize, scratch: usize): void {
  const size: u32 = sizeof<T>();
  const width: u32 = 48 / size;
  const packedB = scratch + DEPTH * ROWS * size;
  for (let j0: u32 = 0; j0 < n; j0 += PANELS * width) {
    const columns = min(PANELS * width, n - j0);
    for (let k0: u32 = 0; k0 < k; k0 += DEPTH) {
      const depth = min(DEPTH, k - k0);
      const corner = b + size * (k0 * bRow + j0 * bColumn);
      const panels = bColumn == 1 ? columns / width : 0;
      packRows<T>(packedB, corner, panels, depth, size * bRow);
      pack<T>(packedB + 48 * panels * depth, corner + 48 * panels, width, columns - panels * width, depth, size * bColumn, size * bRow);
      for (let i0: u32 = 0; i0 < m; i0 += ROWS) {
        const rows = min(ROWS, m - i0);
        pack<T>(scratch, a + size * (i0 * aRow + k0 * aColumn), 4, rows, depth, size * aRow, size * aColumn);
        for (let j: u32 = 0; j < columns; j += width) {
          for (let i: u32 = 0; i < rows; i += 4) {
            multiply<T>(scratch + size * i * depth, packedB + size * j * depth, depth, alpha, c + size * ((i0 + i) * n + j0 + j), size * n, min<u32>(4, rows - i), min(width, columns - j));
          }
        }
      }
    }
  }
}

export function gemm64(m: u32, n: u32, k: u32, alpha: f64, a: usize, aRow: u32, aColumn: u32, b: usize, bRow: u32, bColumn: u32, c: usize, scratch: usize): void {
  gemm<f64>(m, n, k, alpha, a, aRow, aColumn, b, bRow, bColumn, c, scratch);
}
export function gemm32(m: u32, n: u32, k: u32, alpha: f32, a: usize, aRow: u32, aColumn: u32, b: usize, bRow: u32, bColumn: u32, c: usize, scratch: usize): void {
  gemm<f32>(m, n, k, alpha, a, aRow, aColumn, b, bRow, bColumn, c, scratch);
}
