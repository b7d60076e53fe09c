import { checkPositive } from "../core/checks.ts";
import { fingerprint, InvalidInput } from "../core/index.ts";
import type { MinimizationProblem, MinMaxProblem } from "./problem.ts";
import { zetaOf } from "./spaces/curvature.ts";
import { combine, type Manifold } from "./spaces/manifold.ts";

/** g + mu grad d(center, .)^2 / 2, whatever g is a promise of. */
function shifted<T extends Float64Array | Promise<Float64Array>>(
  g: T,
  M: Manifold,
  p: Float64Array,
  center: Float64Array,
  mu: number,
): T {
  const add = (value: Float64Array): Float64Array => combine(1, value, -mu, M.log(p, center));
  return (g instanceof Float64Array ? add(g) : (g as Promise<Float64Array>).then(add)) as T;
}

/** A cost plus a term, whatever the cost is a promise of. */
const plus = (value: number | Promise<number>, term: number): number | Promise<number> =>
  typeof value === "number" ? value + term : value.then((known) => known + term);

const bounded = (name: string, D: number): number => {
  if (!(D > 0 && D < Number.POSITIVE_INFINITY))
    throw new InvalidInput(
      `${name} is ${D}: give a finite bound of the distance from the start to any feasible point`,
    );
  return D;
};

/**
 * A g-convex function made strongly g-convex: F + eps/(2 R^2) d(x0, .)^2, x0 its start. A minimum of it to eps/2 is one of
 * F to eps within distance R of the start.
 *
 * @throws InvalidInput for eps or R that are not positive.
 */
export function convexToStrong(problem: MinimizationProblem, eps: number, R: number): MinimizationProblem {
  checkPositive("eps", eps);
  const mu = eps / bounded("R", R) ** 2;
  const { manifold: M, start, gradient, cost } = problem;
  return {
    ...problem,
    mu: problem.mu + mu,
    L: problem.L + mu * zetaOf(M, R),
    fingerprint: fingerprint([problem.fingerprint, "convexToStrong", eps, R]),
    gradient: {
      name: "gradient",
      answer: (p, common, signal) => shifted(gradient.answer(p, common, signal), M, p, start, mu),
    },
    ...(cost
      ? {
          cost: {
            name: "cost",
            answer: (p: Float64Array) => plus(cost.answer(p, undefined), (mu / 2) * M.dist(p, start) ** 2),
          },
        }
      : {}),
  };
}

/**
 * A convex-concave problem made strongly so: f + eps/(4 Dx^2) d(x0, .)^2 - eps/(4 Dy^2) d(y0, .)^2, from the starts. Its
 * saddle to eps/2 is one of f to eps, against players within Dx and Dy of the starts. A side whose modulus is positive
 * already may be left as it is: give its D as `undefined`.
 *
 * @throws InvalidInput for eps or distances that are not positive, or a side without modulus and distance.
 * @example const { x, y, gap } = solveMinMax(convexConcaveToStrong(game, 0.01, 2, 2), { tolerance: 0.005 });
 */
export function convexConcaveToStrong(
  problem: MinMaxProblem,
  eps: number,
  Dx: number | undefined,
  Dy: number | undefined,
): MinMaxProblem {
  checkPositive("eps", eps);
  const { M, N, constants: c, start, gradient } = problem;
  const modulus = (name: string, D: number | undefined, own: number): number => {
    if (D !== undefined) return eps / (2 * bounded(name, D) ** 2);
    if (own > 0) return 0;
    throw new InvalidInput(`${name} is missing and that side has no strong convexity: give the distance`);
  };
  const x = modulus("Dx", Dx, c.muX);
  const y = modulus("Dy", Dy, c.muY);
  const { bestResponseX, bestResponseY, cost, ...rest } = problem;
  return {
    ...rest,
    constants: {
      muX: c.muX + x,
      muY: c.muY + y,
      Lx: c.Lx + (Dx === undefined ? 0 : x * zetaOf(M, Dx)),
      Ly: c.Ly + (Dy === undefined ? 0 : y * zetaOf(N, Dy)),
      Lxy: c.Lxy,
    },
    fingerprint: fingerprint([problem.fingerprint, "convexConcaveToStrong", eps, Dx ?? null, Dy ?? null]),
    gradient: {
      name: "gradient",
      answer(at, common, signal) {
        const g = gradient.answer(at, common, signal);
        return at.of === "x" ? shifted(g, M, at.x, start.x, x) : shifted(g, N, at.y, start.y, -y);
      },
    },
    ...(cost
      ? {
          cost: {
            name: "cost",
            answer: (at: { readonly x: Float64Array; readonly y: Float64Array }) =>
              plus(
                cost.answer(at, undefined),
                (x / 2) * M.dist(at.x, start.x) ** 2 - (y / 2) * N.dist(at.y, start.y) ** 2,
              ),
          },
        }
      : {}),
    // An exact answer to f is one to this only where its side has not changed.
    ...(bestResponseX && x === 0 ? { bestResponseX } : {}),
    ...(bestResponseY && y === 0 ? { bestResponseY } : {}),
  };
}
