/** Policies that were trained or configured. */
import type { Store } from "./store.ts";

/** A drafting policy; `details` says what it is made of. */
export interface PolicyRecord {
  readonly name: string;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly created: number;
  /** A person whose edits may have taught it asked to be forgotten since. */
  readonly stale: boolean;
}

/** Keeps a policy in place of one of the same name. */
export async function savePolicy(
  store: Store,
  policy: Omit<PolicyRecord, "created" | "stale">,
): Promise<void> {
  const row = { kind: policy.kind, details: JSON.stringify(policy.details), created: Date.now(), stale: 0 };
  await store.writer
    .insertInto("policies")
    .values({ name: policy.name, ...row })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
    .execute();
}

/** All policies by name. */
export async function listPolicies(store: Store): Promise<readonly PolicyRecord[]> {
  const rows = await store.reader.selectFrom("policies").selectAll().orderBy("name").execute();
  return rows.map(({ details, stale, ...rest }) => ({
    ...rest,
    details: JSON.parse(details),
    stale: stale === 1,
  }));
}
