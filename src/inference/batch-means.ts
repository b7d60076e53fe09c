/**
 * Online overlapping batch means (Zhu, Chen, Wu, JASA 2023), diagonal. Blocks begin at floor(j^(2 / (1 - alpha))) and
 * grow, so that the blocks' sums come to be independent. Converges slowly: its intervals are often too short.
 */

/** Plain data. Iterates are taken around `centre`, so that the sums do not cancel. */
export interface BatchMeans {
  count: number;
  /** Number of the block that begins next, and where. */
  block: number;
  next: number;
  /** Place in the block; sums of places and of their squares. */
  place: number;
  places: number;
  squares: number;
  readonly centre: Float64Array;
  readonly sum: Float64Array;
  readonly sumSquares: Float64Array;
  readonly weighted: Float64Array;
}

export function createBatchMeans(centre: Float64Array): BatchMeans {
  const zeros = () => new Float64Array(centre.length);
  return {
    count: 0,
    block: 1,
    next: 1,
    place: 0,
    places: 0,
    squares: 0,
    centre: centre.slice(),
    sum: zeros(),
    sumSquares: zeros(),
    weighted: zeros(),
  };
}

export function pushBatchMeans(state: BatchMeans, theta: Float64Array, alpha: number): void {
  if (++state.count >= state.next) {
    state.place = 0;
    state.sum.fill(0);
    while (state.next <= state.count) state.next = Math.floor((++state.block) ** (2 / (1 - alpha)));
  }
  const l = ++state.place;
  state.places += l;
  state.squares += l * l;
  for (let k = 0; k < theta.length; k++) {
    const b = (state.sum[k]! += theta[k]! - state.centre[k]!);
    state.sumSquares[k]! += b * b;
    state.weighted[k]! += l * b;
  }
}

/** Long-run variance of each coordinate of the iterates. */
export function batchMeansVariance(state: BatchMeans, average: Float64Array): Float64Array {
  return average.map((a, k) => {
    const mean = a - state.centre[k]!;
    const scatter = state.sumSquares[k]! - 2 * state.weighted[k]! * mean + state.squares * mean * mean;
    return scatter / state.places;
  });
}
