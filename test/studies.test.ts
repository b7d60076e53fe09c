import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { threads } from "../src/executors/index.ts";
import { bitsOf, loadStudy, studies } from "./support/studies.ts";

describe.each(studies)("%s", (module) => {
  it("has the same bits inline and with 1, 2 and 5 threads, for any seed", async () => {
    const study = await loadStudy(module);
    const { fingerprint } = study.problem;
    const pools = [1, 2, 5].map((count) => threads(count, { module, fingerprint }, { inlineBelow: 0 }));
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const expected = await bitsOf(study, seed);
        for (const executor of pools) expect(await bitsOf(study, seed, executor)).toBe(expected);
      }),
      { numRuns: 3, seed: 1 },
    );
    await Promise.all(pools.map((pool) => pool.close()));
  }, 240_000);
});
