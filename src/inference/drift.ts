/**
 * Watches whether the iterates wander in one direction for as long as the stream lasts. The means over some twenty
 * stretches of equal length are compared with a straight line in time; it costs nothing between their ends.
 */

const MOST = 32;
/** A slope of this many standard errors: neighbouring means of a stream without drift depend on one another a little. */
const SLOPE_LIMIT = 8;

/** Plain data. `totals` holds, row by row, the sum of the iterates up to each stretch's end. */
export interface Drift {
  readonly dimension: number;
  length: number;
  filled: number;
  next: number;
  readonly totals: Float64Array;
}

export function createDrift(dimension: number): Drift {
  return { dimension, length: 1, filled: 0, next: 1, totals: new Float64Array(MOST * dimension) };
}

/** Called when `count` has come to `next`. */
export function closeStretch(state: Drift, count: number, average: Float64Array): void {
  const { dimension: d, totals } = state;
  for (let k = 0; k < d; k++) totals[state.filled * d + k] = count * average[k]!;
  if (++state.filled === MOST) {
    for (let i = 0; i < MOST / 2; i++) totals.copyWithin(i * d, (2 * i + 1) * d, (2 * i + 2) * d);
    state.filled = MOST / 2;
    state.length *= 2;
  }
  state.next = (state.filled + 1) * state.length;
}

/** The largest slope of a coordinate over its standard error, and whether it tells of a drift. */
export function driftOf(state: Drift): { readonly slope: number; readonly drifting: boolean } {
  const { dimension: d, totals, filled: n, length } = state;
  let slope = 0;
  if (n < MOST / 2) return { slope, drifting: false };
  const middle = (n - 1) / 2;
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (i - middle) ** 2;
  for (let k = 0; k < d; k++) {
    const means = Array.from(
      { length: n },
      (_, i) => (totals[i * d + k]! - (i === 0 ? 0 : totals[(i - 1) * d + k]!)) / length,
    );
    const mean = means.reduce((a, b) => a + b, 0) / n;
    const line = means.reduce((sum, x, i) => sum + (i - middle) * (x - mean), 0) / spread;
    const rest = means.reduce((sum, x, i) => sum + (x - mean - line * (i - middle)) ** 2, 0);
    if (rest > 0) slope = Math.max(slope, Math.abs(line) * Math.sqrt((spread * (n - 2)) / rest));
    else if (line !== 0) slope = Number.POSITIVE_INFINITY;
  }
  return { slope, drifting: slope > SLOPE_LIMIT };
}
