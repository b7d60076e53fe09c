/** Parting a log into what is learned from and what is held out. */

import { InvalidInput } from "../core/errors.ts";
import { createRng, type Seed } from "../random/index.ts";
import { comparable, contextKey, type EditRecord } from "./record.ts";

/** Options of `splitLog`. */
export interface SplitOptions {
  /** Held-out records: a share below 1 (default 0.1) or a whole number. What is held out comes close to it. */
  readonly validation?: number;
  readonly seed: Seed;
  /**
   * What stays together. "draft": all edits of one draft text. "user": these, and all edits of one user. "auto" (the
   * default): "user" where every record names its user and so many users can be held out that between half and twice
   * the wanted number of records comes out, else "draft".
   */
  readonly by?: "auto" | "draft" | "user";
}

/** A parted log; both sides keep the order of the log. */
export interface Split {
  readonly train: readonly EditRecord[];
  readonly validation: readonly EditRecord[];
  /** Indices into the log of the held-out records. */
  readonly held: readonly number[];
  /** What was kept together. */
  readonly by: "draft" | "user";
  /** How many groups of records there were to choose from. */
  readonly groups: number;
}

/**
 * Holds out whole groups of records, taken in a random order that follows from the seed. A group is a connected
 * component: records are tied by the same draft text (and with it by the same context and draft), with "user" also by
 * the same user. So no draft stands on both sides; this is checked before the split is returned.
 *
 * Throws `InvalidInput`: for a log of fewer than two groups, a number held out that leaves nothing to learn from, and
 * for "user" where no set of users comes near that number.
 *
 * @example const { train, validation } = splitLog(records, { seed: 0 });
 */
export function splitLog(records: readonly EditRecord[], options: SplitOptions): Split {
  const wanted = heldCount(records.length, options.validation ?? 0.1);
  const by = options.by ?? "auto";
  if (by !== "auto" && by !== "draft" && by !== "user") {
    throw new InvalidInput(`by must be "auto", "draft" or "user"; got ${JSON.stringify(by)}`);
  }
  const order = (n: number): Uint32Array => createRng(options.seed).stream("edits/split").permutation(n);
  const named = records.every((record) => record.user !== undefined);
  if (by === "user" && !named)
    throw new InvalidInput('by: "user" needs a user in every record; use by: "draft"');
  if (by === "user" || (by === "auto" && named)) {
    const groups = groupRecords(records, true);
    const held = choose(groups, wanted, order(groups.length));
    const size = countIn(groups, held);
    if (groups.length > 1 && 2 * size >= wanted && size <= 2 * wanted)
      return parted(records, groups, held, "user");
    if (by === "user") {
      throw new InvalidInput(
        `users cannot be kept apart: records tied by user or draft form ${groups.length} group(s), and none gives about ${wanted} of ${records.length} records; use by: "draft"`,
      );
    }
  }
  const groups = groupRecords(records, false);
  if (groups.length < 2) {
    throw new InvalidInput(
      `the log has one draft only (${records.length} records), so none can be held out; log edits of more drafts`,
    );
  }
  return parted(records, groups, choose(groups, wanted, order(groups.length)), "draft");
}

/** Throws `InvalidInput` with code `SPLIT_OVERLAP` if a draft text, or a context and draft, is on both sides. */
export function assertDisjoint(train: readonly EditRecord[], validation: readonly EditRecord[]): void {
  const drafts = new Set(train.map(draftKey));
  const shared = validation.findIndex((record) => drafts.has(draftKey(record)));
  if (shared < 0) return;
  throw new InvalidInput(
    `the draft of held-out record ${shared} is also in the training part; split with splitLog, which keeps edits of one draft together`,
    { code: "SPLIT_OVERLAP" },
  );
}

function heldCount(n: number, validation: number): number {
  const count = validation < 1 ? Math.max(1, Math.round(validation * n)) : validation;
  if (!(validation > 0) || !Number.isInteger(count)) {
    throw new InvalidInput(
      `validation must be a share between 0 and 1 or a whole number of records; got ${validation}`,
    );
  }
  if (count >= n) {
    throw new InvalidInput(
      `${count} records cannot be held out of ${n}: nothing would be left to learn from`,
    );
  }
  return count;
}

/** Indices of the records of each group, groups in order of their first record. */
function groupRecords(records: readonly EditRecord[], withUsers: boolean): number[][] {
  const groups = tiedRecords(records, withUsers, true);
  // One context for the whole log (or none) says nothing about what belongs together.
  return groups.length > 1 ? groups : tiedRecords(records, withUsers, false);
}

function tiedRecords(records: readonly EditRecord[], withUsers: boolean, withContexts: boolean): number[][] {
  const parent = Int32Array.from(records, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!;
    return i;
  };
  const firstOf = new Map<string, number>();
  const tie = (key: string, i: number): void => {
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, i);
    else parent[root(i)] = root(first);
  };
  records.forEach((record, i) => {
    tie(`draft ${draftKey(record)}`, i);
    const context = contextKey(record.context);
    if (withContexts && context !== "") tie(`context ${context}`, i);
    if (withUsers) tie(`user ${record.user}`, i);
  });
  const groups = new Map<number, number[]>();
  records.forEach((_, i) => {
    const group = groups.get(root(i));
    if (group === undefined) groups.set(root(i), [i]);
    else group.push(i);
  });
  return [...groups.values()];
}

/** The same for drafts that must stay together; empty drafts are told apart by their contexts. */
function draftKey(record: EditRecord): string {
  const draft = comparable(record.draft);
  return draft.trim() === "" ? `\u0000${contextKey(record.context)}` : draft;
}

/** Groups in `order` as long as they fit into `wanted`; if none fits, the smallest. */
function choose(groups: readonly (readonly number[])[], wanted: number, order: Uint32Array): Set<number> {
  const held = new Set<number>();
  let size = 0;
  let smallest = order[0]!;
  for (const g of order) {
    if (groups[g]!.length < groups[smallest]!.length) smallest = g;
    if (size + groups[g]!.length > wanted) continue;
    held.add(g);
    size += groups[g]!.length;
  }
  return held.size > 0 ? held : new Set([smallest]);
}

function countIn(groups: readonly (readonly number[])[], chosen: ReadonlySet<number>): number {
  let count = 0;
  for (const g of chosen) count += groups[g]!.length;
  return count;
}

function parted(
  records: readonly EditRecord[],
  groups: readonly (readonly number[])[],
  chosen: ReadonlySet<number>,
  by: Split["by"],
): Split {
  const held = [...chosen].flatMap((g) => groups[g]!).sort((a, b) => a - b);
  const inValidation = new Set(held);
  const train = records.filter((_, i) => !inValidation.has(i));
  const validation = held.map((i) => records[i]!);
  assertDisjoint(train, validation);
  return { train, validation, held, by, groups: groups.length };
}
