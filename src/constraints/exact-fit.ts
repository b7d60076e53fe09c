import { FpxError } from "../core/errors.ts";
import { decide } from "./certify.ts";
import type { Clause } from "./compile.ts";
import { conflictOf, InfeasibleRules } from "./conflict.ts";
import type { Domain } from "./domain.ts";
import { eliminate, shapeOf, weightIndex } from "./eliminate.ts";
import { type Convex, minimise, type Row } from "./interior-point.ts";
import { infeasibility } from "./linear-programme.ts";
import { type LinearModel, linearModel, type Task } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import { worstCase } from "./worst-case.ts";

/** A constrained training problem over all weights of an affine model. */
export interface ExactProblem {
  readonly domain: Domain;
  readonly outputs: readonly string[];
  readonly task: Task;
  readonly clauses: readonly Clause[];
  /** The loss, over weights output by output, biases first; scaled columns. */
  readonly loss: Convex;
  /** Every atom is kept with so much to spare. */
  readonly margin: number;
  /** No weight is larger in size. */
  readonly weightLimit: number;
}

export interface ExactFit {
  readonly model: LinearModel;
  readonly loss: number;
  readonly iterations: number;
  /** The margin that was needed in the end. */
  readonly margin: number;
}

/** Weights of the atoms of each clause. */
type Mixture = readonly (readonly number[])[];

interface Solution {
  readonly weights: Float64Array;
  readonly loss: number;
  readonly iterations: number;
  readonly mixture: Mixture;
}

/** Rounds of improving the weights of alternatives in turn with the model. */
const MOST_ROUNDS = 8;
/** Margins are enlarged tenfold up to so often when the certificate of the rounded weights fails. */
const MOST_REPAIRS = 6;

/**
 * The best affine model that keeps all clauses: one convex programme, certified after rounding. Alternatives
 * (clauses with several atoms) make it a search over their weights, whose result is certified but perhaps not best.
 *
 * @throws InfeasibleRules naming the rules in conflict.
 * @throws FpxError (code NOT_CERTIFIED) when no margin made the rounded weights keep the rules.
 */
export function fitExact(problem: ExactProblem): ExactFit {
  let iterations = 0;
  let margin = problem.margin;
  for (let repair = 0; repair < MOST_REPAIRS; repair++) {
    const solution = solveMixtures({ ...problem, margin });
    if (solution === undefined) {
      if (repair > 0) break;
      throw new InfeasibleRules(
        conflictOf(problem.clauses, (clauses) => isFeasible({ ...problem, clauses })),
      );
    }
    iterations += solution.iterations;
    const model = modelOf(problem, withSigns(problem, solution.weights));
    if (problem.clauses.every((clause) => decide(model, clause).proof.status === "certified"))
      return { model, loss: solution.loss, iterations, margin };
    margin *= 10;
  }
  throw new FpxError(
    "NOT_CERTIFIED",
    `the rounded weights break a rule up to a margin of ${margin / 10}: the rules leave no room; loosen them or scale the data`,
  );
}

/** Whether some affine model keeps the clauses (for alternatives: by single atoms or equal weights). */
export function isFeasible(problem: Omit<ExactProblem, "loss" | "task">): boolean {
  const { domain, outputs } = problem;
  const size = outputs.length * (domain.columns.length + 1);
  return candidates(problem.clauses).some((mixture) => {
    const { rows, total } = rowsOf(problem, mixture, size);
    return infeasibility(total, rows).excess <= 1e-9;
  });
}

/** Equal weights; then each single choice for all clauses in the same place. */
function candidates(clauses: readonly Clause[]): readonly Mixture[] {
  const most = Math.max(1, ...clauses.map(({ atoms }) => atoms.length));
  const equal = clauses.map(({ atoms }) => atoms.map(() => 1 / atoms.length));
  if (most === 1) return [equal];
  const units = Array.from({ length: most }, (_, j) =>
    clauses.map(({ atoms }) => atoms.map((_, k) => Number(k === j % atoms.length))),
  );
  return [equal, ...units];
}

