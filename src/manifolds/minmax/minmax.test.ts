import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run, runSync } from "../../core/index.ts";
import { createRng } from "../../random/index.ts";
import { type MinMaxProblem, minimizationProblem, minMaxProblem } from "../problem.ts";
import { droFrechetMean, frechetMean, robustKarcher } from "../problems/means.ts";
import { hyperbolicQuadraticSaddle, logdetSaddle } from "../problems/quadratics.ts";
import { convexConcaveToStrong } from "../reductions.ts";
import { geodesicBall } from "../sets/ball.ts";
import { minimize, solveMinMax } from "../solve.ts";
import { zeta } from "../spaces/curvature.ts";
import { euclidean } from "../spaces/euclidean.ts";
import { hyperbolic } from "../spaces/hyperbolic.ts";
import { combine, type Manifold, randomDirection, randomPoint, scale } from "../spaces/manifold.ts";
import { product } from "../spaces/product.ts";
import { logdet, spd } from "../spaces/spd.ts";
import * as solvers from "./solvers.ts";

const rng = createRng(17);
let drawn = 0;
const stream = () => rng.stream("minmax", 0, drawn++);
const away = (M: Manifold, d: number) => M.exp(M.origin, scale(d, randomDirection(M, M.origin, stream())));
const valueAt = (problem: MinMaxProblem, x: Float64Array, y: Float64Array) =>
  problem.cost!.answer({ x, y }, undefined) as number;

const logdet8 = () => logdetSaddle({ n: 2, muX: 0.1, muY: 0.2, cx: 1, cy: 1, b: 0.7, a0: 0.3, b0: -0.2 });
const METHODS = ["auto", "ramma", "ramma5", "rceg", "rgda", "reg", "rpeg", "rogda", "rioda"] as const;

describe("the logdet saddle", () => {
  it("has the known solution", () => {
    const { x, y, value } = logdet8();
    expect(logdet(x, 2) / Math.SQRT2).toBeCloseTo(0.2762430939, 10);
    expect(logdet(y, 2) / Math.SQRT2).toBeCloseTo(-0.0055248619, 10);
    expect(value).toBeCloseTo(-0.0158839779, 10);
  });

  it.each(METHODS)("is solved by %s with a valid certificate", (method) => {
    const { problem, x, y } = logdet8();
    const found = solveMinMax(problem, { method, tolerance: 1e-9 });
    expect(found).toMatchObject({ status: "converged", certified: true });
    expect(found.gap).toBeLessThanOrEqual(1e-9);
    expect(problem.M.dist(found.x, x)).toBeLessThanOrEqual(found.distBoundX);
    expect(problem.N.dist(found.y, y)).toBeLessThanOrEqual(found.distBoundY);
  });

  it("ends at the saddle from any start", () => {
    for (let i = 0; i < 10; i++) {
      const M = spd(2);
      const spec = { n: 2, muX: 0.1, muY: 0.2, cx: 1, cy: 1, b: 0.7 };
      const { problem, x, y } = logdetSaddle({ ...spec, x0: away(M, 0.9), y0: away(M, 0.9) });
      const found = solveMinMax(problem, { method: "ramma", tolerance: 1e-11 });
      expect(found.certified).toBe(true);
      expect(problem.M.dist(found.x, x)).toBeLessThan(Math.sqrt(2e-11 / 0.1));
      expect(problem.N.dist(found.y, y)).toBeLessThan(Math.sqrt(2e-11 / 0.2));
    }
  });
});

