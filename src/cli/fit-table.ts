/** The table that `fpx fit` learns from: numbers and categories by column name. */
import Papa from "papaparse";
import { InvalidInput } from "../core/errors.ts";
import { readPieces } from "./files.ts";

/** The whole text of a file, or of standard input for `-`. */
export async function readText(path: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of readPieces(path)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

/** Feature values by column name. */
export type Row = Readonly<Record<string, number | string>>;

/** Rows of a CSV; cells that are numbers become numbers. */
export function readTable(text: string, path: string): readonly Row[] {
  const parsed = Papa.parse<string[]>(text.replace(/^\uFEFF/, ""), { skipEmptyLines: true });
  const problem = parsed.errors.find(({ type }) => type === "Quotes");
  if (problem !== undefined)
    throw new InvalidInput(`${path}:${(problem.row ?? 0) + 1}: ${problem.message}; fix the quotes`);
  const [header, ...body] = parsed.data;
  if (header === undefined || body.length === 0)
    throw new InvalidInput(`${path}: give a header line and at least one row`);
  const names = header.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InvalidInput(`${path}: two columns are named ${twice}; rename one`);
  return body.map((cells, r) => {
    if (cells.length !== names.length)
      throw new InvalidInput(`${path}:${r + 2}: ${cells.length} cells, but the header has ${names.length}`);
    return Object.fromEntries(
      names.map((name, i) => {
        const cell = cells[i]!.trim();
        if (cell === "" || /^([+-]?(nan|inf|infinity)|na|null)$/i.test(cell))
          throw new InvalidInput(
            `${path}:${r + 2}: column ${name} is ${cell || "empty"}; fill it in or drop the row`,
          );
        return [name, Number.isFinite(Number(cell)) ? Number(cell) : cell];
      }),
    );
  });
}

/** The target's columns apart from the others. Throws for a column that is not there. */
export function splitColumns(
  rows: readonly Row[],
  target: readonly string[],
  path: string,
): { readonly features: readonly Row[]; readonly columns: readonly (number | string)[][] } {
  const names = Object.keys(rows[0]!);
  const missing = target.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw new InvalidInput(`${path}: there is no column ${missing}; the columns are ${names.join(", ")}`);
  const features = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !target.includes(name))),
  );
  return { features, columns: target.map((name) => rows.map((row) => row[name]!)) };
}