function solveMixtures(problem: ExactProblem): Solution | undefined {
  const { clauses } = problem;
  const alternatives = clauses.flatMap(({ atoms }, c) => (atoms.length > 1 ? [c] : []));
  if (alternatives.length === 0) return solve(problem, candidates(clauses)[0]!);
  const better = (a: Solution | undefined, b: Solution | undefined): Solution | undefined =>
    a === undefined || (b !== undefined && b.loss < a.loss) ? b : a;
  // What the unconstrained model is nearest to, and the plain choices.
  const free = solve({ ...problem, clauses: [] }, [])!;
  let best = [improved(problem, free.weights), ...candidates(clauses)]
    .map((mixture) => solve(problem, mixture))
    .reduce(better, undefined);
  if (best === undefined) return undefined;
  for (const c of alternatives)
    for (const [j] of clauses[c]!.atoms.entries()) {
      const mixture = best!.mixture.map((lambda, other) =>
        other === c ? lambda.map((_, k) => Number(k === j)) : lambda,
      );
      best = better(best, solve(problem, mixture));
    }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = solve(problem, improved(problem, best!.weights));
    if (next === undefined || next.loss > best!.loss - 1e-9 * Math.abs(best!.loss)) break;
    best = next;
  }
  return best;
}

/** For these model weights, the weights of alternatives that prove the most. */
function improved(problem: ExactProblem, weights: Float64Array): Mixture {
  const model = modelOf(problem, weights);
  return problem.clauses.map((clause) =>
    clause.atoms.length === 1 ? [1] : worstCase(headOf(model, clause)).multipliers.lambda,
  );
}

function solve(problem: ExactProblem, mixture: Mixture): Solution | undefined {
  const { loss } = problem;
  const { rows, total, fixed } = rowsOf(problem, mixture, loss.size);
  const found = minimise(widened(loss, total, fixed), rows);
  if (found.violation > 1e-7 && infeasibility(total, rows).excess > 1e-9) return undefined;
  const weights = found.x.slice(0, loss.size);
  return { weights, loss: found.value, iterations: found.iterations, mixture };
}

/** All rows for given weights of alternatives; single-weight slopes become bounds or zeros. */
function rowsOf(
  { clauses, margin, weightLimit, domain, outputs }: Omit<ExactProblem, "loss" | "task">,
  mixture: Mixture,
  size: number,
): { readonly rows: readonly Row[]; readonly total: number; readonly fixed: ReadonlySet<number> } {
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
    for (let i = 0; i < outputs.length * (domain.columns.length + 1); i++)
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
function singleWeight(
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

/** Weights of a forbidden sign, by less than the solver's tolerance, become 0. */
function withSigns({ clauses, domain }: ExactProblem, weights: Float64Array): Float64Array {
  for (const clause of clauses) {
    const single = singleWeight(clause, domain);
    if (single !== undefined && single.forbidden * weights[single.index]! > 0) weights[single.index] = 0;
  }
  return weights;
}

/** The loss as a function of more variables, some of them held at 0. */
function widened(loss: Convex, size: number, fixed: ReadonlySet<number>): Convex {
  return {
    size,
    quadratic: loss.quadratic,
    value: (x) => loss.value(x),
    derivatives(x, gradient, hessian) {
      gradient.fill(0, loss.size);
      loss.derivatives(x, gradient, hessian);
      for (const i of fixed) {
        gradient[i] = 0;
        for (let j = 0; j < size; j++) hessian[i * size + j] = hessian[j * size + i] = 0;
        hessian[i * size + i] = 1;
      }
    },
  };
}

/** The model of a vector of all weights. */
export function modelOf(
  { domain, outputs, task }: Pick<ExactProblem, "domain" | "outputs" | "task">,
  weights: Float64Array,
): LinearModel {
  const width = domain.columns.length + 1;
  return linearModel(
    domain,
    outputs,
    outputs.map((_, k) => weights.subarray(k * width, (k + 1) * width)),
    task,
  );
}
