import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite, run, runSync } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  AveragedKieferWolfowitz,
  type KieferWolfowitzOptions,
  kieferWolfowitz,
  linearLoss,
  logisticLoss,
  quantileLoss,
  type Row,
  readOnce,
  scoreLoss,
  WatchedInterval,
} from "./index.ts";

/** Rows of a linear model with independent normal features, scaled by `scale`. */
function rows(n: number, d: number, seed: number, sigma = 0.2, scale = (_: number) => 1): Row[] {
  const rng = createRng(seed);
  const truth = rng.stream("truth").sphere(d);
  return Array.from({ length: n }, (_, i) => {
    const row = rng.stream("row", i).normals(d + 1);
    row[d]! *= sigma;
    for (let k = 0; k < d; k++) {
      row[d]! += truth[k]! * row[k]!;
      row[k]! *= scale(k);
    }
    return row;
  });
}

const truthOf = (d: number, seed: number) => createRng(seed).stream("truth").sphere(d);

function fitted(options: Partial<KieferWolfowitzOptions<Row>>, data: readonly Row[], d: number) {
  const fit = new AveragedKieferWolfowitz<Row>({
    initial: new Float64Array(d),
    loss: linearLoss,
    ...options,
  });
  for (const row of data) fit.update(row);
  return fit;
}

describe("golden trace of six observations", () => {
  const x = [1, 0.5, -0.5, 1, 2, -1, 0, 1, 1, 1, -1, 0.5];
  const y = [1, 0, 2.5, -0.5, 0.8, -1.2];
  const axes = [0, 1, 0, 1, 1, 0];
  const signs = [1, -1, -1, 1, 1, -1];
  const data = y.map((response, i) => Float64Array.of(x[2 * i]!, x[2 * i + 1]!, response));
  const fit = fitted(
    {
      directions: { sequence: axes.map((k, i) => [0, 1].map((j) => (j === k ? signs[i]! * Math.SQRT2 : 0))) },
      step: { eta0: 0.1, offset: 2, alpha: 0.501 },
      spacing: { h0: 0.01, gamma: 0.6 },
      hessian: { h0: 0.05, gamma: 0, floor: 1e-6 },
      inference: ["random-scaling", "plug-in"],
      scatter: "full",
    },
    data,
    2,
  );
  const close = (actual: ArrayLike<number>, expected: readonly number[]) =>
    expected.forEach((value, i) => {
      expect(actual[i]!).toBeCloseTo(value, 9);
    });

  it("gives the iterate, the average, Q, H, the sandwich, V and the half-width", () => {
    close(fit.lastIterate().iterate, [0.570079101526, -0.011926101124]);
    close(fit.estimate(), [0.394451242677, -0.007800981148]);
    close(fit.gram(), [14.876553190669, 0, 0, 0.239565856802]);
    close(fit.hessian(), [1.208333333333, -0.25, -0.25, 0.75]);
    const sigma = fit.covariance({ method: "plug-in" }).map((v) => 6 * v);
    close(sigma, [11.775345476899, 4.019758460417, 4.019758460417, 1.797362110492]);
    const v = fit.covariance({ method: "random-scaling" }).map((value) => 6 * value);
    close(v, [0.01948039700129, -0.0009182222458695, -0.0009182222458695, 0.00005278296583115]);
    const [first] = fit.confidenceInterval({ method: "random-scaling" });
    expect((first!.upper - first!.lower) / 2).toBeCloseTo(0.38446189, 5);
    expect(fit.evaluations).toBe(6 + 6 * (1 + 1 + 2 + 3));
  });
});

