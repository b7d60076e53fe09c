import { InvalidInput } from "../core/errors.ts";
import { constantModelWarning } from "./antichain.ts";
import type { Domain } from "./domain.ts";
import {
  add,
  type Dyadic,
  exact,
  multiply,
  negate,
  nextDown,
  nextUp,
  roundDown,
  sign,
  subtract,
} from "./dyadic.ts";
import { type Comparison, clausesOf, negated } from "./formula.ts";
import type { Rule, Slope } from "./rules.ts";

/** coefficients . x <= bound, over raw columns. */
export interface Halfspace {
  readonly coefficients: Float64Array;
  readonly bound: number;
}

/** Inputs where a clause counts: a box cut by half-spaces, in raw units; closed, so never smaller than the rule's. */
export interface Region {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly rows: readonly Halfspace[];
}

/** outputs . f(x) + inputs . x + constant < 0, or <= 0 when not strict. */
export interface Atom {
  readonly outputs: Float64Array;
  readonly inputs: Float64Array;
  readonly constant: number;
  readonly strict: boolean;
}

/** On the whole region, at least one of the atoms holds. */
export interface Clause {
  readonly rule: Rule;
  readonly region: Region;
  readonly atoms: readonly Atom[];
  /** The region is one direction, and f(x) stands for the slopes of the outputs along it. */
  readonly slope: boolean;
}

/** Something that a rule's author should know; nothing is refused. */
export interface Warning {
  readonly code: "VACUOUS" | "CONSTANT_MODEL";
  readonly rule: string;
  readonly message: string;
}

export interface Compiled {
  readonly domain: Domain;
  readonly outputs: readonly string[];
  readonly clauses: readonly Clause[];
  readonly warnings: readonly Warning[];
}

/** Regions are split over integer columns that half-spaces tie to others, up to so many parts. */
const MOST_PARTS = 256;

/**
 * Rules as clauses over regions: antecedents in disjunctive normal form, strict conditions closed (conservative),
 * integer bounds tightened.
 *
 * @throws InvalidInput naming the rule for an unknown name, a rule without outputs, or one that no model can keep.
 */
export function compileRules(rules: readonly Rule[], domain: Domain, outputs: readonly string[]): Compiled {
  const clauses: Clause[] = [];
  const warnings: Warning[] = [];
  for (const rule of rules) {
    const scope = scopeOf(domain, outputs, rule.name);
    if (rule.kind === "slope") {
      clauses.push(...slopeClauses(rule, scope));
      continue;
    }
    const constant = constantModelWarning(rule, scope.isOutput);
    if (constant !== undefined) warnings.push(constant);
    let live = 0;
    const all = clausesOf(rule.formula);
    for (const disjunction of all) {
      const [inside, atoms] = split(disjunction, scope);
      for (const region of regionsOf(inside, domain)) {
        if (atoms.length === 0)
          throw new InvalidInput(
            `rule "${rule.name}" forbids inputs that the domain has, whatever the outputs are: narrow the domain or mend the rule`,
            { code: "INFEASIBLE_RULE" },
          );
        clauses.push({ rule, region, atoms, slope: false });
        live++;
      }
    }
    if (live === 0)
      warnings.push({
        code: "VACUOUS",
        rule: rule.name,
        message: `rule "${rule.name}" says nothing: no input of the domain meets its conditions`,
      });
  }
  return { domain, outputs, clauses, warnings };
}

interface Scope {
  /** Place of a column, or -1 - place of an output. */
  place(name: string): number;
  isOutput(name: string): boolean;
  readonly columns: number;
  readonly outputs: number;
}

