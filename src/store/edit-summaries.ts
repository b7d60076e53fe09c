/** Sums over the edits by editor, policy, cost and day, kept in the transaction that adds an edit. */
import { type Kysely, sql } from "kysely";
import type { Backend } from "./migrations.ts";
import type { EditsTable, Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Summed = Pick<
  EditsTable,
  "created" | "editor" | "policy" | "cost" | "changed" | "bin" | "draft_tokens" | "edited_tokens"
>;

/** Costs fall into bins of this width; the last bin holds all larger ones. */
export const BIN_WIDTH = 0.05;
const BINS = 41;
const DAY = 86_400_000;

/** The bin of a cost. */
export function binOf(cost: number): number {
  return Math.min(Math.floor(cost / BIN_WIDTH + 1e-9), BINS - 1);
}

/** The key under which the sums of all, of one name, or of those without a name are kept. */
export function scope(name?: string | null): string {
  return name === undefined ? "*" : name === null ? "-" : `=${name}`;
}

/** The name of a scope; null for those without one. */
export function nameOfScope(key: string): string | null {
  return key === "-" ? null : key.slice(1);
}

/** The sums of a scope that is not there. */
const EMPTY = { n: 0, changed: 0, cost: 0, squares: 0, draft_tokens: 0, edited_tokens: 0 } as const;

/** One transaction at a time changes sums in PostgreSQL; all of them change the sums of all edits anyway. */
const LOCK = 0x66_70_79;

/** Adds edits to the sums, or takes them out with `sign` -1. */
export async function summarise(
  db: Db,
  backend: Backend,
  rows: readonly Summed[],
  sign: 1 | -1,
): Promise<void> {
  if (rows.length === 0) return;
  if (backend === "postgres") await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
  const days = new Map<string, Tables["edit_days"]>();
  const added = new Map<string, Summed[]>();
  for (const row of rows) {
    const day = Math.floor(row.created / DAY);
    for (const policy of [scope(), scope(row.policy)]) {
      for (const editor of [scope(), scope(row.editor)])
        entry(added, JSON.stringify([editor, policy]), () => []).push(row);
      const sum = entry(days, JSON.stringify([policy, day]), () => ({
        policy,
        day,
        n: 0,
        changed: 0,
        cost: 0,
      }));
      sum.n += sign;
      sum.changed += sign * row.changed;
      sum.cost += sign * row.cost;
    }
  }
  const keys = [...added.keys()];
  for (let at = 0; at < keys.length; at += CHUNK)
    await addTotals(db, keys.slice(at, at + CHUNK), added, sign);
  await db
    .insertInto("edit_days")
    .values([...days.values()])
    .onConflict((conflict) =>
      conflict.columns(["policy", "day"]).doUpdateSet({
        n: sql<number>`edit_days.n + excluded.n`,
        changed: sql<number>`edit_days.changed + excluded.changed`,
        cost: sql<number>`edit_days.cost + excluded.cost`,
      }),
    )
    .execute();
}

/** Rows a statement. */
const CHUNK = 500;

/** Reads the sums of some scopes, adds to them, and writes them. */
async function addTotals(
  db: Db,
  keys: readonly string[],
  added: ReadonlyMap<string, readonly Summed[]>,
  sign: 1 | -1,
): Promise<void> {
  const scopes = keys.map((key) => JSON.parse(key) as readonly [editor: string, policy: string]);
  const places = sql.join(scopes.map(([editor, policy]) => sql`(${editor}, ${policy})`));
  const found = await db
    .selectFrom("edit_totals")
    .selectAll()
    .where(sql<boolean>`(editor, policy) in (values ${places})`)
    .execute();
  const before = new Map(found.map((row) => [JSON.stringify([row.editor, row.policy]), row]));
  const totals = keys.map((key, k) => {
    const [editor, policy] = scopes[k]!;
    const { bins, ...sums } = before.get(key) ?? { ...EMPTY, bins: "[]" };
    const counts = parseBins(bins);
    const sum = { ...sums, editor, policy };
    for (const row of added.get(key)!) {
      sum.n += sign;
      sum.changed += sign * row.changed;
      sum.cost += sign * row.cost;
      sum.squares += sign * row.cost ** 2;
      sum.draft_tokens += sign * row.draft_tokens;
      sum.edited_tokens += sign * row.edited_tokens;
      counts[row.bin]! += sign;
    }
    return {
      ...sum,
      bins: JSON.stringify(counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1)),
    };
  });
  await db
    .insertInto("edit_totals")
    .values(totals)
    .onConflict((conflict) =>
      conflict.columns(["editor", "policy"]).doUpdateSet(({ ref }) => ({
        n: ref("excluded.n"),
        changed: ref("excluded.changed"),
        cost: ref("excluded.cost"),
        squares: ref("excluded.squares"),
        draft_tokens: ref("excluded.draft_tokens"),
        edited_tokens: ref("excluded.edited_tokens"),
        bins: ref("excluded.bins"),
      })),
    )
    .execute();
  if (sign < 0) await db.deleteFrom("edit_totals").where("n", "<=", 0).execute();
}

/** Counts by bin, all of them. */
export function parseBins(bins: string | undefined): number[] {
  const counts = JSON.parse(bins ?? "[]") as readonly number[];
  return Array.from({ length: BINS }, (_, k) => counts[k] ?? 0);
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
