import { InvalidInput } from "../../core/errors.ts";
import type { ProductManifold } from "../spaces/product.ts";
import type { ConvexSet } from "./convex-set.ts";

/**
 * The product of one set in each factor of a product manifold.
 *
 * @throws InvalidInput unless there is one set a factor, each of that factor.
 */
export function productSet(M: ProductManifold, sets: readonly ConvexSet[]): ConvexSet {
  if (sets.length !== M.factors.length)
    throw new InvalidInput(`there are ${sets.length} sets for ${M.factors.length} factors: give one each`);
  for (const [i, set] of sets.entries())
    if (set.manifold.name !== M.factors[i]!.name)
      throw new InvalidInput(
        `set ${i} lies in ${set.manifold.name}, but factor ${i} is ${M.factors[i]!.name}`,
      );
  const { weights, part } = M;
  const sum = (term: (set: ConvexSet, i: number) => number): number =>
    sets.reduce((total, set, i) => total + weights[i]! * term(set, i), 0);
  return {
    name: sets.map((set) => set.name).join(" x "),
    manifold: M,
    whole: sets.every((set) => set.whole),
    diameter: Math.sqrt(sum((set) => set.diameter ** 2)),
    contains: (p, tolerance) => sets.every((set, i) => set.contains(part(p, i), tolerance)),
    project(p) {
      const out = new Float64Array(M.size);
      let next = 0;
      for (const [i, set] of sets.entries()) {
        out.set(set.project(part(p, i)), next);
        next += set.manifold.size;
      }
      return out;
    },
    ...(sets.every((set) => set.margin)
      ? {
          margin: (p: Float64Array) =>
            Math.min(...sets.map((set, i) => Math.sqrt(weights[i]!) * set.margin!(part(p, i)))),
        }
      : {}),
    decrease: (p, g, sigma) => sum((set, i) => set.decrease(part(p, i), part(g, i), sigma)),
  };
}
