/** Rows of numbers from a CSV or JSONL file, one at a time in constant memory. */
import Papa from "papaparse";
import { InvalidInput } from "../core/errors.ts";

/** Which columns a row is made of: features in order, then the response. */
export interface Columns {
  readonly features: readonly string[];
  readonly response: string;
}

/** What is asked of the columns: by default all but the last are features, and the last is the response. */
export interface ColumnChoice {
  readonly features?: readonly string[] | undefined;
  readonly response?: string | undefined;
}

/** Takes rows as they come; returned values of the last `row` call may be reused. */
export interface RowSink {
  /** Called once, before the first row. */
  begin(columns: Columns): void;
  /** A row of finite numbers; features, then response. A new array each time. */
  row(values: Float64Array, line: number): void;
}

/** A parser that is fed pieces of text. */
export interface RowParser {
  write(text: string): void;
  end(): void;
}

/** Columns of the names in the header. Throws `InvalidInput` that names a missing or repeated column. */
function choose(names: readonly string[], choice: ColumnChoice, path: string): Columns {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InvalidInput(`${path}: two columns are named ${twice}; rename one`);
  const response = choice.response ?? names.at(-1) ?? "";
  const features = choice.features ?? names.filter((name) => name !== response);
  for (const name of [...features, response]) {
    if (!names.includes(name)) {
      throw new InvalidInput(`${path}: there is no column ${name}; the columns are ${names.join(", ")}`);
    }
  }
  if (features.includes(response)) {
    throw new InvalidInput(`${path}: ${response} is both feature and response; leave it out of --features`);
  }
  return { features, response };
}

function numberOf(cell: string, place: string): number {
  const value = cell.trim() === "" ? Number.NaN : Number(cell);
  if (Number.isFinite(value)) return value;
  const text = cell.trim();
  if (text === "") throw new InvalidInput(`${place} is empty; fill it in or drop the row`);
  if (/^([+-]?(nan|inf|infinity)|na|null)$/i.test(text)) {
    throw new InvalidInput(`${place} is ${text}; fill it in or drop the row`);
  }
  if (!Number.isNaN(value))
    throw new InvalidInput(`${place} is too large for a number; mend it or drop the row`);
  throw new InvalidInput(
    `${place} is the text ${JSON.stringify(text.slice(0, 40))}; columns must hold numbers: encode a categorical column as one 0/1 column a category, or leave it out by --features`,
  );
}

/** A CSV with a header line; quoted cells, CRLF, and delimiters found out by papaparse. */
export function csvRows(path: string, choice: ColumnChoice, sink: RowSink): RowParser {
  let text = "";
  let line = 0;
  let delimiter = "";
  let width = 0;
  let places: number[] = [];
  let names: string[] = [];

  const accept = (cells: readonly string[]): void => {
    line++;
    if (cells.length === 1 && cells[0]!.trim() === "") return;
    if (line === 1 || names.length === 0) {
      names = cells.map((cell) => cell.trim());
      if (line === 1) names[0] = names[0]!.replace(/^\uFEFF/, "");
      width = names.length;
      const columns = choose(names, choice, path);
      places = [...columns.features, columns.response].map((name) => names.indexOf(name));
      sink.begin(columns);
      return;
    }
    if (cells.length !== width) {
      throw new InvalidInput(
        `${path}:${line}: ${cells.length} cells, but the header has ${width}; fix the row`,
      );
    }
    const values = new Float64Array(places.length);
    for (let i = 0; i < values.length; i++) {
      const cell = cells[places[i]!]!;
      const value = +cell;
      values[i] =
        value - value === 0 && cell !== ""
          ? value
          : numberOf(cell, `${path}:${line}: column ${names[places[i]!]!}`);
    }
    sink.row(values, line);
  };

  const parse = (whole: boolean): void => {
    // Only whole lines are parsed. A quoted cell may hold line ends: then the open quote's line waits for its end.
    const end = whole ? text.length : lastLineEnd(text);
    if (end === 0) return;
    const ready = text.slice(0, end);
    text = text.slice(end);
    if (!ready.includes('"') && delimiter !== "") {
      // Without quotes a line is its cells: splitting is several times faster than the full parser.
      const lines = ready.split("\n");
      if (lines.at(-1) === "") lines.pop();
      for (const one of lines) accept((one.endsWith("\r") ? one.slice(0, -1) : one).split(delimiter));
      return;
    }
    const parsed = Papa.parse<string[]>(ready.replace(/\r?\n$/, ""), { delimiter });
    const problem = parsed.errors.find(({ type }) => type === "Quotes");
    if (problem !== undefined) {
      throw new InvalidInput(`${path}:${line + (problem.row ?? 0) + 1}: ${problem.message}; fix the quotes`);
    }
    delimiter = parsed.meta.delimiter;
    for (const cells of parsed.data) accept(cells);
  };

  return {
    write(piece) {
      text += piece;
      parse(false);
    },
    end() {
      parse(true);
      if (names.length === 0)
        throw new InvalidInput(`${path}: the file is empty; give a header line and rows`);
    },
  };
}

/** Where the last line ends whose quotes are closed. */
function lastLineEnd(text: string): number {
  if (!text.includes('"')) return text.lastIndexOf("\n") + 1;
  let end = 0;
  let open = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) open = !open;
    else if (c === 10 && !open) end = i + 1;
  }
  return end;
}

/** One JSON object a line; the first one's keys name the columns. */
export function jsonRows(path: string, choice: ColumnChoice, sink: RowSink): RowParser {
  let text = "";
  let line = 0;
  let columns: Columns | undefined;
  let names: readonly string[] = [];

  const accept = (one: string): void => {
    line++;
    if (one.trim() === "") return;
    let record: unknown;
    try {
      record = JSON.parse(one);
    } catch (error) {
      throw new InvalidInput(`${path}:${line}: no JSON: ${(error as Error).message}; fix the line`);
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw new InvalidInput(`${path}:${line}: no JSON object; give one object a line`);
    }
    const fields = record as Readonly<Record<string, unknown>>;
    if (columns === undefined) {
      columns = choose(Object.keys(fields), choice, path);
      names = [...columns.features, columns.response];
      sink.begin(columns);
    }
    const values = Float64Array.from(names, (name) => {
      const value = fields[name];
      const place = `${path}:${line}: column ${name}`;
      if (value === undefined) throw new InvalidInput(`${place} is missing; fill it in or drop the row`);
      return typeof value === "number" && Number.isFinite(value) ? value : numberOf(String(value), place);
    });
    sink.row(values, line);
  };

  return {
    write(piece) {
      const lines = (text + piece).split("\n");
      text = lines.pop()!;
      lines.forEach(accept);
    },
    end() {
      if (text !== "") accept(text);
      if (columns === undefined) throw new InvalidInput(`${path}: the file is empty; give one object a line`);
    },
  };
}
