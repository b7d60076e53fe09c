import { createRng, type Seed } from "../random/index.ts";
import { InvalidInput } from "./errors.ts";
import type { Problem, Solver } from "./solver.ts";
import { checkStopRules, type StopRules } from "./stop.ts";

/** A problem, a solver and when to stop, under one name: what `fpx run` runs. */
export interface Study<P extends Problem, S, R> {
  readonly name: string;
  readonly problem: P;
  readonly solver: Solver<P, S, R>;
  readonly stop?: StopRules;
  /** Default 1; `fpx run --seed` overrides it. */
  readonly seed?: Seed;
  /** What `fpx run` prints of the result, in place of its JSON. */
  readonly report?: (result: R) => string;
}

/**
 * Checks a study and gives it back; a study file default-exports it. Throws `InvalidInput` naming the part that is
 * missing or cannot be meant.
 *
 * @example export default defineStudy({ name: "bowl", problem, solver, stop: { maxSteps: 200 }, seed: 7 });
 */
export function defineStudy<P extends Problem, S, R>(study: Study<P, S, R>): Study<P, S, R> {
  const { name, problem, solver, stop, seed, report } = study;
  if (typeof name !== "string" || !/^[\w][\w .-]*$/.test(name))
    throw new InvalidInput(
      `study.name is ${JSON.stringify(name)}: give a name of letters, digits, blanks, dots and dashes`,
    );
  if (typeof problem?.fingerprint !== "string" || problem.fingerprint === "")
    throw new InvalidInput(
      `study "${name}": problem.fingerprint must be a non-empty string, a digest of its code and data`,
    );
  for (const part of ["init", "step", "metrics", "status", "result"] as const)
    if (typeof solver?.[part] !== "function")
      throw new InvalidInput(`study "${name}": solver.${part} must be a function: give a solver`);
  if (report !== undefined && typeof report !== "function")
    throw new InvalidInput(`study "${name}": report must be a function of the result that gives a text`);
  checkStopRules(stop ?? {});
  createRng(seed ?? 1);
  return study;
}
