/**
 * Levenshtein distance of integer sequences by bit-parallel columns (Myers 1999, in the form of Hyyro 2003):
 * the pattern is cut into strips of up to four 64-bit words, and a strip passes the differences along its
 * lowest row to the next.
 */

/** A row of the match table: which positions of the current strip hold a symbol, four words. */
const ROW: u32 = 32;

/** For ids below LABELS the offset of their match row from the first, or 0; all 0 between calls. */
const LABELS: u32 = 1 << 16;
const rowOf: usize = memory.data(4 << 16, 16);

/** Scratch bytes for one pair of which the longer sequence has n symbols. */
export function levenshteinScratch(n: u32): u32 {
  return (ROW + 64 + 9) * n + 256;
}

/**
 * Distances of `count` pairs: `lengths` holds two lengths a pair, `tokens` all sequences end to end (ids
 * may be overwritten by other names for them). A distance above `most` is written as `most + 1`.
 */
export function levenshtein(tokens: usize, lengths: usize, count: u32, out: usize, most: u32, scratch: usize): void {
  for (; count > 0; count--, lengths += 8, out += 4) {
    const m = load<u32>(lengths);
    const n = load<u32>(lengths, 4);
    store<u32>(out, pair(tokens, m, tokens + 4 * m, n, most, scratch));
    tokens += 4 * (m + n);
  }
}

function pair(a: usize, m: u32, b: usize, n: u32, most: u32, scratch: usize): u32 {
  while (m > 0 && n > 0 && load<u32>(a) == load<u32>(b)) {
    a += 4;
    b += 4;
    m--;
    n--;
  }
  while (m > 0 && n > 0 && load<u32>(a + 4 * m - 4) == load<u32>(b + 4 * n - 4)) {
    m--;
    n--;
  }
  // The pattern is the side for which words times columns are fewer.
  if (((m + 63) >> 6) * n > ((n + 63) >> 6) * m) {
    const p = a;
    a = b;
    b = p;
    const l = m;
    m = n;
    n = l;
  }
  if (m == 0 || n == 0) return min(m + n, most == u32.MAX_VALUE ? most : most + 1);
  if (most < u32.MAX_VALUE && (m > n ? m - n : n - m) > most) return most + 1;
  const distance = strips(a, m, b, n, most, scratch);
  return distance > most ? most + 1 : distance;
}

/**
 * Gives the symbols of both sequences new names, from 0 up, by a hash table with linear probing; for pairs
 * that hold ids beyond the table of rows. Tables of (symbol, name + 1).
 */
function relabel(tokens: usize, count: u32, shift: u32, table: usize, named: u32): u32 {
  const mask: u32 = <u32>-1 >> shift;
  for (let i: u32 = 0; i < count; i++) {
    const symbol = load<u32>(tokens + 4 * i);
    let at = (symbol * 0x9e3779b1) >> shift;
    while (load<u32>(table + 8 * at, 4) != 0 && load<u32>(table + 8 * at) != symbol) at = (at + 1) & mask;
    if (load<u32>(table + 8 * at, 4) == 0) {
      store<u32>(table + 8 * at, symbol);
      store<u32>(table + 8 * at, ++named, 4);
    }
    store<u32>(tokens + 4 * i, load<u32>(table + 8 * at, 4) - 1);
  }
  return named;
}

/** All ids or-ed together. */
function union(tokens: usize, count: u32): u32 {
  let all = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) all = v128.or(all, v128.load(tokens + 4 * i));
  let bits = i32x4.extract_lane(all, 0) | i32x4.extract_lane(all, 1) | i32x4.extract_lane(all, 2) | i32x4.extract_lane(all, 3);
  for (; i < count; i++) bits |= load<u32>(tokens + 4 * i);
  return bits;
}

