import { type Convex, minimise, type Optimum, type Row, sizeOf } from "./interior-point.ts";

/** Minimises cost . x under rows; the rows must bound x. */
export function minimiseLinear(cost: Float64Array, rows: readonly Row[]): Optimum {
  const objective: Convex = {
    size: cost.length,
    quadratic: true,
    value: (x) => x.reduce((sum, value, i) => sum + value * cost[i]!, 0),
    derivatives: (_, gradient) => gradient.set(cost),
  };
  return minimise(objective, rows, { tolerance: 1e-11 });
}

/**
 * How far the rows are from having a common point of about the size `unit`: the least t >= -1 with all rows kept up to
 * t units, each row taken relative to its largest coefficient, and the multipliers that prove it. Above 0: no point
 * exists.
 */
export function infeasibility(
  size: number,
  rows: readonly Row[],
  unit = 1,
): { readonly excess: number; readonly duals: Float64Array } {
  const cost = new Float64Array(size + 1);
  cost[size] = 1;
  const relaxed = rows.map((row) => ({
    indices: [...row.indices, size],
    values: [...row.values, -sizeOf(row)],
    bound: row.bound / unit,
  }));
  relaxed.push({ indices: [size], values: [-1], bound: 1 });
  const { x, duals } = minimiseLinear(cost, relaxed);
  return { excess: x[size]!, duals: duals.slice(0, rows.length) };
}
