/**
 * Levenshtein distance of integer sequences by bit-parallel columns (Myers 1999, in the form of Hyyro 2003):
 * the pattern is cut into strips of up to four 64-bit words, and a strip passes the differences along its
 * lowest row to the next.
 */

/** A row of the match table: which positions of the current strip hold a symbol, four words. */
const ROW: u32 = 32;

/** For ids below LABELS the offset of their match row, or 0; all 0 between calls. */
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
  let rowTable = rowOf;
  if ((union(a, m) | union(b, n)) >= LABELS) {
    const bits = 33 - clz(m + n);
    memory.fill(none, 0, 8 << bits);
    const names = relabel(b, n, 32 - bits, none, relabel(a, m, 32 - bits, none, 0));
    if (names > LABELS) {
      rowTable = carry + n + 16;
      memory.fill(rowTable, 0, 4 * names);
    }
  }
  memory.fill(none, 0, ROW * (m + 1));
  memory.fill(carry, 1, n);
  let rows: u32 = 0;
  for (let i: u32 = 0; i < m; i++) {
    const place = rowTable + 4 * load<u32>(a + 4 * i);
    const known = load<u32>(place);
    const fresh = <u32>(known == 0);
    rows += fresh * ROW;
    const row = known + fresh * rows;
    store<u32>(place, row);
    store<u32>(pattern + 4 * i, row);
  }
  for (let j: u32 = 0; j < n; j++) store<u32>(text + 4 * j, load<u32>(rowTable + 4 * load<u32>(b + 4 * j)));
  for (let i: u32 = 0; i < m; i++) store<u32>(rowTable + 4 * load<u32>(a + 4 * i), 0);
  v128.store(text + 4 * n, i32x4.splat(0));

  // `value` is the distance at the strip's lowest row, just left of its first column. Outside of the band
  // of width `most` every vertical and horizontal difference may be taken as +1: an upper bound.
  let value: i32 = 0;
  let first: u32 = 0;
  for (let top: u32 = 0; top < m; ) {
    const left = m - top;
    const words: u32 = left > 192 ? 4 : left > 64 ? 2 : 1;
    const height = min<u32>(64 * words, left);
    const bottom = top + height;
    const from = top > most ? top - most - 1 : 0;
    const to = <u32>min<u64>(n, <u64>bottom + most);
    for (; first < from; first++) value += carried(carry + first);
    value += height;
    for (let i: u32 = 0; i < height; i++) {
      const word = none + load<u32>(pattern + 4 * (top + i)) + ((i >> 6) << 3);
      store<u64>(word, load<u64>(word) | (<u64>1 << i));
    }
    const last = (height - 1) & 63;
    if (words == 4) strip4(text + 4 * from, text + 4 * to, carry + from, last, none);
    else if (words == 2) strip2(text + 4 * from, text + 4 * to, carry + from, last, none);
    else strip1(text + 4 * from, text + 4 * to, carry + from, last, none);
    if (bottom < m) {
      for (let i: u32 = 0; i < height; i++) {
        const row = none + load<u32>(pattern + 4 * (top + i));
        v128.store(row, i64x2.splat(0));
        v128.store(row, i64x2.splat(0), 16);
      }
    }
    top = bottom;
  }
  for (; first < n; first++) value += carried(carry + first);
  return value;
}

/** A difference along a row as it is carried: 1 is +1, 2 is -1, 0 is 0. */
// @ts-ignore: decorator
@inline
function carried(at: usize): i32 {
  const code = <i32>load<u8>(at);
  return (code & 1) - (code >> 1);
}

/**
 * A strip of one word: columns `text` to `end` with differences in and out by `carry`. Names as in Myers: p and m say
 * where the difference down the column is +1 and -1, t and d the same along the row (t without those that
 * come from m, which are known earlier).
 */
function strip1(text: usize, end: usize, carry: usize, last: u64, none: u32): void {
  let p0: u64 = ~0, m0: u64 = 0;
  let x: u64, e: u64, h: u64, t: u64, d: u64;
  for (; text < end; text += 4, carry++) {
    const row: usize = none + load<u32>(text);
    const code = <u64>load<u8>(carry);
    let plus = code & 1;
    let minus = code >> 1;

    x = load<u64>(row, 0) | m0;
    e = load<u64>(row, 0) | minus;
    h = (((e & p0) + p0) ^ p0) | e;
    t = ~(h | p0);
    d = p0 & h;
    store<u8>(carry, <u8>((((t | m0) >> last) & 1) | (((d >> last) & 1) << 1)));
    d = (d << 1) | minus;
    t = (t << 1) | ((m0 << 1) | plus);
    p0 = d | ~(t | x);
    m0 = t & x;
  }
}

/**
 * A strip of two words: columns `text` to `end` with differences in and out by `carry`.
 */
