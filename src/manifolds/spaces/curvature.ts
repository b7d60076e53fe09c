import { InvalidInput } from "../../core/errors.ts";
import type { Manifold } from "./manifold.ts";

/**
 * The greatest eigenvalue zeta that the Hessian of half the squared distance to a point can have at distance D, with
 * sectional curvature at least `curvatureMin`: D sqrt|k| coth(D sqrt|k|); 1 for curvature 0 or distance 0.
 *
 * @throws InvalidInput for a negative or NaN distance, or a curvature that is not finite.
 */
export function zeta(curvatureMin: number, D: number): number {
  if (!(D >= 0)) throw new InvalidInput(`the distance D is ${D}: give a number of at least 0`);
  if (!Number.isFinite(curvatureMin))
    throw new InvalidInput(`curvatureMin is ${curvatureMin}: give a finite number`);
  if (curvatureMin >= 0) return 1;
  const t = D * Math.sqrt(-curvatureMin);
  return t < 1e-4 ? 1 + (t * t) / 3 : t / Math.tanh(t);
}

/** `zeta` of the manifold's own curvature bound. */
export const zetaOf = (M: Manifold, D: number): number => zeta(M.sectionalCurvatureMin, D);

/** xi = 4 zeta(2D) - 3, the geometric penalty of Riemacon on a set of diameter D (COLT 2023). */
export const riemaconXi = (M: Manifold, D: number): number => 4 * zetaOf(M, 2 * D) - 3;

/** Throws `InvalidInput` unless the manifold is Hadamard: curvature nowhere positive. */
export function requireHadamard(M: Manifold, what: string): void {
  if (!(M.sectionalCurvatureMax <= 0))
    throw new InvalidInput(
      `${what} needs curvature at most 0, but ${M.name} has up to ${M.sectionalCurvatureMax}: its rates and certificates do not hold there`,
    );
}
