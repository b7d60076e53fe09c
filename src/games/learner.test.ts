import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { FtplLearner, type LearnerState } from "./learner.ts";
import { NonconvexFtplLearner } from "./nonconvex-learner.ts";
import { ballVolumeRatio } from "./perturbation.ts";
import { simplex } from "./sets/basic.ts";
import { dagPaths } from "./sets/graphs.ts";
import type { StrategySet } from "./sets/strategy-set.ts";

const rng = createRng(41);
const roads = dagPaths(
  {
    nodes: 4,
    edges: [
      [0, 1],
      [0, 2],
      [1, 2],
      [1, 3],
      [2, 3],
    ],
  },
  0,
  3,
);

/** Mean regret over seeds of some rounds. */
async function regret(
  set: StrategySet,
  rounds: number,
  options: { readonly scale?: number; readonly perturbation?: "ball" },
  gradient: (t: number) => Float64Array,
  hint: (t: number) => Float64Array | null,
): Promise<number> {
  let mean = 0;
  for (let seed = 0; seed < 20; seed++) {
    const learner = new FtplLearner({ set, seed, samples: 4, ...options });
    for (let t = 0; t < rounds; t++) {
      await learner.play(hint(t));
      learner.update(gradient(t));
    }
    mean += (await learner.regret()) / 20;
  }
  return mean;
}

describe("FtplLearner", () => {
  it("obeys the regret bound for linear losses, less of it the better the hints", async () => {
    for (const set of [roads, simplex(4)]) {
      const d = set.dimension;
      const [rounds, eta] = [100, 8];
      const gradient = (t: number) => rng.stream("losses", d, t).normals(d);
      const off = (t: number) =>
        gradient(t).map((g, i) => g + 0.3 * rng.stream("errors", d, t).normals(d)[i]!);
      const lipschitz = (set.diameter * ballVolumeRatio(d) * d) / ((d + 1) * eta);
      for (const hint of [() => null, off, gradient]) {
        let bound = (set.diameter * eta) / 2;
        for (let t = 0; t < rounds; t++) {
          const expected = hint(t);
          const error = gradient(t).map((g, i) => g - (expected?.[i] ?? 0));
          bound += (lipschitz / 2) * error.reduce((sum, e) => sum + e * e, 0);
        }
        expect(
          await regret(set, rounds, { scale: eta, perturbation: "ball" }, gradient, hint),
        ).toBeLessThanOrEqual(bound);
      }
      const [blind, told] = [
        await regret(set, rounds, {}, gradient, () => null),
        await regret(set, rounds, {}, gradient, gradient),
      ];
      expect(told).toBeLessThan(1);
      expect(blind).toBeGreaterThan(told);
      expect(blind / rounds).toBeLessThan(0.5);
    }
  });

  it("plays a vertex with one sample, and goes on from JSON with the same strategies", async () => {
    const options = { set: roads, seed: 2 };
    const learner = new FtplLearner(options);
    for (let t = 0; t < 5; t++) {
      const path = await learner.play();
      expect([...path].every((share) => share === 0 || share === 1)).toBe(true);
      learner.update(rng.stream("delays", t).uniforms(5));
    }
    const copy = FtplLearner.fromJSON(options, JSON.parse(JSON.stringify(learner)) as LearnerState);
    for (let t = 5; t < 10; t++) {
      expect(await copy.play()).toEqual(await learner.play());
      for (const one of [learner, copy]) one.update(rng.stream("delays", t).uniforms(5));
    }
    expect(await copy.regret()).toBe(await learner.regret());
  });

  it("refuses what cannot be meant", async () => {
    expect(() => new FtplLearner({ set: roads, scale: 0 })).toThrow("scale is 0");
    const learner = new FtplLearner({ set: roads });
    expect(() => learner.update([1, 2, 3, 4, 5])).toThrow("call play first");
    await expect(learner.play([1])).rejects.toThrow("hint has length 1");
    await learner.play();
    await expect(learner.play()).rejects.toThrow("call update before");
    expect(() => learner.update([1, 2, 3, 4, Number.NaN])).toThrow("NaN in place 4");
    expect(() => learner.toJSON()).toThrow("a round is open");
    learner.update([1, 2, 3, 4, 5]);
    const state = learner.toJSON();
    expect(() => FtplLearner.fromJSON({ set: simplex(5) }, state)).toThrow("not of simplex(5)");
    for (const damage of [{ version: 2 }, { sum: [1] }, { earned: null }, { round: -1 }, { tuning: {} }])
      expect(() =>
        FtplLearner.fromJSON({ set: roads }, { ...state, ...damage } as unknown as LearnerState),
      ).toThrow();
  });
});

describe("NonconvexFtplLearner", () => {
  const unit = { lower: [0], upper: [1] };

  it("has the proved regret against the tents that lead the follower by the nose", () => {
    const rounds = 400;
    const scale = NonconvexFtplLearner.theoryScale({ lipschitz: 1, dimension: 1, rounds });
    const learner = new NonconvexFtplLearner({ box: unit, scale, samples: 16, seed: 1 });
    const leader = new Float64Array(101);
    const totals = new Float64Array(101);
    let paid = 0;
    for (let t = 0; t < rounds; t++) {
      const points = learner.play();
      // The tent stands where an unperturbed follower would play.
      const centre = leader.indexOf(Math.min(...leader)) / 100;
      const tent = (z: number) => Math.max(0, 0.5 - Math.abs(z - centre));
      for (const [z] of points) paid += tent(z!) / points.length;
      for (let k = 0; k <= 100; k++) {
        leader[k]! += tent(k / 100);
        totals[k]! += tent(k / 100);
      }
      learner.update(([z]) => tent(z!));
    }
    const regret = (paid - Math.min(...totals)) / rounds;
    expect(regret).toBeLessThanOrEqual(4 / Math.sqrt(rounds));
  });

  it("gains from a true guess, and refuses calls out of turn", () => {
    const learner = new NonconvexFtplLearner({ box: unit, scale: 0.01, seed: 1 });
    const [z] = learner.play(([x]) => (x! - 0.25) ** 2)[0]!;
    expect(z).toBeCloseTo(0.25, 1);
    expect(() => learner.play()).toThrow("call update before");
    learner.update(() => Number.NaN);
    expect(() => learner.play()).toThrow("add up to NaN");
    expect(() => learner.update(() => 0)).toThrow("call play first");
    expect(() => new NonconvexFtplLearner({ box: { lower: [1], upper: [0] }, scale: 1 })).toThrow("empty");
  });
});
