/** Where two token sequences differ, change by change. */

import { editScript } from "./edit-script.ts";

/** Tokens `aStart` to `aEnd` - 1 of the first sequence stand where the second has `bStart` to `bEnd` - 1. */
export interface Hunk {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/** The changes of a shortest edit script, neighbouring steps joined; outside of them `a` and `b` are equal. */
export function changedRanges(a: Int32Array, b: Int32Array): Hunk[] {
  const hunks: Hunk[] = [];
  let open = false;
  for (const { kind, aStart, aEnd, bStart, bEnd } of editScript(a, b)) {
    const last = hunks.at(-1);
    if (kind === "equal") open = false;
    else if (open && last !== undefined) hunks[hunks.length - 1] = { ...last, aEnd, bEnd };
    else {
      hunks.push({ aStart, aEnd, bStart, bEnd });
      open = true;
    }
  }
  return hunks;
}
