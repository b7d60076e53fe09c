/** Full-text search over edits, by the means of each database. */
import { createHash } from "node:crypto";
import { type Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type { Backend } from "./migrations.ts";
import type { EditsTable, Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Searchable = Pick<
  EditsTable,
  "context" | "draft" | "edited" | "policy" | "editor" | "changed" | "bin"
> & { readonly seq: number };

/** What else may be asked of the edits that match; null: those without a name. */
export interface SearchTags {
  readonly editor?: string | null | undefined;
  readonly policy?: string | null | undefined;
  readonly changed?: number | undefined;
  readonly bin?: number | undefined;
}

/** The longest piece of a text that is indexed, in characters. */
const INDEXED = 100_000;

// The expression must be the same in the index and in the query, or PostgreSQL does not use the index.
const document: RawBuilder<unknown> = sql.raw(
  `to_tsvector('simple', left(replace(context, '\\n', ' '), ${INDEXED}) || ' ' || left(draft, ${INDEXED}) || ' ' || left(edited, ${INDEXED}))`,
);

export async function createSearch(db: Db, backend: Backend): Promise<void> {
  const create =
    backend === "sqlite"
      ? sql`create virtual table edit_search using fts5(words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2')`
      : sql`create index edit_search on edits using gin (${document})`;
  await create.execute(db);
}

/** Indexes new edits. */
export async function indexEdits(db: Db, backend: Backend, rows: readonly Searchable[]): Promise<void> {
  if (backend === "postgres" || rows.length === 0) return;
  const values = rows.map((row) => sql`(${row.seq}, ${`${textOf(row)}\n${tagsOf(row).join(" ")}`})`);
  await sql`insert into edit_search (rowid, words) values ${sql.join(values)}`.execute(db);
}

/** Takes edits out of the index. */
export async function unindexEdits(db: Db, backend: Backend, seqs: readonly number[]): Promise<void> {
  if (backend === "postgres" || seqs.length === 0) return;
  await sql`delete from edit_search where rowid in (${sql.join(seqs)})`.execute(db);
}

/**
 * The condition that an edit is among the `limit` newest (before `before`) that hold all words of `query` and have the
 * tags. SQLite's index answers it alone; PostgreSQL combines indexes by itself, and is only told of the words.
 */
export function matches(
  backend: Backend,
  query: string,
  tags: SearchTags,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): RawBuilder<SqlBool> {
  const words = query.normalize("NFC").match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return sql<SqlBool>`1 = 0`;
  if (backend === "postgres")
    return sql<SqlBool>`${document} @@ plainto_tsquery('simple', ${words.join(" ")})`;
  const all = [...words, ...tagsOf(tags)].map((word) => `"${word}"`).join(" ");
  const bound = before === undefined ? sql`` : sql`and rowid < ${before}`;
  return sql<SqlBool>`seq in (select rowid from edit_search where edit_search match ${all} ${bound}
    order by rowid desc limit ${sql.lit(limit)})`;
}

function textOf({ context, draft, edited }: Searchable): string {
  const parsed = JSON.parse(context) as string | readonly { readonly content: string }[];
  const before = typeof parsed === "string" ? parsed : parsed.map(({ content }) => content).join("\n");
  return [before, draft, draft === edited ? "" : edited].map((text) => text.slice(0, INDEXED)).join("\n");
}

/** Words that no one writes, one for each tag. */
function tagsOf({ editor, policy, changed, bin }: SearchTags): string[] {
  return [
    ...(editor === undefined ? [] : [tag("u", editor)]),
    ...(policy === undefined ? [] : [tag("p", policy)]),
    ...(changed === undefined ? [] : [`fpxchanged${changed}`]),
    ...(bin === undefined ? [] : [`fpxbin${bin}`]),
  ];
}

const tag = (kind: string, name: string | null): string =>
  name === null
    ? `fpx${kind}none`
    : `fpx${kind}${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
