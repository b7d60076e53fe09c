import { InvalidInput } from "../core/errors.ts";
import type { Affine } from "./expression.ts";

/** A formula without quantifiers, as data. `lt`: affine < 0; `le`: affine <= 0. */
export type Formula =
  | Comparison
  | { readonly op: "and" | "or"; readonly of: readonly Formula[] }
  | { readonly op: "not"; readonly of: Formula };

export interface Comparison {
  readonly op: "lt" | "le";
  readonly affine: Affine;
}

/** All of the formulas hold. */
export const allOf = (...of: readonly Formula[]): Formula => (of.length === 1 ? of[0]! : { op: "and", of });

/** At least one of the formulas holds. */
export const anyOf = (...of: readonly Formula[]): Formula => (of.length === 1 ? of[0]! : { op: "or", of });

/** The formula does not hold. */
export const not = (of: Formula): Formula => ({ op: "not", of });

/** Comparisons of which at least one must hold. */
export type Disjunction = readonly Comparison[];

/** More clauses than this are refused. */
const MOST_CLAUSES = 4096;

/** The negated comparison: not(a < 0) is -a <= 0. */
export function negated({ op, affine }: Comparison): Comparison {
  const { constant, terms } = affine;
  const opposite = Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, -value]));
  return { op: op === "lt" ? "le" : "lt", affine: { constant: 0 - constant, terms: opposite } };
}

/**
 * Conjunctive normal form: the clauses of which all must hold. A rule's antecedent stands negated in each, so this is
 * the disjunctive normal form of antecedents.
 *
 * @throws InvalidInput when there are more than 4096 clauses.
 */
export function clausesOf(formula: Formula, positive = true): readonly Disjunction[] {
  switch (formula.op) {
    case "lt":
    case "le":
      return [[positive ? formula : negated(formula)]];
    case "not":
      return clausesOf(formula.of, !positive);
    default: {
      const parts = formula.of.map((part) => clausesOf(part, positive));
      if ((formula.op === "and") === positive) return parts.flat();
      return parts.reduce<readonly Disjunction[]>(
        (product, part) => {
          if (product.length * part.length > MOST_CLAUSES)
            throw new InvalidInput(
              `a rule has more than ${MOST_CLAUSES} clauses: split it, or nest fewer alternatives`,
            );
          return product.flatMap((left) => part.map((right) => [...left, ...right]));
        },
        [[]],
      );
    }
  }
}

/** Truth of a formula, given the truth of its comparisons. */
export function truth(formula: Formula, holds: (comparison: Comparison) => boolean): boolean {
  switch (formula.op) {
    case "and":
      return formula.of.every((part) => truth(part, holds));
    case "or":
      return formula.of.some((part) => truth(part, holds));
    case "not":
      return !truth(formula.of, holds);
    default:
      return holds(formula);
  }
}

/** All comparisons of a formula. */
export function comparisonsOf(formula: Formula): readonly Comparison[] {
  switch (formula.op) {
    case "and":
    case "or":
      return formula.of.flatMap(comparisonsOf);
    case "not":
      return comparisonsOf(formula.of);
    default:
      return [formula];
  }
}
