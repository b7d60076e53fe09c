/** Which atom of each clause a model should keep, and whether any choice can be kept at all. */
import type { Clause } from "./compile.ts";
import type { Domain } from "./domain.ts";
import { infeasibility } from "./linear-programme.ts";
import { type Mixture, type ProgrammeOptions, rowsOf } from "./programme.ts";

/** What a search for one atom of each clause found; `open` when it ended at its limit. */
export type Choice =
  | { readonly kind: "found"; readonly mixture: Mixture }
  | { readonly kind: "none" | "open" };

/** A search solves so many linear programmes at most. */
const MOST_TRIES = 400;
/** Rows that miss each other by so much, in units, have no common point. */
const TOLERANCE = 1e-9;

/** Only this atom of so many counts. */
export const only = (j: number, atoms: number): number[] =>
  Array.from({ length: atoms }, (_, k) => Number(j === k));

/** One atom of each clause such that all of them can be kept together: depth first, with a programme at each step. */
export function chooseAtoms(problem: ProgrammeOptions): Choice {
  const { clauses } = problem;
  const order = [...clauses.keys()].sort((a, b) => clauses[a]!.atoms.length - clauses[b]!.atoms.length);
  const chosen = new Map<number, number[]>();
  const plain = order.filter((c) => clauses[c]!.atoms.length === 1);
  for (const c of plain) chosen.set(c, [1]);
  let tries = 0;
  const feasible = (): boolean => {
    const taken = order.filter((c) => chosen.has(c));
    const own = { ...problem, clauses: taken.map((c) => clauses[c]!) };
    const { rows, total } = rowsOf(
      own,
      taken.map((c) => chosen.get(c)!),
    );
    return infeasibility(total, rows, problem.unit).excess <= TOLERANCE;
  };
  const extend = (place: number): Choice["kind"] => {
    if (place === order.length) return "found";
    const c = order[place]!;
    const count = clauses[c]!.atoms.length;
    let open = false;
    for (let j = 0; j < count; j++) {
      if (++tries > MOST_TRIES) return "open";
      chosen.set(c, only(j, count));
      const kind = feasible() ? extend(place + 1) : "none";
      if (kind === "found") return kind;
      open ||= kind === "open";
      chosen.delete(c);
    }
    return open ? "open" : "none";
  };
  const kind = feasible() ? extend(plain.length) : "none";
  return kind === "found" ? { kind, mixture: clauses.map((_, c) => chosen.get(c)!) } : { kind };
}

/**
 * Whether the clauses exclude one another for certain: a clause of one atom is looked at everywhere, one with
 * alternatives at a single input, where every model must keep one of them.
 */
export function excludeOneAnother(problem: ProgrammeOptions): boolean {
  const clauses = problem.clauses.flatMap((clause) => {
    if (clause.atoms.length === 1) return [clause];
    const input = inputIn(clause, problem.domain);
    return input === undefined ? [] : [{ ...clause, region: { lower: input, upper: input, rows: [] } }];
  });
  return chooseAtoms({ ...problem, clauses }).kind === "none";
}

/** An input near the middle of a region, if that is one. */
function inputIn({ region }: Clause, { columns, groups }: Domain): Float64Array | undefined {
  const { lower, upper, rows } = region;
  const input = lower.map((low, i) => {
    const middle = low + (upper[i]! - low) / 2;
    return columns[i]!.kind === "continuous" ? middle : Math.floor(middle);
  });
  for (const group of groups) {
    const allowed = group.find((i) => upper[i] === 1)!;
    for (const i of group) input[i] = Number(i === allowed);
  }
  const inside = rows.every(
    ({ coefficients, bound }) => coefficients.reduce((sum, c, i) => sum + c * input[i]!, 0) < bound,
  );
  return inside ? input : undefined;
}
