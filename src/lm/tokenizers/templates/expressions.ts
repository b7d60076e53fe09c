/** Expressions of chat templates: the part of Jinja that Hugging Face's templates use, compiled to functions. */

import { InvalidInput } from "../../../core/errors.ts";
import { callMethod, filters, plus, show, tests, truthy } from "./values.ts";

/** Names in force at one place of a template; inner scopes see outer ones. */
export class Scope {
  readonly #names: Map<string, unknown> = new Map();
  readonly #outer: Scope | undefined;

  constructor(names: Readonly<Record<string, unknown>>, outer?: Scope) {
    for (const [name, value] of Object.entries(names)) this.#names.set(name, value);
    this.#outer = outer;
  }

  get(name: string): unknown {
    return this.#names.has(name) ? this.#names.get(name) : this.#outer?.get(name);
  }

  set(name: string, value: unknown): void {
    this.#names.set(name, value);
  }
}

/** A compiled expression. */
export type Expression = (scope: Scope) => unknown;

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|!=|<=|>=|\/\/|[-+*/%~<>=|.,:()[\]{}]))/y;

/** The tokens of one tag, read from left to right. */
export class Tokens {
  readonly #tokens: string[] = [];
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source.trim();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < this.#source.length) {
      const found = TOKEN.exec(this.#source);
      if (found === null) throw this.unexpected();
      this.#tokens.push(found[0].trim());
    }
  }

  peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.unexpected();
    return token;
  }

  /** Takes the token if it is next. */
  take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.unexpected();
  }

  end(): void {
    if (this.peek() !== undefined) throw this.unexpected();
  }

  unexpected(): InvalidInput {
    const near = this.#tokens[this.#at];
    const where = near === undefined ? "" : ` at "${near}"`;
    return new InvalidInput(`the chat template has "${this.#source}", which fpx does not read${where}`);
  }
}

/** Compiles one expression. Throws `InvalidInput` for what this part of Jinja does not hold. */
export function expression(tokens: Tokens): Expression {
  const value = either(tokens);
  if (!tokens.take("if")) return value;
  const condition = either(tokens);
  const other = tokens.take("else") ? expression(tokens) : () => undefined;
  return (scope) => (truthy(condition(scope)) ? value(scope) : other(scope));
}

function either(tokens: Tokens): Expression {
  let left = both(tokens);
  while (tokens.take("or")) {
    const [a, b] = [left, both(tokens)];
    left = (scope) => {
      const value = a(scope);
      return truthy(value) ? value : b(scope);
    };
  }
  return left;
}

function both(tokens: Tokens): Expression {
  let left = negation(tokens);
  while (tokens.take("and")) {
    const [a, b] = [left, negation(tokens)];
    left = (scope) => {
      const value = a(scope);
      return truthy(value) ? b(scope) : value;
    };
  }
  return left;
}

function negation(tokens: Tokens): Expression {
  if (!tokens.take("not")) return comparison(tokens);
  const value = negation(tokens);
  return (scope) => !truthy(value(scope));
}

const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "==": (a, b) => (a ?? null) === (b ?? null),
  "!=": (a, b) => (a ?? null) !== (b ?? null),
  "<": (a, b) => Number(a) < Number(b),
  "<=": (a, b) => Number(a) <= Number(b),
  ">": (a, b) => Number(a) > Number(b),
  ">=": (a, b) => Number(a) >= Number(b),
  in: (a, b) =>
    typeof b === "string"
      ? b.includes(show(a))
      : Array.isArray(b)
        ? b.includes(a)
        : Object.hasOwn(Object(b), show(a)),
};

function comparison(tokens: Tokens): Expression {
  let left = sum(tokens);
  for (;;) {
    const a = left;
    if (tokens.take("is")) {
      const negated = tokens.take("not");
      const name = tokens.next();
      const test = tests[name];
      if (test === undefined) throw tokens.unexpected();
      left = (scope) => test(a(scope)) !== negated;
      continue;
    }
    const negated = tokens.take("not");
    const compare = comparisons[tokens.peek() ?? ""];
    if (compare === undefined) {
      if (negated) throw tokens.unexpected();
      return left;
    }
    tokens.next();
    const b = sum(tokens);
    left = (scope) => compare(a(scope), b(scope)) !== negated;
  }
}

const operations: Readonly<Record<string, (a: unknown, b: unknown) => unknown>> = {
  "+": plus,
  "-": (a, b) => Number(a) - Number(b),
  "~": (a, b) => show(a) + show(b),
  "*": (a, b) => Number(a) * Number(b),
  "%": (a, b) => ((Number(a) % Number(b)) + Number(b)) % Number(b),
  "//": (a, b) => Math.floor(Number(a) / Number(b)),
};

