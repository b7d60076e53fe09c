import type { Bool, CheckSatResult, Context, Model, Optimize, Solver } from "z3-solver";
import { eliminate } from "../eliminate.ts";
import {
  type Maxsat,
  type MaxsatAnswer,
  type MaxsatLimits,
  type MaxsatProblem,
  type MaxsatQuery,
  unanswered,
} from "./query.ts";
import { nearestDouble, smtNumber, smtSum, startZ3, type Z3 } from "./z3.ts";

/**
 * How wishes are kept: `optimal` by Z3's optimiser; `fu-malik` by relaxing cores, optimal too; `core-removal` drops
 * every wish of a core, which is fast but not optimal (what the published code runs under the name Fu-Malik).
 */
export type Strategy = "optimal" | "fu-malik" | "core-removal";

export interface Z3Options extends MaxsatLimits {
  readonly strategy: Strategy;
  /** Leaves the quantifier over inputs to Z3, as published; default false: it is eliminated first. */
  readonly quantified?: boolean;
}

type Ctx = Context<"fpx">;

/** MaxSMT by Z3. `optimal` needs the eliminated form: Z3's optimiser does not support quantifiers. */
export async function z3Maxsat(problem: MaxsatProblem, options: Z3Options, started?: Z3): Promise<Maxsat> {
  const z3 = started ?? (await startZ3());
  const { strategy, quantified = false, resourceLimit, timeoutMs } = options;
  const context: Ctx = new z3.Context("fpx");
  const declared = weightNames(problem).map((name) => `(declare-const ${name} Real)`);
  const hard = [...declared, quantified ? quantifiedClauses(problem) : eliminatedClauses(problem)];
  const fresh = () => {
    // Products of weights and inputs need the nonlinear solver.
    const solver =
      strategy === "optimal" ? new context.Optimize() : new context.Solver(quantified ? "NRA" : "QF_LRA");
    if (resourceLimit !== undefined) solver.set("rlimit", resourceLimit);
    if (timeoutMs !== undefined) solver.set("timeout", timeoutMs);
    solver.fromString(hard.join("\n"));
    return solver;
  };
  // Quantified clauses are lost on a solver that has gone back once; the others stay, and only queries change.
  const kept = quantified ? undefined : fresh();
  // A solver's parser remembers its declarations, an optimiser's does not.
  const again = strategy === "optimal" ? declared : [];
  let asked = 0;
  return async (query) => {
    const name = `t${asked++}_`;
    const wishes = query.rows.flatMap((row) => problem.soft(row));
    const switches = wishes.map((_, s) => context.Bool.const(`${name}${s}`));
    const text = [
      ...again,
      ...boxOf(problem, query),
      ...wishes.map(
        (wish, s) => `(declare-const ${name}${s} Bool)\n(assert (= ${name}${s} ${wishText(problem, wish)}))`,
      ),
    ].join("\n");
    const solver = kept ?? fresh();
    if (kept !== undefined) solver.push();
    try {
      solver.fromString(text);
      const { status, kept: satisfied } =
        "addSoft" in solver
          ? await optimise(context, solver, switches, z3.alone)
          : await (strategy === "fu-malik" ? fuMalik : coreRemoval)(context, solver, switches, z3.alone);
      if (status === "sat") return answerOf(context, solver.model(), satisfied, problem);
      return unanswered(status, status === "unknown" && timeoutMs !== undefined);
    } finally {
      if (kept === undefined) solver.release();
      else solver.pop();
    }
  };
}

type Wishes = readonly Bool<"fpx">[];

/** How a query ended, and how many wishes were kept. */
interface Kept {
  readonly status: CheckSatResult;
  readonly kept: number;
}

async function optimise(
  context: Ctx,
  optimiser: Optimize<"fpx">,
  switches: Wishes,
  alone: Z3["alone"],
): Promise<Kept> {
  for (const wish of switches) optimiser.addSoft(wish, 1, "wishes");
  const status = await alone(() => optimiser.check());
  if (status !== "sat") return { status, kept: 0 };
  const model = optimiser.model();
  return { status, kept: switches.filter((wish) => context.isTrue(model.eval(wish, true))).length };
}

