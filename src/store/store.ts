/** Opening a database, and transactions in it. */
import { Kysely } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import { type Backend, migrate } from "./migrations.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import type { Tables } from "./tables.ts";

/** An open database: what `openStore` gives, and what every function of this room takes first. */
export interface Store {
  readonly backend: Backend;
  /** For changes; inside `transaction`, for everything. */
  readonly writer: Kysely<Tables>;
  /** For questions: never waits for a change. */
  readonly reader: Kysely<Tables>;
  /**
   * All changes of `work` or none of them; they are on the disk when the promise resolves. `work` is started again
   * when another writer came in between, so it must not change anything else.
   */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Options of `openStore`. */
export interface StoreOptions {
  /** Gives a SQLite database threads of its own, one that writes and one that reads. For servers; default false. */
  readonly threads?: boolean;
}

/** Where commands keep their database unless told otherwise. */
export const DEFAULT_DATABASE = ".fpx/fpx.db";

/** A deadlock or a conflict: trying again is right. */
const RETRIED = new Set(["40001", "40P01"]);
const ATTEMPTS = 8;

/**
 * Opens a database, makes it when it is not there, and brings its schema up to date. `location` is a path of a SQLite
 * file or a `postgres://` address. Several processes may have it open.
 *
 * Throws `InvalidInput` with code `STORE_OPEN` when it cannot be opened and `NEWER_SCHEMA` when a newer fpx wrote it;
 * `MissingDependency` for PostgreSQL without `pg`.
 *
 * @example const store = await openStore(".fpx/fpx.db");
 */
export async function openStore(
  location: string = DEFAULT_DATABASE,
  { threads = false }: StoreOptions = {},
): Promise<Store> {
  const backend: Backend = /^postgres(ql)?:\/\//.test(location) ? "postgres" : "sqlite";
  if (backend === "sqlite" && /^\w+:\/\//.test(location))
    throw new InvalidInput(
      `the database ${location.replace(/:.*/s, "://...")} is of no known kind: name a file or a postgres:// address`,
    );
  const writer = new Kysely<Tables>({ dialect: await dialectOf(location, backend, threads) });
  let reader = writer;
  try {
    await migrate(writer, backend);
    if (threads && backend === "sqlite" && location !== ":memory:")
      reader = new Kysely<Tables>({ dialect: sqliteDialect(location, true) });
  } catch (error) {
    await writer.destroy();
    throw error;
  }
  return {
    backend,
    writer,
    reader,
    transaction: (work) => attempt(writer, backend, work),
    async close() {
      if (reader !== writer) await reader.destroy();
      await writer.destroy();
    },
  };
}

async function dialectOf(location: string, backend: Backend, threads: boolean) {
  if (backend === "sqlite") return sqliteDialect(location, threads);
  const { postgresDialect } = await import("./postgres-dialect.ts");
  return postgresDialect(location);
}

async function attempt<T>(
  db: Kysely<Tables>,
  backend: Backend,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await db.transaction().execute((inner) => {
        const store: Store = {
          backend,
          writer: inner,
          reader: inner,
          transaction: (nested) => nested(store),
          close: async () => undefined,
        };
        return work(store);
      });
    } catch (error) {
      if (left <= 1 || !RETRIED.has(String((error as { code?: unknown }).code))) throw error;
    }
  }
}
