import { describe, expect, it } from "vitest";
import { type Asking, type Batch, encode, run, runSync } from "../../core/index.ts";
import { createRng } from "../../random/index.ts";
import { checkGConvexity, checkGradient } from "../checking.ts";
import { minimizationProblem } from "../problem.ts";
import { frechetMean } from "../problems/means.ts";
import { hyperbolicQuadratic } from "../problems/quadratics.ts";
import { convexToStrong } from "../reductions.ts";
import { geodesicBall } from "../sets/ball.ts";
import { minimize } from "../solve.ts";
import { zetaOf } from "../spaces/curvature.ts";
import { euclidean } from "../spaces/euclidean.ts";
import { hyperbolic, lorentz } from "../spaces/hyperbolic.ts";
import { combine, randomDirection, randomPoint, scale } from "../spaces/manifold.ts";
import { logdet, spd } from "../spaces/spd.ts";
import { prgd, ragd, riemacon } from "./minimizers.ts";
import { evaluate, objectiveOf } from "./objective.ts";
import { gradientStep } from "./prgd.ts";
import { rescue } from "./rescue.ts";
import {
  paperSequences,
  riemaconStart,
  riemaconStep,
  smoothProximal,
  tightSequences,
  xiOfRadius,
} from "./riemacon.ts";

const rng = createRng(3);
const logSpaced = (n: number, kappa: number) => Array.from({ length: n }, (_, i) => kappa ** (-i / (n - 1)));
const quadratic = (kappa: number, index = 0) => {
  const M = hyperbolic(6);
  const start = M.exp(M.origin, scale(0.7, randomDirection(M, M.origin, rng.stream("start", 0, index))));
  return hyperbolicQuadratic(logSpaced(6, kappa), { radius: 0.8, start });
};

/** Drives a computation whose oracles answer at once. */
function now<R>(asking: Asking<R>): R {
  const answers = ({ oracle, questions }: Batch) =>
    questions.map((question) => oracle.answer(question, undefined));
  let turn = asking.next([]);
  while (!turn.done) turn = asking.next(answers(turn.value));
  return turn.value;
}

