/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type RunResult, run, type Status } from "fpx";
import {
  type ConvexSet,
  checkGradient,
  customSet,
  euclidean,
  frechetMean,
  type GeodesicBall,
  geodesicBall,
  hyperbolic,
  type Minimum,
  type MinMaxProblem,
  minimizationProblem,
  minimize,
  minMaxProblem,
  product,
  productSet,
  ragd,
  ramma,
  type SaddleResult,
  solveMinMax,
  spd,
} from "fpx/manifolds";
import { expectTypeOf, test } from "vitest";

const M = spd(3);
const points = [M.origin];

test("a minimum carries its certified gap", async () => {
  const problem = frechetMean(M, points);
  const minimum = minimize(problem, { method: "riemacon", tolerance: 1e-6 });
  expectTypeOf(minimum).toExtend<Minimum & { readonly status: Status }>();
  expectTypeOf(minimum.gap).toBeNumber();
  expectTypeOf((await run(ragd(), problem, { seed: 0 })).result).toEqualTypeOf<Minimum>();
  // @ts-expect-error: there is no such method.
  minimize(problem, { method: "newton" });
  // @ts-expect-error: a method of saddle points.
  minimize(problem, { method: "ramma" });
  // @ts-expect-error: results are read only.
  minimum.gap = 0;
});

test("a problem is given whole", () => {
  const gradient = (p: Float64Array) => p;
  expectTypeOf(minimizationProblem({ M, gradient, mu: 1, L: 2 }).start).toEqualTypeOf<Float64Array>();
  // @ts-expect-error: a gradient is needed.
  minimizationProblem({ M, mu: 1, L: 2 });
  // @ts-expect-error: a gradient is an array of numbers.
  minimizationProblem({ M, gradient: () => 1, mu: 1, L: 2 });
  // @ts-expect-error: moduli are proved or claimed.
  minimizationProblem({ M, gradient, mu: 1, L: 2, moduli: "guessed" });
  const constants = { muX: 1, muY: 1, Lx: 2, Ly: 2, Lxy: 1 };
  const saddle = minMaxProblem({ M, N: euclidean(2), gradX: (x) => x, gradY: (_x, y) => y, constants });
  expectTypeOf(saddle).toEqualTypeOf<MinMaxProblem>();
  const uncoupled = { muX: 1, muY: 1, Lx: 2, Ly: 2 };
  // @ts-expect-error: the coupling is a constant, too.
  minMaxProblem({ M, N: M, gradX: (x) => x, gradY: (_x, y) => y, constants: uncoupled });
  expectTypeOf(checkGradient(M, { cost: () => 0, gradient }, M.origin).ok).toBeBoolean();
});

test("steps go with the methods that take them", async () => {
  const problem = {} as MinMaxProblem;
  expectTypeOf(solveMinMax(problem, { method: "rceg", step: 0.1 })).toExtend<SaddleResult>();
  expectTypeOf((await run(ramma(), problem, { seed: 0 })).result).toEqualTypeOf<SaddleResult>();
  expectTypeOf(run(ramma(), problem, { seed: 0 })).toExtend<Promise<RunResult<unknown, SaddleResult>>>();
  // @ts-expect-error: RAMMA chooses its own steps.
  solveMinMax(problem, { method: "ramma", step: 0.1 });
  // @ts-expect-error: so does the race, the default.
  solveMinMax(problem, { step: 0.1 });
  // @ts-expect-error: a saddle point is not a minimum.
  minimize(problem);
});

test("sets are of a manifold", () => {
  expectTypeOf(geodesicBall(M, M.origin, 1)).toEqualTypeOf<GeodesicBall>();
  expectTypeOf(customSet(M, { project: (p) => p })).toEqualTypeOf<ConvexSet>();
  const pair = product([hyperbolic(2), euclidean(1)]);
  expectTypeOf(productSet(pair, [])).toEqualTypeOf<ConvexSet>();
  // @ts-expect-error: a product set is of a product.
  productSet(M, []);
  // @ts-expect-error: a set is known by its projection.
  customSet(M, { contains: () => true });
  // @ts-expect-error: points are typed arrays.
  M.dist([1], [2]);
});