function strips(a: usize, m: u32, b: usize, n: u32, most: u32, scratch: usize): u32 {
  // Scratch: match rows (the first for symbols that the pattern lacks), then the row of every symbol of the
  // pattern and of the text, and the differences along the last strip's lowest row; the latter two with room
  // for the lag of strip4 on both sides. The table of `relabel` is done with before they are written.
  const none = (<u32>scratch + 15) & ~15;
  const pattern = none + ROW * (m + 1);
  const text = pattern + 4 * m + 16;
  const carry = text + 4 * n + 16;
  const whole = m <= 256;
  const all = union(a, m) | union(b, n);
  // Ids as small as the pattern is long are the numbers of their rows; others get rows in order of appearance.
  const direct = all < m && (<u32>1 << (32 - clz(all))) <= m;
  if (direct) {
    memory.fill(none, 0, ROW + (ROW << (32 - clz(all))));
    for (let i: u32 = 0; i < m; i++) {
      const row = none + ROW + ROW * load<u32>(a + 4 * i);
      if (whole) mark(row, i);
      else store<u32>(pattern + 4 * i, row);
    }
    for (let j: u32 = 0; j < n; j++) store<u32>(text + 4 * j, none + ROW + ROW * load<u32>(b + 4 * j));
  } else {
    let rowTable = rowOf;
    if (all >= LABELS) {
      const bits = 33 - clz(m + n);
      memory.fill(none, 0, 8 << bits);
      const names = relabel(b, n, 32 - bits, none, relabel(a, m, 32 - bits, none, 0));
      if (names > LABELS) {
        rowTable = carry + n + 16;
        memory.fill(rowTable, 0, 4 * names);
      }
    }
    memory.fill(none, 0, ROW * (m + 1));
    let rows: u32 = 0;
    for (let i: u32 = 0; i < m; i++) {
      const place = rowTable + 4 * load<u32>(a + 4 * i);
      const known = load<u32>(place);
      const fresh = <u32>(known == 0);
      rows += fresh * ROW;
      const row = known + fresh * rows;
      store<u32>(place, row);
      if (whole) mark(none + row, i);
      else store<u32>(pattern + 4 * i, none + row);
    }
    for (let j: u32 = 0; j < n; j++) store<u32>(text + 4 * j, none + load<u32>(rowTable + 4 * load<u32>(b + 4 * j)));
    for (let i: u32 = 0; i < m; i++) store<u32>(rowTable + 4 * load<u32>(a + 4 * i), 0);
  }
  v128.store(text + 4 * n, i32x4.splat(none));
  v128.store(text - 16, i32x4.splat(none));

  if (whole) {
    if (m <= 64) return strip1(text, n, m);
    if (m <= 128) return strip2(text, n, m, 0, false);
    return strip4(text, n, m, 0, false);
  }

  // `value` is the distance at the strip's lowest row, just left of its first column. Outside of the band
  // of width `most` every vertical and horizontal difference may be taken as +1: an upper bound.
  memory.fill(carry, 1, n);
  let value: i32 = 0;
  let first: u32 = 0;
  for (let top: u32 = 0; top < m; ) {
    const left = m - top;
    const height = min<u32>(left > 128 ? 256 : 128, left);
    const bottom = top + height;
    const from = top > most ? top - most - 1 : 0;
    const to = <u32>min<u64>(n, <u64>bottom + most);
    for (; first < from; first++) value += carried(carry + first);
    value += height;
    for (let i: u32 = 0; i < height; i++) mark(load<u32>(pattern + 4 * (top + i)), i);
    if (left > 128) {
      // Columns left of the strip's first are never read again.
      v128.store(text + 4 * from - 16, i32x4.splat(none));
      strip4(text + 4 * from, to - from, height, carry + from, true);
    } else strip2(text + 4 * from, to - from, height, carry + from, true);
    for (let i = top; i < bottom; i++) {
      const row = load<u32>(pattern + 4 * i);
      v128.store(row, i64x2.splat(0));
      v128.store(row, i64x2.splat(0), 16);
    }
    top = bottom;
  }
  for (; first < n; first++) value += carried(carry + first);
  return value;
}

