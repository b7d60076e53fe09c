/** PostgreSQL for kysely, through the optional peer dependency `pg`. */
import { type Dialect, PostgresDialect } from "kysely";
import { InvalidInput, MissingDependency } from "../core/errors.ts";

const INT8 = 20;
const NUMERIC = 1700;

/** A dialect over a pool of connections; counts and times come back as numbers, as from SQLite. */
export async function postgresDialect(url: string): Promise<Dialect> {
  let pg: typeof import("pg");
  try {
    pg = await import("pg");
  } catch (error) {
    throw new MissingDependency("pg", "a PostgreSQL database", "npm install pg", { cause: error });
  }
  const { Pool, types } = pg.default;
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    application_name: "fpx",
    types: {
      getTypeParser: ((oid: number, format?: "text") =>
        oid === INT8 || oid === NUMERIC
          ? Number
          : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  });
  // An idle connection that the server closes is replaced; it must not end the process.
  pool.on("error", () => undefined);
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    // The address may hold a password: it stays out of the message.
    throw new InvalidInput(`the PostgreSQL database cannot be reached: ${(error as Error).message}`, {
      code: "STORE_OPEN",
      cause: error,
    });
  }
  return new PostgresDialect({ pool });
}
