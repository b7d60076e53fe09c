import { checkTokens, type Tokens } from "./levenshtein.ts";

/** One step of an edit script: tokens aStart to aEnd - 1 of the old sequence become bStart to bEnd - 1 of the new. */
export interface EditStep {
  /** A "substitute" has as many tokens on both sides; an "insert" none in the old, a "delete" none in the new. */
  readonly kind: "equal" | "substitute" | "delete" | "insert";
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

type Kind = EditStep["kind"];

/** Sequences whose table has more cells than this are divided first (Hirschberg 1975), so memory stays modest. */
const MOST_CELLS = 1 << 22;

const DIAGONAL = 0;
const DELETE = 1;
const INSERT = 2;

/**
 * The fewest changes that turn a into b, as steps in order that cover both sequences; neighbours of one kind
 * are joined. The numbers of tokens changed add up to the Levenshtein distance.
 *
 * @throws InvalidInput when a plain array holds something else than 32-bit integers.
 * @example editScript([1, 2, 3], [1, 3]); // equal 0-1, delete 1-2, equal 2-3
 */
export function editScript(a: Tokens, b: Tokens): readonly EditStep[] {
  return editScriptWithin(MOST_CELLS, a, b);
}

/** `editScript` with a table of at most so many cells (and at least two rows or columns). */
export function editScriptWithin(mostCells: number, a: Tokens, b: Tokens): readonly EditStep[] {
  checkTokens(a);
  checkTokens(b);
  const from = Int32Array.from(a);
  const to = Int32Array.from(b);
  const steps: EditStep[] = [];
  const emit = (kind: Kind, aStart: number, bStart: number, count: number): void => {
    if (count === 0) return;
    const aEnd = aStart + (kind === "insert" ? 0 : count);
    const bEnd = bStart + (kind === "delete" ? 0 : count);
    const previous = steps.at(-1);
    if (previous?.kind === kind) steps[steps.length - 1] = { ...previous, aEnd, bEnd };
    else steps.push({ kind, aStart, aEnd, bStart, bEnd });
  };

  const solve = (aStart: number, aEnd: number, bStart: number, bEnd: number): void => {
    const first = { a: aStart, b: bStart };
    while (aStart < aEnd && bStart < bEnd && from[aStart] === to[bStart]) {
      aStart++;
      bStart++;
    }
    emit("equal", first.a, first.b, aStart - first.a);
    let suffix = 0;
    while (
      aStart < aEnd - suffix &&
      bStart < bEnd - suffix &&
      from[aEnd - 1 - suffix] === to[bEnd - 1 - suffix]
    ) {
      suffix++;
    }
    aEnd -= suffix;
    bEnd -= suffix;
    const rows = aEnd - aStart;
    const columns = bEnd - bStart;
    if (rows === 0) emit("insert", aStart, bStart, columns);
    else if (columns === 0) emit("delete", aStart, bStart, rows);
    else if (rows === 1 || rows * columns <= mostCells) {
      trace(from.subarray(aStart, aEnd), to.subarray(bStart, bEnd), (kind, i, j) => {
        emit(kind, aStart + i, bStart + j, 1);
      });
    } else {
      const aMiddle = aStart + (rows >>> 1);
      const bMiddle = bStart + crossing(from.subarray(aStart, aEnd), to.subarray(bStart, bEnd), rows >>> 1);
      solve(aStart, aMiddle, bStart, bMiddle);
      solve(aMiddle, aEnd, bMiddle, bEnd);
    }
    emit("equal", aEnd, bEnd, suffix);
  };
  solve(0, from.length, 0, to.length);
  return steps;
}

/** Visits the steps of a shortest script, token by token and in order, by the full table of directions. */
function trace(a: Int32Array, b: Int32Array, visit: (kind: Kind, i: number, j: number) => void): void {
  const [m, n] = [a.length, b.length];
  const directions = new Uint8Array(m * n);
  const row = Int32Array.from({ length: n + 1 }, (_, j) => n - j);
  // Backwards, so that the walk goes forwards: row[j] is the distance of the rest of a and of b.
  for (let i = m - 1; i >= 0; i--) {
    let diagonal = row[n]!;
    row[n]! += 1;
    for (let j = n - 1; j >= 0; j--) {
      const substitute = diagonal + (a[i] === b[j] ? 0 : 1);
      const remove = row[j]! + 1;
      const insert = row[j + 1]! + 1;
      diagonal = row[j]!;
      const least = Math.min(substitute, remove, insert);
      directions[i * n + j] = substitute === least ? DIAGONAL : remove === least ? DELETE : INSERT;
      row[j] = least;
    }
  }
  let i = 0;
  let j = 0;
  while (i < m || j < n) {
    const direction = i === m ? INSERT : j === n ? DELETE : directions[i * n + j]!;
    if (direction === DIAGONAL) {
      visit(a[i] === b[j] ? "equal" : "substitute", i, j);
      i++;
      j++;
    } else if (direction === DELETE) {
      visit("delete", i++, j);
    } else {
      visit("insert", i, j++);
    }
  }
}

/** Where in b a shortest script passes from the first `middle` tokens of a to the others. */
function crossing(a: Int32Array, b: Int32Array, middle: number): number {
  const before = lastRow(a.subarray(0, middle), b);
  const after = lastRow(a.subarray(middle).slice().reverse(), b.slice().reverse());
  const n = b.length;
  let best = 0;
  for (let j = 1; j <= n; j++) {
    if (before[j]! + after[n - j]! < before[best]! + after[n - best]!) best = j;
  }
  return best;
}

/** Distances of a to every beginning of b. */
function lastRow(a: Int32Array, b: Int32Array): Int32Array {
  const row = Int32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i + 1;
    for (let j = 0; j < b.length; j++) {
      const least = Math.min(diagonal + (a[i] === b[j] ? 0 : 1), row[j]! + 1, row[j + 1]! + 1);
      diagonal = row[j + 1]!;
      row[j + 1] = least;
    }
  }
  return row;
}
