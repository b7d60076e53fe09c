/**
 * Finite-difference Newton steps (section 3.4 of the paper): theta_n = theta_(n-1) - H^-1 g / (n + offset), whose last
 * iterate has the limit law of the averaged ones. H is the mean second difference so far; it begins at the identity of
 * the scaled coordinates with the weight of the transient, without which the first steps would run away.
 */
import { mirrored, type PlugIn, spectral } from "./plug-in.ts";

/** H is inverted anew whenever the count has grown by this factor. */
const GROWTH = 1.1;

/** Plain data. */
export interface Newton {
  /** The inverse in use, row-major d by d, and the count at which the next one is due. */
  readonly inverse: Float64Array;
  due: number;
  /** Length of the steps in hand, d numbers. */
  readonly move: Float64Array;
}

export function createNewton(d: number): Newton {
  return { inverse: new Float64Array(d * d), due: 0, move: new Float64Array(d) };
}

/** Fills `move` with H^-1 g. */
export function turn(
  state: Newton,
  { count, hessian }: PlugIn,
  gradient: Float64Array,
  weight: number,
  floor: number,
): Float64Array {
  const { inverse, move } = state;
  const d = move.length;
  if (count >= state.due) {
    const blended = mirrored(hessian, d, count / (count + weight));
    for (let k = 0; k < d; k++) blended[k * (d + 1)]! += weight / (count + weight);
    inverse.set(spectral(blended, d, (x) => 1 / Math.max(x, floor)));
    state.due = Math.ceil((count + 1) * GROWTH);
  }
  for (let i = 0; i < d; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += inverse[i * d + j]! * gradient[j]!;
    move[i] = sum;
  }
  return move;
}