it("solves quadratic games on R^6 as their linear system does", () => {
  const M = euclidean(6);
  const draw = () => stream().normals(6);
  const [muX, muY, Lxy] = [0.01, 0.02, 0.49];
  // f = muX/2 |x|^2 + p.x + Lxy x.y - q.y - muY/2 |y|^2
  const [p, q] = [draw(), draw()];
  const problem = minMaxProblem({
    M,
    N: M,
    gradX: (x, y) => x.map((xi, i) => muX * xi + p[i]! + Lxy * y[i]!),
    gradY: (x, y) => y.map((yi, i) => Lxy * x[i]! - q[i]! - muY * yi),
    constants: { muX, muY, Lx: muX, Ly: muY, Lxy },
    x0: draw(),
    y0: draw(),
  });
  const determinant = muX * muY + Lxy ** 2;
  for (const method of ["auto", "ramma", "rceg"] as const) {
    const { x, y, certified } = solveMinMax(problem, { method, tolerance: 1e-16 });
    expect(certified).toBe(true);
    for (let i = 0; i < 6; i++) {
      expect(Math.abs(x[i]! - (Lxy * q[i]! - muY * p[i]!) / determinant)).toBeLessThan(1e-7);
      expect(Math.abs(y[i]! + (Lxy * p[i]! + muX * q[i]!) / determinant)).toBeLessThan(1e-7);
    }
  }
});

describe("honest ends", () => {
  it.each(["auto", "ramma", "rceg", "rogda"] as const)("%s stalls below what doubles certify", (method) => {
    const { gap, status } = solveMinMax(logdet8().problem, { method, tolerance: 1e-60, maxCalls: 200_000 });
    expect(["stalled", "maxCalls"]).toContain(status);
    expect(gap).toBeLessThan(1e-15);
  });

  it("diverges by name under too long a step, and certifies nothing outside the constants' domain", () => {
    const M = euclidean(1);
    const game = (radius: number) =>
      minMaxProblem({
        M,
        N: M,
        gradX: (x, y) => Float64Array.of(x[0]! + 5 * y[0]!),
        gradY: (x, y) => Float64Array.of(5 * x[0]! - y[0]!),
        domainX: geodesicBall(M, Float64Array.of(2), radius),
        constants: { muX: 1, muY: 1, Lx: 1, Ly: 1, Lxy: 5 },
        x0: Float64Array.of(2),
        y0: Float64Array.of(2),
      });
    expect(solveMinMax(game(1e9), { method: "rgda", step: 1 }).status).toBe("diverged");
    expect(solveMinMax(game(3), { method: "ramma" })).toMatchObject({ status: "converged", certified: true });
    expect(solveMinMax(game(1), { method: "rceg", tolerance: 1e-6, maxCalls: 5000 }).certified).toBe(false);
  });
});

describe("the robust Karcher mean", () => {
  // Three points at unit distance from the origin of H^2, 120 degrees apart.
  const M = hyperbolic(2);
  const points = [0, 1, 2].map((k) => {
    const angle = (2 * Math.PI * k) / 3;
    return M.exp(M.origin, Float64Array.of(0, Math.cos(angle), Math.sin(angle)));
  });

  it.each([true, false])("has the known saddle (adversary's answer known: %s)", (exactResponse) => {
    const problem = robustKarcher(M, points, 4, { exactResponse, radius: 0.3 });
    const { x, y, certified, distBoundX, calls } = solveMinMax(problem, {
      method: "ramma",
      tolerance: 1e-10,
    });
    expect(certified).toBe(true);
    expect(M.dist(x, M.origin)).toBeLessThanOrEqual(distBoundX);
    for (let i = 0; i < 3; i++) expect(M.dist(M.origin, y.slice(3 * i, 3 * i + 3))).toBeCloseTo(4 / 3, 4);
    expect(valueAt(problem, x, y)).toBeCloseTo(2 / 3, 8);
    expect(calls.gradX + calls.gradY).toBeLessThan(200);
  });

  it("has the adversary's value gamma / (gamma - 1) / (2 m) sum d^2 at any x", () => {
    const problem = robustKarcher(M, points, 4, { radius: 0.3 });
    for (let i = 0; i < 10; i++) {
      const x = away(M, 0.2);
      const y = problem.bestResponseY!.answer(x, undefined) as Float64Array;
      const sum = points.reduce((total, p) => total + M.dist(x, p) ** 2, 0);
      expect(valueAt(problem, x, y)).toBeCloseTo((4 / 3) * (sum / 6), 10);
      const other = away(M, 0.2);
      const z = problem.bestResponseY!.answer(other, undefined) as Float64Array;
      const { muY, Lxy } = problem.constants;
      expect(problem.N.dist(y, z)).toBeLessThanOrEqual((Lxy / muY) * M.dist(x, other) * (1 + 1e-9));
    }
  });

  it("is found when one point lies far from all others", () => {
    const near = Array.from({ length: 9 }, () => randomPoint(M, stream(), 0.05));
    for (const distance of [5, 12, 20]) {
      const cloud = [...near, M.exp(M.origin, Float64Array.of(0, distance, 0))];
      expect(solveMinMax(robustKarcher(M, cloud, 200))).toMatchObject({
        status: "converged",
        certified: true,
      });
    }
  });

  it("refuses a price at which the adversary's problem is not concave", () => {
    expect(() => robustKarcher(M, points, 1.2)).toThrow(/concave only above/);
    expect(() => robustKarcher(M, points, 1)).toThrow(/above 1/);
  });
});

