import type { Highs } from "highs";
import { InvalidInput } from "../core/errors.ts";
import type { Certificate } from "./certificate.ts";
import { decide } from "./certify.ts";
import { type Clause, compileRules } from "./compile.ts";
import { findCounterexample } from "./counterexample.ts";
import type { Row } from "./interior-point.ts";
import { certificateOf, type Decision } from "./judge.ts";
import { loadHighs, type MixedOptions, type MixedProgramme, maximiseMixed } from "./milp.ts";
import { checkModel, type Model } from "./model.ts";
import { type Box, scaledBox, unitBounds } from "./network-bounds.ts";
import type { Rule } from "./rules.ts";

export interface SolverLimits {
  /** Branch-and-bound nodes a clause; default no limit. */
  readonly maxNodes?: number;
  /** Milliseconds a clause; default no limit. */
  readonly timeoutMs?: number;
}

/** A bound by HiGHS counts as proof when it is below zero by so much, relative to the size of the clause. */
const TOLERANCE = 1e-6;

/**
 * As `certify`; what exact intervals leave open (networks, integers tied to other columns) is decided by
 * mixed-integer programming with one binary an unstable ReLU. Such proofs are marked `milp`: they hold up to the
 * solver's tolerance. Counterexamples are confirmed in exact arithmetic.
 *
 * @throws InvalidInput for rules with unknown names or limits out of range.
 */
export async function certifyWithSolver(
  model: Model,
  rules: readonly Rule[],
  limits: SolverLimits = {},
): Promise<Certificate> {
  for (const [name, value] of Object.entries(limits))
    if (!(Number.isSafeInteger(value) && value >= 1))
      throw new InvalidInput(`${name} is ${value}: give a whole number of at least 1`);
  checkModel(model);
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  let highs: Highs | undefined;
  const decisions: Decision[] = [];
  for (const clause of clauses) {
    const decision = decide(model, clause);
    // Slopes of a network are bounded by intervals only.
    const open = decision.proof.status === "unknown" && !clause.slope;
    decisions.push(
      open ? bySolver((highs ??= await loadHighs()), model, clause, decision, limits) : decision,
    );
  }
  return certificateOf(model, rules, clauses, decisions);
}

function bySolver(
  highs: Highs,
  model: Model,
  clause: Clause,
  first: Decision,
  limits: MixedOptions,
): Decision {
  const { programme: meant, inputOf, size } = worstCaseProgramme(model, clause);
  const programme = outwards(meant);
  if (programme === undefined)
    return {
      ...first,
      reason: "its numbers are too large for the solver, above 1e15; scale the weights down",
    };
  const { status, x, bound } = maximiseMixed(highs, programme, limits);
  if (status === "infeasible" || bound < -TOLERANCE * size)
    return {
      proof: {
        ...first.proof,
        status: "certified",
        method: "milp",
        bound: Math.max(bound, Number.MIN_SAFE_INTEGER),
      },
    };
  const counterexample = x.length === 0 ? undefined : findCounterexample(model, clause, [inputOf(x)]);
  if (counterexample !== undefined) return { proof: { ...first.proof, status: "violated" }, counterexample };
  const reason =
    status === "limit"
      ? `the search ended at its limit with the bound ${bound.toPrecision(3)}`
      : `the worst case is ${bound.toPrecision(3)}, too close to 0 for the solver's tolerance`;
  return { proof: { ...first.proof, bound: Math.min(bound, first.proof.bound) }, reason };
}

/** HiGHS drops coefficients of at most this size. */
const DROPPED = 1e-9;
/** HiGHS refuses larger coefficients, and takes bounds of 1e20 for none. */
const LARGEST = 1e15;

/**
 * The programme without the coefficients that HiGHS would drop: each row is loosened by the most that these may
 * contribute, so that the bound stays one. None when numbers are too large.
 */
function outwards(programme: MixedProgramme): MixedProgramme | undefined {
  const { lower, upper } = programme;
  const rows = programme.rows.map(({ indices, values, bound }): Row => {
    const kept = [...indices.keys()].filter((p) => Math.abs(values[p]!) > DROPPED);
    if (kept.length === indices.length) return { indices, values, bound };
    const least = indices.reduce((sum, at, p) => {
      const value = values[p]!;
      return Math.abs(value) > DROPPED ? sum : sum + Math.min(value * lower[at]!, value * upper[at]!);
    }, 0);
    return {
      indices: kept.map((p) => indices[p]!),
      values: kept.map((p) => values[p]!),
      bound: bound - least,
    };
  });
  const numbers = [...lower, ...upper, ...rows.flatMap(({ values, bound }) => [...values, bound])];
  return numbers.every((value) => Math.abs(value) <= LARGEST) ? { ...programme, rows } : undefined;
}

