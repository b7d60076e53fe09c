import type { Certificate } from "./certificate.ts";
import { type Clause, compileRules } from "./compile.ts";
import type { Domain } from "./domain.ts";
import type { Head, Multipliers } from "./exact-bound.ts";
import { certificateOf, type Decision, judge } from "./judge.ts";
import { checkModel, type Model, requireSameDomain } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import type { Rule } from "./rules.ts";
import { worstCase } from "./worst-case.ts";

/**
 * Decides whether the model keeps every rule for every input of its domain: in exact arithmetic on the stored
 * doubles, without any solver for box regions; linear programmes only propose multipliers for the other ones.
 * Networks go through outward-rounded intervals; `certifyWithSolver` decides what these leave open.
 *
 * @throws InvalidInput for rules with unknown names, a model whose scaler is not that of its domain, or when `domain` is
 * not the model's.
 * @example if (!certify(model, rules).ok) process.exitCode = 3;
 */
export function certify(model: Model, rules: readonly Rule[], domain: Domain = model.domain): Certificate {
  checkModel(model);
  requireSameDomain(model, domain);
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  return certificateOf(
    model,
    rules,
    clauses,
    clauses.map((clause) => decide(model, clause)),
  );
}

/** Decides one clause by the multipliers that are found for it. */
export function decide(model: Model, clause: Clause): Decision {
  const head = headOf(model, clause);
  return judge(model, clause, head, {
    multipliers: propose(head),
    near: () => [worstCase(head).input],
  });
}

/** Multipliers worth trying, the likeliest first. */
function propose(head: Head): readonly Multipliers[] {
  const { atoms, region } = head;
  const none = region.rows.map(() => 0);
  const units = atoms.map((_, j) => ({ lambda: atoms.map((_, k) => Number(j === k)), rows: none }));
  if (atoms.length === 1 && region.rows.length === 0) return units;
  const { multipliers, empty } = worstCase(head);
  if (empty) return [multipliers];
  // Multipliers of exact rules are often short fractions, which the programme meets up to its tolerance.
  const rounded = (value: number): number => Math.round(value * 2 ** 20) / 2 ** 20;
  const snapped = { lambda: multipliers.lambda.map(rounded), rows: multipliers.rows.map(rounded) };
  return [multipliers, snapped, ...units];
}
