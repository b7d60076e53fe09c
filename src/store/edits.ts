/** The log of edits: adding, listing, counting. */
import type { Selectable } from "kysely";
import { sql } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import { BIN_WIDTH, binOf, nameOfScope, parseBins, scope, summarise } from "./edit-summaries.ts";
import { indexEdits, matches } from "./search.ts";
import type { Store } from "./store.ts";
import type { EditsTable } from "./tables.ts";
import { checkTexts } from "./texts.ts";

/** A message of a conversation. */
export interface StoredMessage {
  readonly role: string;
  readonly content: string;
}

/** An edit with its cost, as it is given to the store. The cost's definition is named, since costs of others differ. */
export interface NewEdit {
  /** Chosen by the caller: adding an id again changes nothing. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly context: string | readonly StoredMessage[];
  readonly draft: string;
  readonly edited: string;
  readonly policy?: string | undefined;
  readonly user?: string | undefined;
  /** When, as the log says it. */
  readonly ts?: string | undefined;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
  /** Where it came from, such as `api`, `desk` or `import`. */
  readonly source: string;
  readonly definition: string;
  readonly cost: number;
  readonly changes: number;
  readonly draftTokens: number;
  readonly editedTokens: number;
  /** Whether the draft was changed. */
  readonly changed: boolean;
}

/** An edit of the store; `seq` grows with every edit added. */
export interface StoredEdit extends NewEdit {
  readonly seq: number;
}

/** Rows a statement: below the number of parameters that SQLite takes. */
const CHUNK = 500;

/**
 * Adds edits in one transaction: when the promise resolves they are on the disk, in the sums and in the index.
 * Returns the ids that were new. Throws `InvalidInput` for a text that a database cannot keep.
 */
export async function addEdits(store: Store, edits: readonly NewEdit[]): Promise<ReadonlySet<string>> {
  const rows = edits.map(rowOf);
  return store.transaction(async (inner) => {
    const added = new Map<string, number>();
    for (let at = 0; at < rows.length; at += CHUNK) {
      const inserted = await inner.writer
        .insertInto("edits")
        .values(rows.slice(at, at + CHUNK))
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning(["id", "seq"])
        .execute();
      for (const { id, seq } of inserted) added.set(id, seq);
    }
    // In the order of their numbers, each once: the index is written in that order.
    const fresh = rows.flatMap((row) => {
      const seq = added.get(row.id);
      added.delete(row.id);
      return seq === undefined ? [] : [{ ...row, seq }];
    });
    await summarise(inner.writer, inner.backend, fresh, 1);
    for (let at = 0; at < fresh.length; at += CHUNK)
      await indexEdits(inner.writer, inner.backend, fresh.slice(at, at + CHUNK));
    return new Set(fresh.map(({ id }) => id));
  });
}

/** Which edits. */
export interface EditFilter {
  /** null: edits that name nobody. */
  readonly user?: string | null | undefined;
  readonly policy?: string | null | undefined;
  readonly changed?: boolean | undefined;
  /** Words that the context, the draft or the edited text all hold. */
  readonly search?: string | undefined;
  /** Bin of the cost histogram. */
  readonly bin?: number | undefined;
}

