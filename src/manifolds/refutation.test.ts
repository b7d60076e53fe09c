import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run, runSync } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  euclidean,
  geodesicBall,
  hyperbolic,
  type MinimizationParts,
  minimizationProblem,
  minimize,
  minMaxProblem,
  product,
  ragd,
  ramma,
  randomPoint,
  rceg,
  simplex,
  solveMinMax,
  spd,
} from "./index.ts";
import { combine, scale } from "./spaces/manifold.ts";

const rng = createRng(23);
const R2 = euclidean(2);
const weakly = (curvature: number, parts: Partial<MinimizationParts> = {}) =>
  minimizationProblem({
    M: R2,
    gradient: (x) => Float64Array.of(x[0]!, curvature * x[1]!),
    mu: 0.1,
    L: 1,
    start: Float64Array.of(1, 1),
    ...parts,
  });

describe("a claimed modulus", () => {
  it("is refuted by the gradients of a run, without any cost", async () => {
    expect(() => minimize(weakly(0.01))).toThrow(/mu is 0.1, but between two points .* lower mu/);
    await expect(run(ragd(), weakly(0.01), { seed: 0 })).rejects.toThrow(/mu is 0.1, but/);
    for (const method of ["prgd", "ragd", "riemacon", "riemaconSC", "boostedRiemacon"] as const)
      expect(() => minimize(weakly(0.01), { method })).toThrow(/mu is 0.1, but/);
    expect(minimize(weakly(0.1)).certified).toBe(true);
    // A theorem's constants are not questioned.
    expect(() => minimize(weakly(0.01, { moduli: "proved" }))).not.toThrow();
  });

  it("is refuted for each player, also where the other's is understated", async () => {
    const game = (x: number, y: number) =>
      minMaxProblem({
        M: euclidean(1),
        N: euclidean(1),
        gradX: (p, q) => Float64Array.of(x * p[0]! + 10 * q[0]!),
        gradY: (p, q) => Float64Array.of(10 * p[0]! - y * q[0]!),
        constants: { muX: 1, muY: 1, Lx: 1, Ly: 100, Lxy: 10 },
        x0: Float64Array.of(1),
        y0: Float64Array.of(1),
      });
    for (const method of ["auto", "ramma", "rceg", "rioda"] as const) {
      expect(() => solveMinMax(game(0.1, 100), { method })).toThrow(/muX is 1/);
      expect(() => solveMinMax(game(1, 0.1), { method })).toThrow(/muY is 1/);
      expect(solveMinMax(game(1, 100), { method }).certified).toBe(true);
    }
    for (const solver of [ramma(), rceg()])
      await expect(run(solver, game(0.1, 100), { seed: 0 })).rejects.toThrow(/muX is 1/);
  });

  it("is not refuted where it is exact and gradients are differences, good to eight digits", () => {
    const slopes = [0.1, 0.3, 1];
    const problem = minimizationProblem({
      M: euclidean(3),
      gradient: (x) =>
        x.map((xi, i) => slopes[i]! * xi * (1 + 1e-8 * Math.sin(1e9 * xi)) + 1e-9 * Math.cos(1e9 * xi)),
      mu: 0.1,
      L: 1,
      start: Float64Array.of(1, -2, 3),
    });
    expect(minimize(problem).certified).toBe(true);
  });

  it("is never refuted where it holds", () => {
    const spaces = [euclidean(3), hyperbolic(3), spd(2), product([hyperbolic(2), spd(2)], [0.5, 2])];
    let drawn = 0;
    fc.assert(
      fc.property(fc.constantFrom(...spaces), fc.double({ min: 0.1, max: 1.5, noNaN: true }), (M, spread) => {
        const points = Array.from({ length: 4 }, () =>
          randomPoint(M, rng.stream("point", 0, drawn++), spread),
        );
        const gradient = (x: Float64Array) =>
          points.map((p) => scale(-0.25, M.log(x, p))).reduce((a, b) => combine(1, a, 1, b));
        // Claimed, and as large as it can be.
        const problem = minimizationProblem({ M, gradient, mu: 1, L: 4, start: points[0]! });
        for (const method of ["ragd", "prgd"] as const)
          expect(minimize(problem, { method, tolerance: 1e-13 }).certified).toBe(true);
      }),
      { numRuns: 40, seed: 5 },
    );
  });
});

