import { basename } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Executor, inline } from "../src/core/index.ts";
import { threads } from "../src/executors/index.ts";
import { bitsOf, loadStudy, studies } from "./support/studies.ts";

/** Those that ask one question at a time: nothing is gained there by answering elsewhere. */
const ONE_BY_ONE = ["inference.ts", "manifolds.ts"];

describe.each(studies)("%s", (module) => {
  it("asks its executor, several questions at once where the method has them", async () => {
    let most = 0;
    const counting: Executor = {
      ask(batch, signal) {
        most = Math.max(most, batch.questions.length);
        return inline.ask(batch, signal);
      },
      close: () => inline.close(),
    };
    await bitsOf(await loadStudy(module), 1, counting);
    if (ONE_BY_ONE.includes(basename(module))) expect(most).toBe(1);
    else expect(most).toBeGreaterThan(1);
  });

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
