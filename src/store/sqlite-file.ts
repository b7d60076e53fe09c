/** One SQLite database file; the only place that knows the native driver. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";
import { InvalidInput } from "../core/errors.ts";

/** What one statement gave: its rows, and how many it changed. */
export interface SqlResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

/** An open database; `execute` blocks its thread until the disk has answered. */
export interface SqliteFile {
  execute(sql: string, parameters: readonly unknown[]): SqlResult;
  close(): void;
}

/** How long opening waits for another process, in milliseconds. */
const OPEN_TIMEOUT = 10_000;
/** Prepared statements that are kept. */
const CACHED_STATEMENTS = 256;

/**
 * Opens or makes a database: write-ahead log, every commit flushed to the disk before it is acknowledged.
 * Throws `InvalidInput` for a path that cannot be opened or a file that is no database.
 */
export function openSqliteFile(path: string): SqliteFile {
  let database: Database.Database;
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    database = new Database(path);
    database.exec(`pragma busy_timeout = ${OPEN_TIMEOUT}`);
    database.exec("pragma journal_mode = wal");
    database.exec("pragma synchronous = full");
    database.exec("pragma cache_size = -65536");
    database.exec("pragma wal_autocheckpoint = 8000");
    // From here on nothing waits inside the driver: the thread may be the one that the other writer needs to end.
    database.exec("pragma busy_timeout = 0");
  } catch (error) {
    throw new InvalidInput(`${path} cannot be opened as a database: ${(error as Error).message}`, {
      code: "STORE_OPEN",
      cause: error,
    });
  }
  const prepared = new Map<string, Database.Statement>();
  const statement = (sql: string): Database.Statement => {
    let found = prepared.get(sql);
    if (found === undefined) {
      if (prepared.size >= CACHED_STATEMENTS) prepared.clear();
      prepared.set(sql, (found = database.prepare(sql)));
    }
    return found;
  };
  return {
    execute(sql, parameters) {
      const query = statement(sql);
      if (query.reader) return { rows: query.all(...parameters), changes: 0 };
      return { rows: [], changes: query.run(...parameters).changes };
    },
    close: () => void database.close(),
  };
}
