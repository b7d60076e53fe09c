import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import {
  addEdits,
  countEdits,
  type EditPage,
  editCostHistogram,
  editDays,
  editGroups,
  editTotals,
  findEdit,
  listEdits,
  type NewEdit,
  openStore,
  type Store,
} from "./index.ts";

const EDITS = Number(process.env["FPX_EDITS"] ?? 1_000_000);
const BATCH = 5000;
const WORDS =
  "please send report invoice budget meeting office team update schedule Friday Monday before after with about the a to of and for new".split(
    " ",
  );

let folder: string;
let store: Store;
let rate = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-million-"));
  store = await openStore(join(folder, "fpx.db"));
  const draws = createRng(1).draws("log");
  const text = (words: number) => Array.from({ length: words }, () => draws.pick(WORDS)).join(" ");
  const start = Date.UTC(2026, 0, 1);
  let spent = 0;
  for (let at = 0; at < EDITS; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, k): NewEdit => {
      const i = at + k;
      const draft = `Dear Ann, ${text(30)}`;
      const changes = draws.uniform() < 0.4 ? 0 : draws.integer(30);
      return {
        id: `edit-${i}`,
        created: start + i * 20_000,
        context: `Ask Ann about ${text(8)}`,
        draft,
        edited: changes === 0 ? draft : `Hi Ann, ${text(30)}${i % 100_000 === 7 ? " zanzibar" : ""}`,
        policy: ["base", "sft", "dpo", "early"][i % 4],
        user: `user-${draws.integer(20_000)}`,
        source: "test",
        definition: "levenshtein/words@1/draft",
        cost: changes / 32,
        changes,
        draftTokens: 32,
        editedTokens: 32,
        changed: changes > 0,
      };
    });
    const began = performance.now();
    await addEdits(store, batch);
    spent += performance.now() - began;
  }
  rate = (1000 * EDITS) / spent;
}, 1_800_000);

afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The median of five, in milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let k = 0; k < 5; k++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[2]!;
}

describe(`a log of ${EDITS} edits in SQLite`, () => {
  it("takes at least 5,000 edits a second in batches", async () => {
    const { size } = await stat(join(folder, "fpx.db"));
    process.stdout.write(`insert ${rate.toFixed(0)} edits/s, file ${(size / 1e6).toFixed(0)} MB\n`);
    expect(rate).toBeGreaterThan(5000);
  });

  it("answers each of its pages' questions in less than 300 ms", async () => {
    const pages: Readonly<Record<string, EditPage>> = {
      newest: {},
      "a user": { user: "user-77" },
      "a policy": { policy: "dpo" },
      "a user and a policy": { user: "user-77", policy: "dpo" },
      changed: { changed: true },
      accepted: { changed: false },
      costliest: { order: "costliest" },
      "costliest of a user": { order: "costliest", user: "user-77" },
      "costliest of a policy": { order: "costliest", policy: "dpo" },
      "costliest accepted": { order: "costliest", changed: false },
      "a cost bin": { bin: 12 },
      "a cost bin of a policy": { bin: 12, policy: "dpo" },
      "a rare word": { search: "zanzibar" },
      "a common word": { search: "please" },
      "two common words": { search: "please report" },
      "a common word of a user": { search: "please", user: "user-77" },
      "a common word, costliest": { search: "please", order: "costliest" },
      "a rare word, costliest": { search: "zanzibar", order: "costliest" },
      "no such word": { search: "xylophone" },
      "no such user": { user: "nobody" },
    };
    const work: [string, () => Promise<unknown>][] = Object.entries(pages).flatMap(([name, page]) => {
      const { order: _, ...filter } = page;
      return [
        [`list ${name}`, () => listEdits(store, page)],
        [`count ${name}`, () => countEdits(store, filter)],
      ];
    });
    work.push(
      ["totals", () => editTotals(store)],
      ["totals of a user", () => editTotals(store, { user: "user-77" })],
      ["histogram", () => editCostHistogram(store)],
      ["histogram of a policy", () => editCostHistogram(store, { policy: "sft" })],
      ["days", () => editDays(store)],
      ["users", () => editGroups(store, "user")],
      ["users of a policy", () => editGroups(store, "user", { policy: "sft" })],
      ["policies", () => editGroups(store, "policy")],
      ["policies of a user", () => editGroups(store, "policy", { user: "user-77" })],
      ["one edit", () => findEdit(store, "edit-500")],
      ["a deep page", () => listEdits(store, { after: String(Math.floor(EDITS / 2)) })],
    );
    const slow: string[] = [];
    for (const [name, query] of work) {
      const milliseconds = await timed(query);
      process.stdout.write(`${name}: ${milliseconds.toFixed(1)} ms\n`);
      if (milliseconds > 300) slow.push(`${name}: ${milliseconds.toFixed(0)} ms`);
    }
    expect(slow).toEqual([]);
  });
});