function strip2(text: usize, end: usize, carry: usize, last: u64, none: u32): void {
  let p0: u64 = ~0, m0: u64 = 0;
  let p1: u64 = ~0, m1: u64 = 0;
  let x: u64, e: u64, h: u64, t: u64, d: u64, up: u64, down: u64;
  for (; text < end; text += 4, carry++) {
    const row: usize = none + load<u32>(text);
    const code = <u64>load<u8>(carry);
    let plus = code & 1;
    let minus = code >> 1;

    x = load<u64>(row, 0) | m0;
    e = load<u64>(row, 0) | minus;
    h = (((e & p0) + p0) ^ p0) | e;
    t = ~(h | p0);
    d = p0 & h;
    up = (t | m0) >> 63;
    down = d >> 63;
    d = (d << 1) | minus;
    t = (t << 1) | ((m0 << 1) | plus);
    p0 = d | ~(t | x);
    m0 = t & x;
    plus = up;
    minus = down;

    x = load<u64>(row, 8) | m1;
    e = load<u64>(row, 8) | minus;
    h = (((e & p1) + p1) ^ p1) | e;
    t = ~(h | p1);
    d = p1 & h;
    store<u8>(carry, <u8>((((t | m1) >> last) & 1) | (((d >> last) & 1) << 1)));
    d = (d << 1) | minus;
    t = (t << 1) | ((m1 << 1) | plus);
    p1 = d | ~(t | x);
    m1 = t & x;
  }
}

/**
 * A strip of four words, all in flight at once: in one turn of the loop word k works on the column k places
 * back, so that what it needs from the word above was made one turn before. A word that has not started sees
 * no match and no difference, which leaves it as it is.
 */
function strip4(text: usize, end: usize, carry: usize, last: u32, none: u32): void {
  const ones = i64x2.splat(-1);
  const zero = i64x2.splat(0);
  let pa = ones, qa = zero, ma = zero, plusA = zero, minusA = zero;
  let pb = ones, qb = zero, mb = zero, plusB = zero, minusB = zero;
  // Columns left of the strip's first are never read again.
  store<u32>(text - 4, 0);
  store<u32>(text - 8, 0);
  store<u32>(text - 12, 0);
  for (end += 12; text < end; text += 4, carry++) {
    const code = <u64>load<u8>(carry);
    plusA = i64x2.replace_lane(plusA, 0, code & 1);
    minusA = i64x2.replace_lane(minusA, 0, code >> 1);
    let ea = v128.load64_lane(none + load<u32>(text - 4), v128.load64_zero(none + load<u32>(text)), 1, 8);
    let eb = v128.load64_lane(none + load<u32>(text - 12), v128.load64_zero(none + load<u32>(text - 8), 16), 1, 24);

    const xa = v128.or(ea, ma);
    ea = v128.or(ea, minusA);
    const ha = v128.or(v128.xor(i64x2.add(v128.and(ea, pa), pa), pa), ea);
    let ta = v128.andnot(qa, ha);
    let da = v128.and(pa, ha);
    const ua = v128.or(ta, ma);
    const upA = i64x2.shr_u(ua, 63);
    const downA = i64x2.shr_u(da, 63);
    da = v128.or(i64x2.shl(da, 1), minusA);
    ta = v128.or(i64x2.shl(ta, 1), v128.or(i64x2.shl(ma, 1), plusA));
    qa = v128.andnot(v128.or(ta, xa), da);
    pa = v128.xor(qa, ones);
    ma = v128.and(ta, xa);

    const xb = v128.or(eb, mb);
    eb = v128.or(eb, minusB);
    const hb = v128.or(v128.xor(i64x2.add(v128.and(eb, pb), pb), pb), eb);
    let tb = v128.andnot(qb, hb);
    let db = v128.and(pb, hb);
    const ub = v128.or(tb, mb);
    store<u8>(carry - 3, <u8>(((i64x2.extract_lane(ub, 1) >> last) & 1) | (((i64x2.extract_lane(db, 1) >> last) & 1) << 1)));
    const upB = i64x2.shr_u(ub, 63);
    const downB = i64x2.shr_u(db, 63);
    db = v128.or(i64x2.shl(db, 1), minusB);
    tb = v128.or(i64x2.shl(tb, 1), v128.or(i64x2.shl(mb, 1), plusB));
    qb = v128.andnot(v128.or(tb, xb), db);
    pb = v128.xor(qb, ones);
    mb = v128.and(tb, xb);

    plusA = v128.shuffle<u64>(upA, upA, 0, 0);
    minusA = v128.shuffle<u64>(downA, downA, 0, 0);
    plusB = v128.shuffle<u64>(upA, upB, 1, 2);
    minusB = v128.shuffle<u64>(downA, downB, 1, 2);
  }
}
