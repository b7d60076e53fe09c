import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/support/postgres.ts";
import { ask, type Problem, run, type Solver } from "../core/index.ts";
import {
  addCertificate,
  addDraft,
  addEdits,
  type BanditChange,
  beginRun,
  changeBandit,
  countEdits,
  createBandit,
  createToken,
  deleteRun,
  editCostHistogram,
  editDays,
  editGroups,
  editTotals,
  endRun,
  exportLines,
  findBandit,
  findChoices,
  findDraft,
  findEdit,
  findRun,
  findToken,
  forgetUser,
  importLines,
  listArmHistory,
  listArms,
  listCertificates,
  listEdits,
  listPoints,
  listPolicies,
  listRuns,
  listTokens,
  loadSnapshot,
  type NewEdit,
  newId,
  openStore,
  recordRun,
  requestStop,
  requireRun,
  revokeToken,
  SCHEMA,
  type Store,
  savePolicy,
} from "./index.ts";
import { migrate } from "./migrations.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import type { Tables } from "./tables.ts";

let folder: string;
let server: PostgresServer | undefined;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-store-"));
  server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const DAY = 86_400_000;

const edit = (i: number, more: Partial<NewEdit> = {}): NewEdit => ({
  id: `e${i}`,
  created: i * (DAY / 4),
  context: `Ask Ann for report ${i}.`,
  draft: `Dear Ann, please send report ${i}.`,
  edited: `Hi Ann, please send report ${i}${i % 3 === 0 ? "" : " soon"}.`,
  policy: ["base", "sft"][i % 2],
  user: i % 5 === 0 ? undefined : `u${i % 3}`,
  source: "test",
  definition: "levenshtein/words@1/draft",
  cost: (i % 7) / 4,
  changes: i % 7,
  draftTokens: 8,
  editedTokens: 8 + (i % 2),
  changed: i % 7 !== 0,
  ...more,
});

interface Bowl extends Problem {
  readonly value: { readonly name: string; answer(x: number): number };
}
const bowl: Bowl = { fingerprint: "bowl@1", value: { name: "value", answer: (x) => x * x } };
const descent: Solver<Bowl, { x: number }, number> = {
  name: "descent",
  *init() {
    return { x: 1 };
  },
  *step(problem, { x }) {
    const [plus, minus] = yield* ask(problem.value, [x + 0.1, x - 0.1]);
    return { x: x - 0.1 * ((plus! - minus!) / 0.2) };
  },
  metrics: ({ x }) => ({ gap: x * x }),
  status: () => "running",
  result: (_, { x }) => x,
};

/** An edit as a row, written past the sums and the index. */
const bare = ({ user, policy, changed, draftTokens, editedTokens, context, ...row }: NewEdit) => ({
  ...row,
  context: JSON.stringify(context),
  policy: policy ?? null,
  editor: user ?? null,
  ts: null,
  meta: null,
  draft_tokens: draftTokens,
  edited_tokens: editedTokens,
  changed: changed ? 1 : 0,
  bin: Math.floor(row.cost / 0.05 + 1e-9),
});

const tablesOf = async (db: Kysely<Tables>) =>
  (await db.introspection.getTables()).filter(({ name }) => !/^(fpx_schema|edit_search|sqlite_)/.test(name));

/** A row in every table but those of edits: each text, number or JSON that fits its column. */
async function fill(db: Kysely<Tables>): Promise<void> {
  for (const { name, columns } of await tablesOf(db)) {
    if (name.startsWith("edit")) continue;
    const values = columns.map(({ name: column, dataType, isNullable }) => {
      if (isNullable) return null;
      if (/blob|bytea/i.test(dataType)) return Buffer.from([1, 0, 255]);
      return /text/i.test(dataType) ? `["${column}"]` : /double/i.test(dataType) ? 0.5 : 7;
    });
    await sql`insert into ${sql.table(name)} (${sql.join(columns.map((column) => sql.ref(column.name)))})
      values (${sql.join(values)})`.execute(db);
  }
}

/** A store over a database of any schema. */
function storeOver(db: Kysely<Tables>, backend: Store["backend"]): Store {
  const over = (inner: Kysely<Tables>): Store => ({
    backend,
    writer: inner,
    reader: inner,
    transaction: (work) => work(over(inner)),
    close: async () => undefined,
  });
  return { ...over(db), transaction: (work) => db.transaction().execute((inner) => work(over(inner))) };
}

