import { describe, expect, it } from "vitest";
import {
  askTell,
  decodeSnapshot,
  encodeSnapshot,
  InvalidInput,
  NonFinite,
  run,
  runSync,
} from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  blackBox,
  type MinimizeOptions,
  minimize,
  type Optimizer,
  spsaGains,
  type ZerothOrderOptions,
  zerothOrder,
  zipfLevels,
} from "./index.ts";

const bowl = (x: Float64Array) => x.reduce((sum, xi, i) => sum + (1 + i / 4) * (xi - i) ** 2, 0);
const x0 = [5, -3, 4, 0, 1];
const base: MinimizeOptions = { stepSize: 0.03, maxEvaluations: 2000, seed: 3 };

describe("every part goes with every other", () => {
  const parts: readonly [string, Partial<ZerothOrderOptions>][] = [
    ["central", {}],
    ["forward", { gradient: { method: "forward", mu: 1e-6 } }],
    ["P4 on spheres", { gradient: { method: "p4", directions: "sphere", mu: 0.5 } }],
    ["P3", { gradient: { method: "p3", numDirections: 4 } }],
    ["orthogonal, 3 directions", { gradient: { directions: "orthogonal", numDirections: 3 } }],
    ["all coordinates", { gradient: { directions: "basis" } }],
    ["momentum", { momentum: 0.5, stepSize: 0.015 }],
    ["Adam", { optimizer: "adam", stepSize: { initial: 2, exponent: 0.6, offset: 10 } }],
    ["AdaMM", { optimizer: "adamm", stepSize: { initial: 3, exponent: 0.6, offset: 10 } }],
    ["signs", { optimizer: "sign", stepSize: { initial: 2, exponent: 0.8, offset: 10 } }],
    ["conservative", { conservative: true }],
    ["a step that falls to 0", { stepSize: { initial: 0.06, steps: 999 } }],
    ["SVRG", { svrg: { every: 3, anchorDirections: 20 } }],
    ["SPSA gains", spsaGains({ a: 0.4, noise: 0.01, iterations: 1000 })],
  ];

  it.each(parts)("%s finds the minimum within the budget", (_, options) => {
    let count = 0;
    const { x, value, evaluations, reason, history } = minimize((y) => ++count && bowl(y), x0, {
      ...base,
      ...options,
    });
    expect(evaluations).toBe(count);
    expect(evaluations).toBeLessThanOrEqual(2000);
    expect(evaluations).toBeGreaterThan(1900);
    expect(value).toBeLessThan(0.05);
    expect(value).toBe(bowl(x));
    expect(reason).toBe("budget");
    expect(history.at(-1)!.evaluations).toBeLessThanOrEqual(evaluations);
  });

  it("residual one-point descends, slowly", () => {
    const quadratic = (x: Float64Array) => x[0]! ** 2 + x[1]! ** 2;
    const { value } = minimize(quadratic, [2, -2], {
      gradient: { method: "residual", mu: 0.2 },
      stepSize: 2e-3,
      maxEvaluations: 20_000,
    });
    expect(value).toBeLessThan(0.5);
  });
});

describe("budget (oracle 15)", () => {
  it("is never exceeded, whatever the draw", () => {
    for (let maxEvaluations = 7; maxEvaluations < 60; maxEvaluations++) {
      let count = 0;
      const f = (y: Float64Array) => ++count && bowl(y);
      const { evaluations } = minimize(f, x0, { stepSize: 0.01, gradient: { method: "p4" }, maxEvaluations });
      expect(count).toBe(evaluations);
      expect(count).toBeLessThanOrEqual(maxEvaluations);
    }
  });

  it("must hold one step", () => {
    expect(() => minimize(bowl, x0, { ...base, maxEvaluations: 4 })).toThrow(/maxEvaluations is 4.*up to 5/);
    expect(() => minimize(bowl, x0, { ...base, maxEvaluations: 6, gradient: { method: "p4" } })).toThrow(
      InvalidInput,
    );
  });
});

