/** What the theory says of the estimator, on streams with a known truth. */
import { describe, expect, it } from "vitest";
import { createWorld, feed, lengthOf, oracleCovariance } from "../../experiments/inference/worlds.ts";
import { eigh } from "../linalg/index.ts";
import { createRng } from "../random/index.ts";
import { AveragedKieferWolfowitz, linearLoss, type Row } from "./index.ts";

const rng = createRng(11);

describe("differences of a squared error", () => {
  it("are the gradient along the direction plus h/2 (x'v)^2 v, and exact second differences, for any h", () => {
    for (const h0 of [0.01, 0.5])
      for (let k = 0; k < 20; k++) {
        const d = 4;
        const start = rng.stream("start", k).normals(d);
        const row: Row = rng.stream("row", k).normals(d + 1);
        const fit = new AveragedKieferWolfowitz<Row>({
          initial: start,
          loss: linearLoss,
          queries: 1,
          signs: "plus",
          step: { eta0: 0.1 },
          spacing: { h0 },
          hessian: { h0 },
          inference: "plug-in",
          seed: k,
        });
        fit.update(row);
        const moved = fit.estimate().map((x, i) => (start[i]! - x) / 0.1);
        const axis = moved.findIndex((x) => x !== 0);
        const x = row.subarray(0, d);
        const error = x.reduce((sum, xi, i) => sum + xi * start[i]!, -row[d]!);
        const expected = d * x[axis]! * error + (h0 / 2) * d ** 1.5 * x[axis]! ** 2;
        expect(Math.abs(moved[axis]! - expected)).toBeLessThan(1e-8 * (1 + Math.abs(expected)));
        expect(moved.filter((_, i) => i !== axis)).toEqual(new Float64Array(d - 1));
        fit.update(row);
        for (const [i, entry] of fit.hessian().entries())
          expect(Math.abs(entry - x[Math.floor(i / d)]! * x[i % d]!)).toBeLessThan(1e-8);
      }
  });
});

describe("the closed forms of published lengths", () => {
  it("have the nine figures", () => {
    const equicorrelated = { kind: "equicorrelated", rho: 0.2 } as const;
    for (const [dimension, model, design, length] of [
      [5, "linear", undefined, 1.7531],
      [20, "linear", undefined, 3.5061],
      [100, "linear", undefined, 7.8399],
      [5, "linear", equicorrelated, 2.0078],
      [20, "linear", equicorrelated, 4.2748],
      [100, "linear", equicorrelated, 9.7506],
      [20, { quantile: 0.5 }, undefined, 10.986],
      [20, { quantile: 0.1 }, undefined, 14.983],
      [20, { quantile: 0.9 }, undefined, 14.983],
    ] as const) {
      const covariance = oracleCovariance({ dimension, model, ...(design === undefined ? {} : { design }) });
      expect(Math.abs(lengthOf(covariance, dimension) / length - 1)).toBeLessThan(1e-4);
    }
  });
});

describe("the auto rule", () => {
  it("covers for a linear model in 5 dimensions, with the right spread", () => {
    const [replications, d, n] = [200, 5, 20_000];
    const hits = { "plug-in": 0, "random-scaling": 0 };
    let spread = 0;
    for (let r = 0; r < replications; r++) {
      const stream = createWorld({ dimension: d, model: "linear", seed: 100 + r });
      const { theta, loss } = stream;
      const fit = new AveragedKieferWolfowitz({
        initial: new Float64Array(d),
        loss,
        queries: 1,
        inference: ["random-scaling", "plug-in"],
        seed: r,
      });
      feed(fit, stream, n);
      for (const method of ["plug-in", "random-scaling"] as const)
        for (const [k, { lower, upper }] of fit.confidenceInterval({ method }).entries())
          if (lower <= theta[k]! && theta[k]! <= upper) hits[method]++;
      const estimate = fit.estimate();
      // H = I and Q = d sigma^2 I here.
      for (let k = 0; k < d; k++) spread += (fit.averaged * (estimate[k]! - theta[k]!) ** 2) / (d * 0.04);
    }
    const all = replications * d;
    expect(hits["plug-in"] / all).toBeGreaterThan(0.915);
    expect(hits["plug-in"] / all).toBeLessThan(0.975);
    expect(hits["random-scaling"] / all).toBeGreaterThan(0.895);
    expect(hits["random-scaling"] / all).toBeLessThan(0.975);
    expect(spread / all).toBeGreaterThan(0.85);
    expect(spread / all).toBeLessThan(1.25);
  });
});

