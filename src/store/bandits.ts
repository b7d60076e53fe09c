/** Bandits that route drafts: their states, the choices they made, and what their arms cost. */
import { sql } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import type { Store } from "./store.ts";

/** A bandit: arms by name, its options and its state as plain JSON. */
export interface BanditRecord {
  readonly name: string;
  readonly arms: readonly string[];
  readonly options: unknown;
  readonly state: unknown;
  readonly created: number;
  readonly updated: number;
}

/** A choice of an arm, whose cost may come later. */
export interface ChoiceRecord {
  readonly id: string;
  readonly segment: string;
  readonly arm: string;
  /** The bandit's own name of the choice. */
  readonly ticket: string;
}

/** A choice of the store. */
export interface StoredChoice extends ChoiceRecord {
  readonly bandit: string;
  readonly created: number;
  readonly settled: number | null;
  readonly cost: number | null;
}

/** What came of a bandit in one transaction. */
export interface BanditChange {
  readonly state: unknown;
  /** Choices that it made. */
  readonly made: readonly ChoiceRecord[];
  /** Costs that came for open choices. */
  readonly settled: readonly { readonly choice: ChoiceRecord; readonly cost: number }[];
  /** Choices whose cost will never come. */
  readonly dropped: readonly ChoiceRecord[];
}

/** Keeps a new bandit; one that is there stays. Throws `InvalidInput` when the one there has other arms. */
export async function createBandit(
  store: Store,
  { name, arms, options, state }: Omit<BanditRecord, "created" | "updated">,
): Promise<void> {
  const now = Date.now();
  await store.writer
    .insertInto("bandits")
    .values({
      name,
      arms: JSON.stringify(arms),
      options: JSON.stringify(options),
      state: JSON.stringify(state),
      created: now,
      updated: now,
    })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  const kept = await findBandit(store, name);
  if (kept?.arms.join("\n") !== arms.join("\n"))
    throw new InvalidInput(
      `the bandit ${name} has the arms ${kept?.arms.join(", ")}, not ${arms.join(", ")}: give it another name`,
      { code: "BANDIT_ARMS" },
    );
}

/** A bandit, or undefined. Inside a transaction, no one else changes it until the end. */
export async function findBandit(store: Store, name: string): Promise<BanditRecord | undefined> {
  let query = store.writer.selectFrom("bandits").selectAll().where("name", "=", name);
  if (store.backend === "postgres" && store.writer.isTransaction) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : banditOf(row);
}

/** All bandits. */
export async function listBandits(store: Store): Promise<readonly BanditRecord[]> {
  return (await store.reader.selectFrom("bandits").selectAll().orderBy("name").execute()).map(banditOf);
}

/** Choices by their ids. */
export async function findChoices(store: Store, ids: readonly string[]): Promise<readonly StoredChoice[]> {
  return ids.length === 0
    ? []
    : await store.reader.selectFrom("choices").selectAll().where("id", "in", ids).execute();
}

/** Open choices of a bandit, the oldest first. */
export async function openChoices(
  store: Store,
  bandit: string,
  limit: number,
): Promise<readonly StoredChoice[]> {
  return await store.reader
    .selectFrom("choices")
    .selectAll()
    .where("bandit", "=", bandit)
    .where("settled", "is", null)
    .orderBy("created")
    .limit(limit)
    .execute();
}

