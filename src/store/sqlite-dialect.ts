/** SQLite for kysely, in this thread or in one of its own. */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { FpxError, InvalidInput } from "../core/errors.ts";
import { sourceLoader } from "../core/node/index.ts";
import type { SqlCall, SqlReply } from "./sqlite.worker.ts";
import { openSqliteFile, type SqlResult } from "./sqlite-file.ts";

/** How long a statement waits for another writer, in milliseconds. */
const BUSY_TIMEOUT = 30_000;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && /^SQLITE_BUSY/.test(String((error as { code?: unknown }).code ?? ""));

/** Who executes statements. */
interface SqlPort {
  execute(sql: string, parameters: readonly unknown[]): SqlResult | Promise<SqlResult>;
  close(): void | Promise<void>;
}

/** A dialect over the database file at `path`; `thread` gives it a thread of its own. */
export function sqliteDialect(path: string, thread: boolean): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(() => (thread ? threadPort(path) : openSqliteFile(path))),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #port: SqlPort;

  constructor(port: SqlPort) {
    this.#port = port;
  }

  /** Waits its turn while another connection writes; a transaction waits at its beginning only. */
  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const until = performance.now() + BUSY_TIMEOUT;
    while (true) {
      try {
        const { rows, changes } = await this.#port.execute(sql, parameters);
        return { rows: rows as R[], numAffectedRows: BigInt(changes) };
      } catch (error) {
        if (!isBusy(error) || performance.now() > until) throw error;
        await sleep(randomInt(1, 8));
      }
    }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new FpxError("STORE", "SQLite queries are not streamed: ask for pages");
  }
}

/** One connection, lent to one caller at a time. */
class SqliteDriver implements Driver {
  readonly #open: () => SqlPort;
  #port: SqlPort | undefined;
  #connection: SqliteConnection | undefined;
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(open: () => SqlPort) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#port = this.#open();
    this.#connection = new SqliteConnection(this.#port);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    let release!: () => void;
    this.#free = new Promise((done) => {
      release = done;
    });
    await before;
    this.#release = release;
    return this.#connection!;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  // Immediate: a transaction that reads before it writes never finds its view outdated.
  beginTransaction = (connection: DatabaseConnection): Promise<void> =>
    command(connection, "begin immediate");
  commitTransaction = (connection: DatabaseConnection): Promise<void> => command(connection, "commit");
  rollbackTransaction = (connection: DatabaseConnection): Promise<void> => command(connection, "rollback");

  async destroy(): Promise<void> {
    await this.#port?.close();
  }
}

async function command(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(sql));
}

function threadPort(path: string): SqlPort {
  const fromSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(`./sqlite.worker.${fromSource ? "ts" : "js"}`, import.meta.url), {
    workerData: { path },
    execArgv: fromSource ? ["--import", sourceLoader()] : [],
  });
  const open = new Map<number, { resolve(result: SqlResult): void; reject(error: Error): void }>();
  let calls = 0;
  let ended: Error | undefined;
  const end = (error: Error): void => {
    ended ??= error;
    for (const { reject } of open.values()) reject(ended);
    open.clear();
  };
  worker.on("message", ({ id, result, error }: SqlReply) => {
    const call = open.get(id);
    open.delete(id);
    if (open.size === 0) worker.unref();
    if (error === undefined) call?.resolve(result ?? { rows: [], changes: 0 });
    else if (error.code === "STORE_OPEN") call?.reject(new InvalidInput(error.message, { code: error.code }));
    else call?.reject(Object.assign(new Error(error.message), { code: error.code }));
  });
  worker.on("error", end);
  worker.on("exit", () =>
    end(new FpxError("STORE", "the database's thread has ended: open the store again")),
  );
  worker.unref();
  const call = (what: Omit<SqlCall, "id">): Promise<SqlResult> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      open.set(++calls, { resolve, reject });
      worker.ref();
      worker.postMessage({ id: calls, ...what } satisfies SqlCall);
    });
  return {
    execute: (sql, parameters) => call({ sql, parameters }),
    close: async () => void (await call({})),
  };
}
