/** Sums over the edits by editor, policy, cost and day, kept in the transaction that adds an edit. */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { EditsTable, Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Summed = Pick<
  EditsTable,
  "created" | "editor" | "policy" | "cost" | "changed" | "bin" | "draft_tokens" | "edited_tokens"
>;

/** Costs fall into bins of this width; the last bin holds all larger ones. */
export const BIN_WIDTH = 0.05;
export const BINS = 41;
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

/** Adds edits to the sums, or takes them out with `sign` -1. */
export async function summarise(db: Db, rows: readonly Summed[], sign: 1 | -1): Promise<void> {
  const totals = new Map<string, Tables["edit_totals"]>();
  const bins = new Map<string, Tables["edit_bins"]>();
  const days = new Map<string, Tables["edit_days"]>();
  for (const row of rows) {
    for (const policy of [scope(), scope(row.policy)]) {
      for (const editor of [scope(), scope(row.editor)]) {
        const key = JSON.stringify([editor, policy]);
        const sum = entry(totals, key, () => ({
          editor,
          policy,
          n: 0,
          changed: 0,
          cost: 0,
          squares: 0,
          draft_tokens: 0,
          edited_tokens: 0,
        }));
        sum.n += sign;
        sum.changed += sign * row.changed;
        sum.cost += sign * row.cost;
        sum.squares += sign * row.cost ** 2;
        sum.draft_tokens += sign * row.draft_tokens;
        sum.edited_tokens += sign * row.edited_tokens;
        const { bin } = row;
        entry(bins, JSON.stringify([editor, policy, bin]), () => ({ editor, policy, bin, n: 0 })).n += sign;
      }
      const day = Math.floor(row.created / DAY);
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
  await add(db, "edit_totals", ["editor", "policy"], sorted(totals));
  await add(db, "edit_bins", ["editor", "policy", "bin"], sorted(bins));
  await add(db, "edit_days", ["policy", "day"], sorted(days));
  if (sign < 0) await sql`delete from edit_totals where n <= 0`.execute(db);
}

/** Makes the sums again from the edits. */
export async function rebuildSummaries(db: Db): Promise<void> {
  for (const table of ["edit_totals", "edit_bins", "edit_days"] as const)
    await db.deleteFrom(table).execute();
  const named = (column: string): RawBuilder<string> =>
    sql`case when ${sql.ref(column)} is null then '-' else '=' || ${sql.ref(column)} end`;
  const all = sql`'*'`;
  for (const policy of [all, named("policy")]) {
    for (const editor of [all, named("editor")]) {
      await sql`insert into edit_totals (editor, policy, n, changed, cost, squares, draft_tokens, edited_tokens)
        select ${editor}, ${policy}, count(*), sum(changed), sum(cost), sum(cost * cost), sum(draft_tokens), sum(edited_tokens)
        from edits group by 1, 2`.execute(db);
      await sql`insert into edit_bins (editor, policy, bin, n)
        select ${editor}, ${policy}, bin, count(*) from edits group by 1, 2, 3`.execute(db);
    }
    await sql`insert into edit_days (policy, day, n, changed, cost)
      select ${policy}, created / ${sql.lit(DAY)}, count(*), sum(changed), sum(cost) from edits group by 1, 2`.execute(
      db,
    );
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** In one order everywhere, so that two writers never wait for each other in a circle. */
function sorted<V>(map: ReadonlyMap<string, V>): V[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** Rows a statement. */
const CHUNK = 500;

async function add<T extends "edit_totals" | "edit_bins" | "edit_days">(
  db: Db,
  table: T,
  key: readonly string[],
  rows: readonly Tables[T][],
): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    const chunk = rows.slice(at, at + CHUNK);
    const names = Object.keys(chunk[0]!);
    const values = chunk.map((row) => sql`(${sql.join(Object.values(row))})`);
    const sums = names
      .filter((name) => !key.includes(name))
      .map((name) => sql`${sql.ref(name)} = ${sql.ref(`${table}.${name}`)} + ${sql.ref(`excluded.${name}`)}`);
    await sql`insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))})
      values ${sql.join(values)}
      on conflict (${sql.join(key.map((name) => sql.ref(name)))}) do update set ${sql.join(sums)}`.execute(
      db,
    );
  }
}
