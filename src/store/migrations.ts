/** The schema, grown step by step; a database of any earlier step is brought to the last one when it is opened. */
import { type CreateTableBuilder, type Kysely, sql, type Transaction } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import { summarise } from "./edit-summaries.ts";
import { createSearch, indexEdits } from "./search.ts";
import type { Tables } from "./tables.ts";

/** The kinds of database. */
export type Backend = "sqlite" | "postgres";

type Step = (db: Transaction<Tables>, backend: Backend) => Promise<void>;
type Columns = CreateTableBuilder<string, string>;

const blob = (backend: Backend) => (backend === "sqlite" ? "blob" : "bytea");

/** Tables of sums are their own index in SQLite: one place to write instead of two. */
const keyed = (backend: Backend, table: Columns): Columns =>
  backend === "sqlite" ? table.modifyEnd(sql`without rowid`) : table;

const sequence = (backend: Backend, table: Columns): Columns =>
  backend === "sqlite"
    ? table.addColumn("seq", "integer", (column) => column.primaryKey().autoIncrement())
    : table.addColumn("seq", "bigserial", (column) => column.primaryKey());

/** Adds columns of one type: `name` required, `name?` not. */
function columns(
  table: Columns,
  type: "text" | "bigint" | "double precision",
  names: readonly string[],
): Columns {
  return names.reduce(
    (built, name) =>
      name.endsWith("?")
        ? built.addColumn(name.slice(0, -1), type)
        : built.addColumn(name, type, (column) => column.notNull()),
    table,
  );
}

const steps: readonly Step[] = [
  async function runs(db, backend) {
    let table: Columns = db.schema.createTable("runs");
    table = table.addColumn("id", "text", (column) => column.primaryKey());
    table = columns(table, "text", [
      "name",
      "command",
      "solver?",
      "seed?",
      "fingerprint?",
      "version?",
      "status",
    ]);
    table = columns(table, "bigint", ["started", "updated", "ended?", "steps", "calls", "stop"]);
    table = columns(table, "double precision", ["seconds"]);
    await columns(table, "text", ["resume?", "result?", "error?"]).execute();
    await db.schema.createIndex("runs_started").on("runs").column("started").execute();

    table = columns(db.schema.createTable("points"), "text", ["run"]);
    table = columns(table, "bigint", ["step", "calls"]);
    table = columns(columns(table, "double precision", ["seconds"]), "text", ["metrics"]);
    await table.addPrimaryKeyConstraint("points_key", ["run", "step"]).execute();

    table = db.schema.createTable("snapshots").addColumn("run", "text", (column) => column.primaryKey());
    table = columns(table, "bigint", ["step", "taken"]);
    await table.addColumn("bytes", sql.raw(blob(backend)), (column) => column.notNull()).execute();
  },

  async function edits(db, backend) {
    let table = sequence(backend, db.schema.createTable("edits"));
    table = table.addColumn("id", "text", (column) => column.notNull().unique());
    table = columns(table, "bigint", ["created"]);
    table = columns(table, "text", ["context", "draft", "edited", "policy?", "editor?", "ts?", "meta?"]);
    table = columns(table, "text", ["source", "definition"]);
    table = columns(table, "double precision", ["cost"]);
    table = columns(table, "bigint", ["changes", "draft_tokens", "edited_tokens", "changed", "bin"]);
    await table.execute();
    const indexes: readonly (readonly string[])[] = [
      ["editor", "seq"],
      ["policy", "seq"],
      ["policy", "cost", "seq"],
      ["changed", "seq"],
      ["changed", "cost", "seq"],
      ["bin", "seq"],
      ["cost", "seq"],
    ];
    for (const names of indexes)
      await db.schema
        .createIndex(`edits_${names.join("_")}`)
        .on("edits")
        .columns(names as string[])
        .execute();
  },

  async function summaries(db, backend) {
    let table = columns(db.schema.createTable("edit_totals"), "text", ["editor", "policy", "bins"]);
    table = columns(table, "bigint", ["n", "changed", "draft_tokens", "edited_tokens"]);
    table = columns(table, "double precision", ["cost", "squares"]);
    await keyed(backend, table.addPrimaryKeyConstraint("edit_totals_key", ["editor", "policy"])).execute();
    await db.schema.createIndex("edit_totals_n").on("edit_totals").columns(["policy", "n"]).execute();

    table = columns(db.schema.createTable("edit_days"), "text", ["policy"]);
    table = columns(columns(table, "bigint", ["day", "n", "changed"]), "double precision", ["cost"]);
    await keyed(backend, table.addPrimaryKeyConstraint("edit_days_key", ["policy", "day"])).execute();

    await createSearch(db, backend);
    for (let after = 0; ; ) {
      const page = db.selectFrom("edits").selectAll().where("seq", ">", after).orderBy("seq").limit(500);
      const rows = await page.execute();
      if (rows.length === 0) break;
      await summarise(db, backend, rows, 1);
      await indexEdits(db, backend, rows);
      after = rows.at(-1)!.seq;
    }
  },

  async function bandits(db) {
    let table: Columns = db.schema.createTable("drafts");
    table = table.addColumn("id", "text", (column) => column.primaryKey());
    table = columns(table, "bigint", ["created"]);
    await columns(table, "text", ["context", "draft", "policy?", "editor?", "choice?"]).execute();

    table = db.schema.createTable("policies").addColumn("name", "text", (column) => column.primaryKey());
    await columns(columns(table, "text", ["kind", "details"]), "bigint", ["created", "stale"]).execute();

    table = db.schema.createTable("bandits").addColumn("name", "text", (column) => column.primaryKey());
    table = columns(table, "text", ["arms", "options", "state"]);
    await columns(table, "bigint", ["created", "updated"]).execute();

    table = db.schema.createTable("choices").addColumn("id", "text", (column) => column.primaryKey());
    table = columns(table, "text", ["bandit", "segment", "arm", "ticket"]);
    table = columns(table, "bigint", ["created", "settled?"]);
    await columns(table, "double precision", ["cost?"]).execute();
    await db.schema
      .createIndex("choices_open")
      .on("choices")
      .columns(["bandit", "settled", "created"])
      .execute();

    table = columns(db.schema.createTable("arms"), "text", ["bandit", "segment", "arm"]);
    table = columns(columns(table, "bigint", ["pulls", "n"]), "double precision", ["cost", "squares"]);
    await table.addPrimaryKeyConstraint("arms_key", ["bandit", "segment", "arm"]).execute();

    table = columns(db.schema.createTable("arm_history"), "text", ["bandit", "segment"]);
    table = columns(columns(table, "bigint", ["n", "at"]), "text", ["arms"]);
    await table.addPrimaryKeyConstraint("arm_history_key", ["bandit", "segment", "n"]).execute();
  },

  async function certificatesAndTokens(db) {
    let table: Columns = db.schema.createTable("certificates");
    table = table.addColumn("id", "text", (column) => column.primaryKey());
    table = columns(table, "text", ["run?", "name", "verdict", "rules"]);
    await columns(table, "bigint", ["created"]).execute();

    table = db.schema.createTable("tokens").addColumn("id", "text", (column) => column.primaryKey());
    table = columns(table, "text", ["name"]);
    table = table.addColumn("hash", "text", (column) => column.notNull().unique());
    await columns(columns(table, "text", ["scopes"]), "bigint", ["created", "revoked?"]).execute();
  },

  async function processes(db) {
    await db.schema.alterTable("runs").addColumn("process", "text").execute();
  },
];