/** Sets bit i of the strip in a row. */
// @ts-ignore: decorator
@inline
function mark(row: usize, i: u32): void {
  const word = row + ((i >> 6) << 3);
  store<u64>(word, load<u64>(word) | (<u64>1 << i));
}

/** A difference along a row as it is carried: 1 is +1, 2 is -1, 0 is 0. */
// @ts-ignore: decorator
@inline
function carried(at: usize): i32 {
  const code = <i32>load<u8>(at);
  return (code & 1) - (code >> 1);
}

/** What the lowest of a word's rows carry on, given the bits for +1 and -1. */
// @ts-ignore: decorator
@inline
function code(plus: u64, minus: u64, row: u64): u32 {
  return <u32>(((plus >> row) & 1) | (((minus >> row) & 1) << 1));
}

/** Differences down word k of a column, summed over the rows below `height`; `notPlus` has 0 where it is +1. */
// @ts-ignore: decorator
@inline
function down(notPlus: u64, minus: u64, k: u32, height: u32): i32 {
  const rows = <i32>height - 64 * k;
  const mask: u64 = rows >= 64 ? ~0 : rows <= 0 ? 0 : ((<u64>1 << rows) - 1);
  return <i32>popcnt<u64>(~notPlus & mask) - <i32>popcnt<u64>(minus & mask);
}

// The column step, after Myers, of one word: `q` has 0 where the difference down the column is +1 and `m` has 1
// where it is -1; `u` and `d` are the bits for +1 and -1 along the row; `plus` and `minus` come from the row
// above. It uses that p + X = ~(q - X) for p = ~q.

/** A pattern of at most 64 symbols: the distance. */
function strip1(text: usize, columns: u32, height: u32): i32 {
  let q: u64 = 0, m: u64 = 0;
  for (const end = text + 4 * columns; text < end; text += 4) {
    const e = load<u64>(load<u32>(text));
    const x = e | m;
    const h = ((q - (e & ~q)) ^ q) | e;
    const u = ((m | (q & ~h)) << 1) | 1;
    const d = (h & ~q) << 1;
    q = (u | x) & ~d;
    m = u & x;
  }
  return columns + down(q, m, 0, height);
}

/**
 * Two words: a whole pattern, of which it returns the distance; or, with `through`, a strip that takes and
 * leaves the differences along the rows above it and below it in `carry`.
 */
// @ts-ignore: decorator
@inline
function strip2(text: usize, columns: u32, height: u32, carry: usize, through: bool): i32 {
  let q0: u64 = 0, m0: u64 = 0, q1: u64 = 0, m1: u64 = 0;
  for (const end = text + 4 * columns; text < end; text += 4) {
    const row: usize = load<u32>(text);
    let plus: u64 = 1, minus: u64 = 0;
    if (through) {
      plus = load<u8>(carry) & 1;
      minus = load<u8>(carry) >> 1;
    }
    let x = load<u64>(row) | m0;
    let e = load<u64>(row) | minus;
    let h = ((q0 - (e & ~q0)) ^ q0) | e;
    let u = m0 | (q0 & ~h);
    let d = h & ~q0;
    const right = u >> 63;
    const left = d >> 63;
    if (through && height <= 64) store<u8>(carry, code(u, d, height - 1));
    u = (u << 1) | plus;
    d = (d << 1) | minus;
    q0 = (u | x) & ~d;
    m0 = u & x;

    x = load<u64>(row, 8) | m1;
    e = load<u64>(row, 8) | left;
    h = ((q1 - (e & ~q1)) ^ q1) | e;
    u = m1 | (q1 & ~h);
    d = h & ~q1;
    if (through) {
      if (height > 64) store<u8>(carry, code(u, d, (height - 1) & 63));
      carry++;
    }
    u = (u << 1) | right;
    d = (d << 1) | left;
    q1 = (u | x) & ~d;
    m1 = u & x;
  }
  return columns + down(q0, m0, 0, height) + down(q1, m1, 1, height);
}

