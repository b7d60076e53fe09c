import { cholesky, solveTriangular } from "../linalg/index.ts";

/** values . x[indices] <= bound. */
export interface Row {
  readonly indices: readonly number[];
  readonly values: readonly number[];
  readonly bound: number;
}

/** A convex function of n variables with second derivatives. */
export interface Convex {
  readonly size: number;
  value(x: Float64Array): number;
  /** Overwrites `gradient`; adds the Hessian to `hessian` (row-major, at least the lower triangle). */
  derivatives(x: Float64Array, gradient: Float64Array, hessian: Float64Array): void;
  /** The Hessian is the same everywhere. */
  readonly quadratic: boolean;
}

export interface Optimum {
  readonly x: Float64Array;
  /** Multipliers of the rows, at least 0. */
  readonly duals: Float64Array;
  readonly status: "optimal" | "stalled";
  readonly iterations: number;
  readonly value: number;
  /** Largest violation of a row. */
  readonly violation: number;
}

export interface InteriorPointOptions {
  readonly start?: Float64Array;
  /** Bound on the duality gap and the residuals, relative to the scale of the gradient; default 1e-10. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** About the size of the solution, a power of two: the method works on x / unit; default 1. */
  readonly unit?: number;
}

/**
 * Minimises a smooth convex function under linear inequalities by a primal-dual interior-point method with
 * Mehrotra's predictor and corrector, from any start. Rows are sparse, the normal equations dense. Rows are brought to
 * a largest coefficient of about 1 and variables to the given unit, by powers of two.
 */
export function minimise(
  objective: Convex,
  rows: readonly Row[],
  options: InteriorPointOptions = {},
): Optimum {
  const { unit = 1, start } = options;
  const sizes = rows.map(sizeOf);
  const scaled = rows.map(({ indices, values, bound }, r) => ({
    indices,
    values: values.map((value) => value / sizes[r]!),
    bound: bound / sizes[r]! / unit,
  }));
  const found = minimiseScaled(unit === 1 ? objective : inUnits(objective, unit), scaled, {
    ...options,
    ...(start === undefined ? {} : { start: start.map((value) => value / unit) }),
  });
  const x = found.x.map((value) => value * unit);
  return {
    ...found,
    x,
    duals: found.duals.map((dual, r) => (dual * unit) / sizes[r]!),
    value: objective.value(x),
    violation: Math.max(0, ...rows.map((row) => product(row, x) - row.bound)),
  };
}

/** A power of two near the row's largest coefficient; 1 for a row without any. */
export const sizeOf = ({ values }: Row): number =>
  powerOfTwo(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));

/** The power of two at or below a positive size; 1 for 0. */
export const powerOfTwo = (size: number): number => (size > 0 ? 2 ** Math.floor(Math.log2(size)) : 1);

/** The function of x / unit, divided by unit squared. */
function inUnits(objective: Convex, unit: number): Convex {
  const whole = (x: Float64Array): Float64Array => x.map((value) => value * unit);
  return {
    ...objective,
    value: (x) => objective.value(whole(x)) / unit ** 2,
    derivatives(x, gradient, hessian) {
      objective.derivatives(whole(x), gradient, hessian);
      for (let i = 0; i < gradient.length; i++) gradient[i]! /= unit;
    },
  };
}

