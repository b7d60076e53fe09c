/**
 * The weighted scatter behind random scaling: V_n = n^-2 sum of i^2 (a_i - a_n)(a_i - a_n)' over the running averages
 * a_i, kept as weighted mean and centred scatter. Sums of i^2 a a' and i^2 a would cancel to negative variances.
 */

/** Plain data. `scatter` holds the lower triangle of k by k numbers when `full`, else k of the diagonal. */
export interface Scatter {
  readonly full: boolean;
  count: number;
  weight: number;
  readonly mean: Float64Array;
  readonly scatter: Float64Array;
}

export function createScatter(size: number, full: boolean): Scatter {
  return {
    full,
    count: 0,
    weight: 0,
    mean: new Float64Array(size),
    scatter: new Float64Array(full ? size * size : size),
  };
}

/** Takes the next running average; `diagonal`, where given, does the sums of a scatter that is not full. */
export function pushScatter(
  state: Scatter,
  average: Float64Array,
  diagonal?: (share: number, gain: number) => void,
): void {
  const { mean, scatter, full } = state;
  const k = mean.length;
  const i = ++state.count;
  const w = i * i;
  const total = state.weight + w;
  const share = w / total;
  const gain = state.weight * share;
  state.weight = total;
  if (full) {
    for (let a = 0; a < k; a++) {
      const delta = average[a]! - mean[a]!;
      const row = a * k;
      for (let b = 0; b < a; b++) scatter[row + b]! += gain * delta * (average[b]! - mean[b]!);
      scatter[row + a]! += gain * delta * delta;
    }
    for (let a = 0; a < k; a++) mean[a]! += share * (average[a]! - mean[a]!);
  } else if (diagonal !== undefined) diagonal(share, gain);
  else {
    for (let a = 0; a < k; a++) {
      const delta = average[a]! - mean[a]!;
      scatter[a]! += gain * delta * delta;
      mean[a]! += share * delta;
    }
  }
}

/** V_n around the latest average: k by k when full, else its diagonal. */
export function scatterMatrix(state: Scatter, average: Float64Array): Float64Array {
  const { mean, scatter, full, weight, count } = state;
  const k = mean.length;
  const scale = 1 / (count * count);
  if (!full) return scatter.map((c, a) => scale * (c + weight * (mean[a]! - average[a]!) ** 2));
  const v = new Float64Array(k * k);
  for (let a = 0; a < k; a++) {
    for (let b = 0; b <= a; b++) {
      const apart = weight * (mean[a]! - average[a]!) * (mean[b]! - average[b]!);
      v[a * k + b] = v[b * k + a] = scale * (scatter[a * k + b]! + apart);
    }
  }
  return v;
}
