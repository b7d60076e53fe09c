/** A whole database, or one run of it, as JSON lines: to keep, or to move to another kind of database. */
import { sql } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import { summarise } from "./edit-summaries.ts";
import { SCHEMA } from "./migrations.ts";
import { indexEdits } from "./search.ts";
import type { Store } from "./store.ts";
import type { EditsTable, Tables } from "./tables.ts";

/** Tables that are written out, with their keys; sums and indexes are made again. Tokens stay where they are. */
const KEYS = {
  runs: ["id"],
  points: ["run", "step"],
  snapshots: ["run"],
  edits: ["seq"],
  drafts: ["id"],
  policies: ["name"],
  bandits: ["name"],
  choices: ["id"],
  arms: ["bandit", "segment", "arm"],
  arm_history: ["bandit", "segment", "n"],
  certificates: ["id"],
} as const satisfies Partial<Record<keyof Tables, readonly string[]>>;
type Table = keyof typeof KEYS;
type Row = Record<string, unknown>;

const TABLES = Object.keys(KEYS) as Table[];
const OF_A_RUN: Partial<Record<Table, string>> = {
  runs: "id",
  points: "run",
  snapshots: "run",
  certificates: "run",
};
const PAGE = 500;

/**
 * Writes all rows as JSON lines, or those of one run: first `{ "fpx": "store", "schema": n }`, then
 * `{ "table": ..., "row": ... }`; bytes as base64. Tokens are left out.
 */
export async function* exportLines(store: Store, run?: string): AsyncGenerator<string> {
  yield `${JSON.stringify({ fpx: "store", schema: SCHEMA })}\n`;
  for (const table of TABLES) {
    const keys: readonly string[] = KEYS[table];
    const key = sql.join(keys.map((name) => sql.ref(name)));
    const owner = OF_A_RUN[table];
    if (run !== undefined && owner === undefined) continue;
    const own = run === undefined ? sql`1 = 1` : sql`${sql.ref(owner!)} = ${run}`;
    let after = sql`1 = 1`;
    while (true) {
      const { rows } = await sql<Row>`select * from ${sql.table(table)}
        where ${own} and ${after} order by ${key} limit ${sql.lit(PAGE)}`.execute(store.reader);
      for (const row of rows) yield `${JSON.stringify({ table, row: encodeRow(table, row) })}\n`;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      after = sql`(${key}) > (${sql.join(keys.map((name) => last[name]))})`;
    }
  }
}

/**
 * Adds rows that `exportLines` wrote; rows that are there already stay as they are. Returns the rows added by table.
 * Throws `InvalidInput` with the line of the first one that is none of its kind; the lines before it may be added.
 */
export async function importLines(
  store: Store,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<Readonly<Record<string, number>>> {
  const added: Record<string, number> = {};
  let batch: { readonly table: Table; readonly rows: Row[]; readonly lines: number[] } | undefined;
  const flush = async (): Promise<void> => {
    if (batch === undefined) return;
    const { table, rows, lines: numbers } = batch;
    batch = undefined;
    const add = async (some: readonly Row[]) => {
      added[table] = (added[table] ?? 0) + (await addRows(store, table, some));
    };
    try {
      await add(rows);
    } catch (error) {
      if (!isMisfit(error)) throw error;
      // One by one, to find the line.
      for (const [i, row] of rows.entries())
        await add([row]).catch((cause: unknown) => {
          throw isMisfit(cause) ? misfit(numbers[i]!, cause) : cause;
        });
    }
  };
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    const value = parse(line, number);
    if (number === 1) {
      checkHeader(value);
      continue;
    }
    const { table, row } = value as { readonly table?: unknown; readonly row?: unknown };
    if (!TABLES.includes(table as Table) || !isRow(row)) throw misfit(number);
    if (batch !== undefined && (batch.table !== table || batch.rows.length >= PAGE)) await flush();
    batch ??= { table: table as Table, rows: [], lines: [] };
    batch.rows.push(decodeRow(batch.table, row));
    batch.lines.push(number);
  }
  await flush();
  if (number === 0) throw new InvalidInput("the file is empty: import what fpx runs export wrote");
  return added;
}

const isRow = (row: unknown): row is Row =>
  typeof row === "object" &&
  row !== null &&
  !Array.isArray(row) &&
  Object.keys(row).length > 0 &&
  Object.values(row).every(
    (value) => value === null || typeof value === "string" || typeof value === "number",
  );

/** Whether a database refused a row for what it holds: columns or values that the table does not take. */
const isMisfit = (error: unknown): boolean =>
  /^(SQLITE_(CONSTRAINT|ERROR|MISMATCH)|2[23]|42)/.test(String((error as { code?: unknown }).code));

const misfit = (line: number, cause?: unknown) =>
  new InvalidInput(`line ${line} is no row of an fpx database: import what fpx runs export wrote`, { cause });

async function addRows(store: Store, table: Table, rows: readonly Row[]): Promise<number> {
  return store.transaction(async ({ writer, backend }) => {
    // Numbers of edits are the database's own.
    const values = table === "edits" ? rows.map(({ seq: _, ...row }) => row) : rows;
    const names = Object.keys(values[0]!);
    const inserted =
      await sql<Row>`insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))})
      values ${sql.join(values.map((row) => sql`(${sql.join(names.map((name) => row[name] ?? null))})`))}
      on conflict do nothing returning *`.execute(writer);
    if (table === "edits") {
      const fresh = inserted.rows as unknown as (EditsTable & { readonly seq: number })[];
      await summarise(writer, backend, fresh, 1);
      await indexEdits(writer, backend, fresh);
    }
    return inserted.rows.length;
  });
}

function encodeRow(table: Table, row: Row): Row {
  return table === "snapshots"
    ? { ...row, bytes: Buffer.from(row["bytes"] as Uint8Array).toString("base64") }
    : row;
}

function decodeRow(table: Table, row: Row): Row {
  return table === "snapshots" ? { ...row, bytes: Buffer.from(String(row["bytes"]), "base64") } : row;
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InvalidInput(`line ${number} is not JSON`, { cause: error });
  }
}

function checkHeader(value: unknown): void {
  const { fpx, schema } = (value ?? {}) as { readonly fpx?: unknown; readonly schema?: unknown };
  if (fpx !== "store" || typeof schema !== "number")
    throw new InvalidInput(
      "line 1 does not say that this is an fpx database: import what fpx runs export wrote",
    );
  if (schema > SCHEMA)
    throw new InvalidInput(
      `the file has schema ${schema}, and this fpx knows ${SCHEMA} at most: update fpx`,
      {
        code: "NEWER_SCHEMA",
      },
    );
}