function minimiseScaled(
  objective: Convex,
  rows: readonly Row[],
  options: InteriorPointOptions,
): Omit<Optimum, "value" | "violation"> {
  const { tolerance = 1e-10, maxIterations = 100 } = options;
  const n = objective.size;
  const m = rows.length;
  const x = options.start?.slice() ?? new Float64Array(n);
  const s = new Float64Array(m);
  const z = new Float64Array(m).fill(1);
  for (const [r, row] of rows.entries()) s[r] = Math.max(1e-1, row.bound - product(row, x));

  const gradient = new Float64Array(n);
  const normal = new Float64Array(n * n);
  const dual = new Float64Array(n);
  const primal = new Float64Array(m);
  const right = new Float64Array(n);
  const dx = new Float64Array(n);
  const ds = new Float64Array(m);
  const dz = new Float64Array(m);
  const complement = new Float64Array(m);
  let best = { x: x.slice(), duals: z.slice(), score: Number.POSITIVE_INFINITY };
  let stale = 0;

  const residuals = (): { error: number; gap: number; scale: number } => {
    normal.fill(0);
    objective.derivatives(x, gradient, normal);
    dual.set(gradient);
    let scale = 1;
    for (const g of gradient) scale = Math.max(scale, Math.abs(g));
    let [error, gap] = [0, 0];
    for (const [r, row] of rows.entries()) {
      primal[r] = product(row, x) + s[r]! - row.bound;
      error = Math.max(error, Math.abs(primal[r]!));
      gap += s[r]! * z[r]!;
      scatter(row, z[r]!, dual);
    }
    for (const d of dual) error = Math.max(error, Math.abs(d) / scale);
    return { error, gap, scale };
  };

  /** Solves for the step that would bring s z to `complement`'s target. */
  const solve = (factor: Float64Array): void => {
    for (let i = 0; i < n; i++) right[i] = -dual[i]!;
    for (const [r, row] of rows.entries())
      scatter(row, -(z[r]! * primal[r]! - complement[r]!) / s[r]!, right);
    dx.set(solveTriangular(factor, n, solveTriangular(factor, n, right), { transpose: true }));
    for (const [r, row] of rows.entries()) {
      const along = product(row, dx);
      ds[r] = -primal[r]! - along;
      dz[r] = (-complement[r]! - z[r]! * ds[r]!) / s[r]!;
    }
  };

  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    const { error, gap, scale } = residuals();
    const score = Math.max(error, gap / scale);
    if (!Number.isFinite(score)) break;
    if (score < best.score * 0.9) stale = 0;
    else if (++stale > 12) break;
    if (score < best.score) best = { x: x.slice(), duals: z.slice(), score };
    if (score <= tolerance) break;
    const mu = gap / Math.max(1, m);

    for (const [r, row] of rows.entries()) addOuter(row, z[r]! / s[r]!, normal, n);
    const factor = factorise(normal, n);
    if (factor === undefined) break;
    for (let r = 0; r < m; r++) complement[r] = s[r]! * z[r]!;
    solve(factor);
    if (m > 0) {
      const reach = [longest(s, ds), longest(z, dz)];
      let after = 0;
      for (let r = 0; r < m; r++) after += (s[r]! + reach[0]! * ds[r]!) * (z[r]! + reach[1]! * dz[r]!);
      const centring = (Math.max(0, after) / gap) ** 3;
      for (let r = 0; r < m; r++) complement[r] = s[r]! * z[r]! - centring * mu + ds[r]! * dz[r]!;
      solve(factor);
    }
    // One step length for both sides: the Hessian ties them.
    let step = 0.995 * Math.min(longest(s, ds), longest(z, dz));
    if (m === 0) step = 1;
    if (!objective.quadratic) step *= damping(objective, x, dx, step, gradient);
    for (let i = 0; i < n; i++) x[i]! += step * dx[i]!;
    for (let r = 0; r < m; r++) {
      s[r]! += step * ds[r]!;
      z[r]! += step * dz[r]!;
    }
  }
  return {
    x: best.x,
    duals: best.duals,
    status: best.score <= Math.max(tolerance, 1e-8) ? "optimal" : "stalled",
    iterations,
  };
}

/** The row's left side at x. */
export function product({ indices, values }: Row, x: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < indices.length; k++) sum += values[k]! * x[indices[k]!]!;
  return sum;
}

function scatter({ indices, values }: Row, factor: number, out: Float64Array): void {
  for (let k = 0; k < indices.length; k++) out[indices[k]!]! += factor * values[k]!;
}

function addOuter({ indices, values }: Row, factor: number, out: Float64Array, n: number): void {
  for (let a = 0; a < indices.length; a++) {
    const at = indices[a]! * n;
    const scaled = factor * values[a]!;
    for (let b = 0; b < indices.length; b++) out[at + indices[b]!]! += scaled * values[b]!;
  }
}

/** Longest step in [0, 1] that keeps the values at least 0. */
function longest(values: Float64Array, steps: Float64Array): number {
  let reach = 1;
  for (let r = 0; r < values.length; r++) if (steps[r]! < 0) reach = Math.min(reach, -values[r]! / steps[r]!);
  return reach;
}

/** Cholesky with as much of the identity added as it needs. */
function factorise(normal: Float64Array, n: number): Float64Array | undefined {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, normal[i * n + i]!);
  for (let ridge = 1e-14 * largest + 1e-300; ridge < 1e3 * largest + 1; ridge *= 100) {
    for (let i = 0; i < n; i++) normal[i * n + i]! += ridge;
    try {
      return cholesky(normal, n);
    } catch {}
  }
  return undefined;
}

/**
 * Halves a Newton step while the function's own part of it overshoots: its directional derivative at the end must
 * not exceed the one at the start in size by more than its curvature model allows.
 */
function damping(
  objective: Convex,
  x: Float64Array,
  dx: Float64Array,
  step: number,
  gradient: Float64Array,
): number {
  const slope = gradient.reduce((sum, g, i) => sum + g * dx[i]!, 0);
  if (slope >= 0) return 1;
  const before = objective.value(x);
  let factor = 1;
  const trial = new Float64Array(x.length);
  for (let halvings = 0; halvings < 12; halvings++) {
    for (let i = 0; i < x.length; i++) trial[i] = x[i]! + factor * step * dx[i]!;
    if (objective.value(trial) <= before + 1e-4 * factor * step * slope + 1e-13 * Math.abs(before)) break;
    factor /= 2;
  }
  return factor;
}
