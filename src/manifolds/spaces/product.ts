import { checkPositive } from "../../core/checks.ts";
import { InvalidInput, within } from "../../core/errors.ts";
import { createGuard } from "./guard.ts";
import { approximateMean, type Manifold, requireSize } from "./manifold.ts";
import { expMany, logMany, parallelTransportMany } from "./many.ts";

/** A product of manifolds with the metric sum of w_i <,>_i; points are those of the factors one after another. */
export interface ProductManifold extends Manifold {
  readonly factors: readonly Manifold[];
  readonly weights: readonly number[];
  /** The part of a point or tangent vector that belongs to factor i, as a view. */
  part(p: Float64Array, i: number): Float64Array;
}

/**
 * The weighted product. A factor's curvature is divided by its weight, and so is its part of a gradient.
 *
 * @throws InvalidInput without factors, or for weights that are not positive or not one a factor.
 * @example product([hyperbolic(2), spd(3)]); product([hyperbolic(2), hyperbolic(2)], [0.5, 0.5]);
 */
export function product(
  factors: readonly Manifold[],
  weights: readonly number[] = factors.map(() => 1),
): ProductManifold {
  if (factors.length === 0) throw new InvalidInput("a product needs at least one factor");
  if (weights.length !== factors.length)
    throw new InvalidInput(
      `there are ${weights.length} weights for ${factors.length} factors: give one each`,
    );
  for (const [i, weight] of weights.entries()) checkPositive(`weights[${i}]`, weight);
  const starts = [0];
  for (const M of factors) starts.push(starts.at(-1)! + M.size);
  const size = starts.at(-1)!;
  const equal = factors.every((M) => M.name === factors[0]!.name);
  const names =
    equal && factors.length > 2
      ? `(${factors[0]!.name})^${factors.length}`
      : factors.map((M) => M.name).join(" x ");
  const name = weights.every((weight) => weight === 1) ? names : `weighted ${names}`;

  const { sized, number, array } = createGuard(name, size);
  /** The factor, when all are the same and it has many operations: they do not depend on the weights. */
  const power = factors[0]!.many && factors.every((M) => M === factors[0]) ? factors[0] : undefined;
  const part = (p: Float64Array, i: number): Float64Array => p.subarray(starts[i], starts[i + 1]);
  const places = factors.map((M, i) => `factor ${i} (${M.name})`);
  const blockwise = (block: (M: Manifold, i: number) => Float64Array): Float64Array => {
    const out = new Float64Array(size);
    for (const [i, M] of factors.entries())
      out.set(
        within(places[i]!, () => block(M, i)),
        starts[i],
      );
    return out;
  };
  const total = (term: (M: Manifold, i: number) => number): number => {
    let sum = 0;
    for (const [i, M] of factors.entries()) sum += weights[i]! * within(places[i]!, () => term(M, i));
    return sum;
  };
  const scaled = (a: number, X: Float64Array): Float64Array => (a === 1 ? X : X.map((value) => a * value));
  const flat = factors.length > 1 ? [0] : [];
  const curvatures = factors.map((M, i) =>
    [M.sectionalCurvatureMin, M.sectionalCurvatureMax].map((k) => k / weights[i]!),
  );
  let coordinates = 0;
  const coordinateStarts = factors.map((M) => (coordinates += M.dim) - M.dim);
  return {
    name,
    factors,
    weights,
    part,
    dim: coordinates,
    size,
    sectionalCurvatureMin: Math.min(...flat, ...curvatures.map(([low]) => low!)),
    sectionalCurvatureMax: Math.max(...flat, ...curvatures.map(([, high]) => high!)),
    origin: Float64Array.from(factors.flatMap((M) => [...M.origin])),
    exp(p, X) {
      sized("exp", p, X);
      return power
        ? within(name, () => expMany(power, p, X))
        : blockwise((M, i) => M.exp(part(p, i), part(X, i)));
    },
    log(p, q) {
      sized("log", p, q);
      return power
        ? within(name, () => logMany(power, p, q))
        : blockwise((M, i) => M.log(part(p, i), part(q, i)));
    },
    dist(p, q) {
      sized("dist", p, q);
      const square = total((M, i) => M.dist(part(p, i), part(q, i)) ** 2);
      return number("dist", Math.sqrt(square), 0, p, q);
    },
    inner(p, X, Y) {
      sized("inner", p, X, Y);
      const sum = total((M, i) => M.inner(part(p, i), part(X, i), part(Y, i)));
      return number("inner", sum, 0, p, X, Y);
    },
    norm(p, X) {
      sized("norm", p, X);
      const square = total((M, i) => M.norm(part(p, i), part(X, i)) ** 2);
      return number("norm", Math.sqrt(square), 0, p, X);
    },
    parallelTransport(p, q, X) {
      sized("parallelTransport", p, q, X);
      return power
        ? within(name, () => parallelTransportMany(power, p, q, X))
        : blockwise((M, i) => M.parallelTransport(part(p, i), part(q, i), part(X, i)));
    },
    egrad2rgrad(p, G) {
      sized("egrad2rgrad", p, G);
      const gradient = blockwise((M, i) => scaled(1 / weights[i]!, M.egrad2rgrad(part(p, i), part(G, i))));
      return array("egrad2rgrad", gradient, p, G);
    },
    project(p, X) {
      sized("project", p, X);
      return blockwise((M, i) => M.project(part(p, i), part(X, i)));
    },
    vectorFrom(p, c) {
      sized("vectorFrom", p);
      requireSize(`the tangent space of ${name}`, coordinates, c, "the coordinate vector");
      const vector = blockwise((M, i) => {
        const own = c.subarray(coordinateStarts[i], coordinateStarts[i]! + M.dim);
        return scaled(1 / Math.sqrt(weights[i]!), M.vectorFrom(part(p, i), own));
      });
      return array("vectorFrom", vector, p, c);
    },
    approximateMean: (points, means) =>
      blockwise((M, i) =>
        approximateMean(
          M,
          points.map((p) => part(p, i)),
          means,
        ),
      ),
    flaw(p, tolerance) {
      if (p.length !== size) return `has ${p.length} numbers, not ${size}`;
      for (const [i, M] of factors.entries()) {
        const flaw = M.flaw(part(p, i), tolerance);
        if (flaw !== undefined) return `${flaw} in factor ${i} (${M.name})`;
      }
      return undefined;
    },
  };
}
