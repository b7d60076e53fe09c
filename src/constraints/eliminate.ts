import type { Clause } from "./compile.ts";
import type { Domain } from "./domain.ts";
import type { Head } from "./exact-bound.ts";
import type { Row } from "./interior-point.ts";

/** What a clause asks of an affine map, whatever its weights are. */
export type HeadShape = Omit<Head, "weights">;

/** What a clause asks of an affine model of the domain's columns. */
export const shapeOf = (clause: Clause, { scaler, groups }: Domain): HeadShape => ({
  ...clause,
  scaler,
  groups: clause.slope ? [] : groups,
});

/** Where weight i of output k (i = 0: its bias) stands in the vector of all weights. */
export const weightIndex = (columns: number, k: number, i: number): number => k * (columns + 1) + i;

/** Rows of a linear programme over weights and helpers. */
export interface Elimination {
  readonly rows: readonly Row[];
  /** Number of helper variables, which follow at `firstHelper`. */
  readonly helpers: number;
}

/**
 * The quantifier, eliminated exactly: all inputs of the region give sum lambda_j atom_j <= -margin if and only if
 * there are helpers for which these rows on the (scaled) weights hold. Support function of the box and one-hot
 * groups, duality for half-spaces.
 */
export function eliminate(
  shape: HeadShape,
  lambda: readonly number[],
  margin: number,
  firstHelper: number,
): Elimination {
  const { scaler, region, atoms, groups, slope } = shape;
  const { lower, upper } = region;
  const columns = lower.length;
  const outputs = atoms[0]!.outputs.length;
  const mix = (value: (j: number) => number): number => lambda.reduce((sum, l, j) => sum + l * value(j), 0);
  const factors = Array.from({ length: outputs }, (_, k) => mix((j) => atoms[j]!.outputs[k]!));
  const used = factors.flatMap((factor, k) => (factor === 0 ? [] : [k]));
  const origin = (i: number): number => (slope ? 0 : scaler.offset[i]!);
  let helpers = 0;
  const helper = (): number => firstHelper + helpers++;
  const rows: Row[] = [];
  const cuts = region.rows.map(({ coefficients, bound }) => {
    const at = helper();
    rows.push({ indices: [at], values: [-1], bound: 0 });
    return { at, coefficients, bound: bound - coefficients.reduce((sum, a, i) => sum + a * origin(i), 0) };
  });

  /** Column i's coefficient c_i as terms over weights and multipliers, and its constant part; times `factor`. */
  const coefficient = (i: number, factor: number): { terms: [number, number][]; constant: number } => ({
    terms: [
      ...used.map((k): [number, number] => [weightIndex(columns, k, i + 1), factor * factors[k]!]),
      ...cuts
        .filter(({ coefficients }) => coefficients[i] !== 0)
        .map(({ at, coefficients }): [number, number] => [at, -factor * coefficients[i]! * scaler.scale[i]!]),
    ],
    constant: factor * mix((j) => atoms[j]!.inputs[i]!) * scaler.scale[i]!,
  });

  const total: [number, number][] = slope
    ? []
    : used.map((k): [number, number] => [weightIndex(columns, k, 0), factors[k]!]);
  let constant = mix((j) => atoms[j]!.constant);
  for (const { at, bound } of cuts) total.push([at, bound]);
  const grouped = new Set<number>();
  for (const group of slope ? [] : groups) {
    const allowed = group.filter((i) => lower[i]! < upper[i]!);
    if (allowed.length === 0) continue;
    const top = helper();
    for (const i of allowed) {
      grouped.add(i);
      const { terms, constant: own } = coefficient(i, 1);
      rows.push(toRow([...terms, [top, -1]], -own));
    }
    total.push([top, 1]);
  }
  for (let i = 0; i < columns; i++) {
    constant += mix((j) => atoms[j]!.inputs[i]!) * origin(i);
    if (grouped.has(i)) continue;
    const low = (lower[i]! - origin(i)) / scaler.scale[i]!;
    const width = (upper[i]! - lower[i]!) / scaler.scale[i]!;
    const at = coefficient(i, low);
    if (low !== 0) {
      total.push(...at.terms);
      constant += at.constant;
    }
    if (width === 0) continue;
    // positive >= max(0, width c_i)
    const positive = helper();
    const { terms, constant: own } = coefficient(i, width);
    rows.push(toRow([...terms, [positive, -1]], -own), { indices: [positive], values: [-1], bound: 0 });
    total.push([positive, 1]);
  }
  rows.push(toRow(total, -constant - margin));
  return { rows, helpers };
}

function toRow(terms: readonly (readonly [number, number])[], bound: number): Row {
  const merged = new Map<number, number>();
  for (const [index, value] of terms) if (value !== 0) merged.set(index, (merged.get(index) ?? 0) + value);
  return { indices: [...merged.keys()], values: [...merged.values()], bound };
}
