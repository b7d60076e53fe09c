import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { type Experiment, InvalidInput, NonFinite, replications, runSync } from "./index.ts";

const dice: Experiment = {
  fingerprint: "dice",
  replicate: {
    name: "replicate",
    answer: ({ seed, index }) => ({ points: 1 + createRng(seed).draws("throw").integer(6), index }),
  },
};
const answering = (figures: (index: number) => Readonly<Record<string, number>>): Experiment => ({
  fingerprint: "given",
  replicate: { name: "replicate", answer: ({ index }) => figures(index) },
});

describe("replications", () => {
  it("gives mean and standard error of fair dice", () => {
    const { result, calls, status } = runSync(replications({ count: 4000 }), dice, { seed: 3 });
    expect({ calls, status, count: result.count }).toEqual({ calls: 4000, status: "converged", count: 4000 });
    expect(result.figures.map(({ index }) => index)).toEqual(Array.from({ length: 4000 }, (_, i) => i));
    // Variance 35/12; five standard errors and the error's own spread hold for any seed.
    expect(Math.abs(result.mean["points"]! - 3.5)).toBeLessThan(5 * Math.sqrt(35 / 12 / 4000));
    expect(result.standardError["points"]! / Math.sqrt(35 / 12 / 4000)).toBeCloseTo(1, 1);
  });

  it("does not depend on how many are asked at once, nor on a stop inside", () => {
    const whole = runSync(replications({ count: 250 }), dice, { seed: 9 }).result;
    expect(runSync(replications({ count: 250, batch: 7 }), dice, { seed: 9 }).result).toEqual(whole);
    const solver = replications({ count: 250, batch: 20 });
    const part = runSync(solver, dice, { seed: 9, stop: { maxSteps: 4 } });
    expect(part.result.count).toBe(100);
    expect(runSync(solver, dice, { seed: 9, from: part.snapshot }).result).toEqual(whole);
  });

  it("ends at a tolerance of the standard error", () => {
    const stop = { tolerance: { metric: "points error", below: 0.1 } };
    const { status, result } = runSync(replications({ count: 10_000, batch: 50 }), dice, { seed: 1, stop });
    expect(status).toBe("converged");
    expect(result.count).toBeLessThan(600);
    expect(result.standardError["points"]).toBeLessThanOrEqual(0.1);
  });

  it("refuses what cannot be meant, by the number of the replication", () => {
    for (const count of [1, 2.5, Number.NaN]) expect(() => replications({ count })).toThrow(/count is/);
    expect(() => replications({ count: 2, batch: 0 })).toThrow(/batch is 0/);
    const solver = replications({ count: 5 });
    const ask = (figures: Parameters<typeof answering>[0]) => () =>
      runSync(solver, answering(figures), { seed: 1 });
    expect(ask((i) => (i === 3 ? { y: 1 } : { x: 1 }))).toThrow(InvalidInput);
    expect(ask((i) => (i === 3 ? { y: 1 } : { x: 1 }))).toThrow(/replication 3 found y/);
    expect(ask(() => ({}))).toThrow(/found nothing/);
    expect(ask((i) => ({ x: i === 4 ? Number.NaN : 0 }))).toThrow(NonFinite);
  });
});