describe("the estimator", () => {
  it("is equivariant: a feature times 2 halves its coordinate, a loss times 4 changes nothing", () => {
    const data = rows(3000, 3, 5);
    const options = { differences: "central", inference: "plug-in" } as const;
    const plain = fitted(options, data, 3);
    const doubled = fitted(
      options,
      data.map((row) => row.map((v, k) => (k === 1 ? 2 * v : v))),
      3,
    );
    const louder = fitted({ ...options, loss: (theta, row) => 4 * linearLoss(theta, row) }, data, 3);
    const [a, b, c] = [plain, doubled, louder].map((fit) => fit.confidenceInterval());
    for (let k = 0; k < 3; k++) {
      const factor = k === 1 ? 2 : 1;
      for (const side of ["estimate", "lower", "upper"] as const) {
        expect(Math.abs((factor * b![k]![side]) / a![k]![side] - 1)).toBeLessThan(1e-6);
        expect(Math.abs(c![k]![side] / a![k]![side] - 1)).toBeLessThan(1e-6);
      }
    }
  });

  it.each([
    ["coordinate", 1],
    ["coordinate", 2],
    ["sphere", 1],
    ["gaussian", 2],
  ] as const)("resumes %s directions, m = %i, to the bit from JSON", (directions, queries) => {
    const data = rows(2000, 4, 6);
    const options = {
      directions,
      queries,
      inference: ["random-scaling", "plug-in", "batch-means"],
      hessian: { rate: 0.3 },
    } as const;
    const whole = fitted(options, data, 4);
    for (const stop of [2, 50, 1000]) {
      const half = fitted(options, data.slice(0, stop), 4);
      const text = JSON.stringify(half);
      const resumed = AveragedKieferWolfowitz.fromJSON<Row>(JSON.parse(text), linearLoss);
      for (const row of data.slice(stop)) resumed.update(row);
      expect(JSON.stringify(resumed)).toBe(JSON.stringify(whole));
    }
  });

  const cases: readonly (readonly [string, number, Partial<KieferWolfowitzOptions<Row>>])[] = [
    ["one axis", 20, { queries: 1, horizon: 1600 }],
    ["few coordinates", 3, { queries: 2, replacement: true, inference: ["random-scaling", "batch-means"] }],
    ["a warm start", 60, { queries: 1 }],
    ["plug-in", 13, { inference: "plug-in", hessian: { rate: 0.3 } }],
    [
      "full scatter, contrasts",
      12,
      { scatter: "full", contrasts: [Array.from({ length: 12 }, (_, k) => k)] },
    ],
    ["the sphere, central", 15, { directions: "sphere", differences: "central", horizon: 1600 }],
    ["Newton", 12, { iteration: "newton", inference: "plug-in" }],
    [
      "constants given",
      14,
      { step: { eta0: 0.02, offset: 50 }, burnIn: 100, loss: quantileLoss(0.4), smooth: false },
    ],
    ["a loss of no score", 12, { loss: (theta, row) => linearLoss(theta, row) }],
  ];
  it.each(cases)("takes rows by the stretch to the bits of one by one: %s", (_, d, options) => {
    const data = rows(1600, d, 21);
    const one = fitted(options, data, d);
    const flat = Float64Array.from(data.flatMap((row) => [...row]));
    for (const stretch of [1600, 7]) {
      const many = fitted(options, [], d);
      for (let at = 0; at < flat.length; at += stretch * (d + 1)) {
        many.updateRows(flat.subarray(at, at + stretch * (d + 1)));
      }
      expect(many.averaged).toBeGreaterThan(0);
      expect(JSON.stringify(many)).toBe(JSON.stringify(one));
    }
  });

  it("says which of many rows is at fault, keeps those before it, and refuses part of a row", () => {
    const d = 12;
    const data = rows(900, d, 22);
    data[700] = data[700]!.map(() => Number.NaN);
    const flat = Float64Array.from(data.flatMap((row) => [...row]));
    const many = fitted({}, [], d);
    const one = fitted({}, data.slice(0, 700), d);
    expect(() => many.updateRows(flat)).toThrow(/not finite at observation 701 /);
    expect(() => one.update(data[700]!)).toThrow(/not finite at observation 701 /);
    expect(JSON.stringify(many)).toBe(JSON.stringify(one));
    expect(() => many.updateRows(flat.subarray(5))).toThrow(InvalidInput);
  });

  it("takes losses of the score as they are and as functions of theta alike", () => {
    for (const loss of [linearLoss, logisticLoss, scoreLoss((score, y) => Math.exp(score) - y * score)]) {
      const data = rows(3000, 4, 23).map((row) => row.map((v, k) => (k === 4 ? Number(v > 0) : v)));
      const [quick, plain] = [loss, (theta: Float64Array, row: Row) => loss(theta, row)].map((by) =>
        fitted({ loss: by, inference: "plug-in" }, data, 4).confidenceInterval(),
      );
      for (const [k, { lower, upper }] of quick!.entries()) {
        expect(lower).toBeCloseTo(plain![k]!.lower, 6);
        expect(upper).toBeCloseTo(plain![k]!.upper, 6);
      }
    }
  });

  it("finds the truth inside wide intervals for all laws", () => {
    const d = 3;
    const data = rows(6000, d, 8);
    const truth = truthOf(d, 8);
    for (const options of [
      {},
      { queries: 1 },
      { queries: 2, replacement: true },
      { directions: "sphere" },
      { directions: "gaussian" },
      { directions: { probabilities: [0.5, 0.3, 0.2] } },
      {
        directions: {
          basis: [
            [0.6, 0.8, 0],
            [-0.8, 0.6, 0],
            [0, 0, 1],
          ],
        },
      },
    ] as const) {
      const fit = fitted({ ...options, inference: ["random-scaling", "plug-in"] }, data, d);
      for (const method of ["random-scaling", "plug-in"] as const) {
        fit.confidenceInterval({ method, level: 0.99999 }).forEach(({ lower, upper }, k) => {
          expect(lower).toBeLessThan(truth[k]!);
          expect(upper).toBeGreaterThan(truth[k]!);
          expect(upper - lower).toBeLessThan(1);
        });
      }
    }
  });

  it("refuses a watched interval, and lets a sequence be watched", () => {
    const data = rows(4000, 2, 9);
    const fit = fitted({ inference: ["plug-in", "random-scaling"] }, data.slice(0, 3000), 2);
    fit.confidenceInterval({ method: "random-scaling" });
    fit.confidenceInterval({ method: "random-scaling", level: 0.8 });
    fit.confidenceSequence();
    fit.update(data[3000]!);
    expect(() => fit.confidenceInterval({ method: "random-scaling" })).toThrow(WatchedInterval);
    const resumed = AveragedKieferWolfowitz.fromJSON<Row>(fit.toJSON(), linearLoss);
    expect(() => resumed.test({ method: "random-scaling" })).toThrow(WatchedInterval);
    for (const { lower, upper } of resumed.confidenceSequence()) expect(upper - lower).toBeLessThan(1);
  });

  it("tests contrasts, alone and jointly", () => {
    const data = rows(8000, 2, 10);
    const truth = truthOf(2, 10);
    const fit = fitted(
      {
        contrasts: [
          [1, 1],
          [1, -1],
        ],
      },
      data,
      2,
    );
    const full = fitted({ scatter: "full" }, data, 2);
    const [a] = fit.confidenceInterval({ contrast: [1, 1] });
    const [b] = full.confidenceInterval({ contrast: [1, 1] });
    expect(a!.lower).toBeCloseTo(b!.lower, 9);
    const values = [truth[0]! + truth[1]!, truth[0]! - truth[1]!];
    expect(fit.jointTest(values).pValue).toBeGreaterThan(1e-3);
    expect(fit.jointTest(values).statistic).toBeCloseTo(full.jointTest(truth).statistic, 4);
    expect(fit.jointTest([5, 5]).pValue).toBeLessThan(1e-3);
    expect(full.test({ hypothesis: 9 })[0]!.pValue).toBeLessThan(1e-3);
    expect(() => fitted({}, data, 2).confidenceInterval({ contrast: [1, 1] })).toThrow(/contrasts/);
  });

  it("refuses a loss that draws fresh noise, in the pilot", () => {
    const noise = createRng(1).draws("noise");
    const fit = new AveragedKieferWolfowitz<Row>({
      initial: [0],
      loss: (theta, row) => linearLoss(theta, row) + noise.uniform(),
    });
    expect(() => fit.update(Float64Array.of(1, 1))).toThrow(/fresh noise/);
  });

  it("names what is wrong with an option", () => {
    const make = (options: Partial<KieferWolfowitzOptions<Row>>) => () => fitted(options, [], 2);
    expect(make({ initial: [] })).toThrow(InvalidInput);
    expect(make({ initial: [Number.NaN] })).toThrow(NonFinite);
    expect(make({ step: { eta0: 1, alpha: 0.5 } })).toThrow(/step.alpha is 0.5/);
    expect(make({ spacing: { h0: 1, gamma: 1 } })).toThrow(/spacing.gamma/);
    expect(make({ queries: 3 })).toThrow(/queries is 3.*1 to 2/);
    expect(make({ queries: 0 })).toThrow(/queries/);
    expect(make({ hessian: { rate: 0 } })).toThrow(/hessian.rate/);
    expect(make({ directions: { probabilities: [0.5, 0.4] } })).toThrow(/sum 0.9/);
    expect(
      make({
        directions: {
          basis: [
            [1, 0],
            [1, 0],
          ],
        },
      }),
    ).toThrow(/orthonormal/);
    const fit = fitted({ step: { eta0: 0.1 } }, rows(1, 2, 1), 2);
    expect(() => fit.confidenceInterval()).toThrow(/at least 2/);
    expect(() => fit.confidenceInterval({ level: 1 })).toThrow(/level/);
  });

  it.each([
    ["random-scaling", "throws"],
    ["random-scaling", "is NaN"],
    ["plug-in", "throws"],
    ["plug-in", "is NaN"],
  ] as const)(
    "keeps nothing of an observation at which the loss fails half-way: %s, %s",
    (inference, how) => {
      const data = rows(400, 5, 3);
      // A step takes 1 + 2 calls, and up to 20 more for the Hessian.
      for (let failing = 1; failing <= (inference === "plug-in" ? 20 : 3); failing++) {
        let left = Number.POSITIVE_INFINITY;
        const loss = (theta: Float64Array, row: Row): number => {
          if (--left !== 0) return linearLoss(theta, row);
          if (how === "throws") throw new Error("a service is away");
          return Number.NaN;
        };
        const options = { initial: new Float64Array(5), loss, queries: 2, inference, seed: 3 } as const;
        const fit = new AveragedKieferWolfowitz<Row>({ ...options, step: { eta0: 0.1 }, burnIn: 20 });
        let again = fit;
        for (const [i, row] of data.entries()) {
          if (i === 300) {
            left = failing;
            expect(() => fit.update(row)).toThrow();
            left = Number.POSITIVE_INFINITY;
            again = AveragedKieferWolfowitz.fromJSON<Row>(JSON.parse(JSON.stringify(fit)), loss);
          }
          fit.update(row);
          if (again !== fit) again.update(row);
        }
        expect(JSON.stringify(again)).toBe(JSON.stringify(fit));
      }
    },
  );

  it("throws where the loss is not finite, and names a coordinate without effect", () => {
    const broken = rows(500, 2, 3);
    broken[400]![2] = Number.NaN;
    expect(() => fitted({ step: { eta0: 0.1 } }, broken, 2)).toThrow(/observation 401/);
    expect(() => fitted({ step: { eta0: 1e200 } }, rows(5000, 2, 3), 2)).toThrow(NonFinite);
    const flat = rows(200, 2, 3).map((row) => row.map((v, k) => (k === 1 ? 0 : v)));
    expect(() => fitted({ names: ["age", "flat"] }, flat, 2)).toThrow(/flat/);
  });
});

