/** Forgetting a person: their rows, what was counted from them, and what may have learned from them. */
import { InvalidInput } from "../core/errors.ts";
import { summarise } from "./edit-summaries.ts";
import { unindexEdits } from "./search.ts";
import type { Store } from "./store.ts";

/** What left the store. */
export interface Forgotten {
  readonly edits: number;
  readonly drafts: number;
  /** Choices of bandits that their drafts came from, or that were made for them alone. */
  readonly choices: number;
}

/** Rows deleted at once. */
const CHUNK = 500;

/**
 * Deletes what a person left: edits with their entries in sums, days and the search index; drafts and the choices behind
 * them; the bandits' segments of the person's name; and their lines in the results of learning runs. Marks all policies as
 * stale, for they may have learned from the edits. A bandit's figures over several people stay: sums do not tell whose
 * costs they hold.
 * Throws `InvalidInput` for an empty name, which is the common segment's.
 */
export async function forgetUser(store: Store, user: string): Promise<Forgotten> {
  if (user === "") throw new InvalidInput("whom to forget: give the name of a person, as the edits have it");
  return store.transaction(async (inner) => {
    const { writer, backend } = inner;
    let edits = 0;
    while (true) {
      const rows = await writer
        .selectFrom("edits")
        .selectAll()
        .where("editor", "=", user)
        .limit(CHUNK)
        .execute();
      if (rows.length === 0) break;
      const seqs = rows.map(({ seq }) => seq);
      await summarise(writer, backend, rows, -1);
      await unindexEdits(writer, backend, seqs);
      await writer.deleteFrom("edits").where("seq", "in", seqs).execute();
      edits += rows.length;
    }
    const choices = await forgetChoices(inner, user);
    const drafts = await writer.deleteFrom("drafts").where("editor", "=", user).executeTakeFirst();
    if (edits > 0) {
      await writer.updateTable("policies").set({ stale: 1 }).execute();
      await forgetFigures(inner, user);
    }
    return { edits, drafts: Number(drafts.numDeletedRows), choices };
  });
}

/** Choices behind the person's drafts, and segments of their name. */
async function forgetChoices({ writer }: Store, user: string): Promise<number> {
  const { numDeletedRows } = await writer
    .deleteFrom("choices")
    .where((is) =>
      is.or([
        is("segment", "=", user),
        is("id", "in", (from) =>
          from
            .selectFrom("drafts")
            .select("choice")
            .where("editor", "=", user)
            .where("choice", "is not", null)
            .$castTo<{ choice: string }>(),
        ),
      ]),
    )
    .executeTakeFirst();
  await writer.deleteFrom("arms").where("segment", "=", user).execute();
  await writer.deleteFrom("arm_history").where("segment", "=", user).execute();
  for (const { name, state } of await writer.selectFrom("bandits").select(["name", "state"]).execute()) {
    const kept = JSON.parse(state) as { segments?: Record<string, unknown> };
    if (kept.segments === undefined || !Object.hasOwn(kept.segments, user)) continue;
    delete kept.segments[user];
    await writer
      .updateTable("bandits")
      .set({ state: JSON.stringify(kept) })
      .where("name", "=", name)
      .execute();
  }
  return Number(numDeletedRows);
}

/** Lines of runs' results that are about the person, such as those of adapters of their own. */
async function forgetFigures({ writer }: Store, user: string): Promise<void> {
  const runs = await writer
    .selectFrom("runs")
    .select(["id", "result"])
    .where("command", "=", "learn")
    .where("result", "is not", null)
    .execute();
  for (const { id, result } of runs) {
    const left = JSON.stringify(without(JSON.parse(result!), user));
    if (left !== result)
      await writer.updateTable("runs").set({ result: left }).where("id", "=", id).execute();
  }
}

/** Plain data without the list entries whose `user` is the person. */
function without(value: unknown, user: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value
      .filter((entry) => (entry as { user?: unknown } | null)?.user !== user)
      .map((entry) => without(entry, user));
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, without(entry, user)]));
}
