/** Drafts that wait for their edit. */
import type { StoredMessage } from "./edits.ts";
import type { Store } from "./store.ts";
import { checkTexts } from "./texts.ts";

/** A draft as it was shown to its user. */
export interface DraftRecord {
  readonly id: string;
  readonly created: number;
  readonly context: string | readonly StoredMessage[];
  readonly draft: string;
  readonly policy?: string;
  readonly user?: string;
  /** The bandit's choice that it came from. */
  readonly choice?: string;
}

/** Keeps a draft. Throws `InvalidInput` for a text that no database keeps. */
export async function addDraft(store: Store, draft: DraftRecord): Promise<void> {
  const { context, policy, user, choice, ...rest } = draft;
  const row = {
    ...rest,
    context: JSON.stringify(context),
    policy: policy ?? null,
    editor: user ?? null,
    choice: choice ?? null,
  };
  checkTexts("the draft", row);
  await store.writer.insertInto("drafts").values(row).execute();
}

/** A draft, or undefined. */
export async function findDraft(store: Store, id: string): Promise<DraftRecord | undefined> {
  const row = await store.reader.selectFrom("drafts").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return undefined;
  const { context, policy, editor, choice, ...rest } = row;
  return {
    ...rest,
    context: JSON.parse(context),
    ...(policy === null ? {} : { policy }),
    ...(editor === null ? {} : { user: editor }),
    ...(choice === null ? {} : { choice }),
  };
}