function scopeOf(domain: Domain, outputs: readonly string[], rule: string): Scope {
  const columns = new Map(domain.columns.map(({ name }, i) => [name, i]));
  const outs = new Map(outputs.map((name, k) => [name, -1 - k]));
  const place = (name: string): number => {
    const [, side, bare] = /^(in|out):(.*)$/s.exec(name) ?? [];
    const column = side === "out" ? undefined : columns.get(bare ?? name);
    const output = side === "in" ? undefined : outs.get(bare ?? name);
    if (column !== undefined && output !== undefined)
      throw new InvalidInput(
        `rule "${rule}": ${name} is both a feature and an output; write in:${name} or out:${name}`,
      );
    const found = column ?? output;
    if (found === undefined)
      throw new InvalidInput(
        `rule "${rule}" names "${bare ?? name}"; the features are ${[...columns.keys()].join(", ")}, the outputs ${outputs.join(", ")}`,
        { code: "UNKNOWN_NAME" },
      );
    return found;
  };
  return {
    place,
    isOutput: (name) => place(name) < 0,
    columns: domain.columns.length,
    outputs: outputs.length,
  };
}

function atomOf({ op, affine }: Comparison, scope: Scope): Atom {
  const atom = {
    outputs: new Float64Array(scope.outputs),
    inputs: new Float64Array(scope.columns),
    constant: affine.constant,
    strict: op === "lt",
  };
  for (const [name, coefficient] of Object.entries(affine.terms)) {
    const place = scope.place(name);
    if (place >= 0) atom.inputs[place]! += coefficient;
    else atom.outputs[-1 - place]! += coefficient;
  }
  return atom;
}

const mentionsOutput = ({ outputs }: Atom): boolean => outputs.some((value) => value !== 0);

/** A clause's conditions on inputs alone, negated (the region), and its atoms on outputs. */
function split(disjunction: readonly Comparison[], scope: Scope): [Atom[], Atom[]] {
  const atoms: Atom[] = [];
  const inside: Atom[] = [];
  for (const comparison of disjunction) {
    const atom = atomOf(comparison, scope);
    if (mentionsOutput(atom)) atoms.push(atom);
    else inside.push(atomOf(negated(comparison), scope));
  }
  return [inside, atoms];
}

function slopeClauses(rule: Slope, scope: Scope): Clause[] {
  const direction = new Float64Array(scope.columns);
  for (const [name, value] of Object.entries(rule.along)) {
    const place = scope.place(`in:${name.replace(/^in:/, "")}`);
    direction[place]! += value;
  }
  const outputs = new Float64Array(scope.outputs);
  for (const [name, value] of Object.entries(rule.outputs))
    outputs[-1 - scope.place(`out:${name.replace(/^out:/, "")}`)]! += value;
  const region: Region = { lower: direction, upper: direction, rows: [] };
  const atom = (sign: number): Atom => ({
    outputs: outputs.map((value) => sign * value),
    inputs: new Float64Array(scope.columns),
    constant: 0,
    strict: false,
  });
  const signs = rule.relation === "zero" ? [1, -1] : [1];
  return signs.map((s) => ({ rule, region, atoms: [atom(s)], slope: true }));
}

/** The part of the domain where all conditions hold, none when it is empty, several when integers are enumerated. */
function regionsOf(conditions: readonly Atom[], domain: Domain): Region[] {
  const lower = Float64Array.from(domain.columns, (column) => column.lower);
  const upper = Float64Array.from(domain.columns, (column) => column.upper);
  const rows: Halfspace[] = [];
  for (const { inputs, constant, strict } of conditions) {
    const used = [...inputs.keys()].filter((i) => inputs[i] !== 0);
    if (used.length === 0) {
      if (strict ? constant >= 0 : constant > 0) return [];
    } else if (used.length > 1) rows.push({ coefficients: inputs, bound: 0 - constant });
    else {
      const i = used[0]!;
      const limit = quotient(inputs[i]!, constant, strict, domain.columns[i]!.kind !== "continuous");
      if (inputs[i]! > 0) upper[i] = Math.min(upper[i]!, limit);
      else lower[i] = Math.max(lower[i]!, limit);
    }
  }
  const box = { lower, upper, rows };
  return tighten(box, domain) ? enumerate(box, domain) : [];
}