describe("minimisers", () => {
  it.each(["prgd", "ragd", "riemacon", "riemaconSC", "boostedRiemacon"] as const)(
    "%s certifies a minimum of the hyperbolic quadratic",
    (method) => {
      const problem = quadratic(100);
      const { x, gap, certified, status, distBound } = minimize(problem, { method, tolerance: 1e-9 });
      expect(status).toBe("converged");
      expect(certified).toBe(true);
      expect(gap).toBeLessThanOrEqual(1e-9);
      const cost = problem.cost!.answer(x, undefined) as number;
      expect(cost).toBeLessThanOrEqual(gap);
      expect(problem.manifold.dist(x, problem.manifold.origin)).toBeLessThanOrEqual(distBound);
    },
  );

  it("needs fewer gradients with acceleration, at least eight times at condition 1000", () => {
    const problem = quadratic(1000);
    const plain = minimize(problem, { method: "prgd", tolerance: 1e-9 }).calls;
    expect(plain).toBeGreaterThan(8 * minimize(problem, { tolerance: 1e-9 }).calls);
  });

  it("finds the Frechet mean of widely spread matrices in about a dozen gradients", () => {
    for (const M of [spd(10), hyperbolic(5)]) {
      const points = Array.from({ length: 50 }, (_, i) => randomPoint(M, rng.stream("spread", 0, i), 1));
      const { calls, certified } = minimize(frechetMean(M, points), { tolerance: 5e-21 });
      expect(certified).toBe(true);
      expect(calls).toBeLessThanOrEqual(25);
    }
  });

  it("turns to momentum where plain steps meet curvature that jumps", () => {
    // Huber losses of very different steepness: the curvature met on the last step says nothing about the next.
    const M = euclidean(50);
    const steep = Array.from({ length: 50 }, (_, i) => 1000 ** (i / 49));
    const problem = minimizationProblem({
      M,
      gradient: (x) => x.map((xi, i) => 0.001 * xi + steep[i]! * Math.max(-1, Math.min(1, xi))),
      mu: 0.001,
      L: 1000.001,
      start: new Float64Array(50).fill(10),
    });
    const kinds = new Set<string>();
    const { result, status } = runSync(ragd(), problem, {
      seed: 0,
      stop: { maxCalls: 50_000 },
      observers: [({ state }) => void kinds.add(state.own.momentum ? "momentum" : "plain")],
    });
    expect([status, result.certified]).toEqual(["converged", true]);
    expect([...kinds]).toEqual(["plain", "momentum"]);
  });

  it("is not led astray by plain steps across a narrow bend: gradients grow with neither condition nor place", () => {
    const M = euclidean(1);
    for (const kappa of [1e2, 1e4, 1e6])
      for (const z of [0, 1, 2, -2]) {
        const gradient = (x: Float64Array) => x.map((xi) => xi / kappa + Math.tanh(5 * (xi - z)) / 5);
        const start = Float64Array.of(3);
        const problem = minimizationProblem({ M, gradient, mu: 1 / kappa, L: 1 + 1 / kappa, start });
        const { calls, certified } = minimize(problem, { tolerance: 1e-9 });
        expect([certified, calls <= 100]).toEqual([true, true]);
      }
  });

  it("keeps states of one size, however many steps they come after", () => {
    const sizes = [20, 60, 200].map((maxSteps) => {
      const { snapshot } = runSync(ragd({ tolerance: 1e-25 }), quadratic(1e4), {
        seed: 0,
        stop: { maxSteps },
      });
      return encode({ ...(snapshot.state!.own as object), history: [] }).length;
    });
    expect(Math.max(...sizes)).toBeLessThan(1.2 * Math.min(...sizes));
  });

  it("steps no further than the region is wide, where coordinates would leave the doubles", () => {
    const M = spd(2);
    const u = (p: Float64Array) => logdet(p, 2) / Math.SQRT2;
    const A = Float64Array.of(2, 0.5, 0.5, 1);
    const a = 3000;
    const problem = minimizationProblem({
      M,
      X: geodesicBall(M, Float64Array.of(1, 0.2, 0.2, 1), 1),
      gradient: (p) => combine(-1, M.log(p, A), (a * (u(p) - 3)) / Math.SQRT2, p),
      mu: 1,
      L: a + 3,
      start: Float64Array.of(1, 0.2, 0.2, 1),
    });
    expect(minimize(problem)).toMatchObject({ status: "converged", certified: true });
  });

  it("starts Riemacon outside the domain of the constants, and ends inside", () => {
    const M = euclidean(2);
    const target = Float64Array.of(0.3, 0);
    const problem = minimizationProblem({
      M,
      gradient: (x) => scale(-1, M.log(x, target)),
      mu: 1,
      L: 2,
      domain: geodesicBall(M, M.origin, 1),
      start: Float64Array.of(3, 0.3),
    });
    for (const method of ["riemacon", "riemaconSC", "boostedRiemacon", "ragd", "prgd"] as const)
      expect(minimize(problem, { method })).toMatchObject({ status: "converged", certified: true });
  });

  it("brings a certificate down fourfold by Riemacon when nothing else does", () => {
    const F = objectiveOf(quadratic(30), { gradient: 0 });
    const from = now(evaluate(F, quadratic(30).start));
    expect(now(rescue(F, from)).decrease).toBeLessThanOrEqual(from.decrease / 4);
  });

  it("finds the Frechet mean of two matrices halfway along their geodesic", () => {
    const M = spd(2);
    const mean = minimize(frechetMean(M, [Float64Array.of(2, 1, 1, 2), Float64Array.of(1, 0, 0, 3)]), {
      tolerance: 1e-20,
    });
    expect([...mean.x].map((value) => Number(value.toFixed(9)))).toEqual([
      1.38873015, 0.46291005, 0.46291005, 2.314550249,
    ]);
  });

  it("keeps PRGD's rate on balls with the optimum on the boundary, decreasing, under a valid certificate", () => {
    for (let i = 0; i < 8; i++) {
      const M = i % 2 ? spd(2) : hyperbolic(3);
      const target = M.exp(M.origin, scale(1.5, randomDirection(M, M.origin, rng.stream("target", 0, i))));
      const L = zetaOf(M, 2.5);
      const X = geodesicBall(M, M.origin, 0.8);
      const problem = minimizationProblem({
        M,
        X,
        mu: 1,
        L,
        gradient: (p) => scale(-1, M.log(p, target)),
        start: M.exp(M.origin, scale(0.8, randomDirection(M, M.origin, rng.stream("from", 0, i)))),
      });
      const F = (p: Float64Array) => M.dist(p, target) ** 2 / 2;
      const least = F(X.project(target));
      const objective = objectiveOf(problem, { gradient: 0 });
      let at = now(evaluate(objective, problem.start));
      while (F(at.p) - least > 1e-10) {
        const before = F(at.p) - least;
        expect(at.decrease).toBeGreaterThanOrEqual(before - 1e-12);
        const bend = zetaOf(M, M.norm(at.p, at.g) / L);
        at = now(evaluate(objective, gradientStep(objective, at.p, at.g)));
        expect((F(at.p) - least) / before).toBeLessThanOrEqual(1 - 1 / (L * bend) + 1e-6);
      }
      const { gap, status } = minimize(problem, { method: "prgd", tolerance: 1e-12 });
      expect([status, gap < 1e-12]).toEqual(["converged", true]);
    }
  });

  it.each([
    ["paper", paperSequences],
    ["tight", tightSequences],
  ] as const)("keeps Riemacon's Lyapunov function falling for 200 steps: %s sequences", (_, sequences) => {
    const problem = quadratic(1000, 1);
    const M = problem.manifold;
    const F = objectiveOf(problem, { gradient: 0 });
    const lambda = 1 / F.L;
    const xi = xiOfRadius(M, 0.7);
    const method = { lambda, xi, diameter: 1.4, sequences, floor: 1e-26 };
    const prox = smoothProximal(F, lambda, 2.8);
    const psi = (state: { y: { p: Float64Array }; z: Float64Array; A: number }) => {
      const { p } = state.y;
      const far = combine(1, state.z, -1, M.log(p, M.origin));
      const value = problem.cost!.answer(p, undefined) as number;
      return state.A * value + M.norm(p, far) ** 2 / 2 + ((xi - 1) / 2) * M.norm(p, state.z) ** 2;
    };
    let state = now(riemaconStart(prox, method, now(evaluate(F, problem.start))));
    for (let k = 1; k <= 200; k++) {
      const before = psi(state);
      const A = state.A;
      state = now(riemaconStep(prox, method, state));
      expect((1 - 1 / (k + 1) ** 2) * psi(state)).toBeLessThanOrEqual(before * (1 + 1e-9));
      expect(M.norm(state.y.p, state.z)).toBeLessThanOrEqual(1.4 * (1 + 1e-12));
      const a = (state.A - A) * xi;
      expect(a * a).toBeLessThanOrEqual((8 / 9) * lambda * (xi * A + a) * (1 + 1e-12));
      expect(a * a).toBeGreaterThanOrEqual(0.75 * lambda * xi * (A + a) * (1 - 1e-12));
      expect(a).toBeGreaterThanOrEqual(1.2 * xi * lambda * (1 - 1e-12));
    }
  });

  it("solves prox problems to the accuracy that a fixed number of iterations asks for", () => {
    const problem = quadratic(10, 2);
    const F = problem.cost!.answer;
    const { result, status } = runSync(
      riemacon({ tolerance: 1e-3, sequences: "tight", steps: 60 }),
      problem,
      { seed: 0, stop: { maxCalls: 1e6 } },
    );
    expect(["converged", "stalled"]).toContain(status);
    expect(F(result.x, undefined) as number).toBeLessThanOrEqual(1e-3);
  });

  it("minimises a Busemann function plus a convexity term, within eps", () => {
    // B(x) = log(-<x, xi>) is g-convex, 1-smooth, with gradient of length 1, and falls without end towards xi.
    const M = hyperbolic(2);
    const xi = Float64Array.of(1, 1, 0);
    const gradient = (x: Float64Array) => M.project(x, scale(1 / lorentz(x, xi), xi));
    const cost = (x: Float64Array) => Math.log(-lorentz(x, xi));
    const p = randomPoint(M, rng.stream("busemann"));
    expect(M.norm(p, gradient(p))).toBeCloseTo(1, 12);
    const far = M.exp(M.origin, Float64Array.of(0, 20, 0));
    expect(M.dist(p, far) - 20).toBeCloseTo(cost(p), 10);
    expect(checkGradient(M, { cost, gradient }, p).ok).toBe(true);
    expect(checkGradient(M, { cost, gradient: (x) => scale(1.01, gradient(x)) }, p).ok).toBe(false);
    expect(checkGConvexity(M, cost, p).ok).toBe(true);
    expect(checkGConvexity(M, cost, p, { mu: 0.5 }).ok).toBe(false);
    const problem = minimizationProblem({ M, gradient, cost, mu: 0, L: 1, X: geodesicBall(M, M.origin, 1) });
    const { x, gap } = minimize(convexToStrong(problem, 0.02, 1), { method: "prgd", tolerance: 0.01 });
    expect(gap).toBeLessThanOrEqual(0.01);
    expect(cost(x) + 1).toBeLessThanOrEqual(0.02);
  });

  it("curves inside the hyperbolic quadratic's stated constants on its ball", () => {
    const problem = quadratic(100);
    const M = problem.manifold;
    const { least, most } = checkGConvexity(
      M,
      (p) => problem.cost!.answer(p, undefined) as number,
      M.origin,
      { radius: 0.8, samples: 1000 },
    );
    expect(least).toBeGreaterThanOrEqual(problem.mu - 1e-6);
    expect(most).toBeLessThanOrEqual(problem.L + 1e-6);
  });

  it("says that it stalled where doubles cannot certify the tolerance", () => {
    const M = hyperbolic(3);
    const points = Array.from({ length: 6 }, (_, i) => randomPoint(M, rng.stream("stall", 0, i)));
    const { status, gap } = minimize(frechetMean(M, points), { tolerance: 1e-60 });
    expect([status, gap < 1e-20]).toEqual(["stalled", true]);
  });

  it("refuses a modulus that samples refute, of the added term's as well", () => {
    const M = euclidean(1);
    const parts = { M, gradient: (p: Float64Array) => p, cost: (p: Float64Array) => p[0]! ** 2 / 2, L: 9 };
    expect(() => minimize(minimizationProblem({ ...parts, mu: 2 }))).toThrow(/mu is 2, but/);
    const more = convexToStrong(minimizationProblem({ ...parts, mu: 2 }), 0.1, 1);
    expect(() => minimize(more)).toThrow(/mu is 2.1, but/);
  });

  it("ends with the same bits by run, runSync and after a resume at every step", async () => {
    const problem = quadratic(30);
    const whole = runSync(ragd(), problem, { seed: 1 });
    expect((await run(ragd(), problem, { seed: 1 })).result).toEqual(whole.result);
    for (let maxSteps = 1; maxSteps < whole.steps; maxSteps++) {
      const part = runSync(ragd(), problem, { seed: 1, stop: { maxSteps } });
      expect(runSync(ragd(), problem, { seed: 1, from: part.snapshot }).result).toEqual(whole.result);
    }
  });

  it("says what is wrong with a problem or an option", () => {
    const M = euclidean(2);
    const parts = { M, gradient: (p: Float64Array) => p, mu: 1, L: 1 };
    expect(() => minimizationProblem({ ...parts, L: 0.5 })).toThrow(/L is 0.5, below mu = 1/);
    expect(() => minimizationProblem({ ...parts, mu: -1 })).toThrow(/mu is -1/);
    expect(() => minimizationProblem({ ...parts, start: Float64Array.of(1) })).toThrow(/2/);
    expect(() => prgd({ tolerance: 0 })).toThrow(/tolerance is 0/);
    const flat = minimizationProblem({ ...parts, mu: 0, start: Float64Array.of(1, 1) });
    expect(() => minimize(flat, { method: "ragd" })).toThrow(/mu > 0/);
    const nan = minimizationProblem({ ...parts, gradient: () => Float64Array.of(0, Number.NaN) });
    expect(() => minimize(nan)).toThrow(/NaN in place 1/);
    const short = minimizationProblem({ ...parts, gradient: () => Float64Array.of(0) });
    expect(() => minimize(short)).toThrow(/return a Float64Array of 2/);
    const sphere = minimizationProblem({ ...parts, M: { ...M, sectionalCurvatureMax: 1 } });
    expect(() => minimize(sphere)).toThrow(/curvature at most 0/);
    expect(() => frechetMean(spd(2), [Float64Array.of(1, 2, 2, 1)])).toThrow(/positive definite/);
    expect(() => frechetMean(hyperbolic(2), [Float64Array.of(1, 1, 0)])).toThrow(/points\[0\]/);
    expect(() => frechetMean(spd(2), [])).toThrow(/no points/);
  });
});
