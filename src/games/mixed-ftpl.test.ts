import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { gridSearch, multistart } from "./box-search.ts";
import { type ContinuousGameSpec, continuousGame } from "./continuous-game.ts";
import { mixedFtpl, solveContinuousGame } from "./mixed-ftpl.ts";
import { samplePerturbation } from "./perturbation.ts";

const interval = { lower: [-1], upper: [1] };
const unit = { lower: [0], upper: [1] };
const squares: ContinuousGameSpec = {
  xBox: interval,
  yBox: interval,
  payoff: (x, y) => (x[0]! - y[0]!) ** 2,
};
const waves: ContinuousGameSpec = {
  xBox: unit,
  yBox: unit,
  payoff: (x, y) => Math.cos(2 * Math.PI * (x[0]! - y[0]!)),
};
const mean = (points: readonly Float64Array[], weights: readonly number[], f: (z: number) => number) =>
  points.reduce((sum, [z], k) => sum + weights[k]! * f(z!), 0);

describe("mixed equilibria", () => {
  it("of squared distance have the gap of the closed form, and put y at both ends", async () => {
    const found = await solveContinuousGame(continuousGame(squares), { samples: 64, iterations: 128 });
    const [x1, x2] = [1, 2].map((power) => mean(found.x.points, found.x.weights, (z) => z ** power)) as [
      number,
      number,
    ];
    const [y1, y2] = [1, 2].map((power) => mean(found.y.points, found.y.weights, (z) => z ** power)) as [
      number,
      number,
    ];
    // The grid holds the ends, where x is answered best, but the mean of y only within half a cell of 0.02.
    const closed = 1 + 2 * Math.abs(x1) + x2 - (y2 - y1 * y1);
    expect(Math.abs(found.nashConv - closed)).toBeLessThan(1.01e-4);
    expect(found.nashConv).toBeLessThan(0.05);
    expect(y2).toBeGreaterThan(0.95);
  });

  it("of a wave have the gap of the closed form", async () => {
    const found = await solveContinuousGame(continuousGame(waves), { samples: 64, iterations: 128 });
    const length = ({ points, weights }: typeof found.x) =>
      Math.hypot(
        mean(points, weights, (z) => Math.cos(2 * Math.PI * z)),
        mean(points, weights, (z) => Math.sin(2 * Math.PI * z)),
      );
    const closed = length(found.x) + length(found.y);
    expect(found.nashConv).toBeLessThanOrEqual(closed + 1e-9);
    expect(found.nashConv).toBeGreaterThan(0.99 * closed - 1e-9);
    expect(found.nashConv).toBeLessThan(0.03);
  });

  it("come from multistart search as well, whose answers are no worse than the grid's", async () => {
    const found = await solveContinuousGame(continuousGame({ ...waves, oracle: multistart() }), {
      samples: 16,
      iterations: 60,
      maxSupport: 128,
    });
    expect(found.nashConv).toBeLessThan(0.1);
    expect(found.thinned).toBe(true);
    const objective = (z: Float64Array) => Math.sin(9 * z[0]!) + 0.3 * Math.cos(31 * z[0]!);
    for (let j = 0; j < 50; j++) {
      const sigma = createRng(1).stream("sigma", j).normals(1);
      const stream = createRng(1).stream("starts", j);
      const value = (z: Float64Array) => objective(z) - sigma[0]! * z[0]!;
      const found = multistart({ startsPerDimension: 12 })(objective, sigma, unit, stream, undefined);
      const grid = gridSearch(1001)(objective, sigma, unit, stream, undefined);
      expect(value(found)).toBeLessThanOrEqual(value(grid) + 0.02);
      const kept = multistart()(objective, sigma, unit, stream, grid);
      expect(value(kept)).toBeLessThanOrEqual(value(grid));
    }
  });

  it("have the same bits, but for rounding, when the payoff is given by features", async () => {
    const turn = 2 * Math.PI;
    const both = (z: Float64Array) => [Math.cos(turn * z[0]!), Math.sin(turn * z[0]!)];
    const options = { samples: 8, iterations: 20 };
    const direct = await solveContinuousGame(continuousGame(waves), options);
    const through = await solveContinuousGame(
      continuousGame({ ...waves, payoff: { x: both, y: both } }),
      options,
    );
    expect(through.nashConv).toBeCloseTo(direct.nashConv, 9);
    expect(through.x.points).toEqual(direct.x.points);
    const uneven = continuousGame({ ...waves, payoff: { x: both, y: () => [1] } });
    await expect(solveContinuousGame(uneven, options)).rejects.toThrow("2 features of x and 1 of y");
  });

  it("take guesses of the caller, none, or the last round's points", async () => {
    const game = continuousGame(waves);
    const options = { samples: 16, iterations: 40 };
    const nobody = { points: [], weights: [] };
    const none = await solveContinuousGame(game, { ...options, guess: "none" });
    const empty = await solveContinuousGame(game, { ...options, guess: () => ({ x: nobody, y: nobody }) });
    expect(empty.nashConv).toBe(none.nashConv);
    const past = await solveContinuousGame(game, { ...options, guess: "past" });
    const same = await solveContinuousGame(game, {
      ...options,
      guess: (_, last) => last ?? { x: nobody, y: nobody },
    });
    expect(same.nashConv).toBeCloseTo(past.nashConv, 9);
    for (const [bad, message] of [
      [{ points: [Float64Array.of(2)], weights: [1] }, "outside its box"],
      [{ points: [Float64Array.of(0)], weights: [0] }, "not above 0"],
      [{ points: [Float64Array.of(0)], weights: [] }, "has length 0"],
    ] as const)
      await expect(
        solveContinuousGame(game, { ...options, guess: () => ({ x: bad, y: nobody }) }),
      ).rejects.toThrow(message);
  });

  it("refuse what cannot be meant", async () => {
    expect(() => continuousGame({ ...squares, xBox: { lower: [1], upper: [1] } })).toThrow("xBox is empty");
    expect(() => mixedFtpl({ samples: 0 })).toThrow("samples is 0");
    expect(() => mixedFtpl({ guess: "later" as "past" })).toThrow("use one of extragradient");
    const far = continuousGame({ ...squares, oracle: () => Float64Array.of(7) });
    await expect(solveContinuousGame(far)).rejects.toThrow("outside its box");
    const nan = continuousGame({ ...squares, payoff: () => Number.NaN });
    await expect(solveContinuousGame(nan)).rejects.toThrow("the payoff is NaN");
    await expect(solveContinuousGame(continuousGame(squares), { scale: "theory" })).rejects.toThrow(
      "needs lipschitz",
    );
  });
});

