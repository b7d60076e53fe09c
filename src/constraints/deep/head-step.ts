/** Admissible steps of the last layer, for one latent box. */
import { eliminate, type HeadShape } from "../eliminate.ts";
import type { Head } from "../exact-bound.ts";
import { type Convex, minimise, type Row } from "../interior-point.ts";
import { coefficientsOf, worstCase } from "../worst-case.ts";

/** Weights of the head, output by output, biases first. */
export type HeadWeights = Float64Array;

/** The rows that a `Head` takes. */
export function rowsOfHead(weights: HeadWeights, outputs: number): number[][] {
  const width = weights.length / outputs;
  return Array.from({ length: outputs }, (_, k) => Array.from(weights.subarray(k * width, (k + 1) * width)));
}

/** Largest worst case of the shapes, in floating point: admissible when at most -margin. */
export function worstOf(shapes: readonly HeadShape[], weights: HeadWeights, outputs: number): number {
  const rows = rowsOfHead(weights, outputs);
  let worst = Number.NEGATIVE_INFINITY;
  for (const shape of shapes) worst = Math.max(worst, worstValue({ ...shape, weights: rows }));
  return worst;
}

function worstValue(head: Head): number {
  const { atoms, region, groups } = head;
  if (atoms.length > 1 || region.rows.length > 0 || groups.length > 0) return worstCase(head).value;
  const { linear, constant } = coefficientsOf(head, atoms[0]!);
  return linear.reduce((sum, c, i) => sum + Math.max(c * region.lower[i]!, c * region.upper[i]!), constant);
}

/**
 * The largest share s of the step in [0, 1] for which all worst cases stay at most -margin, and 0 when there is none.
 * `exact`: by bisection, since admissible steps form an interval where a rule has no alternatives; `grid5`: the
 * published five tries, 1, 0.8, ... 0.2.
 */
export function lineSearch(admissible: (share: number) => boolean, method: "exact" | "grid5"): number {
  if (method === "grid5") return [1, 0.8, 0.6, 0.4, 0.2].find(admissible) ?? 0;
  if (admissible(1)) return 1;
  if (!admissible(0)) return 0;
  let [low, high] = [0, 1];
  for (let halving = 0; halving < 30; halving++) {
    const middle = (low + high) / 2;
    if (admissible(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The nearest weights that keep all shapes with the margin, or none where the method finds none. A shape with
 * alternatives is kept by the mixture of atoms that the current weights are nearest to, else by each atom in turn.
 */
export function projectHead(
  shapes: readonly HeadShape[],
  weights: HeadWeights,
  outputs: number,
  margin: number,
): HeadWeights | undefined {
  const rows = rowsOfHead(weights, outputs);
  const most = Math.max(...shapes.map(({ atoms }) => atoms.length));
  const nearest = shapes.map((shape) =>
    shape.atoms.length === 1 ? [1] : worstCase({ ...shape, weights: rows }).multipliers.lambda,
  );
  const single = Array.from({ length: most > 1 ? most : 0 }, (_, j) =>
    shapes.map(({ atoms }) => atoms.map((_, k) => Number(k === j % atoms.length))),
  );
  for (const mixture of [nearest, ...single]) {
    const made: Row[] = [];
    let total = weights.length;
    for (const [c, shape] of shapes.entries()) {
      const { rows: own, helpers } = eliminate(shape, mixture[c]!, margin, total);
      made.push(...own);
      total += helpers;
    }
    const start = new Float64Array(total);
    start.set(weights);
    const { x } = minimise(distanceTo(weights, total), made, { start });
    const found = x.slice(0, weights.length);
    if (worstOf(shapes, found, outputs) <= -margin / 2) return found;
  }
  return undefined;
}

function distanceTo(point: HeadWeights, size: number): Convex {
  return {
    size,
    quadratic: true,
    value: (x) => point.reduce((sum, p, j) => sum + (x[j]! - p) ** 2 / 2, 0),
    derivatives(x, gradient, hessian) {
      gradient.fill(0);
      for (let j = 0; j < point.length; j++) {
        gradient[j] = x[j]! - point[j]!;
        hessian[j * size + j]! += 1;
      }
    },
  };
}
