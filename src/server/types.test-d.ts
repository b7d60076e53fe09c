/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type Drafter, measure, type RunningServer, startServer } from "fpx/server";
import type { NewEdit, Store } from "fpx/store";
import { expectTypeOf, test } from "vitest";

declare const store: Store;

test("a server is started on a store", async () => {
  const drafters = { base: { kind: "model", draft: async () => "Dear" } satisfies Drafter };
  const server = await startServer(store, { port: 0, drafters, rateLimit: { perSecond: 5, burst: 9 } });
  expectTypeOf(server).toEqualTypeOf<RunningServer>();
  expectTypeOf(server.url).toBeString();
  // @ts-expect-error: a port is a number.
  startServer(store, { port: "8080" });
  // @ts-expect-error: a limit has two parts.
  startServer(store, { rateLimit: { perSecond: 5 } });
  // @ts-expect-error: a draft is a text.
  startServer(store, { drafters: { base: { kind: "model", draft: async () => 3 } } });
  // @ts-expect-error: a server needs its store.
  startServer({ port: 0 });
  // @ts-expect-error: the address is read only.
  server.url = "";
});

test("what an edit costs is measured as the log has it", () => {
  const measured = measure({ draft: "a b", edited: "a c" });
  expectTypeOf(measured.cost).toEqualTypeOf<NewEdit["cost"]>();
  expectTypeOf(measured.changed).toBeBoolean();
  // @ts-expect-error: both texts are needed.
  measure({ draft: "a b" });
});