describe("forward differences", () => {
  it("along the positive axes shift the estimate as predicted; random signs and central ones do not", () => {
    const [replications, d, n, h0, gamma] = [60, 5, 20_000, 0.1, 0.501];
    const shift = (how: object): number => {
      let sum = 0;
      for (let r = 0; r < replications; r++) {
        const stream = createWorld({ dimension: d, model: "linear", seed: 900 + r });
        const { theta, loss } = stream;
        const fit = new AveragedKieferWolfowitz({
          initial: theta,
          loss,
          queries: 1,
          spacing: { h0, gamma },
          inference: "none",
          seed: r,
          ...how,
        });
        feed(fit, stream, n);
        const estimate = fit.estimate();
        for (let k = 0; k < d; k++) sum += (estimate[k]! - theta[k]!) / (d * replications);
      }
      return sum;
    };
    let spacing = 0;
    for (let i = 1; i <= n; i++) spacing += (h0 * i ** -gamma) / n;
    const predicted = (-Math.sqrt(d) / 2) * spacing;
    const error = Math.sqrt((d * 0.04) / n / (d * replications));
    expect(Math.abs(shift({ signs: "plus" }) - predicted)).toBeLessThan(4 * error);
    expect(Math.abs(predicted)).toBeGreaterThan(8 * error);
    expect(Math.abs(shift({}))).toBeLessThan(4 * error);
    expect(Math.abs(shift({ signs: "plus", differences: "central" }))).toBeLessThan(4 * error);
  });
});

describe("the last iterate", () => {
  it("has the covariance of its formula", () => {
    const [replications, d, n] = [400, 3, 4000];
    let spread = 0;
    let formula = 0;
    for (let r = 0; r < replications; r++) {
      const stream = createWorld({ dimension: d, model: "linear", seed: 300 + r });
      const { theta, loss } = stream;
      const fit = new AveragedKieferWolfowitz({
        initial: theta,
        loss,
        queries: 1,
        inference: "plug-in",
        seed: r,
      });
      feed(fit, stream, n);
      const { iterate, covariance } = fit.lastIterate();
      for (let k = 0; k < d; k++) {
        spread += (iterate[k]! - theta[k]!) ** 2;
        formula += covariance![k * (d + 1)]!;
      }
    }
    expect(spread / formula).toBeGreaterThan(0.85);
    expect(spread / formula).toBeLessThan(1.25);
  });
});

describe("the plug-in Hessian", () => {
  it("comes as near as n observations allow, and is exact where all observations are the same", () => {
    const [d, n] = [20, 30_000];
    const stream = createWorld({ dimension: d, model: "linear", seed: 77 });
    const { loss } = stream;
    const fit = new AveragedKieferWolfowitz({
      initial: new Float64Array(d),
      loss,
      queries: 1,
      inference: "plug-in",
    });
    feed(fit, stream, n);
    const error = fit.hessian().map((x, i) => x - (i % (d + 1) === 0 ? 1 : 0));
    const { values } = eigh(error, d);
    const norm = Math.max(Math.abs(values[0]!), Math.abs(values[d - 1]!));
    // The largest eigenvalue of a sample covariance of N draws lies about 2 sqrt(d / N) off.
    const theory = 2 * Math.sqrt(d / fit.averaged);
    expect(norm / theory).toBeGreaterThan(0.75);
    expect(norm / theory).toBeLessThan(1.25);

    const a = [3, 1, 1, 2];
    const same = new AveragedKieferWolfowitz<null>({
      initial: [1, -1],
      loss: ([x, y]) => 0.5 * (a[0]! * x! * x! + 2 * a[1]! * x! * y! + a[3]! * y! * y!),
      step: { eta0: 0.05 },
      inference: "plug-in",
    });
    for (let i = 0; i < 50; i++) same.update(null);
    for (const [i, x] of same.hessian().entries()) expect(x).toBeCloseTo(a[i]!, 8);
  });
});
