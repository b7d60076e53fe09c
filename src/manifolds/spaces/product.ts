import { checkPositive } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { type Manifold, requireSize } from "./manifold.ts";
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

  /** The factor, when all are the same: its many operations do not depend on the weights. */
  const power = factors.every((M) => M === factors[0]) ? factors[0]! : undefined;
  const whole = (p: Float64Array): Float64Array => {
    requireSize(name, size, p);
    return p;
  };
  const part = (p: Float64Array, i: number): Float64Array => p.subarray(starts[i], starts[i + 1]);
  const blockwise = (p: Float64Array, block: (M: Manifold, i: number) => Float64Array): Float64Array => {
    requireSize(name, size, p);
    const out = new Float64Array(size);
    for (const [i, M] of factors.entries()) out.set(block(M, i), starts[i]);
    return out;
  };
  const total = (p: Float64Array, term: (M: Manifold, i: number) => number): number => {
    requireSize(name, size, p);
    let sum = 0;
    for (const [i, M] of factors.entries()) sum += weights[i]! * term(M, i);
    return sum;
  };
  const scaled = (
    factor: (weight: number) => number,
    M: Manifold,
    i: number,
    X: Float64Array,
  ): Float64Array => {
    const a = factor(weights[i]!);
    requireSize(M.name, M.size, X);
    return a === 1 ? X : X.map((value) => a * value);
  };
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
    exp: (p, X) =>
      power ? expMany(power, whole(p), whole(X)) : blockwise(X, (M, i) => M.exp(part(p, i), part(X, i))),
    log: (p, q) =>
      power ? logMany(power, whole(p), whole(q)) : blockwise(q, (M, i) => M.log(part(p, i), part(q, i))),
    dist: (p, q) => Math.sqrt(total(q, (M, i) => M.dist(part(p, i), part(q, i)) ** 2)),
    inner: (p, X, Y) => total(X, (M, i) => M.inner(part(p, i), part(X, i), part(Y, i))),
    norm: (p, X) => Math.sqrt(total(X, (M, i) => M.norm(part(p, i), part(X, i)) ** 2)),
    parallelTransport: (p, q, X) =>
      power
        ? parallelTransportMany(power, whole(p), whole(q), whole(X))
        : blockwise(X, (M, i) => M.parallelTransport(part(p, i), part(q, i), part(X, i))),
    egrad2rgrad: (p, G) =>
      blockwise(G, (M, i) => scaled((w) => 1 / w, M, i, M.egrad2rgrad(part(p, i), part(G, i)))),
    project: (p, X) => blockwise(X, (M, i) => M.project(part(p, i), part(X, i))),
    vectorFrom(p, c) {
      requireSize(`the tangent space of ${name}`, this.dim, c, "the coordinate vector");
      return blockwise(p, (M, i) => {
        const own = c.subarray(coordinateStarts[i], coordinateStarts[i]! + M.dim);
        return scaled((w) => 1 / Math.sqrt(w), M, i, M.vectorFrom(part(p, i), own));
      });
    },
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