describe("gradient play", () => {
  const d = 30;
  const M = spd(d);
  const u = (P: Float64Array) => logdet(P, d) / Math.sqrt(d);
  const along = (P: Float64Array, factor: number) => scale(factor / Math.sqrt(d), P);
  const game = (own: number, b: number) =>
    minMaxProblem({
      M,
      N: M,
      gradX: (X, Y) => along(X, own * u(X) + b * u(Y)),
      gradY: (X, Y) => along(Y, b * u(X) - own * u(Y)),
      constants: { muX: 0, muY: 0, Lx: own, Ly: own, Lxy: b },
      x0: scale(1.3, M.origin),
      y0: scale(0.9, M.origin),
    });
  /** How the norm of the field changed over that many steps. */
  const factor = (solver: solvers.MinMaxSolver, problem: MinMaxProblem, steps: number) => {
    const norm = (maxSteps: number) => {
      const { snapshot } = runSync(solver, problem, { seed: 0, stop: { maxSteps } });
      const { at } = snapshot.state!.own as {
        at: { x: Float64Array; y: Float64Array; g: { x: Float64Array; y: Float64Array } };
      };
      return Math.hypot(M.norm(at.x, at.g.x), M.norm(at.y, at.g.y));
    };
    return norm(steps + 1) / norm(1);
  };

  it.each([
    [0.1, 0.4, 0.2, 0.203961, 0.759611],
    [1, 0.4, 0.2, 0.447214, 0.72111],
    [10, 0.02, 0.1, 0.980612, 0.620967],
  ])(
    "contracts the logdet quadratic with coupling %f by the known factors",
    (c, slow, fast, descent, extra) => {
      expect(factor(solvers.rgda({ step: slow }), game(2, c), 1)).toBeCloseTo(descent, 5);
      expect(factor(solvers.rceg({ step: fast }), game(2, c), 1)).toBeCloseTo(extra, 5);
    },
  );

  it("spirals out on a bilinear game by descent-ascent, in by the extragradient", () => {
    expect(factor(solvers.rgda({ step: 0.3 }), game(0, 1), 50)).toBeCloseTo(8.62308066, 6);
    expect(factor(solvers.rceg({ step: 0.3 }), game(0, 1), 50)).toBeCloseTo(0.118099942, 8);
  });

  it("never takes RCEG away from the saddle, and contracts at the theory's rate", () => {
    for (let i = 0; i < 10; i++) {
      const H = hyperbolic(3);
      const problem = hyperbolicQuadraticSaddle({
        c: [1, 0.3, 0.1],
        b: 0.05,
        radius: 0.8,
        x0: away(H, 0.5),
        y0: away(H, 0.5),
      });
      const { muX, Lx, Lxy } = problem.constants;
      const distance = (x: Float64Array, y: Float64Array) =>
        Math.hypot(H.dist(x, H.origin), H.dist(y, H.origin));
      const bend = zeta(-1, 2 * Math.hypot(0.5, 0.5));
      const L = Lx + Lxy;
      const linear = Math.min(1 / (2 * L * Math.sqrt(bend)), 1 / (4 * muX));
      for (const [step, ratio] of [
        [1 / (L * Math.sqrt(bend)), 1],
        [linear, 1 - linear * muX],
      ] as const) {
        let before = Math.hypot(0.5, 0.5);
        const watch = ({ state }: { state: solvers.MinMaxState }) => {
          const { at } = state.own as { at: { x: Float64Array; y: Float64Array } };
          const now = distance(at.x, at.y);
          if (before > 1e-6) expect(now ** 2).toBeLessThanOrEqual(ratio * before ** 2 * (1 + 1e-9));
          before = now;
        };
        runSync(solvers.rceg({ step }), problem, { seed: 0, stop: { maxSteps: 150 }, observers: [watch] });
      }
    }
  });

  it("moves with the data under a congruence: RCEG and REG are intrinsic", () => {
    const S = spd(3);
    const G = combine(1, S.origin, 0.3, rng.stream("congruence").normals(9));
    const move = (P: Float64Array) => {
      const out = new Float64Array(9);
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++)
          for (let k = 0; k < 3; k++)
            for (let l = 0; l < 3; l++) out[3 * i + j]! += G[3 * i + k]! * P[3 * k + l]! * G[3 * j + l]!;
      return out.map((_, at) => (out[at]! + out[3 * (at % 3) + Math.floor(at / 3)]!) / 2);
    };
    const points = Array.from({ length: 4 }, () => randomPoint(S, stream(), 0.3));
    const options = { seed: 0, stop: { maxSteps: 50 } };
    for (const solver of [solvers.rceg, solvers.reg]) {
      const one = runSync(solver({ tolerance: 1e-30 }), robustKarcher(S, points, 6), options).result;
      const two = runSync(
        solver({ tolerance: 1e-30 }),
        robustKarcher(S, points.map(move), 6),
        options,
      ).result;
      expect(S.dist(move(one.x), two.x)).toBeLessThan(1e-11);
      for (let i = 0; i < 4; i++)
        expect(S.dist(move(one.y.slice(9 * i, 9 * i + 9)), two.y.slice(9 * i, 9 * i + 9))).toBeLessThan(
          1e-11,
        );
    }
  });
});