/** Outermost double x with slope * x + constant <= 0; for integers the outermost integer (strict ones counted). */
function quotient(slope: number, constant: number, strict: boolean, integer: boolean): number {
  const value = (x: number) => add(multiply(exact(slope), exact(x)), exact(constant));
  const inward = slope > 0 ? -1 : 1;
  const near = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, -constant / slope));
  // Beyond the safe integers lies no whole number of a domain, and steps of 1 would lead nowhere.
  if (integer && Math.abs(near) < Number.MAX_SAFE_INTEGER) {
    let x = Math.round(near) - inward;
    while (strict ? sign(value(x)) >= 0 : sign(value(x)) > 0) x += inward;
    return x;
  }
  return sign(value(near)) < 0 ? (inward < 0 ? nextUp(near) : nextDown(near)) : near;
}

/** Settles one-hot groups; false when the box is empty. */
function tighten({ lower, upper, rows }: Region, { groups, columns }: Domain): boolean {
  for (const row of rows) if (!narrow(row, lower, upper, columns)) return false;
  for (const group of groups) {
    const forced = group.filter((i) => lower[i]! >= 1);
    const allowed = (forced.length > 0 ? forced : group).filter((i) => upper[i]! >= 1);
    if (allowed.length === 0 || forced.length > 1) return false;
    for (const i of group) {
      if (!allowed.includes(i)) upper[i] = Math.min(upper[i]!, 0);
      else if (allowed.length === 1) lower[i] = 1;
    }
  }
  return lower.every((low, i) => low <= upper[i]!);
}

/** Cuts the box by what a half-space leaves of it, column by column, outwards; false when that is nothing. */
function narrow(
  { coefficients, bound }: Halfspace,
  lower: Float64Array,
  upper: Float64Array,
  columns: Domain["columns"],
): boolean {
  const leastTerm = (i: number): Dyadic =>
    multiply(exact(coefficients[i]!), exact(coefficients[i]! > 0 ? lower[i]! : upper[i]!));
  const used = [...coefficients.keys()].filter((i) => coefficients[i] !== 0);
  const least = used.reduce((sum, i) => add(sum, leastTerm(i)), negate(exact(bound)));
  if (sign(least) > 0) return false;
  for (const i of used) {
    const rest = roundDown(subtract(least, leastTerm(i)));
    const limit = quotient(coefficients[i]!, rest, false, columns[i]!.kind !== "continuous");
    if (coefficients[i]! > 0) upper[i] = Math.min(upper[i]!, limit);
    else lower[i] = Math.max(lower[i]!, limit);
  }
  return true;
}

/** Fixes integer columns that rows tie to others, one part for each value, where that is few parts. */
function enumerate(region: Region, domain: Domain): Region[] {
  const { lower, upper, rows } = region;
  const tied = [...lower.keys()].filter(
    (i) =>
      lower[i]! < upper[i]! &&
      domain.columns[i]!.kind !== "continuous" &&
      rows.some(({ coefficients }) => coefficients[i] !== 0),
  );
  let parts: Region[] = [region];
  for (const i of tied) {
    const next = parts.flatMap((part) => valuesOf(part, i, domain));
    if (next.length > MOST_PARTS) return [region];
    parts = next;
  }
  return parts;
}

function valuesOf(part: Region, i: number, domain: Domain): Region[] {
  const found: Region[] = [];
  if (part.upper[i]! - part.lower[i]! >= MOST_PARTS) return [part];
  for (let value = part.lower[i]!; value <= part.upper[i]!; value++) {
    const fixed = { lower: part.lower.slice(), upper: part.upper.slice(), rows: part.rows };
    fixed.lower[i] = value;
    fixed.upper[i] = value;
    if (tighten(fixed, domain)) found.push(fixed);
  }
  return found;
}
