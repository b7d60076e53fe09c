/** Where two token sequences differ: a few contiguous changes rather than many scattered ones. */

/** Tokens `aStart` to `aEnd` of the first sequence stand where the second has `bStart` to `bEnd`. */
export interface Hunk {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/** A changed token costs as much as this many hunks, so that changes join unless that changes more tokens. */
const CHANGE = 2;
const HUNK = 1;
/** Above this many cells a table is cut at tokens that both sequences have once. */
const CELLS = 1 << 24;

/**
 * The changes from `a` to `b`, in order; outside of them the two are equal. Among all alignments it takes one with the
 * least of 2 × changed tokens (as Levenshtein counts) + changes. Sequences whose table would exceed 16 million cells
 * are first cut at common tokens that occur once in each; where none are left, the rest is one change.
 */
export function changedRanges(a: ArrayLike<number>, b: ArrayLike<number>): Hunk[] {
  const hunks: Hunk[] = [];
  between(a, 0, a.length, b, 0, b.length, hunks);
  return hunks;
}

function between(
  a: ArrayLike<number>,
  a0: number,
  a1: number,
  b: ArrayLike<number>,
  b0: number,
  b1: number,
  hunks: Hunk[],
): void {
  while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) {
    a0++;
    b0++;
  }
  while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) {
    a1--;
    b1--;
  }
  if (a0 === a1 && b0 === b1) return;
  if (a0 === a1 || b0 === b1) {
    hunks.push({ aStart: a0, aEnd: a1, bStart: b0, bEnd: b1 });
    return;
  }
  if ((a1 - a0 + 1) * (b1 - b0 + 1) <= CELLS) {
    align(a, a0, a1, b, b0, b1, hunks);
    return;
  }
  const anchors = commonOnce(a, a0, a1, b, b0, b1);
  if (anchors.length === 0) {
    hunks.push({ aStart: a0, aEnd: a1, bStart: b0, bEnd: b1 });
    return;
  }
  let [i, j] = [a0, b0];
  for (const [k, l] of anchors) {
    between(a, i, k, b, j, l, hunks);
    [i, j] = [k + 1, l + 1];
  }
  between(a, i, a1, b, j, b1, hunks);
}

/** The last step of a change. */
const [SUBSTITUTE, DELETE, INSERT] = [1, 2, 3] as const;
const UNREACHED = 0x3fffffff;

/**
 * Dynamic programme over two tables: the least cost of a prefix pair that ends in an equal pair, and in a change.
 * A cell of `how` holds for the change table the last step (2 bits) and whether a change was open before it (1 bit),
 * and for the pair table whether a change was open before (1 bit).
 */
function align(
  a: ArrayLike<number>,
  a0: number,
  a1: number,
  b: ArrayLike<number>,
  b0: number,
  b1: number,
  hunks: Hunk[],
): void {
  const m = a1 - a0;
  const n = b1 - b0;
  const width = n + 1;
  const how = new Uint8Array((m + 1) * width);
  let pairAbove = new Int32Array(width).fill(UNREACHED);
  let changeAbove = new Int32Array(width).fill(UNREACHED);
  let pair = new Int32Array(width);
  let change = new Int32Array(width);
  pairAbove[0] = 0;
  for (let j = 1; j <= n; j++) {
    changeAbove[j] = HUNK + CHANGE * j;
    how[j] = INSERT | (j > 1 ? 4 : 0);
  }
  for (let i = 1; i <= m; i++) {
    const token = a[a0 + i - 1];
    pair[0] = UNREACHED;
    change[0] = HUNK + CHANGE * i;
    how[i * width] = DELETE | (i > 1 ? 4 : 0);
    for (let j = 1; j <= n; j++) {
      let cell: number;
      let best: number;
      const diagonal = Math.min(changeAbove[j - 1]!, pairAbove[j - 1]! + HUNK);
      const up = Math.min(changeAbove[j]!, pairAbove[j]! + HUNK);
      const left = Math.min(change[j - 1]!, pair[j - 1]! + HUNK);
      if (up <= diagonal && up <= left) {
        best = up;
        cell = DELETE | (changeAbove[j]! === up ? 4 : 0);
      } else if (left <= diagonal) {
        best = left;
        cell = INSERT | (change[j - 1]! === left ? 4 : 0);
      } else {
        best = diagonal;
        cell = SUBSTITUTE | (changeAbove[j - 1]! === diagonal ? 4 : 0);
      }
      change[j] = best + CHANGE;
      if (token === b[b0 + j - 1]) {
        const open = changeAbove[j - 1]! < pairAbove[j - 1]!;
        pair[j] = open ? changeAbove[j - 1]! : pairAbove[j - 1]!;
        if (open) cell |= 8;
      } else pair[j] = UNREACHED;
      how[i * width + j] = cell;
    }
    [pairAbove, pair] = [pair, pairAbove];
    [changeAbove, change] = [change, changeAbove];
  }

  const found: Hunk[] = [];
  let [i, j] = [m, n];
  let inChange = changeAbove[n]! < pairAbove[n]!;
  let [aEnd, bEnd] = [m, n];
  while (i > 0 || j > 0) {
    const cell = how[i * width + j]!;
    if (!inChange) {
      inChange = (cell & 8) !== 0;
      i--;
      j--;
      if (inChange) [aEnd, bEnd] = [i, j];
      continue;
    }
    const step = cell & 3;
    if (step !== INSERT) i--;
    if (step !== DELETE) j--;
    inChange = (cell & 4) !== 0;
    if (!inChange) found.push({ aStart: a0 + i, aEnd: a0 + aEnd, bStart: b0 + j, bEnd: b0 + bEnd });
  }
  hunks.push(...found.reverse());
}

/** Positions of tokens that each sequence has exactly once, the longest run of them in the same order. */
function commonOnce(
  a: ArrayLike<number>,
  a0: number,
  a1: number,
  b: ArrayLike<number>,
  b0: number,
  b1: number,
): [number, number][] {
  const placeInA = places(a, a0, a1);
  const placeInB = places(b, b0, b1);
  const pairs: [number, number][] = [];
  for (const [token, i] of placeInA) {
    const j = placeInB.get(token) ?? -1;
    if (i >= 0 && j >= 0) pairs.push([i, j]);
  }
  return longestRising(pairs);
}

/** By token its place, or -1 if it occurs again. */
function places(tokens: ArrayLike<number>, from: number, to: number): Map<number, number> {
  const place = new Map<number, number>();
  for (let i = from; i < to; i++) place.set(tokens[i]!, place.has(tokens[i]!) ? -1 : i);
  return place;
}

/** The longest subsequence of pairs, which rise in the first entry, that rises in the second, too. */
function longestRising(pairs: readonly [number, number][]): [number, number][] {
  const ends: number[] = [];
  const before = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([, j], p) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[ends[middle]!]![1] < j) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[p] = ends[low - 1]!;
    ends[low] = p;
  });
  const chain: [number, number][] = [];
  for (let p = ends.at(-1) ?? -1; p >= 0; p = before[p]!) chain.push(pairs[p]!);
  return chain.reverse();
}
