import { InvalidInput } from "../core/errors.ts";
import { allOf, anyOf, type Formula } from "./formula.ts";

/** An affine expression in features and outputs, as data: constant + sum of coefficient * name. */
export interface Affine {
  readonly constant: number;
  /** `in:name`, `out:name`, or `name` alone where that is one of both only. */
  readonly terms: Readonly<Record<string, number>>;
}

/** Something that stands for a number in a rule. */
export type Operand = number | Expression;

/** An affine expression to build rules with; comparisons give formulas. */
export class Expression {
  readonly affine: Affine;

  constructor(affine: Affine) {
    if (![affine.constant, ...Object.values(affine.terms)].every(Number.isFinite))
      throw new InvalidInput("a rule holds a number that is not finite; give finite coefficients");
    this.affine = affine;
  }

  plus(other: Operand): Expression {
    const { constant, terms } = affineOf(other);
    const merged: Record<string, number> = { ...this.affine.terms };
    for (const [name, coefficient] of Object.entries(terms))
      merged[name] = (Object.hasOwn(merged, name) ? merged[name]! : 0) + coefficient;
    return new Expression({ constant: this.affine.constant + constant, terms: merged });
  }

  minus(other: Operand): Expression {
    return this.plus(expression(other).times(-1));
  }

  /** Times a number: rules are affine. */
  times(factor: number): Expression {
    const { constant, terms } = this.affine;
    return new Expression({
      constant: constant * factor,
      terms: Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value * factor])),
    });
  }

  lt(other: Operand): Formula {
    return { op: "lt", affine: this.minus(other).affine };
  }

  le(other: Operand): Formula {
    return { op: "le", affine: this.minus(other).affine };
  }

  gt(other: Operand): Formula {
    return expression(other).lt(this);
  }

  ge(other: Operand): Formula {
    return expression(other).le(this);
  }

  eq(other: Operand): Formula {
    return allOf(this.le(other), this.ge(other));
  }

  ne(other: Operand): Formula {
    return anyOf(this.lt(other), this.gt(other));
  }

  /** For a categorical feature: it is this category. */
  is(category: string): Formula {
    const names = Object.keys(this.affine.terms);
    if (names.length !== 1) throw new InvalidInput("is() needs a categorical feature alone");
    return variable(`${names[0]}=${category}`).eq(1);
  }
}

const affineOf = (operand: Operand): Affine =>
  typeof operand === "number" ? { constant: operand, terms: {} } : operand.affine;

const expression = (operand: Operand): Expression => new Expression(affineOf(operand));

/** A feature or output by its name. */
export const variable = (name: string): Expression => new Expression({ constant: 0, terms: { [name]: 1 } });

/** Sum of expressions. */
export function sum(...operands: readonly Operand[]): Expression {
  return operands.reduce<Expression>((total, operand) => total.plus(operand), expression(0));
}

/** Features and outputs by name; `in` and `out` tell them apart where a name is both. */
export type Variables<N extends string = string> = { readonly [K in N]: Expression } & {
  in(name: string): Expression;
  out(name: string): Expression;
};

/** Makes a variable of every name that is asked for. */
export const variables: Variables = new Proxy({} as Variables, {
  get: (_, name) => {
    if (name === "in" || name === "out") return (of: string) => variable(`${name}:${of}`);
    return typeof name === "string" ? variable(name) : undefined;
  },
});