function chain(
  tokens: Tokens,
  operators: readonly string[],
  part: (tokens: Tokens) => Expression,
): Expression {
  let left = part(tokens);
  while (operators.includes(tokens.peek() ?? "")) {
    const operation = operations[tokens.next()]!;
    const [a, b] = [left, part(tokens)];
    left = (scope) => operation(a(scope), b(scope));
  }
  return left;
}

const sum = (tokens: Tokens): Expression => chain(tokens, ["+", "-", "~"], product);
const product = (tokens: Tokens): Expression => chain(tokens, ["*", "%", "//"], signed);

function signed(tokens: Tokens): Expression {
  if (!tokens.take("-")) return postfix(tokens);
  const value = signed(tokens);
  return (scope) => -Number(value(scope));
}

function postfix(tokens: Tokens): Expression {
  let value = primary(tokens);
  for (;;) {
    const of = value;
    if (tokens.take(".")) {
      const name = tokens.next();
      if (tokens.take("(")) {
        const given = parameters(tokens);
        value = (scope) => callMethod(of(scope), name, given(scope).positional);
      } else value = (scope) => member(of(scope), name);
    } else if (tokens.take("[")) {
      value = subscript(of, tokens);
    } else if (tokens.take("(")) {
      const given = parameters(tokens);
      value = (scope) => {
        const called = of(scope);
        if (typeof called !== "function")
          throw new InvalidInput("the chat template calls what is no function");
        const { positional, named } = given(scope);
        return (called as (...values: unknown[]) => unknown)(...positional, named);
      };
    } else if (tokens.take("|")) {
      const name = tokens.next();
      const filter = filters[name];
      if (filter === undefined) throw tokens.unexpected();
      const given = tokens.take("(") ? parameters(tokens) : undefined;
      value = (scope) => filter(of(scope), given?.(scope).positional ?? []);
    } else return value;
  }
}

function primary(tokens: Tokens): Expression {
  const token = tokens.next();
  if (/^["']/.test(token)) {
    const text = unescaped(token.slice(1, -1));
    return () => text;
  }
  if (/^\d/.test(token)) return () => Number(token);
  if (token === "(") {
    const inner = expression(tokens);
    tokens.expect(")");
    return inner;
  }
  if (token === "[") {
    const items: Expression[] = [];
    while (!tokens.take("]")) {
      items.push(expression(tokens));
      if (tokens.peek() !== "]") tokens.expect(",");
    }
    return (scope) => items.map((item) => item(scope));
  }
  if (!/^\w+$/.test(token)) throw tokens.unexpected();
  const constants: Readonly<Record<string, unknown>> = { true: true, false: false, none: null };
  const constant = token.toLowerCase();
  if (Object.hasOwn(constants, constant)) return () => constants[constant];
  return (scope) => scope.get(token);
}

/** What follows `[`: an index, a key, or a slice with whole steps. */
function subscript(of: Expression, tokens: Tokens): Expression {
  const bound = (): Expression | undefined =>
    tokens.peek() === ":" || tokens.peek() === "]" ? undefined : expression(tokens);
  const start = bound();
  if (tokens.take("]")) {
    if (start === undefined) throw tokens.unexpected();
    return (scope) => member(of(scope), start(scope));
  }
  tokens.expect(":");
  const end = bound();
  const step = tokens.take(":") ? bound() : undefined;
  tokens.expect("]");
  return (scope) => {
    const value = of(scope);
    const items = typeof value === "string" || Array.isArray(value) ? value : [];
    const at = (place: Expression | undefined) => (place === undefined ? undefined : Number(place(scope)));
    const stride = at(step) ?? 1;
    if (stride === 1) return items.slice(at(start), at(end));
    if (stride !== -1 || start !== undefined || end !== undefined)
      throw new InvalidInput("the chat template has a slice with a step, which fpx does not read");
    return typeof items === "string" ? [...items].reverse().join("") : [...items].reverse();
  };
}

function parameters(
  tokens: Tokens,
): (scope: Scope) => { positional: unknown[]; named: Record<string, unknown> } {
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  while (!tokens.take(")")) {
    const first = expression(tokens);
    if (tokens.take("=")) named.push([nameOf(first), expression(tokens)]);
    else positional.push(first);
    if (tokens.peek() !== ")") tokens.expect(",");
  }
  return (scope) => ({
    positional: positional.map((value) => value(scope)),
    named: Object.fromEntries(named.map(([name, value]) => [name, value(scope)])),
  });
}

/** The name that an expression of one name stands for: what a scope is asked for. */
function nameOf(value: Expression): string {
  let asked = "";
  class Listener extends Scope {
    override get(name: string): unknown {
      asked = name;
      return undefined;
    }
  }
  value(new Listener({}));
  return asked;
}

function member(of: unknown, key: unknown): unknown {
  if (typeof key === "number" && (Array.isArray(of) || typeof of === "string")) return of.at(key);
  if (typeof of !== "object" || of === null || !Object.hasOwn(of, show(key))) return undefined;
  return (of as Record<string, unknown>)[show(key)];
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" })[c] ?? c);
}
