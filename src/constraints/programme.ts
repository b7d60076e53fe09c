/** The rows that rules put on the weights of an affine model. */
import type { Clause } from "./compile.ts";
import type { Domain } from "./domain.ts";
import { eliminate, shapeOf, weightIndex } from "./eliminate.ts";
import type { Row } from "./interior-point.ts";

/** What the rows depend on. */
export interface ProgrammeOptions {
  readonly domain: Domain;
  readonly outputs: readonly string[];
  readonly clauses: readonly Clause[];
  /** Every atom is kept with so much to spare. */
  readonly margin: number;
  /** No weight is larger in size. */
  readonly weightLimit: number;
  /** About the size of the outputs, a power of two: programmes are solved in it. */
  readonly unit: number;
}

/** Weights of the atoms of each clause. */
export type Mixture = readonly (readonly number[])[];

/** Rows over weights, output by output, and helpers behind them. */
export interface Programme {
  readonly rows: readonly Row[];
  /** Number of weights and helpers. */
  readonly total: number;
  /** Weights that are 0. */
  readonly fixed: ReadonlySet<number>;
}

/** All rows for given weights of alternatives; single-weight slopes become bounds or zeros. */
export function rowsOf(
  { clauses, margin, weightLimit, domain, outputs }: ProgrammeOptions,
  mixture: Mixture,
): Programme {
  const size = outputs.length * (domain.columns.length + 1);
  const rows: Row[] = [];
  const fixed = new Set<number>();
  let total = size;
  for (const [c, clause] of clauses.entries()) {
    const single = singleWeight(clause, domain);
    if (single !== undefined && clause.rule.kind === "slope" && clause.rule.relation === "zero")
      fixed.add(single.index);
    const made = eliminate(shapeOf(clause, domain), mixture[c]!, single === undefined ? margin : 0, total);
    rows.push(...made.rows);
    total += made.helpers;
  }
  if (Number.isFinite(weightLimit))
    for (let i = 0; i < size; i++)
      rows.push(
        { indices: [i], values: [1], bound: weightLimit },
        { indices: [i], values: [-1], bound: weightLimit },
      );
  // A weight that must be 0 leaves its rows; rows without variables say nothing.
  const kept = rows
    .map((row) => (row.indices.some((i) => fixed.has(i)) ? without(row, fixed) : row))
    .filter(({ indices }) => indices.length > 0);
  return { rows: kept, total, fixed };
}

function without({ indices, values, bound }: Row, fixed: ReadonlySet<number>): Row {
  const places = [...indices.keys()].filter((p) => !fixed.has(indices[p]!));
  return { indices: places.map((p) => indices[p]!), values: places.map((p) => values[p]!), bound };
}

/** The one weight that a slope clause restrains, and the sign that it may not have. */
export function singleWeight(
  { slope, region, atoms }: Clause,
  { scaler }: Domain,
): { readonly index: number; readonly forbidden: number } | undefined {
  if (!slope) return undefined;
  const inputs = [...region.lower.keys()].filter((i) => region.lower[i] !== 0);
  const outputs = [...atoms[0]!.outputs.keys()].filter((k) => atoms[0]!.outputs[k] !== 0);
  if (inputs.length !== 1 || outputs.length !== 1) return undefined;
  const [i, k] = [inputs[0]!, outputs[0]!];
  return {
    index: weightIndex(scaler.scale.length, k, i + 1),
    forbidden: Math.sign(region.lower[i]! * atoms[0]!.outputs[k]!),
  };
}
