import { InvalidInput } from "../core/errors.ts";
import { Expression, variable } from "./expression.ts";
import { allOf, anyOf, type Formula, not } from "./formula.ts";

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(<=|>=|==|!=|[<>=+\-*/()])|`([^`]+)`|"([^"]*)"|((?:(?:in|out):)?[\p{L}_][\p{L}\p{N}_.]*))/uy;

interface Token {
  readonly kind: "number" | "sign" | "name" | "text" | "word" | "end";
  readonly text: string;
  readonly at: number;
}

/**
 * Reads a formula: comparisons (`<`, `<=`, `>`, `>=`, `=`, `!=`, also chained) of affine expressions, `name is category`,
 * `and`, `or`, `not`, parentheses. Names with spaces stand in backquotes.
 *
 * @throws InvalidInput with the column where reading failed.
 * @example parseFormula("credit = 0 and income < 5")
 */
export function parseFormula(source: string): Formula {
  const parser = new Parser(source);
  const formula = parser.formula();
  parser.end();
  return formula;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokensOf(source);
  }

  formula(): Formula {
    const parts = [this.#conjunction()];
    while (this.#take("or")) parts.push(this.#conjunction());
    return anyOf(...parts);
  }

  end(): void {
    if (this.#next.kind !== "end") this.#fail("an operator or the end");
  }

  #conjunction(): Formula {
    const parts = [this.#negation()];
    while (this.#take("and")) parts.push(this.#negation());
    return allOf(...parts);
  }

  #negation(): Formula {
    if (this.#take("not")) return not(this.#negation());
    const start = this.#at;
    try {
      return this.#comparison();
    } catch (error) {
      // A parenthesis may open an expression or a formula: where the first reading fails, try the other.
      this.#at = start;
      if (!this.#take("(")) throw error;
      const inner = this.formula();
      if (!this.#take(")")) this.#fail('")"');
      return inner;
    }
  }

  #comparison(): Formula {
    let left = this.#sum();
    if (this.#take("is")) {
      const { kind, text } = this.#next;
      if (kind === "sign" || kind === "end") this.#fail("a category");
      this.#at++;
      return left.is(text);
    }
    const parts: Formula[] = [];
    for (;;) {
      const operator = this.#next.kind === "sign" ? COMPARE[this.#next.text] : undefined;
      if (operator === undefined) break;
      this.#at++;
      const right = this.#sum();
      parts.push(left[operator](right));
      left = right;
    }
    if (parts.length === 0) this.#fail("a comparison such as <");
    return allOf(...parts);
  }

  #sum(): Expression {
    let total = this.#product();
    for (;;) {
      if (this.#take("+")) total = total.plus(this.#product());
      else if (this.#take("-")) total = total.minus(this.#product());
      else return total;
    }
  }

  #product(): Expression {
    let product = this.#factor();
    for (;;) {
      const divides = this.#next.text === "/";
      if (!this.#take("*") && !this.#take("/")) return product;
      const right = this.#factor();
      const [number, other] =
        Object.keys(right.affine.terms).length === 0 ? [right, product] : [product, right];
      if (Object.keys(number.affine.terms).length > 0 || (divides && number !== right))
        throw new InvalidInput(`in "${this.#source}": rules are affine: multiply and divide by numbers only`);
      product = divides ? other.times(1 / number.affine.constant) : other.times(number.affine.constant);
    }
  }

  #factor(): Expression {
    if (this.#take("-")) return this.#factor().times(-1);
    if (this.#take("+")) return this.#factor();
    if (this.#take("(")) {
      const inner = this.#sum();
      if (!this.#take(")")) this.#fail('")"');
      return inner;
    }
    const { kind, text } = this.#next;
    if (kind === "number") {
      this.#at++;
      return new Expression({ constant: Number(text), terms: {} });
    }
    if (kind !== "name" && kind !== "word") this.#fail("a number or a name");
    this.#at++;
    return variable(text);
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(text: string): boolean {
    const { kind, text: own } = this.#next;
    if (own !== text || (kind !== "sign" && kind !== "word")) return false;
    this.#at++;
    return true;
  }

  #fail(wanted: string): never {
    const { kind, text, at } = this.#next;
    const found = kind === "end" ? "the end" : `"${text}"`;
    throw new InvalidInput(`in "${this.#source}", column ${at + 1}: found ${found} where ${wanted} belongs`);
  }
}

const COMPARE: Readonly<Record<string, "lt" | "le" | "gt" | "ge" | "eq" | "ne">> = {
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "=": "eq",
  "==": "eq",
  "!=": "ne",
};

function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (source.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null)
      throw new InvalidInput(
        `in "${source}", column ${at + 1}: cannot read "${source.slice(at).trim().slice(0, 12)}"`,
      );
    const kinds = ["number", "sign", "name", "text", "word"] as const;
    const found = kinds.findIndex((_, k) => match[k + 1] !== undefined);
    const text = match[found + 1]!;
    at = TOKEN.lastIndex;
    tokens.push({ kind: kinds[found]!, text, at: at - text.length });
  }
  return [...tokens, { kind: "end", text: "", at: source.length }];
}