/**
 * As strip2, with four words, all in flight at once: words 0 and 1 in scalar registers and words 2 and 3 in a
 * vector, so that both kinds of units work. In one turn of the loop words 0 and 1 work on a column, word 2 on the
 * one before and word 3 on the one before that, so that what the vector needs from the word above was made one
 * turn earlier. A word that has not started sees no match and no difference, which leaves it as it is; `text`
 * and `carry` have room for that on the left.
 */
// @ts-ignore: decorator
@inline
function strip4(text: usize, columns: u32, height: u32, carry: usize, through: bool): i32 {
  const zero = i64x2.splat(0);
  let q0: u64 = 0, m0: u64 = 0, q1: u64 = 0, m1: u64 = 0;
  let q = zero, m = zero, above = zero, below = zero;
  const last = (height - 1) & 63;
  let distance: i32 = columns;
  let end = text + 4 * columns;
  // Word 2 is done with the last column one turn after words 0 and 1, word 3 two turns after.
  for (let lag: u32 = 0; lag < 3; lag++, end += 4) {
    for (; text < end; text += 4) {
      const row: usize = load<u32>(text);
      let e = v128.load64_lane(load<u32>(text - 8), v128.load64_zero(load<u32>(text - 4), 16), 1, 24);
      const x = v128.or(e, m);
      e = v128.or(e, below);
      const h = v128.or(v128.xor(i64x2.sub(q, v128.andnot(e, q)), q), e);
      let u = v128.or(m, v128.andnot(q, h));
      let d = v128.andnot(h, q);
      if (through) {
        const bits = height > 192 ? code(i64x2.extract_lane(u, 1), i64x2.extract_lane(d, 1), last)
          : code(i64x2.extract_lane(u, 0), i64x2.extract_lane(d, 0), last);
        store<u8>(carry - (height > 192 ? 2 : 1), bits);
      }
      const right = i64x2.shr_u(u, 63);
      const left = i64x2.shr_u(d, 63);
      u = v128.or(i64x2.shl(u, 1), above);
      d = v128.or(i64x2.shl(d, 1), below);
      q = v128.andnot(v128.or(u, x), d);
      m = v128.and(u, x);

      let plus: u64 = 1, minus: u64 = 0;
      if (through) {
        plus = load<u8>(carry) & 1;
        minus = load<u8>(carry) >> 1;
        carry++;
      }
      const e0 = load<u64>(row);
      const x0 = e0 | m0;
      const f0 = e0 | minus;
      const h0 = ((q0 - (f0 & ~q0)) ^ q0) | f0;
      const u0 = m0 | (q0 & ~h0);
      const d0 = h0 & ~q0;
      const up0 = (u0 << 1) | plus;
      const dn0 = (d0 << 1) | minus;
      q0 = (up0 | x0) & ~dn0;
      m0 = up0 & x0;

      const e1 = load<u64>(row, 8);
      const x1 = e1 | m1;
      const f1 = e1 | (d0 >> 63);
      const h1 = ((q1 - (f1 & ~q1)) ^ q1) | f1;
      const u1 = m1 | (q1 & ~h1);
      const d1 = h1 & ~q1;
      const up1 = (u1 << 1) | (u0 >> 63);
      const dn1 = (d1 << 1) | (d0 >> 63);
      q1 = (up1 | x1) & ~dn1;
      m1 = up1 & x1;

      above = i64x2.replace_lane(v128.shuffle<u64>(right, right, 0, 0), 0, u1 >> 63);
      below = i64x2.replace_lane(v128.shuffle<u64>(left, left, 0, 0), 0, d1 >> 63);
    }
    if (!through) {
      if (lag == 0) distance += down(q0, m0, 0, height) + down(q1, m1, 1, height);
      else if (lag == 1) distance += down(i64x2.extract_lane(q, 0), i64x2.extract_lane(m, 0), 2, height);
      else distance += down(i64x2.extract_lane(q, 1), i64x2.extract_lane(m, 1), 3, height);
    }
  }
  return distance;
}
