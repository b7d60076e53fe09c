import { InvalidInput } from "../core/errors.ts";

/** Throws `InvalidInput`, naming the field, for a text that PostgreSQL or UTF-8 cannot hold. */
export function checkTexts(owner: string, row: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(row))
    if (typeof value === "string" && (value.includes("\0") || /\p{Surrogate}/u.test(value)))
      throw new InvalidInput(
        `${owner}: ${name} holds a NUL or half of a surrogate pair, which no database keeps; take it out`,
      );
}
