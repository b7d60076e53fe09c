/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type RunResult, run, type Snapshot, type Solver } from "fpx";
import {
  addEdits,
  type CertifiedRule,
  createToken,
  endRun,
  findRun,
  listEdits,
  loadSnapshot,
  openStore,
  type RunRecord,
  type RunStatus,
  recordRun,
  type Scope,
  type Store,
} from "fpx/store";
import { expectTypeOf, test } from "vitest";

declare const store: Store;
declare const solver: Solver<{ readonly fingerprint: string }, { readonly x: number }, string>;
const problem = { fingerprint: "p" };

test("rows are typed, what is stored as JSON is unknown", async () => {
  expectTypeOf(await openStore(":memory:")).toEqualTypeOf<Store>();
  expectTypeOf(await findRun(store, "r")).toEqualTypeOf<RunRecord | undefined>();
  expectTypeOf<RunRecord["result"]>().toBeUnknown();
  expectTypeOf<RunStatus>().toEqualTypeOf<
    "running" | "done" | "converged" | "budget" | "stalled" | "diverged" | "cancelled" | "failed"
  >();
  expectTypeOf((await listEdits(store, { order: "costliest" })).next).toEqualTypeOf<string | null>();
  expectTypeOf<CertifiedRule["verdict"]>().toEqualTypeOf<"certified" | "violated" | "unknown">();
  // @ts-expect-error: there is no such order.
  listEdits(store, { order: "oldest" });
  // @ts-expect-error: an edit has a cost, and by which definition.
  addEdits(store, [{ id: "e", created: 0, context: "", draft: "", edited: "" }]);
  // @ts-expect-error: a run ends with a status.
  endRun(store, "r", {});
  // @ts-expect-error: a store is read only.
  store.backend = "postgres";
});

test("a recorded run gives what the run gave", async () => {
  const outcome = await recordRun(store, { name: "n", command: "mine" }, (recorded) =>
    run(solver, problem, { seed: 1, ...recorded }),
  );
  expectTypeOf(outcome).toEqualTypeOf<RunResult<{ readonly x: number }, string>>();
  expectTypeOf(await loadSnapshot(store, "r")).toEqualTypeOf<Snapshot<unknown> | undefined>();
  const from = await loadSnapshot<{ readonly x: number }>(store, "r");
  if (from) run(solver, problem, { seed: 1, from });
  // @ts-expect-error: a snapshot of another state.
  run(solver, problem, { seed: 1, from: {} as Snapshot<{ readonly y: number }> });
});

test("tokens have scopes", () => {
  expectTypeOf<Scope>().toEqualTypeOf<"read" | "write:edits" | "admin">();
  createToken(store, "app", ["read", "write:edits"]);
  // @ts-expect-error: there is no such scope.
  createToken(store, "app", ["write"]);
});
