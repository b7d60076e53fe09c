/** Chat templates as Hugging Face's tokenizers hold them: Jinja with block lines trimmed and stripped. */

import { InvalidInput } from "../../../core/errors.ts";
import { type Expression, expression, Scope, Tokens } from "./expressions.ts";
import { show, truthy } from "./values.ts";

type Render = (scope: Scope, out: string[]) => void;

type Piece =
  | { readonly kind: "text"; readonly source: string }
  | { readonly kind: "print"; readonly source: string }
  | Block;

interface Block {
  readonly kind: "block";
  readonly name: string;
  readonly tokens: Tokens;
}

/**
 * Compiles a template to a function from its names (`messages`, `bos_token`, ...) to text. It knows `for`, `if`, `set`,
 * `namespace`, `range` and `raise_exception`, and the usual filters, tests and methods.
 *
 * Throws `InvalidInput` for what it does not read; rendering throws it with the template's own words where that raises.
 */
export function compileTemplate(source: string): (names: Readonly<Record<string, unknown>>) => string {
  // Jinja takes the last line end of a template away.
  const pieces = cut(source.replace(/\r?\n$/, ""));
  const parser = { pieces, at: 0 };
  const render = body(parser, []);
  return (names) => {
    const out: string[] = [];
    const globals = { namespace: (fields: object) => ({ ...fields }), range, raise_exception: raise };
    render(new Scope({ ...globals, ...names }), out);
    return out.join("");
  };
}

function raise(message: unknown): never {
  throw new InvalidInput(`the model's chat template refuses the conversation: ${show(message)}`);
}

function range(...bounds: unknown[]): number[] {
  const [start, end] = bounds.filter((bound) => typeof bound === "number");
  const [from, to] = end === undefined ? [0, start ?? 0] : [start!, end];
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Texts and tags, white space around tags already taken away. */
function cut(source: string): Piece[] {
  const pieces: Piece[] = [];
  const tag = /\{%([-+]?)(.*?)([-+]?)%\}|\{\{([-+]?)(.*?)([-+]?)\}\}|\{#([-+]?).*?([-+]?)#\}/gs;
  let text = "";
  let end = 0;
  let trimNext: "all" | "line" | "none" = "none";
  const before = (found: string, mark: string, isPrint: boolean): void => {
    let own =
      trimNext === "all" ? found.trimStart() : trimNext === "line" ? found.replace(/^\r?\n/, "") : found;
    if (mark === "-") own = own.trimEnd();
    else if (!isPrint && mark !== "+")
      own = stripLine(own, end === 0 || (trimNext === "line" && /^\r?\n/.test(found)));
    if (own !== "") pieces.push({ kind: "text", source: own });
  };
  for (const match of source.matchAll(tag)) {
    const [whole, left, block, right, printLeft, printed, printRight, noteLeft, noteRight] = match;
    text = source.slice(end, match.index);
    before(text, left ?? printLeft ?? noteLeft ?? "", printed !== undefined);
    const mark = right ?? printRight ?? noteRight ?? "";
    trimNext = mark === "-" ? "all" : printed === undefined && mark !== "+" ? "line" : "none";
    if (printed !== undefined) pieces.push({ kind: "print", source: printed });
    else if (block !== undefined) {
      const tokens = new Tokens(block);
      pieces.push({ kind: "block", name: tokens.next(), tokens });
    }
    end = match.index + whole.length;
  }
  before(source.slice(end), "+", false);
  return pieces;
}

/** Without the blanks of a line that holds nothing else before a tag. */
function stripLine(text: string, startsLine: boolean): string {
  const line = text.lastIndexOf("\n") + 1;
  const blank = /^[ \t]*$/.test(text.slice(line));
  return blank && (line > 0 || startsLine) ? text.slice(0, line) : text;
}

interface Parser {
  readonly pieces: readonly Piece[];
  at: number;
}

/** Renders pieces up to one of the closing tags, which stays to be read. */
function body(parser: Parser, closing: readonly string[]): Render {
  const parts: Render[] = [];
  for (;;) {
    const piece = parser.pieces[parser.at];
    if (piece === undefined) {
      if (closing.length > 0) throw new InvalidInput(`the chat template lacks its ${closing.join(" or ")}`);
      break;
    }
    if (piece.kind === "block" && closing.includes(piece.name)) break;
    parser.at++;
    if (piece.kind === "text") parts.push((_, out) => void out.push(piece.source));
    else if (piece.kind === "print") {
      const value = whole(new Tokens(piece.source));
      parts.push((scope, out) => void out.push(show(value(scope))));
    } else parts.push(statement(piece.name, piece.tokens, parser));
  }
  return (scope, out) => {
    for (const part of parts) part(scope, out);
  };
}

function statement(name: string, tokens: Tokens, parser: Parser): Render {
  switch (name) {
    case "if":
      return branches(tokens, parser);
    case "for":
      return loop(tokens, parser);
    case "set":
      return assignment(tokens);
    case "generation": {
      const inner = body(parser, ["endgeneration"]);
      parser.at++;
      return inner;
    }
    default:
      throw new InvalidInput(`the chat template has a "${name}" tag, which fpx does not read`);
  }
}

function branches(tokens: Tokens, parser: Parser): Render {
  const condition = whole(tokens);
  const then = body(parser, ["elif", "else", "endif"]);
  const closing = parser.pieces[parser.at++] as Block;
  let other: Render = () => {};
  if (closing.name === "elif") other = branches(closing.tokens, parser);
  if (closing.name === "else") {
    other = body(parser, ["endif"]);
    parser.at++;
  }
  return (scope, out) => (truthy(condition(scope)) ? then : other)(scope, out);
}

function loop(tokens: Tokens, parser: Parser): Render {
  const names = [tokens.next()];
  while (tokens.take(",")) names.push(tokens.next());
  tokens.expect("in");
  const list = whole(tokens);
  const inner = body(parser, ["endfor"]);
  parser.at++;
  return (scope, out) => {
    const items = (list(scope) ?? []) as readonly unknown[];
    if (!Array.isArray(items)) throw new InvalidInput("the chat template loops over what is no list");
    for (const [i, item] of items.entries()) {
      const place = {
        index0: i,
        index: i + 1,
        first: i === 0,
        last: i === items.length - 1,
        length: items.length,
        previtem: items[i - 1],
        nextitem: items[i + 1],
      };
      const values = names.length === 1 ? [item] : (item as readonly unknown[]);
      const own = Object.fromEntries(names.map((name, k) => [name, values[k]]));
      inner(new Scope({ loop: place, ...own }, scope), out);
    }
  };
}

function assignment(tokens: Tokens): Render {
  const name = tokens.next();
  const field = tokens.take(".") ? tokens.next() : undefined;
  tokens.expect("=");
  const value = whole(tokens);
  return (scope) => {
    if (field === undefined) return scope.set(name, value(scope));
    const target = scope.get(name);
    if (typeof target !== "object" || target === null)
      throw new InvalidInput(`the chat template sets ${name}.${field}, but ${name} is no namespace`);
    (target as Record<string, unknown>)[field] = value(scope);
  };
}

function whole(tokens: Tokens): Expression {
  const value = expression(tokens);
  tokens.end();
  return value;
}
