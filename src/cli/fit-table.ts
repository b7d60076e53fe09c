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

/** Rows of a CSV with their lines in the file; cells that are numbers become numbers. */
export function readTable(
  text: string,
  path: string,
): { readonly rows: readonly Row[]; readonly lines: readonly number[] } {
  const parsed = Papa.parse<string[]>(text.replace(/^\uFEFF/, ""));
  const problem = parsed.errors.find(({ type }) => type === "Quotes");
  if (problem !== undefined)
    throw new InvalidInput(`${path}:${(problem.row ?? 0) + 1}: ${problem.message}; fix the quotes`);
  let line = 1;
  const placed = parsed.data.flatMap((cells) => {
    const own = { cells, line };
    // Quoted cells may hold line breaks.
    line += 1 + cells.reduce((sum, cell) => sum + cell.split(/\r\n|\r|\n/).length - 1, 0);
    return cells.length === 1 && cells[0] === "" ? [] : [own];
  });
  const [first, ...body] = placed;
  const header = first?.cells;
  if (header === undefined || body.length === 0)
    throw new InvalidInput(`${path}: give a header line and at least one row`);
  const names = header.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InvalidInput(`${path}: two columns are named ${twice}; rename one`);
  const rows = body.map(({ cells, line: at }) => {
    if (cells.length !== names.length)
      throw new InvalidInput(`${path}:${at}: ${cells.length} cells, but the header has ${names.length}`);
    return Object.fromEntries(
      names.map((name, i) => {
        const cell = cells[i]!.trim();
        if (cell === "" || /^([+-]?(nan|inf|infinity)|na|null)$/i.test(cell))
          throw new InvalidInput(
            `${path}:${at}: column ${name} is ${cell || "empty"}; fill it in or drop the row`,
          );
        return [name, Number.isFinite(Number(cell)) ? Number(cell) : cell];
      }),
    );
  });
  return { rows, lines: body.map(({ line: at }) => at) };
}

/** Throws for a column that holds numbers and texts, where one of both is likely a slip; `known` columns may. */
export function refuseMixed(
  path: string,
  rows: readonly Row[],
  lines: readonly number[],
  known: ReadonlySet<string>,
): void {
  for (const name of Object.keys(rows[0]!)) {
    if (known.has(name)) continue;
    const texts = rows.flatMap((row, r) => (typeof row[name] === "string" ? [r] : []));
    if (texts.length === 0 || texts.length === rows.length) continue;
    // The rarer kind is the slip.
    const r =
      2 * texts.length <= rows.length ? texts[0]! : rows.findIndex((row) => typeof row[name] === "number");
    throw new InvalidInput(
      `${path}:${lines[r]}: column ${name} holds numbers and texts, here "${rows[r]![name]}"; fix the cell, or say what is meant: categories in the rules file's domain, or --task oneVsRest for a target`,
    );
  }
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
  const twice = target.find((name, k) => target.indexOf(name) !== k);
  if (twice !== undefined) throw new InvalidInput(`--target names ${twice} twice; name each column once`);
  if (target.length === names.length)
    throw new InvalidInput(`${path}: every column is a target; keep at least one to predict from`);
  const features = rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !target.includes(name))),
  );
  return { features, columns: target.map((name) => rows.map((row) => row[name]!)) };
}
