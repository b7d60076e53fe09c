import { FpxError } from "../core/errors.ts";
import { chooseAtoms, excludeOneAnother, only } from "./alternatives.ts";
import { decide } from "./certify.ts";
import type { Clause } from "./compile.ts";
import { conflictOf, InfeasibleRules } from "./conflict.ts";
import { type Convex, minimise } from "./interior-point.ts";
import { infeasibility } from "./linear-programme.ts";
import { type LinearModel, linearModel, type Task } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import { type Mixture, type ProgrammeOptions, rowsOf, singleWeight } from "./programme.ts";
import { worstCase } from "./worst-case.ts";

/** A constrained training problem over all weights of an affine model. */
export interface ExactProblem extends ProgrammeOptions {
  readonly task: Task;
  /** The loss, over weights output by output, biases first; scaled columns. */
  readonly loss: Convex;
}

export interface ExactFit {
  readonly model: LinearModel;
  readonly loss: number;
  readonly iterations: number;
  /** The margin that was needed in the end. */
  readonly margin: number;
}

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
      throw whyNone(problem);
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

/** No model was found: the rules in conflict where that is certain. */
function whyNone(problem: ExactProblem): FpxError {
  const excluded = (clauses: readonly Clause[]): boolean => excludeOneAnother({ ...problem, clauses });
  if (excluded(problem.clauses))
    return new InfeasibleRules(
      conflictOf(problem.clauses, (clauses) => !excluded(clauses)),
      problem,
    );
  return new FpxError(
    "NO_MODEL",
    "no affine model was found that keeps the rules, nor a proof that there is none: alternatives (or, argmax) are searched, not decided; name the alternative that you want, or loosen the rules",
  );
}

/** Equal weights; then each single choice for all clauses in the same place. */
function candidates(clauses: readonly Clause[]): readonly Mixture[] {
  const most = Math.max(1, ...clauses.map(({ atoms }) => atoms.length));
  const equal = clauses.map(({ atoms }) => atoms.map(() => 1 / atoms.length));
  if (most === 1) return [equal];
  const units = Array.from({ length: most }, (_, j) =>
    clauses.map(({ atoms }) => only(j % atoms.length, atoms.length)),
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
  if (best === undefined) {
    const choice = chooseAtoms(problem);
    if (choice.kind === "found") best = solve(problem, choice.mixture);
  }
  if (best === undefined) return undefined;
  for (const c of alternatives)
    for (const [j] of clauses[c]!.atoms.entries()) {
      const mixture = best!.mixture.map((lambda, other) => (other === c ? only(j, lambda.length) : lambda));
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
  const { loss, unit } = problem;
  const { rows, total, fixed } = rowsOf(problem, mixture);
  const found = minimise(widened(loss, total, fixed), rows, { unit });
  if (found.violation > 1e-7 * unit && infeasibility(total, rows, unit).excess > 1e-9) return undefined;
  const weights = found.x.slice(0, loss.size);
  return { weights, loss: found.value, iterations: found.iterations, mixture };
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
