import { InvalidInput } from "../core/errors.ts";
import { type Clause, compileRules, type Region } from "./compile.ts";
import { encode, type Input } from "./domain.ts";
import { sign } from "./dyadic.ts";
import { exactBound } from "./exact-bound.ts";
import type { LinearModel } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import type { Rule } from "./rules.ts";
import { worstCase } from "./worst-case.ts";

/**
 * Share of the inputs that have an input breaking a rule within `radius`, measured per column as a share of its
 * width (0.1: a tenth of the range); categories and whole numbers stay as they are. Rules on slopes are left out.
 *
 * @throws InvalidInput for a radius out of range, no inputs, or inputs outside the domain.
 */
export function adversityIndex(
  model: LinearModel,
  rules: readonly Rule[],
  X: readonly Input[],
  { radius }: { readonly radius: number },
): number {
  if (!(radius >= 0 && radius <= 1)) throw new InvalidInput(`radius is ${radius}: give a number from 0 to 1`);
  if (X.length === 0) throw new InvalidInput("X has no rows: give at least one");
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  const own = clauses.filter(({ slope }) => !slope);
  const adverse = X.filter((input) => {
    const raw = encode(model.domain, input);
    return own.some((clause) => isBrokenNear(model, clause, raw, radius));
  });
  return adverse.length / X.length;
}

function isBrokenNear(model: LinearModel, clause: Clause, raw: Float64Array, radius: number): boolean {
  const near = ballOf(model, clause.region, raw, radius);
  if (near === undefined) return false;
  const head = headOf(model, { ...clause, region: near });
  const { atoms } = head;
  if (atoms.length > 1 || near.rows.length > 0) {
    const { value, empty } = worstCase(head);
    return !empty && value > 0;
  }
  const decided = sign(exactBound(head, { lambda: [1], rows: [] }).bound);
  return atoms[0]!.strict ? decided >= 0 : decided > 0;
}

/** The part of a region near an input, or none. */
function ballOf(
  { domain }: LinearModel,
  region: Region,
  raw: Float64Array,
  radius: number,
): Region | undefined {
  const lower = region.lower.slice();
  const upper = region.upper.slice();
  for (const [i, column] of domain.columns.entries()) {
    const reach = column.kind === "continuous" ? radius * (column.upper - column.lower) : 0;
    lower[i] = Math.max(lower[i]!, raw[i]! - reach);
    upper[i] = Math.min(upper[i]!, raw[i]! + reach);
    if (lower[i]! > upper[i]!) return undefined;
  }
  return { lower, upper, rows: region.rows };
}