/** All rows by table, in an order of their own. */
async function dump(db: Kysely<Tables>): Promise<Map<string, object[]>> {
  const kept = new Map<string, object[]>();
  for (const { name } of await tablesOf(db)) {
    const { rows } = await sql<object>`select * from ${sql.table(name)}`.execute(db);
    const plain = rows.map((row) => JSON.parse(JSON.stringify(row)) as object);
    if (rows.length > 0 || !name.startsWith("edit"))
      kept.set(
        name,
        plain.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      );
  }
  return kept;
}

const backends = ["sqlite", "sqlite in threads", "postgres"] as const;

for (const backend of backends) {
  const locate = async (): Promise<string> => {
    if (backend !== "postgres") return join(folder, `${++files}`, "fpx.db");
    if (server === undefined) throw new Error("PostgreSQL is not installed");
    return server.database();
  };
  const threads = backend === "sqlite in threads";

  describe(`the store on ${backend}`, () => {
    let location: string;
    let store: Store;
    beforeEach(async () => {
      location = await locate();
      store = await openStore(location, { threads });
    });
    afterEach(() => store?.close());

    it("keeps edits, once each, and lists them by page and filter", async () => {
      const edits = Array.from({ length: 120 }, (_, i) => edit(i));
      const rich = edit(7, {
        context: [{ role: "user", content: "naïve 'quoted\"; drop table edits; -- <b>" }],
        meta: { a: [1, null], b: "x" },
        ts: "yesterday",
      });
      edits[7] = rich;
      expect((await addEdits(store, edits.slice(0, 60))).size).toBe(60);
      expect((await addEdits(store, [...edits.slice(50), edits[119]!])).size).toBe(60);
      expect((await addEdits(store, edits)).size).toBe(0);
      const all: string[] = [];
      let after: string | undefined;
      do {
        const page = await listEdits(store, { limit: 50, after });
        all.push(...page.edits.map(({ id }) => id));
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(all).toEqual(edits.map(({ id }) => id).reverse());
      const { seq, ...found } = (await findEdit(store, "e7"))!;
      expect(found).toEqual(rich);
      expect(seq).toBeGreaterThan(0);

      const filters = [
        { user: "u1" },
        { user: null },
        { policy: "sft", user: "u2" },
        { changed: false },
        { bin: 10 },
        { changed: true, policy: "base" },
      ];
      for (const filter of filters) {
        const expected = edits.filter(
          (e) =>
            (filter.user === undefined || (e.user ?? null) === filter.user) &&
            (filter.policy === undefined || e.policy === filter.policy) &&
            (filter.changed === undefined || e.changed === filter.changed) &&
            (filter.bin === undefined || e.cost === 0.5),
        );
        const { edits: listed } = await listEdits(store, { ...filter, limit: 500 });
        expect(listed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id).reverse());
        expect(await countEdits(store, filter)).toBe(expected.length);
        expect(expected.length).toBeGreaterThan(0);
      }
      const first = await listEdits(store, { order: "costliest", limit: 70 });
      const second = await listEdits(store, { order: "costliest", limit: 70, after: first.next! });
      const costs = [...first.edits, ...second.edits].map(({ cost }) => cost);
      expect(costs).toEqual(edits.map(({ cost }) => cost).sort((a, b) => b - a));
    });

    it("finds words in contexts, drafts and edited texts", async () => {
      await addEdits(store, [
        edit(0, { context: "About the Zürich office" }),
        edit(1, { draft: "A harmless draft", user: "u9" }),
        edit(2, { edited: "A harmless reply", user: "u8" }),
        edit(3, { context: [{ role: "system", content: "be brief\nplease" }] }),
      ]);
      const found = async (search: string, more = {}) =>
        (await listEdits(store, { search, ...more })).edits.map(({ id }) => id);
      expect(await found("zürich office")).toEqual(["e0"]);
      expect(await found("harmless")).toEqual(["e2", "e1"]);
      expect(await found("harmless", { user: "u9" })).toEqual(["e1"]);
      expect(await found("please brief", { changed: true })).toEqual(["e3"]);
      expect(await found("nothing of the sort")).toEqual([]);
      expect(await found(`"' OR 1=1 -- *`)).toEqual([]);
      expect(await found("***")).toEqual([]);
      expect(await countEdits(store, { search: "harmless" })).toBe(2);
    });

    it("keeps sums by user, policy, cost and day, and forgets a person", async () => {
      const edits = Array.from({ length: 90 }, (_, i) => edit(i));
      await addEdits(store, edits.slice(0, 30));
      await addEdits(store, edits.slice(20));
      const mean = (of: readonly NewEdit[]) => of.reduce((sum, { cost }) => sum + cost, 0) / of.length;
      const check = async (left: readonly NewEdit[]) => {
        const totals = await editTotals(store);
        expect(totals.n).toBe(left.length);
        expect(totals.meanCost).toBeCloseTo(mean(left), 12);
        expect(totals.editedRate).toBeCloseTo(left.filter(({ changed }) => changed).length / left.length, 12);
        const bySft = left.filter(({ policy }) => policy === "sft");
        expect((await editTotals(store, { policy: "sft" })).meanCost).toBeCloseTo(mean(bySft), 12);
        const groups = await editGroups(store, "user");
        for (const group of groups) {
          const own = left.filter(({ user }) => (user ?? null) === group.name);
          expect(group.n).toBe(own.length);
          expect(group.meanCost).toBeCloseTo(mean(own), 12);
        }
        expect(groups.reduce((sum, { n }) => sum + n, 0)).toBe(left.length);
        const { counts, width } = await editCostHistogram(store, { policy: "sft" });
        expect(counts[Math.round(1 / width)]).toBe(bySft.filter(({ cost }) => cost === 1).length);
        expect(counts.reduce((sum, n) => sum + n, 0)).toBe(bySft.length);
        const days = await editDays(store);
        expect(days.map(({ day }) => day)).toEqual([
          ...new Set(left.map(({ created }) => Math.floor(created / DAY))),
        ]);
        expect(days.reduce((sum, { n }) => sum + n, 0)).toBe(left.length);
      };
      await check(edits);
      await savePolicy(store, { name: "sft", kind: "adapter", details: {} });
      expect(await forgetUser(store, "u1")).toEqual({
        edits: edits.filter(({ user }) => user === "u1").length,
        drafts: 0,
        choices: 0,
      });
      await check(edits.filter(({ user }) => user !== "u1"));
      expect((await listEdits(store, { search: "report", user: "u1" })).edits).toEqual([]);
      expect((await listPolicies(store))[0]?.stale).toBe(true);
      await expect(addEdits(store, [edit(1000, { draft: "a\0b" })])).rejects.toThrow("draft holds a NUL");
      await expect(addEdits(store, [edit(1000, { edited: "\ud800" })])).rejects.toThrow("edited holds");
    });

    it("forgets a person's drafts, choices, segments and figures, and keeps those of others", async () => {
      const people = ["leaver", "stayer"] as const;
      await addEdits(
        store,
        people.map((user, i) => edit(i, { id: `of-${user}`, user })),
      );
      const segments = Object.fromEntries(["", ...people].map((name) => [name, { pulls: 1 }]));
      const arms = ["a", "b"];
      await createBandit(store, { name: "route", arms, options: {}, state: { segments } });
      const made = ["", ...people].flatMap((segment) =>
        people.map((user, i) => ({
          id: `${segment}/${user}`,
          segment,
          arm: "a",
          ticket: JSON.stringify([segment, i]),
        })),
      );
      const settled = made.map((choice) => ({ choice, cost: 0.5 }));
      await store.transaction((inner) =>
        changeBandit(inner, "route", { state: { segments }, made, settled, dropped: [] }),
      );
      for (const user of people)
        await addDraft(store, {
          id: `draft-${user}`,
          created: 1,
          context: "c",
          draft: "d",
          user,
          choice: `/${user}`,
        });
      const run = { id: newId(), name: "learn", command: "learn", seed: "1", version: "0" };
      await beginRun(store, run);
      const writers = people.map((user) => ({ user, nll: 1 }));
      await endRun(store, run.id, { status: "done", result: { n: 2, writers } });

      expect(await forgetUser(store, "leaver")).toEqual({ edits: 1, drafts: 1, choices: 3 });
      expect(await findDraft(store, "draft-leaver")).toBeUndefined();
      expect(await findDraft(store, "draft-stayer")).toBeDefined();
      const left = await findChoices(
        store,
        made.map(({ id }) => id),
      );
      expect(left.map(({ id }) => id).sort()).toEqual(["/stayer", "stayer/leaver", "stayer/stayer"]);
      expect((await findBandit(store, "route"))?.state).toEqual({
        segments: { "": { pulls: 1 }, stayer: { pulls: 1 } },
      });
      expect((await listArms(store, "route")).map(({ segment }) => segment)).toEqual(["", "stayer"]);
      expect((await findRun(store, run.id))?.result).toEqual({ n: 2, writers: [{ user: "stayer", nll: 1 }] });
      expect(await forgetUser(store, "leaver")).toEqual({ edits: 0, drafts: 0, choices: 0 });
      await expect(forgetUser(store, "")).rejects.toThrow("give the name of a person");
    });

    it("takes edits of several writers at once, all or none of a transaction", async () => {
      const second = await openStore(location, { threads });
      let reads = 0;
      let done = false;
      const reading = (async () => {
        while (!done) {
          const { n } = await editTotals(store);
          expect(n % 10).toBe(0);
          reads++;
        }
      })();
      await Promise.all(
        [store, second].map(async (writer, w) => {
          for (let batch = 0; batch < 20; batch++)
            await addEdits(
              writer,
              Array.from({ length: 10 }, (_, i) => edit(i, { id: `${w}-${batch}-${i}` })),
            );
        }),
      );
      done = true;
      await reading;
      expect(reads).toBeGreaterThan(0);
      expect(await countEdits(store, { changed: true })).toBe(2 * 20 * 8);
      expect((await editTotals(second)).n).toBe(400);
      await second.close();
    });

    it("records a run, its curves and its snapshot, and goes on with the same bits", async () => {
      const work = (from?: Awaited<ReturnType<typeof loadSnapshot>>, maxSteps = 200, id = "first") =>
        recordRun<{ x: number }, number>(
          store,
          { id, name: "bowl", command: "test", solver: "descent", seed: "7", summary: (x) => ({ x }) },
          (recorded) =>
            run(descent, bowl, {
              seed: 7,
              stop: { maxSteps },
              ...(from === undefined ? {} : { from: from as never }),
              ...recorded,
            }),
        );
      const half = await work(undefined, 100);
      expect(half.status).toBe("budget");
      const snapshot = await loadSnapshot(store, "first");
      expect(snapshot?.step).toBe(100);
      const whole = await work(snapshot);
      const { result } = await work(undefined, 200, "straight");
      expect(whole.result).toBe(result);
      const record = await requireRun(store, "fir");
      expect(record).toMatchObject({ status: "budget", steps: 200, calls: 400, result: { x: result } });
      const points = await listPoints(store, "first");
      expect(points.at(-1)).toMatchObject({ step: 200, calls: 400, metrics: { gap: result ** 2 } });
      expect((await listPoints(store, "first", { limit: 10 })).length).toBeLessThanOrEqual(11);
      expect((await listRuns(store)).map(({ id }) => id)).toEqual(["straight", "first"]);
      expect(await deleteRun(store, "first")).toBe(true);
      expect(await findRun(store, "first")).toBeUndefined();
      expect(await listPoints(store, "first")).toEqual([]);
      await expect(requireRun(store, "first")).rejects.toThrow("there is no run first");
    });

    it("stops a run on request, and says how one failed", async () => {
      const outcome = await recordRun<{ x: number }, number>(
        store,
        { id: "endless", name: "bowl", command: "test", everySeconds: 0.05 },
        (recorded) => {
          setTimeout(() => void requestStop(store, "endless"), 150);
          return run(descent, bowl, { seed: 1, ...recorded });
        },
      );
      expect(outcome.status).toBe("cancelled");
      expect((await findRun(store, "endless"))?.status).toBe("cancelled");
      expect((await loadSnapshot(store, "endless"))?.step).toBe(outcome.steps);
      const failing = recordRun(store, { id: "bad", name: "bad", command: "test" }, async () => {
        await expect(beginRun(store, { id: "bad", name: "bad", command: "test" })).rejects.toThrow(
          "going on",
        );
        await expect(deleteRun(store, "bad")).rejects.toThrow("stop it");
        throw new Error("broke");
      });
      await expect(failing).rejects.toThrow("broke");
      expect(await findRun(store, "bad")).toMatchObject({ status: "failed", error: "broke" });
      // What was reached stays recorded when going on fails at once.
      const again = recordRun(store, { id: "endless", name: "bowl", command: "test" }, async () => {
        throw new Error("no such file");
      });
      await expect(again).rejects.toThrow("no such file");
      const { steps, calls } = outcome;
      expect(await findRun(store, "endless")).toMatchObject({ status: "failed", steps, calls });
    });

    it("keeps bandits with their choices, arms and history", async () => {
      const bandit = { name: "desk", arms: ["base", "sft"], options: { alpha: 0.2 }, state: { round: 0 } };
      await createBandit(store, bandit);
      await createBandit(store, { ...bandit, state: { round: 9 } });
      await expect(createBandit(store, { ...bandit, arms: ["base"] })).rejects.toThrow("another name");
      const change = (more: Partial<BanditChange>) =>
        store.transaction(async (inner) => {
          const { state } = (await findBandit(inner, "desk"))!;
          await changeBandit(inner, "desk", {
            state: { round: (state as { round: number }).round + 1 },
            made: [],
            settled: [],
            dropped: [],
            ...more,
          });
        });
      const choices = Array.from({ length: 12 }, (_, i) => ({
        id: `c${i}`,
        segment: "",
        arm: bandit.arms[i % 2]!,
        ticket: `${i}`,
      }));
      await change({ made: choices });
      await change({ settled: choices.slice(0, 10).map((choice, i) => ({ choice, cost: i / 10 })) });
      await change({ dropped: [choices[10]!] });
      expect((await findBandit(store, "desk"))?.state).toEqual({ round: 3 });
      expect(await listArms(store, "desk")).toEqual([
        {
          segment: "",
          arm: "base",
          pulls: 5,
          n: 5,
          meanCost: expect.closeTo(0.4),
          deviation: expect.closeTo(0.28284, 4),
        },
        {
          segment: "",
          arm: "sft",
          pulls: 6,
          n: 5,
          meanCost: expect.closeTo(0.5),
          deviation: expect.closeTo(0.28284, 4),
        },
      ]);
      expect((await listArmHistory(store, "desk", "")).map(({ n }) => n)).toEqual([10]);
      expect((await findChoices(store, ["c3", "c11"])).map(({ id, cost }) => [id, cost]).sort()).toEqual([
        ["c11", null],
        ["c3", 0.3],
      ]);
    });

    it("keeps drafts, certificates and hashed tokens", async () => {
      const draft = { id: "d1", created: 5, context: "c", draft: "d", user: "u" };
      await addDraft(store, draft);
      expect(await findDraft(store, "d1")).toEqual(draft);
      await addCertificate(store, {
        name: "monotone",
        rules: [
          { rule: "f(x) rises in x1", verdict: "certified", slack: 0.2 },
          { rule: "f(x) <= 1", verdict: "unknown" },
        ],
      });
      expect((await listCertificates(store))[0]).toMatchObject({ name: "monotone", verdict: "unknown" });
      const { id, secret } = await createToken(store, "app", ["read", "write:edits"]);
      expect(secret).toMatch(/^fpx_/);
      expect(await findToken(store, secret)).toMatchObject({ id, scopes: ["read", "write:edits"] });
      const { rows } = await sql<{ hash: string }>`select * from tokens`.execute(store.reader);
      expect(JSON.stringify(rows)).not.toContain(secret.slice(18));
      await revokeToken(store, id);
      expect(await findToken(store, secret)).toBeUndefined();
      expect((await listTokens(store))[0]?.revoked).toBeGreaterThan(0);
      await expect(revokeToken(store, id)).rejects.toThrow("no token");
      await expect(createToken(store, "x", ["root" as never])).rejects.toThrow("the scope root");
    });

    it("goes out as JSON lines and comes back whole in a database of the other kind", async () => {
      await addEdits(
        store,
        Array.from({ length: 700 }, (_, i) => edit(i)),
      );
      await recordRun<{ x: number }, number>(store, { id: "r", name: "bowl", command: "test" }, (recorded) =>
        run(descent, bowl, { seed: 7, stop: { maxSteps: 50 }, ...recorded }),
      );
      await createToken(store, "secret", ["admin"]);
      const lines: string[] = [];
      for await (const line of exportLines(store)) lines.push(line);
      expect(lines.join("")).not.toContain('"tokens"');
      const other = await openStore(join(folder, `${++files}.db`));
      try {
        expect(await importLines(other, lines)).toMatchObject({ runs: 1, edits: 700, snapshots: 1 });
        expect(await importLines(other, lines)).toMatchObject({ runs: 0, edits: 0 });
        const again: string[] = [];
        for await (const line of exportLines(other)) again.push(line);
        expect(again).toEqual(lines);
        expect(await editTotals(other)).toEqual(await editTotals(store));
        expect(await countEdits(other, { search: "report" })).toBe(700);
        expect(await loadSnapshot(other, "r")).toEqual(await loadSnapshot(store, "r"));
        const one: string[] = [];
        for await (const line of exportLines(other, "r")) one.push(line);
        expect(one.filter((line) => line.includes('"edits"'))).toEqual([]);
        await expect(importLines(other, ['{"fpx":"store","schema":99}'])).rejects.toThrow("update fpx");
        const bad = [
          '{"table":"tokens","row":{"id":"x"}}',
          '{"table":"edits","row":{}}',
          '{"table":"runs","row":{"nothing":1}}',
          '{"table":"runs","row":{"id":"q","name":null}}',
          '{"table":"points","row":{"run":{"a":1},"step":1}}',
          '{"table":"points","row":[1]}',
        ];
        for (const line of bad)
          await expect(importLines(other, [lines[0]!, lines[1]!, line])).rejects.toThrow("line 3 is no row");
      } finally {
        await other.close();
      }
    });

    it("upgrades a database of every earlier schema, with all its rows", async () => {
      for (let from = 1; from < SCHEMA; from++) {
        const old = await locate();
        const dialect = backend === "postgres" ? await postgresDialect(old) : sqliteDialect(old, false);
        const db = new Kysely<Tables>({ dialect });
        const kind = backend === "postgres" ? "postgres" : "sqlite";
        await migrate(db, kind, from);
        await fill(db);
        const rows = Array.from({ length: 20 }, (_, i) => edit(i));
        if (from === 2) for (const row of rows) await db.insertInto("edits").values(bare(row)).execute();
        if (from > 2) await addEdits(storeOver(db, kind), rows);
        const before = await dump(db);
        expect(before.size).toBeGreaterThanOrEqual(from);
        await db.destroy();
        const upgraded = await openStore(old);
        try {
          const after = await dump(upgraded.reader);
          for (const [table, kept] of before) {
            expect(kept.length).toBeGreaterThan(0);
            expect(after.get(table)).toEqual(kept.map((row) => expect.objectContaining(row)));
          }
          if (from >= 2) {
            expect((await listEdits(upgraded)).edits.map(({ id }) => id).reverse()).toEqual(
              rows.map(({ id }) => id),
            );
            expect((await editTotals(upgraded, { policy: "sft" })).n).toBe(10);
            expect((await editTotals(upgraded)).meanCost).toBeCloseTo(
              rows.reduce((s, { cost }) => s + cost, 0) / 20,
              12,
            );
            expect(await countEdits(upgraded, { search: "report" })).toBe(20);
            expect((await editDays(upgraded)).reduce((s, { n }) => s + n, 0)).toBe(20);
          }
          expect((await listRuns(upgraded)).length).toBe(1);
          await addEdits(upgraded, [edit(900)]);
        } finally {
          await upgraded.close();
        }
      }
    });

    it("refuses a newer schema, and lets two processes migrate at once", async () => {
      const fresh = await locate();
      const both = await Promise.all([openStore(fresh), openStore(fresh)]);
      for (const one of both) await one.close();
      await sql`update fpx_schema set version = 99`.execute(store.writer);
      await expect(openStore(location)).rejects.toMatchObject({ code: "NEWER_SCHEMA" });
    });
  });
}

describe("openStore", () => {
  it("says what is wrong with a place", async () => {
    const text = join(folder, "text.db");
    await writeFile(text, "this is no database, but a text that is long enough to be looked at".repeat(99));
    await expect(openStore(text)).rejects.toMatchObject({ code: "STORE_OPEN" });
    await expect(openStore(text, { threads: true })).rejects.toMatchObject({ code: "STORE_OPEN" });
    await expect(openStore("mysql://x:secret@y")).rejects.toThrow("mysql://... is of no known kind");
    const gone = openStore("postgres://u:secret@127.0.0.1:1/none");
    await expect(gone).rejects.toMatchObject({ code: "STORE_OPEN" });
    await expect(gone).rejects.not.toThrow("secret");
  });
});
