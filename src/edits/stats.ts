/** What an edit log holds, in numbers, and what they advise. */

import { InvalidInput } from "../core/errors.ts";
import { type AcceptanceByCost, acceptanceByCost } from "./acceptance.ts";
import { type Advice, advise, adviseMethods, type MethodAdvice } from "./advice.ts";
import { type CostOptions, costMeter } from "./cost.ts";
import { DuplicateFinder } from "./duplicates.ts";
import { type Estimate, groupedMean, type Histogram, histogram, quantile } from "./estimates.ts";
import { type Laterality, TrafficCounter } from "./laterality.ts";
import type { Reject, RejectCode } from "./reader.ts";
import { comparable, contextKey, type EditRecord, isEdited } from "./record.ts";
import { truncation } from "./truncation.ts";
import { type Wavering, waveringOf } from "./wavering.ts";

/** Options of `editStats`. */
export interface StatsOptions {
  /** The definition of cost (default: words over the draft's words). */
  readonly cost?: CostOptions;
  /** The lines that the reader rejected, to be counted beside the records. */
  readonly rejects?: readonly Reject[];
}

/** The records of one user or of one policy. */
export interface GroupStats {
  /** null for records that do not say. */
  readonly name: string | null;
  readonly n: number;
  readonly editedRate: number;
  readonly meanCost: number;
  readonly meanLengthRatio: number;
}

/** Five points of a distribution. */
export interface Quantiles {
  readonly min: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  readonly p95: number;
  readonly max: number;
}

/** The statistics of a log; plain data, ready for JSON. */
export interface EditStats {
  /** Records. */
  readonly n: number;
  /** Different users named. */
  readonly users: number;
  /** Share of records whose draft was changed. */
  readonly editedRate: number;
  readonly meanCost: number;
  /** 95 % interval of the mean cost; edits of one draft count as one group. */
  readonly meanCostInterval: Omit<Estimate, "mean">;
  /** Name of the definition of cost. */
  readonly costDefinition: string;
  readonly costQuantiles: Quantiles;
  readonly costHistogram: Histogram;
  /** Different policies named. */
  readonly policies: number;
  /** Different contexts, and different pairs of context and draft. */
  readonly contexts: number;
  readonly drafts: number;
  /** Mean over records of edited tokens over draft tokens. */
  readonly meanLengthRatio: number;
  readonly draftTokens: Quantiles & { readonly mean: number };
  readonly editedTokens: Quantiles & { readonly mean: number };
  /** See `laterality`; null where too little changes. */
  readonly lateralityIndex: number | null;
  readonly laterality: Laterality;
  /** Whether the same words are changed in ways that no context foretells. */
  readonly wavering: Wavering;
  /** By user, whether dear drafts are accepted; empty where that cannot be told. */
  readonly acceptance: readonly AcceptanceByCost[];
  /** Records whose edit changed spacing or line breaks alone, which the cost does not count. */
  readonly costlessEdits: number;
  /** Records that repeat an earlier one. */
  readonly duplicates: number;
  /** Drafts that were, or seem to be, cut off. */
  readonly truncatedDrafts: number;
  /** Lines rejected, in all and by code. */
  readonly rejects: number;
  readonly rejectsByCode: Readonly<Partial<Record<RejectCode, number>>>;
  readonly perUser: readonly GroupStats[];
  readonly perPolicy: readonly GroupStats[];
  /** What to think of before learning from this log. */
  readonly advice: readonly Advice[];
  /** Which methods of learning that leaves. */
  readonly methods: readonly MethodAdvice[];
}

/**
 * Statistics of an edit log.
 *
 * Throws `InvalidInput` for a log without records, or a record that has no cost under the definition.
 *
 * @example const { n, users, editedRate, meanCost, advice } = editStats(log.records, { rejects: log.rejects });
 */