/** The schema that this version of fpx writes. */
export const SCHEMA: number = steps.length;

/** Any key that nobody else uses: PostgreSQL locks by number. */
const LOCK = 0x66_70_78;

/**
 * Brings a database to schema `to`, each step in one transaction, one process at a time. Throws `InvalidInput` with
 * code `NEWER_SCHEMA` for a database that a newer fpx wrote.
 */
export async function migrate(db: Kysely<Tables>, backend: Backend, to: number = SCHEMA): Promise<void> {
  if ((await currentSchema(db, backend)) === to) return;
  await db.transaction().execute(async (transaction) => {
    if (backend === "postgres") await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
    await sql`create table if not exists fpx_schema (version bigint not null)`.execute(transaction);
    const from = await currentSchema(transaction, backend);
    for (const step of steps.slice(from, to)) await step(transaction, backend);
    await sql`delete from fpx_schema`.execute(transaction);
    await sql`insert into fpx_schema (version) values (${to})`.execute(transaction);
  });
}

async function currentSchema(db: Kysely<Tables>, backend: Backend): Promise<number> {
  const tables =
    backend === "sqlite"
      ? sql`select 1 from sqlite_master where type = 'table' and name = 'fpx_schema'`
      : sql`select 1 from pg_tables where schemaname = current_schema() and tablename = 'fpx_schema'`;
  if ((await tables.execute(db)).rows.length === 0) return 0;
  const found = await sql<{ version: number }>`select version from fpx_schema`.execute(db);
  const version = found.rows[0]?.version ?? 0;
  if (version > SCHEMA)
    throw new InvalidInput(
      `the database has schema ${version}, and this fpx knows ${SCHEMA} at most: update fpx, or name another --db`,
      { code: "NEWER_SCHEMA" },
    );
  return version;
}