/** A page of a list. */
export interface EditPage extends EditFilter {
  readonly order?: "newest" | "costliest" | undefined;
  /** At most; default 50. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** The place after which a page begins; nothing for the first. */
function placeOf(after: string | undefined, order: "newest" | "costliest"): readonly number[] {
  if (after === undefined) return [];
  const [seq = Number.NaN, cost = Number.NaN] = after.split("_").map(Number);
  if (!Number.isSafeInteger(seq) || (order === "costliest" && Number.isNaN(cost)))
    throw new InvalidInput('after is none of this list: give the "next" of the page before');
  return [seq, cost];
}

/** Of the edits that hold the words of a search, the newest so many are counted, and put in order of cost. */
const SEARCHED = 10_000;

/** Edits that pass a filter, a page at a time. */
export async function listEdits(
  store: Store,
  { order = "newest", limit = 50, after, ...filter }: EditPage = {},
): Promise<{ readonly edits: readonly StoredEdit[]; readonly next: string | null }> {
  const [seq, cost] = placeOf(after, order);
  const newest = order === "newest";
  const found = await filtered(store, filter, order, newest ? limit : SEARCHED, newest ? seq : undefined);
  let query = found.selectAll().limit(limit);
  if (newest) {
    query = query.orderBy("seq", "desc");
    if (seq !== undefined) query = query.where("seq", "<", seq);
  } else {
    query = query.orderBy("cost", "desc").orderBy("seq", "desc");
    if (seq !== undefined) query = query.where(sql<boolean>`(cost, seq) < (${cost}, ${seq})`);
  }
  const rows = await query.execute();
  const last = rows.at(-1);
  const next =
    last === undefined || rows.length < limit
      ? null
      : order === "costliest"
        ? `${last.seq}_${last.cost}`
        : `${last.seq}`;
  return { edits: rows.map(editOf), next };
}

/** One edit, or undefined. */
export async function findEdit(store: Store, id: string): Promise<StoredEdit | undefined> {
  const row = await store.reader.selectFrom("edits").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : editOf(row);
}

/** How many edits pass a filter, counted up to `most` (default 10,000). */
export async function countEdits(store: Store, filter: EditFilter, most: number = SEARCHED): Promise<number> {
  const { user, policy, changed, search, bin } = filter;
  if (changed === undefined && search === undefined && bin === undefined)
    return (await editTotals(store, { user, policy })).n;
  const found = (await filtered(store, filter, "newest", most)).select("seq").limit(most);
  const { count } = await store.reader
    .selectFrom(found.as("found"))
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** Sums over the edits of a user, a policy, both, or all. */
export interface EditTotals {
  readonly n: number;
  readonly editedRate: number;
  readonly meanCost: number;
  /** Standard deviation of the cost. */
  readonly deviation: number;
  readonly meanDraftTokens: number;
  readonly meanEditedTokens: number;
}

/** A name and its sums; null for edits without one. */
export interface EditGroup extends EditTotals {
  readonly name: string | null;
}

type TotalsRow = Readonly<
  Record<"n" | "changed" | "cost" | "squares" | "draft_tokens" | "edited_tokens", number>
>;

function totalsOf(row: TotalsRow | undefined): EditTotals {
  const n = row?.n ?? 0;
  const over = (sum: number | undefined) => (n === 0 ? 0 : (sum ?? 0) / n);
  const meanCost = over(row?.cost);
  return {
    n,
    editedRate: over(row?.changed),
    meanCost,
    deviation: Math.sqrt(Math.max(0, over(row?.squares) - meanCost ** 2)),
    meanDraftTokens: over(row?.draft_tokens),
    meanEditedTokens: over(row?.edited_tokens),
  };
}

/** Sums over all edits, or those of one user or policy; from tables that every added edit updates. */
export async function editTotals(
  store: Store,
  { user, policy }: Pick<EditFilter, "user" | "policy"> = {},
): Promise<EditTotals> {
  const row = await store.reader
    .selectFrom("edit_totals")
    .selectAll()
    .where("editor", "=", scope(user))
    .where("policy", "=", scope(policy))
    .executeTakeFirst();
  return totalsOf(row);
}

/** Sums by user or by policy, those with the most edits first. */
export async function editGroups(
  store: Store,
  by: "user" | "policy",
  { user, policy, limit = 50 }: Pick<EditFilter, "user" | "policy"> & { readonly limit?: number } = {},
): Promise<readonly EditGroup[]> {
  const [grouped, other] = by === "user" ? (["editor", "policy"] as const) : (["policy", "editor"] as const);
  const rows = await store.reader
    .selectFrom("edit_totals")
    .selectAll()
    .where(other, "=", by === "user" ? scope(policy) : scope(user))
    .where(grouped, "<>", scope())
    .orderBy("n", "desc")
    .orderBy(grouped)
    .limit(limit)
    .execute();
  return rows.map((row) => ({ name: nameOfScope(row[grouped]), ...totalsOf(row) }));
}

/** Counts by cost: `counts[k]` edits cost from `k * width` up to the next; the last bin holds all larger ones. */
export async function editCostHistogram(
  store: Store,
  { user, policy }: Pick<EditFilter, "user" | "policy"> = {},
): Promise<{ readonly width: number; readonly counts: readonly number[] }> {
  const row = await store.reader
    .selectFrom("edit_totals")
    .select("bins")
    .where("editor", "=", scope(user))
    .where("policy", "=", scope(policy))
    .executeTakeFirst();
  return { width: BIN_WIDTH, counts: parseBins(row?.bins) };
}

/** Edits a day in UTC, oldest first; `day` counts from 1970. */
export async function editDays(
  store: Store,
  { policy }: Pick<EditFilter, "policy"> = {},
  limit = 400,
): Promise<readonly { readonly day: number; readonly n: number; readonly meanCost: number }[]> {
  const rows = await store.reader
    .selectFrom("edit_days")
    .select(["day", "n", "cost"])
    .where("policy", "=", scope(policy))
    .where("n", ">", 0)
    .orderBy("day", "desc")
    .limit(limit)
    .execute();
  return rows.reverse().map(({ day, n, cost }) => ({ day, n, meanCost: cost / n }));
}

/** Of more edits than this, those of one user or bin are not put in order of cost: all are walked in that order. */
const SORTED = 20_000;

/** The edits of a filter; with a search, the newest `limit` of them before `before`, or more. */
async function filtered(
  store: Store,
  filter: EditFilter,
  order: "newest" | "costliest",
  limit: number,
  before?: number,
) {
  const { user, policy, changed, search, bin } = filter;
  const flag = changed === undefined ? undefined : changed ? 1 : 0;
  let query = store.reader.selectFrom("edits");
  if (search !== undefined) {
    const tags = { editor: user, policy, changed: flag, bin };
    query = query.where(matches(store.backend, search, tags, { limit, before }));
    if (store.backend === "sqlite") return query;
  }
  const conditions = Object.entries({ editor: user, policy, changed: flag, bin }).filter(
    ([, value]) => value !== undefined,
  );
  const indexed = store.backend === "sqlite" ? await fewest(store, filter, order) : undefined;
  for (const [name, value] of conditions) {
    // A plus keeps SQLite, which does not count, from taking the index of this column.
    const free = store.backend === "sqlite" && name !== indexed;
    const column = free ? sql`+${sql.ref(name)}` : sql.ref(name);
    query = query.where(
      value === null ? sql<boolean>`${column} is null` : sql<boolean>`${column} = ${value}`,
    );
  }
  return query;
}

/** The column whose index leaves the fewest edits to look at; none where walking in order is better. */
async function fewest(
  store: Store,
  { user, policy, changed, bin }: EditFilter,
  order: "newest" | "costliest",
): Promise<string | undefined> {
  const { n, editedRate } = await editTotals(store);
  const counts: [column: string, n: number, ordered: boolean][] = [];
  if (user !== undefined) counts.push(["editor", (await editTotals(store, { user })).n, false]);
  if (policy !== undefined) counts.push(["policy", (await editTotals(store, { policy })).n, true]);
  if (bin !== undefined) counts.push(["bin", (await editCostHistogram(store)).counts[bin] ?? 0, false]);
  if (changed !== undefined) counts.push(["changed", n * (changed ? editedRate : 1 - editedRate), true]);
  const [best] = counts.sort((a, b) => a[1] - b[1]);
  if (best === undefined) return undefined;
  return order === "newest" || best[2] || best[1] <= SORTED ? best[0] : undefined;
}

/** Throws `InvalidInput` where a text holds what PostgreSQL or UTF-8 cannot. */
function rowOf(edit: NewEdit) {
  const { context, draft, edited, user, policy, ts, meta, draftTokens, editedTokens, changed, ...rest } =
    edit;
  const row = {
    ...rest,
    context: JSON.stringify(context),
    draft,
    edited,
    editor: user ?? null,
    policy: policy ?? null,
    ts: ts ?? null,
    meta: meta === undefined ? null : JSON.stringify(meta),
    draft_tokens: draftTokens,
    edited_tokens: editedTokens,
    changed: changed ? 1 : 0,
    bin: binOf(edit.cost),
  };
  checkTexts(`edit ${JSON.stringify(edit.id)}`, row);
  if (!Number.isFinite(edit.cost))
    throw new InvalidInput(`edit ${JSON.stringify(edit.id)}: cost is ${edit.cost}`);
  return row;
}

function editOf(row: Selectable<EditsTable>): StoredEdit {
  const { context, editor, policy, ts, meta, draft_tokens, edited_tokens, changed, bin: _, ...rest } = row;
  return {
    ...rest,
    context: JSON.parse(context),
    ...(editor === null ? {} : { user: editor }),
    ...(policy === null ? {} : { policy }),
    ...(ts === null ? {} : { ts }),
    ...(meta === null ? {} : { meta: JSON.parse(meta) }),
    draftTokens: draft_tokens,
    editedTokens: edited_tokens,
    changed: changed === 1,
  };
}
