import type { Highs } from "highs";
import { eliminate, type HeadShape, weightIndex } from "../eliminate.ts";
import type { Row } from "../interior-point.ts";
import { maximiseMixed } from "../milp.ts";
import { type Maxsat, type MaxsatLimits, type MaxsatProblem, type MaxsatQuery, unanswered } from "./query.ts";

/** Strict sides are kept by so much: wishes, and the open side of a half-open box. */
const STRICT = 1e-6;

/** All distances together weigh less than one wish. */
const TIE_BREAK = 0.25;

/**
 * MaxSMT as a mixed-integer programme by HiGHS: one binary a wish, the tightest big-M over the box; clauses by exact
 * elimination, alternatives by one binary each.
 */
export function milpMaxsat(problem: MaxsatProblem, highs: Highs, limits: MaxsatLimits = {}): Maxsat {
  const { resourceLimit, timeoutMs } = limits;
  return (query) => {
    const programme = programmeOf(problem, query);
    if (programme === undefined) return unanswered("unsat");
    const { size, firstWish, wishes } = programme;
    const { status, x, timedOut } = maximiseMixed(highs, programme, {
      // Less than one wish together with all distances: the count of wishes is the optimum's.
      gap: 1 - TIE_BREAK - 1e-3,
      ...(resourceLimit === undefined ? {} : { maxNodes: resourceLimit }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    if (status !== "optimal") return unanswered(status === "infeasible" ? "unsat" : "unknown", timedOut);
    const kept = x.slice(firstWish, firstWish + wishes).filter((z) => z > 0.5).length;
    const weights = x.slice(0, size).map((w, j) => Math.min(query.upper[j]!, Math.max(query.lower[j]!, w)));
    return { status: "sat", weights, satisfied: kept, timedOut: false };
  };
}

function programmeOf({ shapes, margin, table, soft }: MaxsatProblem, query: MaxsatQuery) {
  const width = table.columns + 1;
  const size = width * table.targets.length;
  const lower: number[] = Array.from(query.lower);
  const upper: number[] = Array.from(query.upper);
  for (const [j, value] of query.excluded.entries()) {
    if (lower[j] === value) lower[j] = value + STRICT;
    if (upper[j] === value) upper[j] = value - STRICT;
    if (lower[j]! > upper[j]!) return undefined;
  }
  const rows: Row[] = [];
  const integers: number[] = [];
  const variable = (low: number, high: number): number => {
    lower.push(low);
    upper.push(high);
    return lower.length - 1;
  };
  const binary = (): number => {
    const at = variable(0, 1);
    integers.push(at);
    return at;
  };
  for (const shape of shapes) {
    const several = shape.atoms.length > 1;
    const choices = shape.atoms.map((_, j) => {
      const lambda = shape.atoms.map((_, k) => Number(j === k));
      const { rows: made, helpers } = eliminate(shape, lambda, margin, lower.length);
      for (let h = 0; h < helpers; h++) variable(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      const last = made.at(-1)!;
      rows.push(...made.slice(0, -1));
      if (!several) {
        rows.push(last);
        return -1;
      }
      const choice = binary();
      const big = slackOf(shape, j, query, width);
      rows.push({
        indices: [...last.indices, choice],
        values: [...last.values, big],
        bound: last.bound + big,
      });
      return choice;
    });
    if (several) rows.push({ indices: choices, values: choices.map(() => -1), bound: -1 });
  }
  // Among equals, near the middle of the box: a solver left to itself takes corners, such as the point it stands on.
  const firstDistance = lower.length;
  for (let j = 0; j < size; j++) {
    const distance = variable(0, Number.POSITIVE_INFINITY);
    const middle = (lower[j]! + upper[j]!) / 2;
    rows.push({ indices: [j, distance], values: [1, -1], bound: middle });
    rows.push({ indices: [j, distance], values: [-1, -1], bound: -middle });
  }
  const firstWish = lower.length;
  const wishes = query.rows.flatMap((row) => soft(row));
  for (const { output, row, low, high } of wishes) {
    const z = binary();
    const indices = Array.from({ length: width }, (_, i) => output * width + i);
    const values = Array.from(table.design.subarray(row * width, (row + 1) * width));
    const [least, most] = reach(values, indices, lower, upper);
    if (Number.isFinite(low)) {
      const big = Math.max(0, low + STRICT - least);
      rows.push({
        indices: [...indices, z],
        values: [...values.map((v) => -v), big],
        bound: big - low - STRICT,
      });
    }
    if (Number.isFinite(high)) {
      const big = Math.max(0, most - high + STRICT);
      rows.push({ indices: [...indices, z], values: [...values, big], bound: big + high - STRICT });
    }
  }
  const gain = new Float64Array(lower.length);
  for (let j = 0; j < size; j++)
    gain[firstDistance + j] = -TIE_BREAK / (size * Math.max(STRICT, (upper[j]! - lower[j]!) / 2));
  gain.fill(1, firstWish);
  return {
    gain,
    lower: Float64Array.from(lower),
    upper: Float64Array.from(upper),
    rows,
    integers,
    size,
    firstWish,
    wishes: wishes.length,
  };
}

/** Least and largest value of values . w over the box of the weights. */
function reach(
  values: readonly number[],
  indices: readonly number[],
  lower: readonly number[],
  upper: readonly number[],
): [number, number] {
  let [least, most] = [0, 0];
  for (const [p, v] of values.entries()) {
    const [a, b] = [v * lower[indices[p]!]!, v * upper[indices[p]!]!];
    least += Math.min(a, b);
    most += Math.max(a, b);
  }
  return [least, most];
}

/** An upper bound of an atom over the region and all weights of the box. */
function slackOf(
  { atoms, region, slope, scaler: { offset, scale } }: HeadShape,
  j: number,
  { lower, upper }: MaxsatQuery,
  width: number,
): number {
  const { outputs, inputs, constant } = atoms[j]!;
  const largest = (at: number): number => Math.max(Math.abs(lower[at]!), Math.abs(upper[at]!));
  let bound = Math.abs(constant) + 1;
  for (let i = 0; i < width - 1; i++) {
    const [low, high] = [region.lower[i]!, region.upper[i]!];
    bound += Math.abs(inputs[i]!) * Math.max(Math.abs(low), Math.abs(high));
    const shift = slope ? 0 : offset[i]!;
    const scaled = Math.max(Math.abs(low - shift), Math.abs(high - shift)) / scale[i]!;
    for (const [k, factor] of outputs.entries())
      bound += Math.abs(factor) * scaled * largest(weightIndex(width - 1, k, i + 1));
  }
  for (const [k, factor] of outputs.entries())
    bound += Math.abs(factor) * largest(weightIndex(width - 1, k, 0));
  return bound;
}