export function editStats(records: readonly EditRecord[], options: StatsOptions = {}): EditStats {
  const n = records.length;
  if (n === 0) throw new InvalidInput("an empty log has no statistics; read a log with at least one edit");
  const meter = costMeter(options.cost);
  const traffic = new TrafficCounter();
  const duplicates = new DuplicateFinder();
  const costs = new Float64Array(n);
  const draftTokens = new Float64Array(n);
  const editedTokens = new Float64Array(n);
  const edited = new Uint8Array(n);
  const changes = new Int32Array(n);
  const draftKeys = new Array<string>(n);
  let repeated = 0;
  let costless = 0;
  let truncated = 0;
  records.forEach((record, i) => {
    const draft = meter.encode(record.draft);
    const after = record.draft === record.edited ? draft : meter.encode(record.edited);
    const count = meter.compare(draft, after);
    costs[i] = count.cost;
    changes[i] = count.changes;
    draftTokens[i] = count.draftTokens;
    editedTokens[i] = count.editedTokens;
    edited[i] = isEdited(record) ? 1 : 0;
    draftKeys[i] = `${contextKey(record.context)}\u0000${comparable(record.draft)}`;
    traffic.add(draft, after);
    if (edited[i] === 1 && count.changes === 0) costless++;
    if (duplicates.add(record) !== undefined) repeated++;
    if (truncation(record) !== undefined) truncated++;
  });

  const group = (name: (record: EditRecord) => string | undefined): GroupStats[] =>
    groupStats(records, name, { costs, draftTokens, editedTokens, edited });
  const perUser = group((record) => record.user);
  const perPolicy = group((record) => record.policy);
  const laterality = traffic.result(meter.token);
  const { mean, ...interval } = groupedMean(costs, (i) => draftKeys[i]!);
  const stats = {
    n,
    users: named(perUser),
    editedRate: meanOf(edited),
    meanCost: mean,
    meanCostInterval: interval,
    costDefinition: meter.definition,
    costQuantiles: quantilesOf(costs),
    costHistogram: histogram(costs),
    policies: named(perPolicy),
    contexts: new Set(records.map((record) => contextKey(record.context))).size,
    drafts: new Set(draftKeys).size,
    meanLengthRatio: meanOf(ratios(editedTokens, draftTokens)),
    draftTokens: { mean: meanOf(draftTokens), ...quantilesOf(draftTokens) },
    editedTokens: { mean: meanOf(editedTokens), ...quantilesOf(editedTokens) },
    lateralityIndex: laterality.index,
    laterality,
    wavering: waveringOf(records),
    acceptance: acceptanceByCost(records, changes, (i) => edited[i] === 1),
    costlessEdits: costless,
    duplicates: repeated,
    truncatedDrafts: truncated,
    rejects: options.rejects?.length ?? 0,
    rejectsByCode: countCodes(options.rejects ?? []),
    perUser,
    perPolicy,
  };
  let lengthened = 0;
  let shortened = 0;
  for (let i = 0; i < n; i++) {
    if (editedTokens[i]! > draftTokens[i]!) lengthened++;
    if (editedTokens[i]! < draftTokens[i]!) shortened++;
  }
  const advice = advise(stats, { lengthened, shortened });
  return { ...stats, advice, methods: adviseMethods(advice) };
}

interface Columns {
  readonly costs: Float64Array;
  readonly draftTokens: Float64Array;
  readonly editedTokens: Float64Array;
  readonly edited: Uint8Array;
}

/** One entry a name, those with the most records first. */
function groupStats(
  records: readonly EditRecord[],
  nameOf: (record: EditRecord) => string | undefined,
  columns: Columns,
): GroupStats[] {
  const members = new Map<string | null, number[]>();
  records.forEach((record, i) => {
    const name = nameOf(record) ?? null;
    const indices = members.get(name);
    if (indices === undefined) members.set(name, [i]);
    else indices.push(i);
  });
  const groups = [...members].map(([name, indices]) => {
    const of = (column: ArrayLike<number>): number[] => indices.map((i) => column[i]!);
    return {
      name,
      n: indices.length,
      editedRate: meanOf(of(columns.edited)),
      meanCost: meanOf(of(columns.costs)),
      meanLengthRatio: meanOf(ratios(of(columns.editedTokens), of(columns.draftTokens))),
    };
  });
  return groups.sort((a, b) => b.n - a.n || (String(a.name) < String(b.name) ? -1 : 1));
}

function named(groups: readonly GroupStats[]): number {
  return groups.filter((group) => group.name !== null).length;
}

/** Entry by entry; a text that was and stays empty has ratio 1, one that grew from nothing counts its tokens. */
function ratios(edited: ArrayLike<number>, draft: ArrayLike<number>): number[] {
  return Array.from(edited, (tokens, i) => (draft[i] === 0 ? Math.max(1, tokens) : tokens / draft[i]!));
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function quantilesOf(values: Float64Array): Quantiles {
  const ascending = values.slice().sort();
  return {
    min: ascending[0]!,
    lowerQuartile: quantile(ascending, 0.25),
    median: quantile(ascending, 0.5),
    upperQuartile: quantile(ascending, 0.75),
    p95: quantile(ascending, 0.95),
    max: ascending.at(-1)!,
  };
}

function countCodes(rejects: readonly Reject[]): EditStats["rejectsByCode"] {
  const counts: Partial<Record<RejectCode, number>> = {};
  for (const { code } of rejects) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