describe("the solver over a stream", () => {
  const data = rows(3000, 2, 12);
  const problem = {
    fingerprint: "rows@12",
    loss: linearLoss,
    read: {
      name: "read",
      answer: ({ offset, count }: { offset: number; count: number }) => data.slice(offset, offset + count),
    },
  };
  const solver = kieferWolfowitz<Row>({ initial: [0, 0], inference: "plug-in", batch: 100 });

  it("gives the bits of update, also when stopped and resumed", () => {
    const whole = runSync(solver, problem, { seed: 4 });
    expect(whole.status).toBe("converged");
    const plain = fitted({ inference: "plug-in", seed: 4 }, data, 2);
    expect(whole.result.confidenceInterval()).toEqual(plain.confidenceInterval());
    const part = runSync(solver, problem, { seed: 4, stop: { maxSteps: 11 } });
    const rest = runSync(solver, problem, { seed: 4, from: part.snapshot });
    expect(rest.result.estimate()).toEqual(whole.result.estimate());
  });

  it("takes a sync or async iterable, once, and passes over what a resumed run has taken", async () => {
    const whole = runSync(solver, problem, { seed: 4 });
    const over = (source: Iterable<Row> | AsyncIterable<Row>, first = 0) => ({
      ...problem,
      read: readOnce(source, { first }),
    });
    async function* later() {
      yield* data;
    }
    expect(runSync(solver, over(data), { seed: 4 }).result.toJSON()).toEqual(whole.result.toJSON());
    expect((await run(solver, over(later()), { seed: 4 })).result.toJSON()).toEqual(whole.result.toJSON());
    const part = runSync(solver, over(data), { seed: 4, stop: { maxSteps: 11 } });
    const anew = await run(solver, over(later()), { seed: 4, from: part.snapshot });
    const rest = runSync(solver, over(data.slice(1100), 1100), { seed: 4, from: part.snapshot });
    for (const { result } of [anew, rest]) expect(result.estimate()).toEqual(whole.result.estimate());
    const gone = over(data);
    runSync(solver, gone, { seed: 4 });
    expect(() => runSync(solver, gone, { seed: 4 })).toThrow(/stands at 3000/);
  });
});