describe("a cost", () => {
  it("need live on the set only", () => {
    const N = euclidean(3);
    const weights = Float64Array.of(0.5, 0.3, 0.2);
    const entropy = minimizationProblem({
      M: N,
      X: simplex(3),
      gradient: (w) => w.map((wi, i) => Math.log(wi / weights[i]!) + 1),
      cost: (w) => w.reduce((sum, wi, i) => sum + wi * Math.log(wi / weights[i]!), 0),
      mu: 1,
      L: 100,
      start: new Float64Array(3).fill(1 / 3),
    });
    const { x, certified } = minimize(entropy);
    expect(certified).toBe(true);
    for (const [i, xi] of x.entries()) expect(xi).toBeCloseTo(weights[i]!, 3);
  });

  it("may curve on a small scale, and be inexact far out", () => {
    const delta = 1e-4;
    const M = euclidean(1);
    const small = minimizationProblem({
      M,
      domain: geodesicBall(M, M.origin, delta / 2),
      gradient: (x) => Float64Array.of(x[0]! / Math.hypot(delta, x[0]!)),
      cost: (x) => Math.hypot(delta, x[0]!),
      mu: 0.7 / delta,
      L: 1 / delta,
      start: Float64Array.of(delta / 4),
    });
    expect(minimize(small, { tolerance: 1e-12 }).certified).toBe(true);
    const H = hyperbolic(3);
    for (const distance of [3, 8, 12, 15]) {
      const center = H.exp(H.origin, Float64Array.of(0, distance, 0, 0));
      const points = [0, 1, 2].map((i) =>
        H.exp(center, H.vectorFrom(center, rng.stream("far", i).normals(3))),
      );
      const mean = minimizationProblem({
        M: H,
        gradient: (x) => points.map((p) => scale(-1 / 3, H.log(x, p))).reduce((a, b) => combine(1, a, 1, b)),
        cost: (x) => points.reduce((sum, p) => sum + H.dist(x, p) ** 2 / 6, 0),
        mu: 1,
        L: 4,
        start: points[0]!,
      });
      expect(minimize(mean).certified).toBe(true);
    }
  });
});

