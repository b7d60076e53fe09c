import { describe, expect, it } from "vitest";
import { decodeSnapshot, encodeSnapshot, InvalidInput, NonFinite, run } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  decodeReplayLog,
  encodeReplayLog,
  replay,
  rowWeights,
  type SeedReplayOptions,
  seedReplay,
} from "./index.ts";

const ROWS = 4;
const SIZES = [5, 3];
const D = 8;
const start = () => SIZES.map((size, k) => createRng(8).stream("weights", k).normals(new Float32Array(size)));
/** The gradient of each row's linear loss. */
const slopes = Array.from({ length: ROWS }, (_, row) =>
  createRng(9).stream("slopes", row).normals(new Float64Array(D)),
);
const bits = (parts: readonly Float32Array[]) =>
  parts.map((part) => [...new Uint32Array(part.buffer)].join());

/** Row's weights as one list. */
const rowOf = (copies: readonly Float32Array[], row: number) =>
  SIZES.flatMap((size, k) => [...copies[k]!.subarray(row * size, (row + 1) * size)]);

function linear(parameters: readonly Float32Array[]) {
  const problem = rowWeights(parameters, ROWS, () =>
    slopes.map((g, row) => rowOf(problem.copies, row).reduce((sum, w, i) => sum + g[i]! * w, 0)),
  );
  return problem;
}

const forward: SeedReplayOptions = { stepSize: 1, method: "forward", mu: 2 ** -7 };

describe("weights with a copy for each row", () => {
  it("probe each row along its own direction, from weights that rest", async () => {
    const parameters = start();
    const asked: number[][][] = [];
    const problem = rowWeights(parameters, ROWS, () => {
      asked.push(Array.from({ length: ROWS }, (_, row) => rowOf(problem.copies, row)));
      return new Float32Array(ROWS);
    });
    const options = { ...forward, numDirections: 2 };
    const { calls } = await run(seedReplay(options), problem, { seed: 3, stop: { maxSteps: 1 } });
    // Two that prove that losses repeat, the loss in common, and one a draw.
    expect([calls, asked.length]).toEqual([5, 5]);
    const rest = rowOf(start(), 0);
    for (const at of asked.slice(0, 3)) for (const row of at) expect(row).toEqual(rest);
    const directions = new Set<string>();
    for (const [draw, at] of asked.slice(3).entries())
      for (const [row, moved] of at.entries()) {
        const alone = Float32Array.from(rest);
        createRng(3)
          .stream("seed replay", 0, draw * ROWS + row)
          .perturb(alone, 2 ** -7, { law: "sign" });
        expect(moved).toEqual([...alone]);
        directions.add(moved.join());
      }
    expect(directions.size).toBeGreaterThan(2);
    expect(bits(parameters)).toEqual(bits(start()));
  });

  it("estimate the gradient of the mean loss without bias, with the variance of rows over their number", async () => {
    const draws = 4000;
    const log = (
      await run(seedReplay({ ...forward, numDirections: draws }), linear(start()), {
        seed: 4,
        stop: { maxSteps: 1 },
      })
    ).result;
    const mean = slopes[0]!.map((_, i) => slopes.reduce((sum, g) => sum + g[i]! / ROWS, 0));
    const square = (g: ArrayLike<number>) => Array.from(g).reduce((sum, x) => sum + x * x, 0);
    const expected = ((D - 1) * slopes.reduce((sum, g) => sum + square(g), 0)) / ROWS / ROWS;
    const total = new Float64Array(D);
    let variance = 0;
    for (let draw = 0; draw < draws; draw++) {
      const estimate = new Float64Array(D);
      for (let row = 0; row < ROWS; row++) {
        const k = draw * ROWS + row;
        const v = createRng(4).stream("seed replay", 0, k).perturb(new Float32Array(D), 1, { law: "sign" });
        const slope = -log.amounts[k]! * ROWS * draws;
        for (let i = 0; i < D; i++) estimate[i]! += (slope * v[i]!) / ROWS;
      }
      for (let i = 0; i < D; i++) total[i]! += estimate[i]! / draws;
      variance += square(estimate.map((x, i) => x - mean[i]!)) / draws;
    }
    // Six standard errors of each coordinate.
    for (let i = 0; i < D; i++)
      expect(Math.abs(total[i]! - mean[i]!)).toBeLessThan(6 * Math.sqrt(expected / (D - 1) / draws));
    expect(variance / expected).toBeGreaterThan(0.85);
    expect(variance / expected).toBeLessThan(1.15);
  });

  it("of one row are replayed and resumed to the bit: the parameters are never probed", async () => {
    const first = () => [createRng(8).stream("start").normals(new Float32Array(200))];
    const one = (parameters: readonly Float32Array[]) => {
      const problem: ReturnType<typeof rowWeights> = rowWeights(parameters, 1, () => [
        problem.copies[0]!.reduce((sum, x, i) => sum + (x - i / 200) ** 2, 0),
      ]);
      return problem;
    };
    const solver = seedReplay({ ...forward, stepSize: 1e-2, scaling: "rms", numDirections: 16 });
    const whole = first();
    const { result } = await run(solver, one(whole), { seed: 5, stop: { maxSteps: 40 } });
    const again = first();
    replay(again, result);
    expect(bits(again)).toEqual(bits(whole));
    const half = await run(solver, one(first()), { seed: 5, stop: { maxSteps: 17 } });
    const resumed = first();
    await run(solver, one(resumed), { seed: 5, stop: { maxSteps: 40 }, from: half.snapshot });
    expect(bits(resumed)).toEqual(bits(whole));
  });

  it("are replayed bit for bit from the file of the history, and go on from a snapshot", async () => {
    const solver = seedReplay({ ...forward, stepSize: 1e-2, scaling: "rms", numDirections: 3 });
    const whole = start();
    const { result } = await run(solver, linear(whole), { seed: 5, stop: { maxSteps: 40 } });
    const again = start();
    replay(again, decodeReplayLog(encodeReplayLog(result)));
    expect(bits(again)).toEqual(bits(whole));

    const half = await run(solver, linear(start()), { seed: 5, stop: { maxSteps: 17 } });
    const from = decodeSnapshot(encodeSnapshot(half.snapshot)) as typeof half.snapshot;
    const resumed = start();
    await run(solver, linear(resumed), { seed: 5, stop: { maxSteps: 40 }, from });
    expect(bits(resumed)).toEqual(bits(whole));
  });

  it("refuse no rows, losses of another number, and losses that are not finite", async () => {
    expect(() => rowWeights(start(), 0, () => [])).toThrow(/rows is 0.*at least 1/);
    expect(() => rowWeights([], 2, () => [0, 0])).toThrow(InvalidInput);
    const attempt = (losses: number[]) =>
      run(
        seedReplay(forward),
        rowWeights(start(), 2, () => losses),
        { seed: 1, stop: { maxSteps: 1 } },
      );
    await expect(attempt([1, 2, 3])).rejects.toThrow(/3 numbers for 2 rows/);
    await expect(attempt([1, Number.NaN])).rejects.toThrow(NonFinite);
    let calls = 0;
    const noisy = rowWeights(start(), 2, () => [0, ++calls]);
    await expect(run(seedReplay(forward), noisy, { seed: 1, stop: { maxSteps: 1 } })).rejects.toThrow(
      /loss of one batch is 1, then 2/,
    );
  });
});
