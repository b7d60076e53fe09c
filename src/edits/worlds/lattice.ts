/**
 * The set of acceptable texts as a sequence of slots with alternative token sequences, and the member of the
 * set that is nearest to a draft.
 */

/** `lattice[s][a]` = the tokens of alternative `a` of slot `s`; a text takes one alternative of every slot. */
export type Lattice = readonly (readonly (readonly string[])[])[];

export interface NearestText {
  /** Token-level Levenshtein distance (unit costs) between the draft and the nearest text. */
  readonly distance: number;
  /** The chosen alternative of every slot; ties go to the alternatives named first. */
  readonly choices: readonly number[];
}

/**
 * The text of the lattice with the smallest Levenshtein distance to the draft, by dynamic programming over the
 * draft's positions, slot by slot: O(draft tokens x tokens in the lattice).
 */
export function nearestText(draft: readonly string[], lattice: Lattice): NearestText {
  const n = draft.length;
  // row[j] = fewest edits that turn draft[0..j) into a text of the slots so far.
  let row = Int32Array.from({ length: n + 1 }, (_, j) => j);
  const back: { alternative: Int32Array; entered: Int32Array }[] = [];
  for (const alternatives of lattice) {
    const best = new Int32Array(n + 1).fill(2 ** 30);
    const alternative = new Int32Array(n + 1);
    const entered = new Int32Array(n + 1);
    alternatives.forEach((tokens, a) => {
      const path = through(tokens, draft, row);
      for (let j = 0; j <= n; j++) {
        if (path.row[j]! >= best[j]!) continue;
        best[j] = path.row[j]!;
        alternative[j] = a;
        entered[j] = path.entered[j]!;
      }
    });
    back.push({ alternative, entered });
    row = best;
  }
  const choices: number[] = [];
  for (let s = lattice.length - 1, j = n; s >= 0; s--) {
    choices.unshift(back[s]!.alternative[j]!);
    j = back[s]!.entered[j]!;
  }
  return { distance: row[n]!, choices };
}

/** Levenshtein rows along `tokens`, with the draft position at which the best path entered them. */
function through(
  tokens: readonly string[],
  draft: readonly string[],
  start: Int32Array,
): { row: Int32Array; entered: Int32Array } {
  let row = start;
  let entered = Int32Array.from(start, (_, j) => j);
  for (const token of tokens) {
    const next = new Int32Array(row.length);
    const from = new Int32Array(row.length);
    next[0] = row[0]! + 1;
    from[0] = entered[0]!;
    for (let j = 1; j < row.length; j++) {
      const substitute = row[j - 1]! + (draft[j - 1] === token ? 0 : 1);
      const remove = next[j - 1]! + 1;
      const insert = row[j]! + 1;
      const least = Math.min(substitute, remove, insert);
      next[j] = least;
      from[j] = least === substitute ? entered[j - 1]! : least === remove ? from[j - 1]! : entered[j]!;
    }
    row = next;
    entered = from;
  }
  return { row, entered };
}
