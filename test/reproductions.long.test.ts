import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { Row, RowContext } from "../experiments/reproduction.ts";
import { cluster, threads } from "../src/executors/index.ts";
import { loadReproduction, quickRun, rooms } from "./support/reproductions.ts";
import { startRedis } from "./support/services.ts";
import { startWorker } from "./support/workers.ts";

/** Rows that measure time ask nothing, and no two runs of them find the same. */
const TIMED = ["loan", "timings"];
const redis = await startRedis();
afterAll(() => redis?.stop());

/** Claims, and tables but for the one whose caption holds a time. */
async function found(row: Row, context: Partial<RowContext> = {}): Promise<unknown> {
  const { claims, tables, plots } = (await quickRun(row, context)).findings;
  return { claims, tables: row.id === "expense" ? [] : tables, plots };
}

describe.each(rooms)("quick rows of %s", (room) => {
  it("find the same here, in two threads, and on a cluster of one and three workers", async () => {
    const { study, source } = await loadReproduction(room);
    const rows = study.rows.filter(({ id }) => !TIMED.includes(id));
    const expected: unknown[] = [];
    for (const row of rows) expected.push(await found(row));

    const pool = threads(2, source);
    for (const [i, row] of rows.entries()) expect(await found(row, { executor: pool })).toEqual(expected[i]);
    await pool.close();

    if (redis === undefined) return;
    const module = fileURLToPath(source.module);
    const workers = [startWorker(redis.url, module, { name: "reproduction" })];
    const check = async () => {
      await Promise.all(workers.map(({ ready }) => ready));
      const executor = cluster(redis.url, source);
      for (const [i, row] of rows.entries()) expect(await found(row, { executor })).toEqual(expected[i]);
      await executor.close();
    };
    await check();
    workers.push(...[0, 1].map(() => startWorker(redis.url, module, { name: "reproduction" })));
    await check();
    await Promise.all(workers.map((worker) => worker.kill()));
  }, 3_600_000);
});