describe("a gradient", () => {
  const H = hyperbolic(2);

  it("must be tangent: partial derivatives are refused", async () => {
    // F = 3 x_0 is least at the origin; (3, 0, 0) are its partial derivatives everywhere.
    const start = H.exp(H.origin, Float64Array.of(0, 0.5, 0.2));
    const of = (gradient: (p: Float64Array) => Float64Array) =>
      minimizationProblem({ M: H, gradient, mu: 3, L: 10, start });
    const partial = of(() => Float64Array.of(3, 0, 0));
    expect(() => minimize(partial)).toThrow(/no tangent vector of H\^2 .* off by .*egrad2rgrad/);
    await expect(run(ragd(), partial, { seed: 0 })).rejects.toThrow(/egrad2rgrad/);
    expect(() =>
      minimize(of((p) => H.project(p, Float64Array.of(1, 2, p[0]!)).map((v) => v + 1e-5))),
    ).toThrow(/no tangent vector/);
    const { x, certified } = minimize(of((p) => H.egrad2rgrad(p, Float64Array.of(3, 0, 0))));
    expect([certified, H.dist(x, H.origin) < 1e-3]).toEqual([true, true]);
    const S = spd(2);
    const skewed = minimizationProblem({
      M: S,
      gradient: (p) => Float64Array.of(p[0]!, 0.1, 0, p[3]!),
      mu: 1,
      L: 2,
    });
    expect(() => minimize(skewed)).toThrow(/no tangent vector of SPD\(2\)/);
    const game = minMaxProblem({
      M: H,
      N: H,
      gradX: (p, q) => combine(-1, H.log(p, start), 0, q),
      gradY: () => Float64Array.of(3, 0, 0),
      constants: { muX: 1, muY: 1, Lx: 2, Ly: 2, Lxy: 0 },
    });
    expect(() => runSync(rceg(), game, { seed: 0 })).toThrow(/gradY answered no tangent vector/);
  });

  it("may be off by its inexactness, times what the projection makes of it", () => {
    for (const distance of [3, 5, 8])
      for (const noise of [1e-10, 1e-8, 1e-7]) {
        const target = H.exp(H.origin, Float64Array.of(0, distance, 0));
        const start = H.exp(target, H.vectorFrom(target, Float64Array.of(0.3, 0.2)));
        const gradient = (p: Float64Array) =>
          H.log(p, target).map((v, i) => -v * (1 + noise * Math.cos(1e9 * v + i)));
        expect(() => minimize(minimizationProblem({ M: H, gradient, mu: 0.9, L: 2, start }))).not.toThrow();
      }
  });

  it("may be as inexact as points are large", () => {
    for (let i = 0; i < 20; i++) {
      const far = scale(1e7, rng.stream("large", i).normals(2));
      const gradient = (x: Float64Array) => Float64Array.of(x[0]! - far[0]!, 1e-3 * x[1]! - 1e-3 * far[1]!);
      const problem = minimizationProblem({ M: R2, gradient, mu: 1e-3, L: 1 });
      expect(() => minimize(problem, { tolerance: 1e-15 })).not.toThrow();
    }
  });

  it("that leads uphill everywhere is refused", () => {
    const M = euclidean(1);
    const problem = minimizationProblem({ M, gradient: (x) => Float64Array.of(1 - x[0]!), mu: 1, L: 1.5 });
    for (const method of ["ragd", "prgd"] as const)
      expect(() => minimize(problem, { method, maxCalls: 1000 })).toThrow(/mu is 1, but between two points/);
  });

  it("may lack what rounding takes, near the optimum and far out", () => {
    for (const radius of [0, 1, 6, 12]) {
      const target = H.exp(H.origin, Float64Array.of(0, radius, 0.1));
      for (const start of [
        target,
        H.exp(target, H.vectorFrom(target, Float64Array.of(1e-9, 1e-9))),
        H.origin,
      ]) {
        const gradient = (p: Float64Array) => scale(-1, H.log(p, target));
        const { status } = minimize(minimizationProblem({ M: H, gradient, mu: 1, L: 20, start }));
        expect(status).toBe("converged");
      }
    }
  });

  it("must be that of the cost: a wrong sign or metric is refused at the start", () => {
    const S = spd(2);
    const target = Float64Array.of(3, 0.5, 0.5, 2);
    const cost = (p: Float64Array) => S.dist(p, target) ** 2 / 2;
    const right = (p: Float64Array) => scale(-1, S.log(p, target));
    const of = (gradient: (p: Float64Array) => Float64Array) =>
      minimizationProblem({ M: S, gradient, cost, mu: 1, L: 3, start: Float64Array.of(5, 1, 1, 4) });
    expect(minimize(of(right)).certified).toBe(true);
    expect(() => minimize(of((p) => scale(-1, right(p))))).toThrow(
      /along the gradient at the start the cost rises by -/,
    );
    // Partial derivatives G with P G P the gradient.
    const partial = (p: Float64Array) => {
      const g = right(p);
      const det = p[0]! * p[3]! - p[1]! ** 2;
      const inverse = Float64Array.of(p[3]! / det, -p[1]! / det, -p[1]! / det, p[0]! / det);
      return S.egrad2rgrad(inverse, g);
    };
    expect(() => minimize(of(partial))).toThrow(/egrad2rgrad/);
    const saddle = (sign: number) =>
      minMaxProblem({
        M: R2,
        N: R2,
        gradX: (x, y) => combine(1, x, 1, y),
        gradY: (x, y) => scale(sign, combine(1, x, -1, y)),
        cost: (x, y) => x.reduce((sum, xi, i) => sum + (xi * xi) / 2 + xi * y[i]! - y[i]! ** 2 / 2, 0),
        constants: { muX: 1, muY: 1, Lx: 1, Ly: 1, Lxy: 1 },
        x0: Float64Array.of(1, 2),
        y0: Float64Array.of(3, 4),
      });
    expect(solveMinMax(saddle(1)).certified).toBe(true);
    expect(() => solveMinMax(saddle(-1))).toThrow(/along gradY at the start/);
  });
});