describe("sampled losses (oracle 14)", () => {
  const targets = createRng(5).stream("targets").normals(64);
  /** Sample 0 is the mean over all targets; the others are minibatches of 4. */
  const sampled = (x: Float64Array, sample: number) => {
    if (sample === 0) return x.reduce((sum, xi) => sum + xi * xi, 0);
    const places = createRng(9).stream("batch", sample).integers(64, 4);
    return x.reduce((sum, xi, i) => {
      for (const place of places) sum += (xi - targets[(place + i) % 64]!) ** 2 / 4;
      return sum;
    }, 0);
  };

  it("are asked for one sample a step", () => {
    const samples: number[] = [];
    const f = (x: Float64Array, sample: number) => {
      samples.push(sample);
      return sampled(x, sample);
    };
    minimize(f, [1, 1, 1], {
      stepSize: 0.01,
      stochastic: true,
      gradient: { method: "p4" },
      maxEvaluations: 40,
    });
    expect(samples.slice(0, 2)).toEqual([1, 1]);
    expect(samples.at(-1)).toBe(0);
    const steps = samples.slice(2, -1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(new Set(steps).size).toBe(Math.max(...steps));
  });

  it("are refused when a sample does not repeat, unless that is wanted", () => {
    let calls = 0;
    const noisy = (x: Float64Array) => bowl(x) + 1e-3 * Math.sin(++calls);
    const stochastic = (value: boolean | "independent") => () =>
      minimize(noisy, x0, { ...base, stochastic: value, gradient: { mu: 0.5 } });
    expect(stochastic(true)).toThrow(/"independent"/);
    expect(stochastic(true)).toThrow(InvalidInput);
    expect(stochastic("independent")().value).toBeLessThan(0.1);
  });

  it("a loss that does not repeat brings a warning, an exact one none", () => {
    let calls = 0;
    const noisy = (x: Float64Array) => bowl(x) + 1e-3 * Math.sin(++calls);
    const { warnings } = minimize(noisy, x0, base);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/at one point.*then.*"central" with a larger mu/);
    expect(minimize(bowl, x0, base).warnings).toEqual([]);
    const levels = zipfLevels({ exponent: 2 });
    const { warnings: ofTable } = minimize(bowl, x0, { ...base, gradient: { method: "p4", levels } });
    expect(ofTable).toEqual([expect.stringMatching(/exponent is 2: below 2.5/)]);
  });

  it("SVRG ends nearer than plain descent at the same evaluations", () => {
    const whole = (x: Float64Array, sample: number) => {
      const k = sample === 0 ? 0 : 1 + (sample % 8);
      // Eight quadratics with different minima and curvature; sample 0 is their mean.
      const one = (j: number) =>
        x.reduce((sum, xi, i) => sum + (1 + ((i + j) % 3)) * (xi - Math.cos(i * j)) ** 2, 0);
      if (k > 0) return one(k);
      let sum = 0;
      for (let j = 1; j <= 8; j++) sum += one(j) / 8;
      return sum;
    };
    const shared = { stochastic: true, maxEvaluations: 6000, stepSize: 0.02, seed: 1 } as const;
    const best = minimize(whole, [0, 0, 0, 0], { ...base, stepSize: 0.05, maxEvaluations: 20_000 }).value;
    const gap = (options: Partial<ZerothOrderOptions>) =>
      minimize(whole, [3, -3, 3, -3], { ...shared, ...options }).value - best;
    expect(gap({ svrg: { every: 10, anchorDirections: 8 } })).toBeLessThan(0.2 * gap({}));
  });
});