async function coreRemoval(
  _: Ctx,
  solver: Solver<"fpx">,
  switches: Wishes,
  alone: Z3["alone"],
): Promise<Kept> {
  let kept = switches;
  for (;;) {
    const status = await alone(() => solver.check(...kept));
    if (status !== "unsat") return { status, kept: kept.length };
    const core = namesIn(solver);
    if (core.size === 0) return { status, kept: 0 };
    kept = kept.filter((wish) => !core.has(wish.toString()));
  }
}

async function fuMalik(
  context: Ctx,
  solver: Solver<"fpx">,
  switches: Wishes,
  alone: Z3["alone"],
): Promise<Kept> {
  let cores = 0;
  // An assumption implies its wish, or one of the relaxations that it has been given.
  let fresh = 0;
  const relaxed = switches.map((wish) => ({ wish, escapes: [] as Bool<"fpx">[] }));
  let assumptions = [...switches];
  for (;;) {
    const status = await alone(() => solver.check(...assumptions));
    // Each core costs one wish.
    if (status !== "unsat") return { status, kept: switches.length - cores };
    cores++;
    const core = namesIn(solver);
    const hit = assumptions.flatMap((assumption, s) => (core.has(assumption.toString()) ? [s] : []));
    if (hit.length === 0) return { status, kept: 0 };
    const escapes = hit.map(() => context.Bool.const(`r${fresh++}`));
    assumptions = [...assumptions];
    for (const [place, s] of hit.entries()) {
      const item = relaxed[s]!;
      item.escapes.push(escapes[place]!);
      const assumption = context.Bool.const(`a${fresh++}`);
      solver.add(context.Implies(assumption, context.Or(item.wish, ...item.escapes)));
      assumptions[s] = assumption;
    }
    for (const [a, first] of escapes.entries())
      for (const second of escapes.slice(a + 1))
        solver.add(context.Or(context.Not(first), context.Not(second)));
  }
}

function namesIn(solver: Solver<"fpx">): Set<string> {
  const core = solver.unsatCore();
  return new Set(Array.from({ length: core.length() }, (_, i) => core.get(i).toString()));
}

function answerOf(
  context: Ctx,
  model: Model<"fpx">,
  satisfied: number,
  problem: MaxsatProblem,
): MaxsatAnswer {
  const weights = weightNames(problem).map((name) => {
    const value = model.eval(context.Real.const(name), true);
    if (!context.isRealVal(value)) return Number.NaN;
    const { numerator, denominator } = value.value();
    return nearestDouble(numerator, denominator);
  });
  // An algebraic number has no double of its own: the model is passed over.
  if (weights.some(Number.isNaN)) return unanswered("unknown");
  return { status: "sat", weights: Float64Array.from(weights), satisfied, timedOut: false };
}

const weightNames = ({ table }: MaxsatProblem): string[] =>
  table.targets.flatMap((_, k) => Array.from({ length: table.columns + 1 }, (_, i) => `w${k}_${i}`));

/** Closed sides lie outwards by more than rounding moved the last answer: what was found once stays in the box. */
function boxOf(problem: MaxsatProblem, { lower, upper, excluded }: MaxsatQuery): string[] {
  const slack = (value: number): number =>
    excluded.length > 0 ? 0 : 2 ** -48 * Math.max(1, Math.abs(value));
  return weightNames(problem).flatMap((name, j) => {
    const [low, high] = [lower[j]! - slack(lower[j]!), upper[j]! + slack(upper[j]!)];
    const side = (value: number): string => (excluded[j] === value ? "<" : "<=");
    return [
      `(assert (${side(low)} ${smtNumber(low)} ${name}))`,
      `(assert (${side(high)} ${name} ${smtNumber(high)}))`,
    ];
  });
}

function wishText(
  { table }: MaxsatProblem,
  { output, row, low, high }: ReturnType<MaxsatProblem["soft"]>[number],
): string {
  const width = table.columns + 1;
  const score = smtSum(
    Array.from({ length: width }, (_, i) => [table.design[row * width + i]!, `w${output}_${i}`] as const),
  );
  const sides = [
    ...(Number.isFinite(low) ? [`(> ${score} ${smtNumber(low)})`] : []),
    ...(Number.isFinite(high) ? [`(< ${score} ${smtNumber(high)})`] : []),
  ];
  return sides.length === 1 ? sides[0]! : `(and ${sides.join(" ")})`;
}