describe("Newton steps", () => {
  it("come from the last iterate to intervals that hold the truth, and resume to the bit", () => {
    const d = 3;
    const data = rows(6000, d, 8);
    const truth = truthOf(d, 8);
    const options = { iteration: "newton", inference: "plug-in", queries: 1 } as const;
    const fit = fitted(options, data, d);
    expect(fit.estimate()).toEqual(fit.lastIterate().iterate);
    fit.confidenceInterval({ level: 0.99999 }).forEach(({ lower, upper }, k) => {
      expect(lower).toBeLessThan(truth[k]!);
      expect(upper).toBeGreaterThan(truth[k]!);
      expect(upper - lower).toBeLessThan(0.1);
    });
    const half = fitted(options, data.slice(0, 3000), d);
    const resumed = AveragedKieferWolfowitz.fromJSON<Row>(JSON.parse(JSON.stringify(half)), linearLoss);
    for (const row of data.slice(3000)) resumed.update(row);
    expect(resumed.estimate()).toEqual(fit.estimate());
    expect(() => fitted({ iteration: "newton" }, [], 2)).toThrow(/plug-in/);
  });
});

describe("the correction of bias", () => {
  it("is half the third derivative times the spread of the iterates, and brings the mean back", () => {
    // F = x^2 / 2 + 0.1 x^3 has its minimum at 0 and the third derivative 0.6.
    const [replications, n, deviation] = [40, 20_000, 3];
    let [average, estimate] = [0, 0];
    for (let r = 0; r < replications; r++) {
      const noise = createRng(21).stream("noise", r).normals(n);
      const fit = new AveragedKieferWolfowitz<number>({
        initial: [0],
        loss: ([x], z) => 0.5 * x! ** 2 + 0.1 * x! ** 3 - deviation * z * x!,
        step: { eta0: 1, alpha: 0.501, offset: 200 },
        inference: "plug-in",
        correctBias: true,
        seed: r,
      });
      let [sum, squares] = [0, 0];
      for (const z of noise) {
        fit.update(z);
        const x = fit.state.theta[0]!;
        sum += x;
        squares += x * x;
      }
      const plain = fit.state.average[0]!;
      const spread = squares / n - (sum / n) ** 2;
      expect(fit.estimate()[0]! - plain).toBeGreaterThan(0.7 * 0.3 * spread);
      expect(fit.estimate()[0]! - plain).toBeLessThan(1.4 * 0.3 * spread);
      average += plain / replications;
      estimate += fit.estimate()[0]! / replications;
    }
    const error = deviation / Math.sqrt(n * replications);
    expect(average).toBeLessThan(-3 * error);
    expect(Math.abs(estimate)).toBeLessThan(3.5 * error);
    expect(() => fitted({ correctBias: true }, [], 2)).toThrow(/plug-in/);
  });
});