describe("drivers", () => {
  const options: ZerothOrderOptions = {
    stepSize: 0.03,
    gradient: { method: "p4" },
    optimizer: "adam",
    conservative: true,
  };
  const problem = blackBox(bowl, x0);
  const stop = { seed: 6, stop: { maxSteps: 40 } };
  const whole = runSync(zerothOrder(options), problem, stop);

  it("ask and tell, promises, and a snapshot from the middle of a step give the same bits", async () => {
    const manual = askTell(zerothOrder(options), problem, stop);
    while (manual.batch) manual.tell(manual.batch.questions.map((x) => bowl(x)));
    expect(manual.outcome!.result.x).toEqual(whole.result.x);

    const later = blackBox(async (x) => bowl(x), x0);
    expect((await run(zerothOrder(options), later, stop)).result.x).toEqual(whole.result.x);

    for (const maxCalls of [31, 33, 35]) {
      const part = runSync(zerothOrder(options), problem, { seed: 6, stop: { maxCalls } });
      const from = encodeSnapshot(part.snapshot);
      expect(
        runSync(zerothOrder(options), problem, { ...stop, from: decodeSnapshot(from) }).result.x,
      ).toEqual(whole.result.x);
    }
  });

  it("ends when the averaged norm of estimates is small, at a signal, and where the loss is not finite", () => {
    const { reason, evaluations } = minimize(bowl, x0, { ...base, maxEvaluations: 1e5, tolerance: 1e-3 });
    expect(reason).toBe("converged");
    expect(evaluations).toBeLessThan(1e4);
    const controller = new AbortController();
    const stopped = minimize(bowl, x0, {
      ...base,
      signal: controller.signal,
      onStep: ({ evaluations: count }) => count > 100 && controller.abort(),
    });
    expect(stopped.reason).toBe("cancelled");
    const wall = (x: Float64Array) => (x[0]! > 0 ? x[0]! : Number.NaN);
    const fallen = minimize(wall, [0.5], { stepSize: 0.01, gradient: { mu: 0.125 }, maxEvaluations: 1000 });
    expect(fallen.reason).toBe("diverged");
    expect(Number.isFinite(fallen.value)).toBe(true);
    expect(() => minimize(() => Number.NaN, [1], base)).toThrow(NonFinite);
  });
});

describe("constraints", () => {
  it("box and ball hold after every step", () => {
    const gradient = { directions: "basis" } as const;
    const box = { kind: "box", lower: [0, 0, 0, 0, 0], upper: [1, 1, 1, 1, 1] } as const;
    const inBox = minimize(bowl, x0, { ...base, gradient, constraint: box });
    for (const [i, xi] of inBox.x.entries()) expect(xi).toBeCloseTo(Math.min(i, 1), 3);
    const ball = { kind: "ball", center: [0, 0, 0, 0, 0], radius: 2 } as const;
    const inBall = minimize(bowl, x0, { ...base, gradient, constraint: ball });
    expect(Math.hypot(...inBall.x)).toBeLessThanOrEqual(2 + 1e-12);
    expect(Math.hypot(...inBall.x)).toBeGreaterThan(2 - 1e-9);
  });
});

describe("what is refused", () => {
  it.each<[Partial<MinimizeOptions>, RegExp]>([
    [{ stepSize: 0 }, /stepSize is 0.*above 0/],
    [{ stepSize: { initial: 1, exponent: -1, offset: 0 } }, /stepSize.exponent is -1/],
    [{ stepSize: { initial: 1, steps: 0 } }, /stepSize.steps is 0.*at least 1/],
    [{ momentum: 1 }, /momentum is 1.*\[0, 1\)/],
    [{ beta2: 1 }, /beta2 is 1/],
    [{ muDecay: -1 }, /muDecay is -1/],
    [{ window: 0 }, /window is 0/],
    [{ tolerance: 0 }, /tolerance is 0/],
    [{ optimizer: "lion" as Optimizer }, /optimizer is "lion".*sgd/],
    [{ svrg: { every: 1 } }, /svrg.every is 1.*at least 2/],
    [{ constraint: { kind: "box", lower: [1], upper: [0] } }, /constraint.lower has length 1/],
    [{ constraint: { kind: "ball", center: [0, 0, 0, 0, 0], radius: 0 } }, /radius is 0/],
    [{ maxEvaluations: 0 }, /maxEvaluations is 0/],
    [{ seed: -1 }, /seed -1/],
  ])("%o", (options, message) => {
    const attempt = () => minimize(bowl, x0, { ...base, ...options });
    expect(attempt).toThrow(InvalidInput);
    expect(attempt).toThrow(message);
  });

  it("an objective that returns promises", () => {
    const promise = (async () => 1) as unknown as () => number;
    expect(() => minimize(promise, [1], base)).toThrow(/asynchronous/);
  });
});