describe("perturbed best responses on a box", () => {
  it("move up when the perturbation does", () => {
    const noise = createRng(2).stream("bumps").normals(101);
    const objective = (z: Float64Array) => noise[Math.round(100 * z[0]!)]!;
    let last = 0;
    for (let k = 0; k < 200; k++) {
      const sigma = Float64Array.of(-10 + k / 10);
      const [z] = gridSearch(101)(objective, sigma, unit, createRng(1).stream(""), undefined);
      expect(z!).toBeGreaterThanOrEqual(last);
      last = z!;
    }
  });

  it("without perturbation are led by the nose: following the leader pays twice the best point's loss", () => {
    const rounds = 400;
    const grid = Array.from({ length: 101 }, (_, k) => k / 100);
    const totals = new Float64Array(101);
    let paid = 0;
    for (let t = 0; t < rounds; t++) {
      const leader = (z: Float64Array) => totals[Math.round(100 * z[0]!)]!;
      const still = new Float64Array(1);
      const play = gridSearch(101)(leader, still, unit, createRng(1).stream(""), undefined)[0]!;
      const tent = (z: number) => Math.max(0, 0.5 - Math.abs(z - play));
      paid += tent(play);
      for (const [k, z] of grid.entries()) totals[k]! += tent(z);
    }
    expect(paid / rounds).toBe(0.5);
    expect(Math.min(...totals) / rounds).toBeLessThanOrEqual(0.25);
  });

  it("are stable: a loss of slope 1 moves them by at most 4 d^2 / b on average", () => {
    const rng = createRng(3);
    for (const [d, perAxis] of [
      [1, 101],
      [2, 15],
    ] as const)
      for (const b of [1, 5, 20]) {
        const box = { lower: Array<number>(d).fill(0), upper: Array<number>(d).fill(1) };
        const slopes = rng.stream("slopes", d).uniforms(6 * d);
        const loss = (t: number) => (z: Float64Array) =>
          z.reduce((sum, value, i) => sum + Math.abs(value - slopes[t * d + i]!), 0);
        const upTo = (count: number) => (z: Float64Array) => {
          let sum = 0;
          for (let t = 0; t < count; t++) sum += loss(t)(z);
          return sum;
        };
        const [before, after] = [upTo(5), upTo(6)];
        const search = gridSearch(perAxis);
        let moved = 0;
        for (let j = 0; j < 1500; j++) {
          const stream = rng.stream("noise", d, j);
          const sigma = samplePerturbation("exponential", b, stream, d, false);
          const [z, w] = [before, after].map((f) => search(f, sigma, box, stream, undefined)) as [
            Float64Array,
            Float64Array,
          ];
          moved += z.reduce((sum, value, i) => sum + Math.abs(value - w[i]!), 0) / 1500;
        }
        expect(moved).toBeLessThanOrEqual((4 * d * d) / b);
      }
  });
});
