import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { cluster } from "../src/executors/index.ts";
import { startRedis } from "./support/services.ts";
import { bitsOf, loadStudy, studies } from "./support/studies.ts";
import { startWorker } from "./support/workers.ts";

const redis = await startRedis();
afterAll(() => redis?.stop());

describe.skipIf(redis === undefined).each(studies)("%s on a cluster", (module) => {
  it("has the same bits with 1 and 3 workers, for any seed", async () => {
    const study = await loadStudy(module);
    const { fingerprint } = study.problem;
    const workers = [startWorker(redis!.url, module, { name: "default" })];
    const check = () =>
      fc.assert(
        fc.asyncProperty(fc.nat(), async (seed) => {
          const executor = cluster(redis!.url, { module, fingerprint, inlineBelow: 0 });
          expect(await bitsOf(study, seed, executor)).toBe(await bitsOf(study, seed));
          await executor.close();
        }),
        { numRuns: 3, seed: 1 },
      );
    await workers[0]!.ready;
    await check();
    workers.push(...[0, 1].map(() => startWorker(redis!.url, module, { name: "default" })));
    await Promise.all(workers.map(({ ready }) => ready));
    await check();
    await Promise.all(workers.map((worker) => worker.kill()));
  });
});
