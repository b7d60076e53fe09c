import { describe, expect, it } from "vitest";
import { decodeSnapshot, encodeSnapshot, InvalidInput, OracleFailure, run } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  decodeReplayLog,
  encodeReplayLog,
  mezo,
  replay,
  residentWeights,
  type SeedReplayOptions,
  seedReplay,
  stepsWithin,
} from "./index.ts";
import { inPlace } from "./perturbed-weights.ts";

const start = () =>
  [0, 1, 2].map((k) =>
    createRng(8)
      .stream("weights", k)
      .normals(new Float32Array(100 + 37 * k))
      .map((z) => z * 0.01),
  );
const bits = (parts: readonly Float32Array[]) =>
  parts.map((part) => [...new Uint32Array(part.buffer)].join());

/** Squared distance to 0.02 with noise that is one for a batch. */
const lossOf = (parts: readonly Float32Array[]) => (batch: number) => {
  let sum = Math.sin(batch);
  for (const part of parts) for (const w of part) sum += (w - 0.02) ** 2;
  return sum;
};

const quick: SeedReplayOptions = { stepSize: 1e-3 };

describe("seed replay (oracle 13)", () => {
  it("probes in place leave next to no drift with signs and a power of two", () => {
    const theta = createRng(1)
      .stream("theta")
      .uniforms(new Float32Array(20_000))
      .map((u) => (2 * u - 1) * 0.04);
    const before = theta.slice();
    const weights = inPlace([theta], 3, "sign");
    for (let step = 0; step < 1000; step++) {
      for (const offset of [2 ** -7, -(2 ** -7)]) weights.probe(step, 0, offset);
      weights.rest();
    }
    let [drift, size] = [0, 0];
    for (let i = 0; i < theta.length; i++) {
      drift += (theta[i]! - before[i]!) ** 2;
      size += before[i]! ** 2;
    }
    expect(Math.sqrt(drift / size)).toBeLessThan(1e-7);
  });

  it.each<[string, SeedReplayOptions]>([
    ["central in place", quick],
    ["central from a copy", { ...quick, inPlace: false }],
    ["P4 in place", { ...quick, method: "p4" }],
    ["P4 from a copy, 3 directions", { ...quick, method: "p4", inPlace: false, numDirections: 3 }],
    ["central, normal directions, 4 of them", { ...quick, law: "normal", numDirections: 4 }],
    ["forward", { ...quick, method: "forward", mu: 2 ** -12 }],
  ])("%s: the loss falls, and the file of the history replays the run bit for bit", async (_, options) => {
    const parameters = start();
    const loss = lossOf(parameters);
    const before = loss(0);
    const { log, losses } = await mezo(parameters, loss, { ...options, steps: 300, seed: 5 });
    expect(losses).toHaveLength(300);
    expect(loss(0)).toBeLessThan(0.7 * before);
    const file = encodeReplayLog(log);
    expect(file.length).toBeLessThan(1600 + 4 * 300 * (options.numDirections ?? 1));
    const again = start();
    replay(again, decodeReplayLog(file));
    expect(bits(again)).toEqual(bits(parameters));
  });

  it("counts forward passes, and only those", async () => {
    const parameters = start();
    let passes = 0;
    const loss = lossOf(parameters);
    const { evaluations } = await mezo(parameters, (batch) => ++passes && loss(batch), {
      ...quick,
      method: "p4",
      numDirections: 2,
      steps: 50,
    });
    expect(evaluations).toBe(passes);
    expect(passes).toBeGreaterThan(50 * 5);
    expect(passes).toBeLessThanOrEqual(2 + 50 * 7);
  });

  it("never takes more forward passes than allowed, and one step more would", async () => {
    const method = { ...quick, method: "p4", numDirections: 3 } as const;
    for (let maxEvaluations = 12; maxEvaluations < 80; maxEvaluations += 3) {
      const parameters = start();
      let passes = 0;
      const loss = lossOf(parameters);
      const options = { ...method, maxEvaluations, seed: 4 };
      const { losses, evaluations } = await mezo(parameters, (batch) => ++passes && loss(batch), options);
      expect(evaluations).toBe(passes);
      expect(passes).toBeLessThanOrEqual(maxEvaluations);
      expect(losses).toHaveLength(stepsWithin(maxEvaluations, method, 4));
      expect(passes + 10).toBeGreaterThan(maxEvaluations);
    }
  });

  it("steps by the sign or the scaled slope, whatever the loss is multiplied by", async () => {
    for (const scaling of ["sign", "rms"] as const) {
      const runs = await Promise.all(
        [1, 2 ** 20].map(async (factor) => {
          const parameters = start();
          const loss = lossOf(parameters);
          const before = loss(0);
          const options = { stepSize: { initial: 1e-3, steps: 300 }, scaling, steps: 300, seed: 5 };
          await mezo(parameters, (batch) => factor * loss(batch), options);
          expect(loss(0)).toBeLessThan(0.8 * before);
          return parameters;
        }),
      );
      if (scaling === "sign") expect(bits(runs[0]!)).toEqual(bits(runs[1]!));
      for (const [k, part] of runs[0]!.entries())
        for (const [i, w] of part.entries()) expect(Math.abs(w - runs[1]![k]![i]!)).toBeLessThan(1e-3);
    }
  });

  it("refuses a loss whose batches do not repeat, unless that is wanted", async () => {
    const parameters = start();
    const loss = lossOf(parameters);
    let calls = 0;
    const dropout = (batch: number) => loss(batch) + 1e-4 * Math.sin(++calls);
    const refused = mezo(parameters, dropout, { ...quick, steps: 3 });
    await expect(refused).rejects.toThrow(/loss of one batch is.*then.*dropout.*commonNoise/);
    expect(bits(parameters)).toEqual(bits(start()));
    expect((await mezo(parameters, dropout, { ...quick, steps: 3, commonNoise: false })).evaluations).toBe(6);
  });

  it.each([true, false])("goes on from a snapshot with the same bits, in place %s", async (inPlace) => {
    const whole = start();
    await mezo(whole, lossOf(whole), { ...quick, inPlace, steps: 80, seed: 2 });
    const solver = seedReplay({ ...quick, inPlace });
    const first = start();
    const half = await run(solver, residentWeights(first, lossOf(first)), {
      seed: 2,
      stop: { maxSteps: 33 },
    });
    const bytes = encodeSnapshot(half.snapshot);
    const second = start();
    await run(solver, residentWeights(second, lossOf(second)), {
      seed: 2,
      stop: { maxSteps: 80 },
      from: decodeSnapshot(bytes) as typeof half.snapshot,
    });
    expect(bits(second)).toEqual(bits(whole));
  });

  it("refuses weights that stand elsewhere, and another size", async () => {
    const solver = seedReplay(quick);
    const parameters = start();
    const problem = residentWeights(parameters, lossOf(parameters));
    const { snapshot, result } = await run(solver, problem, { seed: 2, stop: { maxSteps: 5 } });
    await run(solver, problem, { seed: 2, stop: { maxSteps: 9 }, from: snapshot });
    const stale = run(solver, problem, { seed: 2, stop: { maxSteps: 9 }, from: snapshot });
    await expect(stale).rejects.toThrow(/stand after step 9/);
    expect(() => replay([new Float32Array(3)], result)).toThrow(InvalidInput);
  });

  it("puts the weights to rest when the loss fails", async () => {
    const parameters = start();
    const before = start();
    const failing = mezo(parameters, () => Promise.reject(new Error("no data")), { ...quick, steps: 3 });
    await expect(failing).rejects.toThrow(OracleFailure);
    for (const [k, part] of parameters.entries())
      for (const [i, w] of part.entries()) expect(Math.abs(w - before[k]![i]!)).toBeLessThan(1e-8);
  });

  it("refuses options out of range", async () => {
    const attempt = (options: object) =>
      mezo([new Float32Array(2)], () => 0, { stepSize: 1, steps: 1, ...options });
    await expect(attempt({ mu: 0 })).rejects.toThrow(/mu is 0.*above 0/);
    await expect(attempt({ steps: 0 })).rejects.toThrow(/steps is 0.*at least 1/);
    await expect(attempt({ steps: undefined })).rejects.toThrow(/neither steps nor maxEvaluations/);
    await expect(attempt({ maxEvaluations: 3 })).rejects.toThrow(/maxEvaluations is 3.*takes 4/);
    await expect(attempt({ scaling: "adam" })).rejects.toThrow(/scaling is "adam".*slope, sign, rms/);
    await expect(attempt({ law: "uniform" })).rejects.toThrow(/law is "uniform".*sign, normal/);
    await expect(attempt({ numDirections: 0 })).rejects.toThrow(/numDirections is 0/);
    await expect(attempt({ method: "residual" })).rejects.toThrow(/method is "residual"/);
    await expect(attempt({ method: "p2" })).rejects.toThrow(/finite table/);
    await expect(mezo([], () => 0, { stepSize: 1, steps: 1 })).rejects.toThrow(/parameters are empty/);
    await expect(attempt({ stepSize: 0 })).rejects.toThrow(/stepSize is 0/);
  });
});