/** Largest smallest atom over the region as a mixed-integer programme. Its last variable is that value. */
function worstCaseProgramme(
  model: Model,
  { region, atoms }: Clause,
): {
  readonly programme: MixedProgramme;
  readonly inputOf: (x: Float64Array) => Float64Array;
  readonly size: number;
} {
  const { columns, groups, scaler } = model.domain;
  const { offset, scale } = scaler;
  const lower: number[] = [];
  const upper: number[] = [];
  const rows: Row[] = [];
  const integers: number[] = [];
  const variable = (low: number, high: number): number => {
    lower.push(low);
    upper.push(high);
    return lower.length - 1;
  };
  // Continuous columns are scaled; whole ones count from their lower bound.
  const unit = columns.map(({ kind }, i) => (kind === "continuous" ? scale[i]! : 1));
  for (const [i, { kind }] of columns.entries()) {
    const at = variable(
      (region.lower[i]! - offset[i]!) / unit[i]!,
      (region.upper[i]! - offset[i]!) / unit[i]!,
    );
    if (kind !== "continuous") integers.push(at);
  }
  for (const { coefficients, bound } of region.rows) {
    const used = [...coefficients.keys()].filter((i) => coefficients[i] !== 0);
    const shift = used.reduce((sum, i) => sum + coefficients[i]! * offset[i]!, 0);
    rows.push({ indices: used, values: used.map((i) => coefficients[i]! * unit[i]!), bound: bound - shift });
  }
  for (const group of groups)
    for (const s of [1, -1]) rows.push({ indices: group, values: group.map(() => s), bound: s });

  /** Values of scaled columns or units: factor * variable. */
  let values: readonly (readonly [number, number])[] = columns.map(
    (_, i) => [i, unit[i]! / scale[i]!] as const,
  );
  const skipped = model.kind === "network" ? model.skip.map((i) => values[i]!) : [];
  if (model.kind === "network") {
    const bounds = unitBounds(model.layers, scaledBox(model.domain, region));
    for (const [l, { weights, bias }] of model.layers.entries()) {
      const inputs = values;
      values = bias.map((b, j) => reluUnit(weights[j]!, b, inputs, bounds[l]!.before, j));
    }
  }
  const heads = [...values, ...skipped];
  let size = 1;
  const tops: { indices: number[]; values: number[]; bound: number }[] = atoms.map((atom) => {
    const terms = new Map<number, number>();
    let constant = atom.constant;
    for (const [i, c] of atom.inputs.entries()) {
      if (c === 0) continue;
      terms.set(i, (terms.get(i) ?? 0) + c * unit[i]!);
      constant += c * offset[i]!;
    }
    for (const [k, factor] of atom.outputs.entries()) {
      constant += factor * model.weights[k]![0]!;
      for (const [h, [at, own]] of heads.entries())
        terms.set(at, (terms.get(at) ?? 0) + factor * model.weights[k]![h + 1]! * own);
    }
    const reach = [...terms].reduce(
      (sum, [at, c]) => sum + Math.abs(c) * Math.max(Math.abs(lower[at]!), Math.abs(upper[at]!)),
      0,
    );
    size = Math.max(size, reach + Math.abs(constant));
    return { indices: [...terms.keys()], values: [...terms.values()].map((c) => -c), bound: constant };
  });
  const top = variable(-2 * size, 2 * size);
  for (const { indices, values: c, bound } of tops)
    rows.push({ indices: [...indices, top], values: [...c, 1], bound });
  const gain = new Float64Array(lower.length);
  gain[top] = 1;

  function reluUnit(
    weights: readonly number[],
    bias: number,
    inputs: readonly (readonly [number, number])[],
    before: Box,
    j: number,
  ): readonly [number, number] {
    const [low, high] = [before.lower[j]!, before.upper[j]!];
    const at = variable(Math.max(0, low), Math.max(0, high));
    if (high <= 0) return [at, 1];
    const indices = [...inputs.map(([input]) => input), at];
    const terms = inputs.map(([, factor], i) => weights[i]! * factor);
    // at >= pre
    rows.push({ indices, values: [...terms, -1], bound: -bias });
    const opposite = terms.map((term) => -term);
    if (low >= 0) rows.push({ indices, values: [...opposite, 1], bound: bias });
    else {
      const active = variable(0, 1);
      integers.push(active);
      // at <= pre - low (1 - active), at <= high active
      rows.push({ indices: [...indices, active], values: [...opposite, 1, -low], bound: bias - low });
      rows.push({ indices: [at, active], values: [1, -high], bound: 0 });
    }
    return [at, 1];
  }

  return {
    programme: { gain, lower: Float64Array.from(lower), upper: Float64Array.from(upper), rows, integers },
    inputOf: (x) =>
      Float64Array.from(columns, (column, i) =>
        Math.min(column.upper, Math.max(column.lower, offset[i]! + unit[i]! * x[i]!)),
      ),
    size,
  };
}
