/** Values of chat templates: truth, text, filters, tests and methods as Python and Jinja have them. */

import { InvalidInput } from "../../../core/errors.ts";

/** Python's truth: empty texts, lists and objects, 0, none and what is undefined are false. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as the template prints it. */
export function show(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object") throw new InvalidInput("the chat template prints an object or a list");
  return String(value);
}

/** Sum of numbers, or lists and texts joined; a text and something else do not add up. */
export function plus(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (typeof a === "number" && typeof b === "number") return a + b;
  throw new InvalidInput(
    "the chat template adds values of different types: does a message lack its content?",
  );
}

const trim = (text: unknown, characters?: unknown): string =>
  trimEnd(trimStart(text, characters), characters);

function trimStart(text: unknown, characters?: unknown): string {
  const value = show(text);
  if (characters === undefined) return value.trimStart();
  let start = 0;
  while (start < value.length && show(characters).includes(value[start]!)) start++;
  return value.slice(start);
}

function trimEnd(text: unknown, characters?: unknown): string {
  const value = show(text);
  if (characters === undefined) return value.trimEnd();
  let end = value.length;
  while (end > 0 && show(characters).includes(value[end - 1]!)) end--;
  return value.slice(0, end);
}

const sizeOf = (value: unknown): number =>
  typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(Object(value)).length;

/** Filters by name; each takes the value and the parameters given to it. */
export const filters: Readonly<Record<string, (value: unknown, given: readonly unknown[]) => unknown>> = {
  trim: (value) => trim(value),
  length: sizeOf,
  count: sizeOf,
  upper: (value) => show(value).toUpperCase(),
  lower: (value) => show(value).toLowerCase(),
  string: show,
  int: (value) => Math.trunc(Number(value)),
  list: (value) => [...(value as Iterable<unknown>)],
  first: (value) => (value as readonly unknown[])[0],
  last: (value) => (value as readonly unknown[]).at(-1),
  join: (value, [between]) => (value as readonly unknown[]).map(show).join(show(between)),
  default: (value, [other]) => (value === undefined ? other : value),
  replace: (value, [from, to]) => show(value).replaceAll(show(from), show(to)),
  safe: (value) => value,
};

/** Tests by name, as in `x is defined`. */
export const tests: Readonly<Record<string, (value: unknown) => boolean>> = {
  defined: (value) => value !== undefined,
  undefined: (value) => value === undefined,
  none: (value) => value === null,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  true: (value) => value === true,
  false: (value) => value === false,
  mapping: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  iterable: (value) => typeof value === "string" || (typeof value === "object" && value !== null),
  sequence: (value) => typeof value === "string" || Array.isArray(value),
};

/** Calls a method of a text or an object. Throws `InvalidInput` for one that is not known. */
export function callMethod(of: unknown, name: string, given: readonly unknown[]): unknown {
  const [first, second] = given;
  if (typeof of === "string") {
    switch (name) {
      case "strip":
        return trim(of, first);
      case "lstrip":
        return trimStart(of, first);
      case "rstrip":
        return trimEnd(of, first);
      case "startswith":
        return of.startsWith(show(first));
      case "endswith":
        return of.endsWith(show(first));
      case "split":
        return first === undefined ? of.trim().split(/\s+/) : of.split(show(first));
      case "replace":
        return of.replaceAll(show(first), show(second));
      case "upper":
        return of.toUpperCase();
      case "lower":
        return of.toLowerCase();
    }
  } else if (typeof of === "object" && of !== null) {
    if (name === "items") return Object.entries(of);
    if (name === "keys") return Object.keys(of);
    if (name === "get") {
      const key = show(first);
      return Object.hasOwn(of, key) ? (of as Record<string, unknown>)[key] : (second ?? null);
    }
  }
  throw new InvalidInput(`the chat template calls the method ${name}, which fpx does not know`);
}
