/** Means with their uncertainty, and quantiles. */

/** A mean and its 95 % interval; bounds are null where there are fewer than two groups. */
export interface Estimate {
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
  /** Number of independent groups behind the interval. */
  readonly groups: number;
}

/**
 * Mean of values that come in dependent groups, such as edits of one draft: the ratio estimator over groups with its
 * linearised variance, and a Student interval with one degree of freedom less than groups.
 *
 * Source: Cochran, Sampling Techniques (1977), section 9A (clusters of unequal size).
 */
export function groupedMean(values: ArrayLike<number>, groupOf: (index: number) => string): Estimate {
  const n = values.length;
  const groups = new Map<string, { sum: number; count: number }>();
  let total = 0;
  for (let i = 0; i < n; i++) {
    const key = groupOf(i);
    const group = groups.get(key) ?? { sum: 0, count: 0 };
    group.sum += values[i]!;
    group.count++;
    groups.set(key, group);
    total += values[i]!;
  }
  const mean = total / n;
  const g = groups.size;
  if (g < 2) return { mean, lower: null, upper: null, groups: g };
  let squares = 0;
  for (const { sum, count } of groups.values()) squares += (sum - mean * count) ** 2;
  const half = (student95(g - 1) * Math.sqrt((g / (g - 1)) * squares)) / n;
  return { mean, lower: mean - half, upper: mean + half, groups: g };
}

const SMALL = [12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157];
const Z = 1.959963984540054;

/**
 * The 97.5 % quantile of Student's distribution with `dof` degrees of freedom, 1 or more: a table up to 9, the
 * Cornish-Fisher expansion beyond (error below 1e-6; Abramowitz and Stegun 26.7.5).
 */
export function student95(dof: number): number {
  if (dof <= SMALL.length) return SMALL[dof - 1]!;
  const [z, z2] = [Z, Z * Z];
  const g1 = (z * (z2 + 1)) / 4;
  const g2 = (z * ((5 * z2 + 16) * z2 + 3)) / 96;
  const g3 = (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384;
  const g4 = (z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / dof) / dof) / dof) / dof;
}

/** A share and its 95 % interval. */
export interface Share {
  readonly n: number;
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
}

/** The share of `successes` among `n` independent trials, 1 or more, with Wilson's interval (1927). */
export function wilsonShare(successes: number, n: number): Share {
  const share = successes / n;
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { n, share, lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/** The quantile `p` of ascending values, linear between neighbours. */
export function quantile(ascending: ArrayLike<number>, p: number): number {
  const at = p * (ascending.length - 1);
  const below = Math.floor(at);
  const value = ascending[below]!;
  return below + 1 < ascending.length ? value + (at - below) * (ascending[below + 1]! - value) : value;
}

/** Counts of values in bins of equal width; bin i holds `edges[i] <= value < edges[i + 1]`, the last one its end. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A histogram of values that are 0 or more, in at most 20 bins of a round width that begin at 0. */
export function histogram(values: ArrayLike<number>): Histogram {
  let maximum = 0;
  for (let i = 0; i < values.length; i++) maximum = Math.max(maximum, values[i]!);
  const width = roundWidth(maximum / 20);
  const bins = Math.max(1, Math.ceil(maximum / width - 1e-9));
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++)
    counts[Math.min(bins - 1, Math.floor(values[i]! / width + 1e-9))]!++;
  const edges = Array.from({ length: bins + 1 }, (_, i) => Number((i * width).toPrecision(12)));
  return { edges, counts };
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `width`; 1 for 0. */
function roundWidth(width: number): number {
  if (width === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(width));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((round) => round >= width * (1 - 1e-12))!;
}
