import { InvalidInput, within } from "../../core/errors.ts";
import type { Manifold } from "./manifold.ts";

/**
 * exp of many: result i is `M.exp(p_i, X_i)`, to the bit. Each array holds points or vectors one after another, as a point of
 * the product of equal manifolds does, or none, or a single one that serves all. The results go to `out` (default: a new
 * array), which may be one of the arguments.
 *
 * @throws InvalidInput for lengths that do not fit; what M.exp throws, with the number of the pair.
 * @example expMany(spd(2), p, tangents); // tangents: 4 numbers each, one after another; p: 4 numbers, or as many as tangents
 */
export function expMany(M: Manifold, p: Float64Array, X: Float64Array, out?: Float64Array): Float64Array {
  const count = countOf(M, "pX", [p, X], out);
  const results = out ?? new Float64Array(count * M.size);
  if (M.many) M.many.exp(count, p, X, results);
  else eachOf(M, count, results, (at) => M.exp(at(p), at(X)));
  return results;
}

/**
 * log of many: result i is `M.log(p_i, q_i)`, as `expMany` takes and gives them.
 *
 * @throws InvalidInput for lengths that do not fit; what M.log throws, with the number of the pair.
 * @example logMany(spd(2), mean, matrices); // features in the tangent space at the mean
 */
export function logMany(M: Manifold, p: Float64Array, q: Float64Array, out?: Float64Array): Float64Array {
  const count = countOf(M, "pq", [p, q], out);
  const results = out ?? new Float64Array(count * M.size);
  if (M.many) M.many.log(count, p, q, results);
  else eachOf(M, count, results, (at) => M.log(at(p), at(q)));
  return results;
}

/**
 * Parallel transport of many: result i is `M.parallelTransport(p_i, q_i, X_i)`, as `expMany` takes and gives them.
 *
 * @throws InvalidInput for lengths that do not fit; what M.parallelTransport throws, with the number of the pair.
 * @example parallelTransportMany(spd(2), mean, M.origin, tangents);
 */
export function parallelTransportMany(
  M: Manifold,
  p: Float64Array,
  q: Float64Array,
  X: Float64Array,
  out?: Float64Array,
): Float64Array {
  const count = countOf(M, "pqX", [p, q, X], out);
  const results = out ?? new Float64Array(count * M.size);
  if (M.many) M.many.parallelTransport(count, p, q, X, results);
  else eachOf(M, count, results, (at) => M.parallelTransport(at(p), at(q), at(X)));
  return results;
}

/**
 * How many pairs there are: an argument of one point serves all, the others agree, on none too. `names` is a letter for each.
 */
function countOf(
  { name, size }: Manifold,
  names: string,
  given: readonly Float64Array[],
  out: Float64Array | undefined,
): number {
  const total = given.find(({ length }) => length !== size)?.length ?? size;
  const refuse = (argument: string, length: number): never => {
    throw new InvalidInput(
      `${argument} has ${length} numbers: give ${size} for each point of ${name}, as many points as in the other arguments, or one for all`,
    );
  };
  for (let i = 0; i < given.length; i++) {
    const { length } = given[i]!;
    if (length % size !== 0 || (length !== total && length !== size)) refuse(names[i]!, length);
  }
  if (out !== undefined && out.length !== total) refuse("out", out.length);
  return total / size;
}

/** Does one pair after another; errors name the pair. */
function eachOf(
  { size }: Manifold,
  count: number,
  results: Float64Array,
  operation: (at: (array: Float64Array) => Float64Array) => Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const at = (array: Float64Array): Float64Array =>
      array.length === size ? array : array.subarray(i * size, (i + 1) * size);
    results.set(count === 1 ? operation(at) : within(`pair ${i}`, () => operation(at)), i * size);
  }
}
