import type { Head, Multipliers } from "./exact-bound.ts";
import type { Row } from "./interior-point.ts";
import { infeasibility, minimiseLinear } from "./linear-programme.ts";

/** An approximate worst case: where the smallest atom is largest, and multipliers that bound it there. */
export interface WorstCase {
  /** Raw head columns. */
  readonly input: Float64Array;
  readonly value: number;
  readonly multipliers: Multipliers;
  /** The region seems to be empty; the multipliers of its rows are to prove it. */
  readonly empty: boolean;
}

/** A region is taken for empty when its rows miss each other by so much. */
const EMPTY = 1e-9;

/**
 * Maximises the smallest atom over a region by a linear programme, in floating point: what it returns is proved, or
 * not, by `exactBound`.
 */
export function worstCase(head: Head): WorstCase {
  const { region, atoms } = head;
  const { lower, upper } = region;
  const columns = parametrise(head);
  const size = columns.size;
  const cutRows = region.rows.map(({ coefficients, bound }) => columns.row(coefficients, -bound));
  const rows = [...cutRows, ...columns.box];
  if (cutRows.length > 0) {
    const { excess, duals } = infeasibility(size, rows);
    if (excess > EMPTY)
      return {
        input: columns.point(new Float64Array(size)),
        value: Number.NEGATIVE_INFINITY,
        multipliers: { lambda: atoms.map(() => 0), rows: Array.from(duals.slice(0, cutRows.length), clean) },
        empty: true,
      };
  }
  // t <= atom_j, as t - atom_j <= 0; the variable t comes last.
  const forms = atoms.map((atom) => coefficientsOf(head, atom));
  const scale = Math.max(
    1e-300,
    ...forms.map(({ linear, constant }) => reach(linear, lower, upper) + Math.abs(constant)),
  );
  const tops = forms.map(({ linear, constant }) => {
    const { indices, values, bound } = columns.row(linear, constant);
    return {
      indices: [...indices, size],
      values: [...values.map((v) => -v / scale), 1],
      bound: -bound / scale,
    };
  });
  const all = [
    ...tops,
    ...rows,
    { indices: [size], values: [1], bound: 2 },
    { indices: [size], values: [-1], bound: 2 },
  ];
  const cost = new Float64Array(size + 1);
  cost[size] = -1;
  const { x, duals } = minimiseLinear(cost, all);
  // Weights of atoms add up to 1 at the optimum; a lone atom has exactly 1.
  const share = duals.slice(0, atoms.length).reduce((total, value) => total + value, 0) || 1;
  const lambda = Array.from(duals.slice(0, atoms.length), (value) => clean(value / share));
  const cuts = Array.from(duals.slice(atoms.length, atoms.length + region.rows.length), (y) =>
    clean((y * scale) / share),
  );
  return {
    input: columns.point(x),
    value: x[size]! * scale,
    multipliers: { lambda: lambda.some((value) => value > 0) ? lambda : atoms.map(() => 1), rows: cuts },
    empty: false,
  };
}

/** Multipliers that do nothing are dropped, so that stored certificates are short. */
const clean = (value: number): number => (value > 1e-9 ? value : 0);

/** An atom as linear . x + constant over raw head columns, in floating point. */
export function coefficientsOf(
  { weights, scaler, slope, region }: Head,
  { outputs, inputs, constant }: Head["atoms"][number],
): { readonly linear: Float64Array; readonly constant: number } {
  const linear = Float64Array.from(inputs);
  let total = constant;
  for (let k = 0; k < weights.length; k++) {
    const factor = outputs[k]!;
    if (factor === 0) continue;
    if (!slope) total += factor * weights[k]![0]!;
    for (let i = 0; i < region.lower.length; i++) {
      const weight = (factor * weights[k]![i + 1]!) / scaler.scale[i]!;
      linear[i]! += weight;
      if (!slope) total -= weight * scaler.offset[i]!;
    }
  }
  return { linear, constant: total };
}

function reach(linear: Float64Array, lower: Float64Array, upper: Float64Array): number {
  return linear.reduce(
    (sum, c, i) => sum + Math.abs(c) * Math.max(Math.abs(lower[i]!), Math.abs(upper[i]!)),
    0,
  );
}

/** Raw columns as affine functions of free variables in [0, 1]; one-hot groups of q columns have q - 1 of them. */
interface Columns {
  readonly size: number;
  readonly box: readonly Row[];
  /** coefficients . x + constant <= 0 as a row over the variables. */
  row(coefficients: ArrayLike<number>, constant: number): Row;
  point(variables: Float64Array): Float64Array;
}

function parametrise({ region, groups, slope }: Head): Columns {
  const { lower, upper } = region;
  const last = new Map<number, number>();
  for (const group of slope ? [] : groups) {
    const free = group.filter((i) => lower[i]! < upper[i]!);
    for (const i of free) last.set(i, free.at(-1)!);
  }
  const place = new Map<number, number>();
  for (let i = 0; i < lower.length; i++)
    if (lower[i]! < upper[i]! && last.get(i) !== i) place.set(i, place.size);
  const box: Row[] = [];
  const sums = new Map<number, number[]>();
  for (const [i, at] of place) {
    box.push({ indices: [at], values: [-1], bound: 0 });
    const end = last.get(i);
    if (end === undefined) box.push({ indices: [at], values: [1], bound: 1 });
    else sums.set(end, [...(sums.get(end) ?? []), at]);
  }
  for (const indices of sums.values()) box.push({ indices, values: indices.map(() => 1), bound: 1 });
  return {
    size: place.size,
    box,
    row(coefficients, constant) {
      let bound = -constant;
      for (let i = 0; i < lower.length; i++) bound -= coefficients[i]! * (last.get(i) === i ? 1 : lower[i]!);
      const indices: number[] = [];
      const values: number[] = [];
      for (const [i, at] of place) {
        const end = last.get(i);
        indices.push(at);
        values.push(
          end === undefined
            ? coefficients[i]! * (upper[i]! - lower[i]!)
            : coefficients[i]! - coefficients[end]!,
        );
      }
      return { indices, values, bound };
    },
    point(variables) {
      const x = lower.slice();
      for (const end of last.values()) x[end] = 1;
      for (const [i, at] of place) {
        const share = Math.min(1, Math.max(0, variables[at]!));
        const end = last.get(i);
        if (end === undefined) x[i] = Math.min(upper[i]!, lower[i]! + share * (upper[i]! - lower[i]!));
        else {
          x[i] = share;
          x[end]! -= share;
        }
      }
      return x;
    },
  };
}
