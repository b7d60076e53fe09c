import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reproduction } from "../experiments/edits/index.ts";
import { STYLE_BITS, STYLE_USERS } from "../experiments/edits/style-bits.ts";
import { rollout } from "../experiments/edits/style-rows.ts";
import { answersOf } from "../experiments/reproduction.ts";
import { threads } from "../src/executors/index.ts";
import { root } from "./support/fpx.ts";
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

describe("the seeds of a reproduction", () => {
  it("get the same answers inline and in threads", async () => {
    const module = join(root, "experiments/edits/index.ts");
    const source = { module, export: "reproduction", fingerprint: reproduction.problem!.fingerprint };
    const executor = threads(2, source, { inlineBelow: 0 });
    const questions = [4, 5].flatMap((seed) => STYLE_USERS.map((user) => ({ seed, user })));
    const small = { ...STYLE_BITS, edits: 40, steps: 10, episodes: 20 };
    let told = 0;
    const ask = (context: Parameters<typeof answersOf>[0]) =>
      answersOf(context, rollout, questions, small, () => void told++);
    expect(await ask({ executor })).toEqual(await ask({}));
    expect(told).toBe(2 * questions.length);
    await executor.close();
  }, 120_000);
});