describe("reductions", () => {
  it.each([0.1, 0.01, 0.001])("solves the bilinear game on balls of radius 2 to eps = %f", (eps) => {
    const M = spd(2);
    const u = (P: Float64Array) => logdet(P, 2) / Math.SQRT2;
    const along = (P: Float64Array, factor: number) => scale(factor / Math.SQRT2, P);
    const x0 = scale(1.3, M.origin);
    const y0 = scale(0.8, M.origin);
    const problem = minMaxProblem({
      M,
      N: M,
      gradX: (X, Y) => along(X, u(Y)),
      gradY: (X, Y) => along(Y, u(X)),
      domainX: geodesicBall(M, x0, 2),
      domainY: geodesicBall(M, y0, 2),
      constants: { muX: 0, muY: 0, Lx: 0, Ly: 0, Lxy: 1 },
      x0,
      y0,
    });
    const { x, y, gap, certified } = solveMinMax(convexConcaveToStrong(problem, eps, 2, 2), {
      tolerance: eps / 2,
    });
    expect([certified, gap <= eps / 2]).toEqual([true, true]);
    // u ranges over its value at the start, plus and minus 2.
    const most = Math.max(u(x) * (u(y0) + 2), u(x) * (u(y0) - 2));
    const least = Math.min(u(y) * (u(x0) + 2), u(y) * (u(x0) - 2));
    expect(most - least).toBeLessThanOrEqual(eps);
    expect(most - least).toBeGreaterThan(0);
  });
});

