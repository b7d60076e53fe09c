import { describe, expect, it } from "vitest";
import {
  type ConvexSet,
  customSet,
  euclidean,
  geodesicBall,
  hyperbolic,
  minimizationProblem,
  minimize,
  minMaxProblem,
  solveMinMax,
  spd,
  spdBox,
} from "./index.ts";

const M = euclidean(1);
const ball = (radius: number) => geodesicBall(M, Float64Array.of(0), radius);
const at = (x: number) => Float64Array.of(x);

describe("a domain within a larger set", () => {
  it("gives no certificate where the constants do not hold", () => {
    // A Huber loss: strongly convex with mu = 1 within distance 1 of 0 only.
    const huber = minimizationProblem({
      M,
      X: ball(50),
      domain: ball(1),
      gradient: (x) => at(Math.max(-1, Math.min(1, x[0]!))),
      mu: 1,
      L: 1,
      start: at(40),
    });
    const { x, certified } = minimize(huber, { tolerance: 0.6 });
    expect(certified && Math.abs(x[0]!) > 1).toBe(false);
  });

  const toTarget = (target: number, domain: ConvexSet, X?: ConvexSet) =>
    minimizationProblem({
      M,
      ...(X ? { X } : {}),
      domain,
      gradient: (x) => at(x[0]! - target),
      mu: 1,
      L: 1.5,
      start: at(0),
    });

  it.each([undefined, ball(5)])("certifies nothing when the minimiser is outside it: set %#", (X) => {
    for (const target of [1.0001, 1.2, 3]) {
      const { certified, status } = minimize(toTarget(target, ball(1), X), { tolerance: 0.5, maxCalls: 500 });
      expect([status === "converged", certified]).toEqual([false, false]);
    }
    const found = minimize(toTarget(0.9, ball(1), X), { tolerance: 0.5 });
    expect(found).toMatchObject({ status: "converged", certified: true });
    expect(Math.abs(found.x[0]! - 0.9)).toBeLessThanOrEqual(found.distBound);
  });

  it("ends every method without a certificate, and without an error, at a minimiser on its edge", () => {
    for (const method of ["prgd", "ragd", "riemacon", "riemaconSC", "boostedRiemacon"] as const) {
      const edge = { ...toTarget(1, ball(1)), start: at(1) };
      expect(minimize(edge, { method, maxCalls: 5000 })).toMatchObject({
        status: "stalled",
        certified: false,
      });
    }
  });

  it("is where the cost is looked at, however large the set", () => {
    // sqrt(1 + x^2) curves by more than 0.7 within 0.5 of 0 only.
    const problem = minimizationProblem({
      M,
      X: ball(3),
      domain: ball(0.5),
      gradient: (x) => at(x[0]! / Math.hypot(1, x[0]!)),
      cost: (x) => Math.hypot(1, x[0]!),
      mu: 0.7,
      L: 1,
      start: at(0.3),
    });
    expect(minimize(problem).certified).toBe(true);
  });

  it("may hold the whole set, whose edge is then no matter", () => {
    for (const X of [ball(1), geodesicBall(M, at(0.5), 0.5)]) {
      const { x, certified } = minimize(toTarget(3, ball(1), X));
      expect([x[0]!, certified]).toEqual([1, true]);
    }
  });

  it("must know how far a point is from its edge", () => {
    const box = { project: (p: Float64Array) => at(Math.max(-1, Math.min(1, p[0]!))) };
    expect(() => toTarget(0, customSet(M, box))).toThrow(/domain is the custom set .* give it a margin/);
    const margin = (p: Float64Array) => 1 - Math.abs(p[0]!);
    expect(minimize(toTarget(0.5, customSet(M, { ...box, margin }))).certified).toBe(true);
    expect(minimize(toTarget(2, customSet(M, { ...box, margin })), { maxCalls: 500 }).certified).toBe(false);
  });

  it("must hold the saddle of a game", () => {
    const game = (center: number, muX: number) =>
      minMaxProblem({
        M,
        N: M,
        gradX: (x, y) => at(muX * x[0]! + y[0]!),
        gradY: (x, y) => at(x[0]! - y[0]!),
        domainX: geodesicBall(M, at(center), 1),
        constants: { muX, muY: 1, Lx: 1, Ly: 1, Lxy: 1 },
        x0: at(center),
        y0: at(center),
      });
    for (const method of ["auto", "ramma", "ramma5", "rceg", "rioda"] as const) {
      const solve = (center: number) =>
        solveMinMax(game(center, 1), { method, tolerance: 0.3, maxCalls: 2000 });
      expect(solve(0.5)).toMatchObject({ status: "converged", certified: true });
      const outside = solve(1.01);
      expect([outside.status === "converged", outside.certified]).toEqual([false, false]);
    }
    expect(solveMinMax(game(0.5, 0), { method: "rceg", maxCalls: 2000 }).certified).toBe(false);
  });
});

describe("margins", () => {
  it("of sets are distances to their edges, or less", () => {
    const H = hyperbolic(2);
    expect(geodesicBall(H, H.origin, 2).margin!(H.exp(H.origin, Float64Array.of(0, 1.5, 0)))).toBeCloseTo(
      0.5,
      12,
    );
    const S = spd(2);
    const box = spdBox(2, 0.5, 8);
    const p = Float64Array.of(1, 0, 0, 4);
    expect(box.margin!(p)).toBeCloseTo(Math.log(2), 12);
    expect(box.contains(S.exp(p, Float64Array.of(-Math.log(2), 0, 0, 0)))).toBe(true);
  });
});