/** Keeps a bandit's new state with the choices and costs that led to it; to be called inside a transaction. */
export async function changeBandit(store: Store, name: string, change: BanditChange): Promise<void> {
  const { writer } = store;
  const { state, made, settled, dropped } = change;
  const now = Date.now();
  await writer
    .updateTable("bandits")
    .set({ state: JSON.stringify(state), updated: now })
    .where("name", "=", name)
    .execute();
  for (let at = 0; at < made.length; at += 500)
    await writer
      .insertInto("choices")
      .values(made.slice(at, at + 500).map((choice) => ({ ...choice, bandit: name, created: now })))
      .execute();
  for (const { choice, cost } of settled)
    await writer.updateTable("choices").set({ settled: now, cost }).where("id", "=", choice.id).execute();
  if (dropped.length > 0)
    await writer
      .updateTable("choices")
      .set({ settled: now })
      .where(
        "id",
        "in",
        dropped.map(({ id }) => id),
      )
      .execute();

  const sums = new Map<string, ArmSums & { readonly segment: string; readonly arm: string }>();
  const sum = ({ segment, arm }: ChoiceRecord) => {
    const key = JSON.stringify([segment, arm]);
    let entry = sums.get(key);
    if (entry === undefined) sums.set(key, (entry = { segment, arm, pulls: 0, n: 0, cost: 0, squares: 0 }));
    return entry;
  };
  for (const choice of made) sum(choice).pulls++;
  for (const choice of dropped) sum(choice).pulls--;
  for (const { choice, cost } of settled) {
    const entry = sum(choice);
    entry.n++;
    entry.cost += cost;
    entry.squares += cost ** 2;
  }
  if (sums.size === 0) return;
  const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => ({ bandit: name, ...row }));
  await writer
    .insertInto("arms")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["bandit", "segment", "arm"]).doUpdateSet({
        pulls: sql<number>`arms.pulls + excluded.pulls`,
        n: sql<number>`arms.n + excluded.n`,
        cost: sql<number>`arms.cost + excluded.cost`,
        squares: sql<number>`arms.squares + excluded.squares`,
      }),
    )
    .execute();
  for (const segment of new Set(settled.map(({ choice }) => choice.segment)))
    await note(store, name, segment, now);
}

interface ArmSums {
  pulls: number;
  n: number;
  cost: number;
  squares: number;
}

/** What is known of an arm. */
export interface ArmRecord {
  readonly segment: string;
  readonly arm: string;
  /** Choices made. */
  readonly pulls: number;
  /** Costs received. */
  readonly n: number;
  readonly meanCost: number;
  /** Standard deviation of the cost. */
  readonly deviation: number;
}

/** The arms of a bandit, by segment. */
export async function listArms(store: Store, bandit: string): Promise<readonly ArmRecord[]> {
  const rows = await store.reader
    .selectFrom("arms")
    .selectAll()
    .where("bandit", "=", bandit)
    .orderBy("segment")
    .orderBy("arm")
    .execute();
  return rows.map(({ segment, arm, pulls, n, cost, squares }) => {
    const meanCost = n === 0 ? 0 : cost / n;
    const deviation = n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - meanCost ** 2));
    return { segment, arm, pulls, n, meanCost, deviation };
  });
}

/** The arms' sums after `n` costs in all. */
export interface ArmHistory {
  readonly n: number;
  readonly at: number;
  readonly arms: readonly { readonly arm: string; readonly n: number; readonly cost: number }[];
}

/** How the arms' sums grew; the points lie denser at the beginning. */
export async function listArmHistory(
  store: Store,
  bandit: string,
  segment: string,
): Promise<readonly ArmHistory[]> {
  const rows = await store.reader
    .selectFrom("arm_history")
    .selectAll()
    .where("bandit", "=", bandit)
    .where("segment", "=", segment)
    .orderBy("n")
    .execute();
  return rows.map(({ n, at, arms }) => ({ n, at, arms: JSON.parse(arms) }));
}

/** Of n costs, about 100 log n points are kept. */
const HISTORY_GROWTH = 1.01;

async function note({ writer }: Store, bandit: string, segment: string, at: number): Promise<void> {
  const key = { bandit, segment };
  const last = await writer
    .selectFrom("arm_history")
    .select(({ fn }) => fn.max("n").as("n"))
    .where("bandit", "=", bandit)
    .where("segment", "=", segment)
    .executeTakeFirst();
  const arms = await writer
    .selectFrom("arms")
    .select(["arm", "n", "cost"])
    .where("bandit", "=", bandit)
    .where("segment", "=", segment)
    .orderBy("arm")
    .execute();
  const n = arms.reduce((sum, arm) => sum + arm.n, 0);
  if (n <= (last?.n ?? 0) * HISTORY_GROWTH) return;
  await writer
    .insertInto("arm_history")
    .values({ ...key, n, at, arms: JSON.stringify(arms) })
    .execute();
}

function banditOf(row: {
  readonly name: string;
  readonly arms: string;
  readonly options: string;
  readonly state: string;
  readonly created: number;
  readonly updated: number;
}): BanditRecord {
  const { arms, options, state, ...rest } = row;
  return { ...rest, arms: JSON.parse(arms), options: JSON.parse(options), state: JSON.parse(state) };
}