describe("the distributionally robust mean", () => {
  it("lowers the worst distance as the price falls", () => {
    const M = spd(3);
    const points = Array.from({ length: 11 }, () => randomPoint(M, stream(), 0.3));
    points.push(away(M, 2));
    const worst = (x: Float64Array) => Math.max(...points.map((p) => M.dist(x, p) ** 2 / 2));
    const figures = [worst(minimize(frechetMean(M, points)).x)];
    for (const rho of [10, 1, 0.3]) {
      const { x, y, status } = solveMinMax(droFrechetMean(M, points, rho), { tolerance: 1e-6 });
      expect(status).toBe("converged");
      expect(y.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
      figures.push(worst(x));
    }
    expect(figures).toEqual(figures.toSorted((a, b) => b - a));
  });
});

describe("the distributionally robust mean of points far apart", () => {
  it.each([3, 8, 12])("is certified at distance %i", (distance) => {
    const H = hyperbolic(3);
    const points = [0, 2, 4].map((angle) =>
      H.exp(H.origin, Float64Array.of(0, distance * Math.cos(angle), distance * Math.sin(angle), 0)),
    );
    const found = solveMinMax(droFrechetMean(H, points, 0.01), { maxCalls: 50_000 });
    expect(found).toMatchObject({ status: "converged", certified: true });
  });
});

describe("any problem", () => {
  /** A lower bound of the true gap: what near-best answers inside the domains gain. */
  function gapFromBelow(problem: MinMaxProblem, x: Float64Array, y: Float64Array): number {
    const { constants: c, domain, set } = problem;
    const side = (of: "x" | "y") => {
      const M = of === "x" ? problem.M : problem.N;
      const pair = (p: Float64Array) => (of === "x" ? { x: p, y } : { x, y: p });
      const region = (set[of].whole ? domain : set)[of];
      const answer = minimize(
        minimizationProblem({
          M,
          X: set[of],
          domain: domain[of],
          mu: of === "x" ? c.muX : c.muY,
          L: of === "x" ? c.Lx : c.Ly,
          gradient: (p) => {
            const g = problem.gradient.answer({ of, ...pair(p) }, undefined) as Float64Array;
            return of === "x" ? g : scale(-1, g);
          },
          start: of === "x" ? x : y,
        }),
        { tolerance: 1e-13, maxCalls: 20000 },
      ).x;
      const best = region.project(answer);
      const now = valueAt(problem, x, y);
      const then = valueAt(problem, pair(best).x, pair(best).y);
      return of === "x" ? now - then : then - now;
    };
    return side("x") + side("y");
  }

  const uniform = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const space = fc.constantFrom<() => Manifold>(
    () => euclidean(3),
    () => hyperbolic(3),
    () => spd(2),
    () => product([hyperbolic(2), spd(2)], [1, 2]),
  );
  const cloud = (M: Manifold, count: number, spread: number) =>
    Array.from({ length: count }, () => randomPoint(M, stream(), spread));
  const problems: fc.Arbitrary<MinMaxProblem> = fc.oneof(
    fc
      .tuple(uniform(0.02, 1), uniform(0.02, 1), uniform(0, 1), uniform(0, 1), uniform(0, 1))
      .map(([muX, muY, cx, cy, b]) => {
        const M = spd(2);
        return logdetSaddle({ n: 2, muX, muY, cx, cy, b, x0: away(M, 0.5), y0: away(M, 0.5) }).problem;
      }),
    fc.tuple(uniform(0.05, 1), uniform(0, 0.9)).map(([least, share]) => {
      const M = hyperbolic(2);
      const b = (share * least) / Math.sinh(1) ** 2;
      return hyperbolicQuadraticSaddle({ c: [1, least], b, radius: 1, x0: away(M, 0.4), y0: away(M, 0.4) });
    }),
    fc
      .tuple(space, uniform(6, 12))
      .map(([make, gamma]) => robustKarcher(make(), cloud(make(), 5, 0.2), gamma)),
    fc
      .tuple(space, uniform(0.5, 10))
      .map(([make, rho]) => droFrechetMean(make(), cloud(make(), 5, 0.4), rho)),
  );

  it("gets a certificate that is never below the true gap, mostly within the budget of the rates", () => {
    let converged = 0;
    let total = 0;
    fc.assert(
      fc.property(problems, (problem) => {
        total++;
        const tolerance = 1e-6;
        const { muX, muY, Lx, Ly, Lxy } = problem.constants;
        const L = Math.max(Lx, Ly) + Lxy;
        const rate = Math.sqrt(Lx / muX + (L * Lxy) / (muX * muY) + Ly / muY);
        const maxCalls = Math.ceil(100 + 40 * rate * Math.log(1e3 / tolerance));
        const { x, y, gap, certified, status } = solveMinMax(problem, { tolerance, maxCalls });
        if (status === "converged") {
          if (certified) converged++;
          expect(gap).toBeLessThanOrEqual(tolerance);
        }
        if (certified) expect(gap).toBeGreaterThanOrEqual(gapFromBelow(problem, x, y) - 1e-12);
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(total).toBe(100);
    expect(converged).toBeGreaterThanOrEqual(90);
  });
});

it("ends with the same bits by run, runSync and from a snapshot inside a step", async () => {
  const { problem } = logdet8();
  for (const make of [solvers.auto, solvers.ramma, solvers.rogda, solvers.rioda]) {
    const whole = runSync(make(), problem, { seed: 1 });
    expect((await run(make(), problem, { seed: 1 })).result).toEqual(whole.result);
    for (const maxCalls of [2, 3, 10, 50]) {
      const part = runSync(make(), problem, { seed: 1, stop: { maxCalls } });
      expect(runSync(make(), problem, { seed: 1, from: part.snapshot }).result).toEqual(whole.result);
    }
  }
});

it("says what is wrong with a problem or a method", () => {
  const M = euclidean(1);
  const parts = {
    M,
    N: M,
    gradX: (x: Float64Array) => x,
    gradY: (_: Float64Array, y: Float64Array) => scale(-1, y),
    constants: { muX: 1, muY: 1, Lx: 1, Ly: 1, Lxy: 2 },
    x0: Float64Array.of(1),
  };
  expect(() => minMaxProblem({ ...parts, constants: { ...parts.constants, Lxy: -1 } })).toThrow(/Lxy is -1/);
  expect(() => minMaxProblem({ ...parts, constants: { ...parts.constants, Lx: 0.5 } })).toThrow(/below muX/);
  expect(() => minMaxProblem({ ...parts, y0: Float64Array.of(1, 2) })).toThrow(/2 numbers/);
  expect(() => minMaxProblem({ ...parts, X: geodesicBall(euclidean(2), Float64Array.of(0, 0), 1) })).toThrow(
    /R\^2/,
  );
  expect(() => solveMinMax(minMaxProblem(parts), { method: "rabr" })).toThrow(/Lxy\^2 < muX muY/);
  expect(() => solveMinMax(minMaxProblem(parts), { method: "nope" as "auto" })).toThrow(/method is "nope"/);
  // @ts-expect-error: the race chooses its own steps.
  expect(() => solveMinMax(minMaxProblem(parts), { step: 1 })).toThrow(/leave step out/);
  const cost = (x: Float64Array, y: Float64Array) => (x[0]! ** 2 - y[0]! ** 2) / 2;
  const claimed = { ...parts.constants, muX: 2, Lx: 2 };
  expect(() => solveMinMax(minMaxProblem({ ...parts, cost, constants: claimed }))).toThrow(/muX is 2, but/);
  const ball = geodesicBall(M, Float64Array.of(0), 2);
  expect(() => solveMinMax(minMaxProblem({ ...parts, X: ball }), { method: "rceg" })).toThrow(
    /constrained sets/,
  );
  const weak = minMaxProblem({ ...parts, constants: { ...parts.constants, muX: 0 } });
  expect(() => solveMinMax(weak)).toThrow(/convexConcaveToStrong/);
  const nan = minMaxProblem({ ...parts, gradX: () => Float64Array.of(Number.NaN) });
  expect(() => solveMinMax(nan)).toThrow(/gradX answered NaN/);
  expect(() => solvers.rpeg({ step: "theory" })).toThrow(/give a number/);
});
