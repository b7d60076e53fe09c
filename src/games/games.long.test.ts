import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assignments, paths, trees, waves } from "../../test/fixtures/games/polytopes.ts";
import {
  ballBound,
  degenerateGame,
  meanGapOfBall,
  random50,
  slopesOnMatrices,
} from "../../test/support/games.ts";
import { run, runSync } from "../core/index.ts";
import { threads } from "../executors/index.ts";
import { solveContinuousGame } from "./mixed-ftpl.ts";
import { optimisticFtpl } from "./optimistic-ftpl.ts";
import { solveMatrixGame } from "./solve.ts";
import { spread } from "./vectors.ts";

const module = join(import.meta.dirname, "../../test/fixtures/games/polytopes.ts");

describe("optimistic FTPL at the sheet's sizes", () => {
  it("stays below the bound on a 50 by 50 game under the ball law, T = m = 256, five seeds", () => {
    expect(meanGapOfBall(random50(), 256, 5)).toBeLessThan(ballBound(random50(), 256));
  });

  it("has slopes of 1/T with optimism and T^-1/2 without, T = 32 to 512, m = 256, ten seeds", () => {
    const slopes = slopesOnMatrices([32, 64, 128, 256, 512], 256, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(slopes.past).toBeLessThanOrEqual(-0.85);
    expect(slopes.extragradient).toBeLessThanOrEqual(-0.85);
    expect(slopes.plain).toBeGreaterThanOrEqual(-0.65);
    expect(slopes.plain).toBeLessThanOrEqual(-0.35);
  });

  it("comes within 1e-3 of the range on 200 degenerate games", async () => {
    for (let k = 0; k < 200; k++) {
      const rows = degenerateGame(k);
      const { nashConv } = await solveMatrixGame(rows, { method: "optimistic-ftpl" });
      expect(nashConv).toBeLessThanOrEqual(1e-3 * spread(Float64Array.from(rows.flat())) + 1e-12);
    }
  });

  it("has the same bits for 1, 2 and 5 threads on assignments, paths and trees", async () => {
    for (const [name, game] of [
      ["assignments", assignments],
      ["paths", paths],
      ["trees", trees],
    ] as const)
      for (const count of [1, 2, 5]) {
        const source = { module, export: name, fingerprint: game.fingerprint };
        const executor = threads(count, source, { inlineBelow: 0 });
        for (const guess of ["extragradient", "past"] as const) {
          const solver = optimisticFtpl({ samples: 10, guess });
          const options = { seed: 3, stop: { maxSteps: 50 } };
          const { snapshot } = await run(solver, game, { ...options, executor });
          expect(snapshot.state).toEqual(runSync(solver, game, options).snapshot.state);
        }
        await executor.close();
      }
  });

  it("has the same bits with mixed strategies in threads", async () => {
    const options = { iterations: 10, samples: 8, evalEvery: 2, maxCalls: 500 };
    const expected = await solveContinuousGame(waves, options);
    const executor = threads(2, { module, export: "waves", fingerprint: "waves" }, { inlineBelow: 0 });
    expect(await solveContinuousGame(waves, { ...options, executor })).toEqual(expected);
    await executor.close();
    expect(expected.status).toBe("budget");
  });
});
