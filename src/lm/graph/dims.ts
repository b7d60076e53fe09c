/**
 * Symbolic dimensions: a dimension is a number, or a polynomial in named sizes written as text, such as
 * "batch", "2*batch" or "past+sequence-1". Every text is kept in one canonical spelling, so that equal
 * dimensions are equal strings.
 */

import { InvalidInput } from "../../core/errors.ts";

/** A tensor dimension: a fixed size, or a polynomial of named sizes such as "sequence" or "past+sequence". */
export type Dim = number | string;

/** The dimensions of a tensor, outermost first; a scalar has none. */
export type Shape = readonly Dim[];

/** Coefficients by monomial; a monomial is its sorted names joined by "*", and "" is the constant term. */
type Polynomial = ReadonlyMap<string, number>;

const TERM = /([+-]?)([^+-]+)/y;

function parse(dim: Dim): Polynomial {
  if (typeof dim === "number") {
    if (!Number.isInteger(dim) || dim < 0)
      throw new InvalidInput(`dimension ${dim} is not a whole number >= 0`);
    return new Map([["", dim]]);
  }
  const text = dim.replaceAll(" ", "");
  const terms = new Map<string, number>();
  let at = 0;
  while (at < text.length) {
    TERM.lastIndex = at;
    const match = TERM.exec(text);
    if (match === null) throw new InvalidInput(`dimension "${dim}" is not a sum of products of names`);
    at = TERM.lastIndex;
    let coefficient = match[1] === "-" ? -1 : 1;
    const names: string[] = [];
    for (const factor of match[2]!.split("*")) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (/^[A-Za-z_]\w*$/.test(factor)) names.push(factor);
      else throw new InvalidInput(`dimension "${dim}": "${factor}" is neither a name nor a whole number`);
    }
    accumulate(terms, names.sort().join("*"), coefficient);
  }
  if (text === "") throw new InvalidInput("a dimension's name is empty");
  return terms;
}

function accumulate(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function print(terms: Polynomial): Dim {
  const monomials = [...terms.keys()].filter((m) => m !== "").sort();
  const constant = terms.get("") ?? 0;
  if (monomials.length === 0) return constant;
  let text = "";
  for (const monomial of monomials) {
    const coefficient = terms.get(monomial)!;
    const sign = coefficient < 0 ? "-" : text === "" ? "" : "+";
    text += sign + (Math.abs(coefficient) === 1 ? monomial : `${Math.abs(coefficient)}*${monomial}`);
  }
  if (constant !== 0) text += constant < 0 ? `${constant}` : `+${constant}`;
  return text;
}

/** The canonical spelling of a dimension; throws InvalidInput when it is malformed. */
export function canonicalDim(dim: Dim): Dim {
  // A single name is its own spelling.
  return typeof dim === "string" && /^[A-Za-z_]\w*$/.test(dim) ? dim : print(parse(dim));
}

/** The sum of dimensions, as after a concatenation; a number below zero is an error. */
export function addDims(...dims: readonly Dim[]): Dim {
  const sum = new Map<string, number>();
  for (const dim of dims) for (const [m, c] of parse(dim)) accumulate(sum, m, c);
  return print(sum);
}

/** `a - b`; throws InvalidInput when that is a number below zero. */
export function subtractDims(a: Dim, b: Dim): Dim {
  const difference = new Map(parse(a));
  for (const [m, c] of parse(b)) accumulate(difference, m, -c);
  const result = print(difference);
  if (typeof result === "number" && result < 0) throw new InvalidInput(`dimension ${a}-(${b}) is negative`);
  return result;
}

/** The product of dimensions, 1 for none: the number of elements of a shape. */
export function multiplyDims(dims: Shape): Dim {
  let product: Polynomial = new Map([["", 1]]);
  for (const dim of dims) {
    const next = new Map<string, number>();
    for (const [m1, c1] of product) {
      for (const [m2, c2] of parse(dim)) {
        const names = [m1, m2].filter((m) => m !== "").join("*");
        accumulate(next, names === "" ? "" : names.split("*").sort().join("*"), c1 * c2);
      }
    }
    product = next;
  }
  return print(product);
}

/** `total / divisor` when the divisor is a single product that divides every term exactly, else undefined. */
export function divideDim(total: Dim, divisor: Dim): Dim | undefined {
  const terms = [...parse(divisor)];
  if (terms.length !== 1) return total === divisor ? 1 : undefined;
  const [monomial, coefficient] = terms[0]!;
  const quotient = new Map<string, number>();
  for (const [m, c] of parse(total)) {
    const names = m === "" ? [] : m.split("*");
    for (const name of monomial === "" ? [] : monomial.split("*")) {
      const at = names.indexOf(name);
      if (at < 0) return undefined;
      names.splice(at, 1);
    }
    if (c % coefficient !== 0) return undefined;
    accumulate(quotient, names.join("*"), c / coefficient);
  }
  return print(quotient);
}

/** The terms of a dimension: `[coefficient, names]`, the constant with no names. */
export function dimTerms(dim: Dim): readonly (readonly [number, readonly string[]])[] {
  return [...parse(dim)].map(([m, c]) => [c, m === "" ? [] : m.split("*")] as const);
}

/** The size of a dimension once its names have sizes; throws InvalidInput for a name without one. */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  if (typeof dim === "number") return dim;
  let sum = 0;
  for (const [coefficient, names] of dimTerms(dim)) {
    let product = coefficient;
    for (const name of names) {
      const size = sizes.get(name);
      if (size === undefined)
        throw new InvalidInput(`the size of dimension "${name}" is unknown: no input has it`);
      product *= size;
    }
    sum += product;
  }
  return sum;
}

/** A shape as text for messages: "[batch, 3]". */
export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Whether two shapes of canonical dimensions are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The broadcast shape of two shapes (NumPy rule; named sizes broadcast only against themselves and 1). */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (da !== db && da !== 1 && db !== 1) {
      throw new InvalidInput(
        `${where}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast (${da} against ${db})`,
      );
    }
    result.push(da === 1 ? db : da);
  }
  return result;
}
