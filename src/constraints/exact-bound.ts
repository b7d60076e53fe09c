/** The certificate's own arithmetic: nothing here is shared with training, and nothing is rounded. */
import type { Atom, Region } from "./compile.ts";
import type { Scaler } from "./domain.ts";
import {
  add,
  compare,
  type Dyadic,
  divideByPower,
  exact,
  multiply,
  negate,
  sign,
  subtract,
  ZERO,
} from "./dyadic.ts";

/** An affine map of columns in a region: what a clause is checked on. */
export interface Head {
  /** Row k is [bias, weights]; the columns are scaled by `scaler`. */
  readonly weights: readonly (readonly number[])[];
  readonly scaler: Scaler;
  readonly region: Region;
  readonly atoms: readonly Atom[];
  /** Columns of which exactly one is 1. */
  readonly groups: readonly (readonly number[])[];
  /** The region holds directions: biases and offsets do not count. */
  readonly slope: boolean;
}

/** Proof of a bound: weights of the atoms, and one multiplier a half-space; all at least 0. */
export interface Multipliers {
  readonly lambda: readonly number[];
  readonly rows: readonly number[];
}

export interface ExactBound {
  /** No input of the region gives the weighted sum of atoms a larger value. */
  readonly bound: Dyadic;
  /** Where the box attains it; half-spaces are not looked at. */
  readonly input: Float64Array;
  /** Largest error of the weighted sum when the outputs are computed in floating point, in any order. */
  readonly rounding: number;
}

/**
 * Upper bound of sum lambda_j atom_j over the region, exact for boxes and one-hot groups:
 * c0 + rows . y + S(c - A' y), S the support function. Any multipliers give a valid bound.
 */
export function exactBound(head: Head, { lambda, rows }: Multipliers): ExactBound {
  const { weights, scaler, region, atoms, groups, slope } = head;
  const { lower, upper } = region;
  const width = lower.length;
  const shares = lambda.map(exact);
  const combine = (value: (atom: Atom) => number): Dyadic =>
    atoms.reduce((sum, atom, j) => {
      const term = value(atom);
      return term === 0 || shares[j]!.mantissa === 0n ? sum : add(sum, multiply(shares[j]!, exact(term)));
    }, ZERO);
  const factors = weights.map((_, k) => combine((atom) => atom.outputs[k]!));
  let bound = combine((atom) => atom.constant);
  let magnitude = 0;
  for (const [k, factor] of factors.entries()) {
    if (factor.mantissa === 0n || slope) continue;
    const term = multiply(factor, exact(weights[k]![0]!));
    bound = add(bound, term);
    magnitude += size(term);
  }
  for (const [r, y] of rows.entries())
    if (y !== 0) bound = add(bound, multiply(exact(y), exact(region.rows[r]!.bound)));

  const input = new Float64Array(width);
  const coefficients: Dyadic[] = [];
  for (let i = 0; i < width; i++) {
    let slopes = ZERO;
    // Outputs are rounded one by one: their errors add up where their weights cancel.
    let steepness = 0;
    for (const [k, factor] of factors.entries()) {
      const weight = weights[k]![i + 1]!;
      if (factor.mantissa === 0n || weight === 0) continue;
      const term = multiply(factor, exact(weight));
      slopes = add(slopes, term);
      steepness += size(term);
    }
    slopes = divideByPower(slopes, scaler.scale[i]!);
    const offset = scaler.offset[i]!;
    if (!slope && offset !== 0) bound = subtract(bound, multiply(slopes, exact(offset)));
    const reach = Math.max(Math.abs(lower[i]!), Math.abs(upper[i]!)) + Math.abs(offset);
    magnitude += (steepness / scaler.scale[i]!) * reach;
    let coefficient = add(
      slopes,
      combine((atom) => atom.inputs[i]!),
    );
    for (const [r, y] of rows.entries()) {
      const a = region.rows[r]!.coefficients[i]!;
      if (y !== 0 && a !== 0) coefficient = subtract(coefficient, multiply(exact(y), exact(a)));
    }
    coefficients.push(coefficient);
  }
  const chosen = new Set<number>();
  for (const group of slope ? [] : groups) {
    const allowed = group.filter((i) => lower[i]! < upper[i]!);
    if (allowed.length === 0) continue;
    const best = allowed.reduce((a, b) => (compare(coefficients[a]!, coefficients[b]!) < 0 ? b : a));
    for (const i of allowed) chosen.add(i);
    input[best] = 1;
    bound = add(bound, coefficients[best]!);
  }
  for (let i = 0; i < width; i++) {
    if (chosen.has(i)) continue;
    input[i] = sign(coefficients[i]!) > 0 ? upper[i]! : lower[i]!;
    if (input[i] !== 0) bound = add(bound, multiply(coefficients[i]!, exact(input[i]!)));
  }
  const unit = (width + 3) * 2 ** -53;
  return { bound, input, rounding: (4 * magnitude * unit) / (1 - unit) };
}

/** Whether the bound proves that one of the atoms holds everywhere in the region. */
export function proves(
  { bound }: ExactBound,
  atoms: readonly Atom[],
  { lambda, rows }: Multipliers,
): boolean {
  if (lambda.length !== atoms.length || [...lambda, ...rows].some((value) => !(value >= 0))) return false;
  const total = lambda.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return false;
  const decided = sign(bound);
  return decided < 0 || (decided === 0 && atoms.every((atom, j) => lambda[j] === 0 || !atom.strict));
}

/** Whether the multipliers of half-spaces prove that the region is empty. */
export function provesEmpty({ region, groups }: Head, rows: readonly number[]): boolean {
  if (rows.some((value) => !(value >= 0))) return false;
  const none: Head = {
    weights: [],
    scaler: { offset: new Array(region.lower.length).fill(0), scale: new Array(region.lower.length).fill(1) },
    region,
    atoms: [],
    groups,
    slope: false,
  };
  return sign(exactBound(none, { lambda: [], rows }).bound) < 0;
}

/** A double near the size of the number, not below it. */
function size(value: Dyadic): number {
  const { mantissa, exponent } = value.mantissa < 0n ? negate(value) : value;
  return Number(mantissa) * 2 ** exponent * (1 + 2 ** -50);
}