/** Clauses without quantifier, by exact elimination; alternatives as a disjunction of single atoms. */
function eliminatedClauses(problem: MaxsatProblem): string {
  const { shapes, margin } = problem;
  const names = weightNames(problem);
  const lines: string[] = [];
  for (const shape of shapes) {
    const choices = shape.atoms.map((_, j) => {
      const lambda = shape.atoms.map((_, k) => Number(j === k));
      const { rows, helpers } = eliminate(shape, lambda, margin, names.length);
      for (let h = 0; h < helpers; h++) {
        const helper = `h${names.length}`;
        lines.push(`(declare-const ${helper} Real)`);
        names.push(helper);
      }
      const parts = rows.map(
        ({ indices, values, bound }) =>
          `(<= ${smtSum(indices.map((at, p) => [values[p]!, names[at]!] as const))} ${smtNumber(bound)})`,
      );
      return `(and ${parts.join(" ")})`;
    });
    lines.push(`(assert ${choices.length === 1 ? choices[0] : `(or ${choices.join(" ")})`})`);
  }
  return lines.join("\n");
}

/** Clauses as published: for all inputs of the region, one of the atoms holds. Inputs are scaled. */
function quantifiedClauses({ shapes, margin, table }: MaxsatProblem): string {
  const { columns, targets } = table;
  return shapes
    .map(({ region, atoms, slope, groups, scaler: { offset, scale } }) => {
      const origin = (i: number): number => (slope ? 0 : offset[i]!);
      const free = Array.from({ length: columns }, (_, i) => i).filter(
        (i) => region.lower[i]! < region.upper[i]!,
      );
      const scaled = (value: number, i: number): number => (value - origin(i)) / scale[i]!;
      const input = (i: number): string =>
        free.includes(i) ? `x${i}` : smtNumber(scaled(region.lower[i]!, i));
      const affine = (coefficients: ArrayLike<number>, constant: number): string => {
        let total = constant;
        const terms: [number, string][] = [];
        for (let i = 0; i < columns; i++) {
          total += coefficients[i]! * origin(i);
          if (coefficients[i] !== 0) terms.push([coefficients[i]! * scale[i]!, input(i)]);
        }
        return `(+ ${smtSum(terms)} ${smtNumber(total)})`;
      };
      const conditions = [
        ...free.flatMap((i) => [
          `(<= ${smtNumber(scaled(region.lower[i]!, i))} x${i})`,
          `(<= x${i} ${smtNumber(scaled(region.upper[i]!, i))})`,
        ]),
        ...region.rows.map(
          ({ coefficients, bound }) => `(<= ${affine(coefficients, 0)} ${smtNumber(bound)})`,
        ),
        ...(slope ? [] : groups).flatMap((group) => {
          const open = group.filter((i) => free.includes(i));
          return open.length > 1 ? [`(= 1.0 (+ ${open.map((i) => `x${i}`).join(" ")}))`] : [];
        }),
      ];
      const holds = atoms.map((atom) => {
        const scores = targets.flatMap((_, k) => {
          if (atom.outputs[k] === 0) return [];
          const products = Array.from({ length: columns }, (_, i) => `(* w${k}_${i + 1} ${input(i)})`);
          const bias = slope ? "0.0" : `w${k}_0`;
          return [`(* ${smtNumber(atom.outputs[k]!)} (+ ${bias} ${products.join(" ")}))`];
        });
        return `(<= (+ ${scores.join(" ")} ${affine(atom.inputs, atom.constant)}) ${smtNumber(-margin)})`;
      });
      const claim = holds.length === 1 ? holds[0]! : `(or ${holds.join(" ")})`;
      if (free.length === 0) return `(assert ${claim})`;
      const bound = free.map((i) => `(x${i} Real)`).join(" ");
      return `(assert (forall (${bound}) (=> (and ${conditions.join(" ")}) ${claim})))`;
    })
    .join("\n");
}
