/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import type { Executor, Problem } from "fpx";
import { cluster, clusterWorker, loadModule, loadProblem, threads } from "fpx/executors";
import { expectTypeOf, test } from "vitest";

test("executors are made of a module and its fingerprint", async () => {
  const source = { module: new URL("file:///problem.js"), fingerprint: "problem@1" };
  expectTypeOf(threads(2, source)).toEqualTypeOf<Executor>();
  expectTypeOf(cluster("redis://localhost", source)).toEqualTypeOf<Executor>();
  expectTypeOf(clusterWorker("redis://localhost", { module: "problem.js" })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(await loadProblem({ module: "problem.js" })).toEqualTypeOf<Problem>();
  expectTypeOf(await loadModule("problem.js")).toEqualTypeOf<Readonly<Record<string, unknown>>>();
  // @ts-expect-error: without a fingerprint nobody could tell whether workers have the same problem.
  threads(2, { module: "problem.js" });
  // @ts-expect-error: a problem travels as a module, never as a value.
  threads(2, { fingerprint: "problem@1", answer: () => 1 });
  // @ts-expect-error: a number of threads comes first.
  threads(source);
  // @ts-expect-error: how long to wait is called patience.
  cluster("redis://localhost", { ...source, timeout: 3 });
});
