/** Whether people accept the drafts that should have cost them most: the mark of waving through. */

import { fitCost } from "./policies/cost-model.ts";
import { textFeatures } from "./policies/text-cost.ts";
import { contextText, type EditRecord } from "./record.ts";

/** One person's accepted drafts against those they changed. */
export interface AcceptanceByCost {
  /** null for records that do not say. */
  readonly user: string | null;
  readonly accepted: number;
  readonly edited: number;
  /**
   * Share of pairs of an accepted and a changed draft in which the accepted one was expected to take more changes: about 0.5
   * where acceptance has nothing to do with it, below where good drafts are accepted.
   */
  readonly dearer: number;
  /** How many standard deviations `dearer` is above 0.5 (Mann and Whitney 1947). */
  readonly z: number;
}

/** Fewer on either side tell nothing. */
const EACH = 20;
/** What cannot be foreseen with this many standard deviations cannot be compared. */
const FORESEEN = 3;
const BUCKETS = 128;
const RECORDS = 4000;
const LENGTH = 1000;

/**
 * Expects the changes that a draft takes from its words and those of its context, by ridge regression on the changed drafts
 * of all people, no draft by a fit to itself; then compares, person by person, accepted drafts with changed ones. Changes
 * are counted, not divided by length: short drafts are rightly accepted more often, and their costs are larger.
 *
 * Empty where changes cannot be foreseen, or nobody accepted and changed at least 20 drafts each.
 */
export function acceptanceByCost(
  records: readonly EditRecord[],
  changes: ArrayLike<number>,
  isChanged: (index: number) => boolean,
): AcceptanceByCost[] {
  const step = Math.ceil(records.length / RECORDS);
  const sampled = records.flatMap((_, i) => (i % step === 0 ? [i] : []));
  const changed = sampled.filter(isChanged);
  if (changed.length < EACH || sampled.length - changed.length < EACH) return [];
  const features = (i: number): Float64Array => {
    const { context, draft } = records[i]!;
    return textFeatures(contextText(context).slice(-LENGTH), draft.slice(0, LENGTH), BUCKETS);
  };
  const rows = changed.map(features);
  const costs = changed.map((i) => changes[i]!);
  // One fit to the even ones, one to the odd ones; each expects the others.
  const fits = [0, 1].map((parity) => {
    const own = rows.flatMap((_, at) => (at % 2 === parity ? [at] : []));
    return fitCost(
      own.map((at) => rows[at]!),
      own.map((at) => costs[at]!),
      { ridge: 3e-4 * own.length },
    );
  });
  const foreseen = rows.map((row, at) => fits[1 - (at % 2)]!.predict(row));
  if (correlation(foreseen, costs) * Math.sqrt(changed.length) < FORESEEN) return [];
  const expected = new Map(changed.map((i, at) => [i, foreseen[at]!]));
  for (const i of sampled) {
    if (expected.has(i)) continue;
    const row = features(i);
    expected.set(i, (fits[0]!.predict(row) + fits[1]!.predict(row)) / 2);
  }
  return byUser(records, sampled).flatMap(([user, indices]) => {
    const accepted = indices.filter((i) => !isChanged(i)).map((i) => expected.get(i)!);
    const edited = indices.filter(isChanged).map((i) => expected.get(i)!);
    if (accepted.length < EACH || edited.length < EACH) return [];
    const dearer = superiority(accepted, edited);
    const deviation = Math.sqrt(
      (accepted.length + edited.length + 1) / (12 * accepted.length * edited.length),
    );
    return [
      { user, accepted: accepted.length, edited: edited.length, dearer, z: (dearer - 0.5) / deviation },
    ];
  });
}

function byUser(
  records: readonly EditRecord[],
  indices: readonly number[],
): readonly [user: string | null, indices: number[]][] {
  const users = new Map<string | null, number[]>();
  for (const i of indices) {
    const user = records[i]!.user ?? null;
    const own = users.get(user);
    if (own === undefined) users.set(user, [i]);
    else own.push(i);
  }
  return [...users];
}

/** Share of pairs in which the first is larger, ties by half. */
function superiority(first: readonly number[], second: readonly number[]): number {
  const ascending = Float64Array.from(second).sort();
  let sum = 0;
  for (const value of first) sum += (below(ascending, value) + below(ascending, value, true)) / 2;
  return sum / (first.length * second.length);
}

/** How many of the ascending values are below `value`, or not above it. */
function below(ascending: Float64Array, value: number, orEqual = false): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value || (orEqual && ascending[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((x, y) => x + y, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - meanA) * (b[i]! - meanB);
    aa += (value - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  });
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
