import { FpxError } from "../core/errors.ts";
import type { Clause } from "./compile.ts";
import type { ProgrammeOptions } from "./programme.ts";

/** No affine model keeps these rules together; leaving out any one of them would help. */
export class InfeasibleRules extends FpxError {
  readonly conflict: readonly string[];

  constructor(
    conflict: readonly string[],
    { margin, weightLimit }: Pick<ProgrammeOptions, "margin" | "weightLimit">,
  ) {
    const terms = [
      ...(margin > 0 ? [`each with ${margin} to spare`] : []),
      ...(Number.isFinite(weightLimit) ? [`with weights up to ${weightLimit}`] : []),
    ];
    super(
      "INFEASIBLE_RULES",
      `no affine model keeps these rules together${terms.map((term) => `, ${term}`).join("")}: ${conflict.map((name) => `"${name}"`).join(", ")}; drop or loosen one of them, or narrow its conditions`,
    );
    this.conflict = conflict;
  }
}

/** The names of rules that cannot hold together, found by leaving out rule after rule. */
export function conflictOf(
  clauses: readonly Clause[],
  feasible: (clauses: readonly Clause[]) => boolean,
): readonly string[] {
  let kept = [...new Set(clauses.map(({ rule }) => rule))];
  for (const rule of [...kept]) {
    const without = kept.filter((other) => other !== rule);
    if (!feasible(clauses.filter((clause) => without.includes(clause.rule)))) kept = without;
  }
  return kept.map(({ name }) => name);
}
