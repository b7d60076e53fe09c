import type { Solver } from "../../core/index.ts";
import { type FitOptions, prepareFit } from "../fit.ts";
import { searchProblem, weightLimitOf } from "./fit-sade.ts";
import { type SadeProblem, type SadeResult, type SadeState, sade } from "./sade.ts";

/**
 * SaDe's problem and solver by themselves, for `run` with an executor and for studies: each step asks a MaxSMT query,
 * and then for every clause of the rules whether the candidate keeps it. `fitConstrained` with `solver: "sade"` runs
 * the same and certifies what comes of it. Throws as `fitConstrained` does.
 *
 * @example export default defineStudy({ name: "loan", ...(await sadeSearch({ X, y, domain, constraints, task: "logistic" })) });
 */
export async function sadeSearch(options: FitOptions): Promise<{
  readonly problem: SadeProblem;
  readonly solver: Solver<SadeProblem, SadeState, SadeResult>;
}> {
  const { sade: search = {} } = options;
  const { problem, table } = prepareFit(options);
  return {
    problem: await searchProblem(problem, table, search),
    solver: sade({ ...search, weightLimit: weightLimitOf(problem, search) }),
  };
}
