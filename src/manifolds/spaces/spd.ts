import { checkCount } from "../../core/checks.ts";
import { cholesky, createPencils } from "../../linalg/index.ts";
import { arithmeticHarmonicMean } from "./arithmetic-harmonic.ts";
import { createGuard } from "./guard.ts";
import { type Manifold, requireSize } from "./manifold.ts";

/**
 * Symmetric positive definite n by n matrices (row-major) with the affine-invariant metric
 * <X, Y>_P = tr(P^-1 X P^-1 Y); curvature within [-1/2, 0]. Tangent vectors are symmetric matrices. With P = C C' and
 * W(X) = C^-1 X C^-T, every operation is a function of one symmetric eigenproblem. Only lower triangles are read;
 * results are exactly symmetric.
 *
 * Operations throw InvalidInput (code NOT_POSITIVE_DEFINITE) for a base point, or a matrix to reach, that has no Cholesky
 * factor, and NonFinite where P^-1 Q or a result overflows or underflows; sizes do not matter otherwise.
 *
 * @throws InvalidInput when n is no positive integer.
 * @example const S = spd(2); S.dist(Float64Array.of(1, 0, 0, 4), Float64Array.of(4, 0, 0, 1)); // sqrt(2) ln 4
 */
export function spd(n: number): Manifold {
  checkCount("n", n);
  const name = `SPD(${n})`;
  const size = n * n;
  const pencils = createPencils(n);
  const factor = { out: new Float64Array(size) };
  const origin = new Float64Array(size);
  for (let i = 0; i < n; i++) origin[i * n + i] = 1;
  const { sized, array } = createGuard(name, size);
  return {
    name,
    dim: (n * (n + 1)) / 2,
    size,
    // Attained: SPD(2) of determinant 1 is the hyperbolic plane of curvature -1/2. SPD(1) is a line.
    sectionalCurvatureMin: n === 1 ? 0 : -0.5,
    sectionalCurvatureMax: 0,
    origin,
    many: { exp: pencils.exp, log: pencils.log, parallelTransport: pencils.carry },
    exp(p, X) {
      sized("exp", p, X);
      const out = new Float64Array(size);
      pencils.exp(1, p, X, out);
      return out;
    },
    log(p, q) {
      sized("log", p, q);
      const out = new Float64Array(size);
      pencils.log(1, p, q, out);
      return out;
    },
    dist(p, q) {
      sized("dist", p, q);
      return pencils.distance(p, q);
    },
    inner(p, X, Y) {
      sized("inner", p, X, Y);
      return pencils.inner(p, X, Y);
    },
    norm(p, X) {
      sized("norm", p, X);
      return Math.sqrt(pencils.inner(p, X, X));
    },
    parallelTransport(p, q, X) {
      sized("parallelTransport", p, q, X);
      const out = new Float64Array(size);
      pencils.carry(1, p, q, X, out);
      return out;
    },
    egrad2rgrad(p, G) {
      sized("egrad2rgrad", p, G);
      const half = new Float64Array(size);
      const out = new Float64Array(size);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += p[i * n + k]! * (G[k * n + j]! + G[j * n + k]!);
          half[i * n + j] = sum / 2;
        }
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += half[i * n + k]! * p[k * n + j]!;
          out[i * n + j] = out[j * n + i] = sum;
        }
      return array("egrad2rgrad", out, p, G);
    },
    project(p, X) {
      sized("project", p, X);
      const out = new Float64Array(size);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = (X[i * n + j]! + X[j * n + i]!) / 2;
      return array("project", out, p, X);
    },
    vectorFrom(p, coordinates) {
      sized("vectorFrom", p);
      requireSize(`the tangent space of ${name}`, (n * (n + 1)) / 2, coordinates, "the coordinate vector");
      array("vectorFrom", coordinates, p, coordinates);
      const out = new Float64Array(size);
      let next = 0;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) out[i * n + j] = coordinates[next++]! / Math.SQRT2;
        out[i * n + i] = coordinates[next++]!;
      }
      pencils.unwhiten(p, out);
      return out;
    },
    weightedLog(p, points, weights, distances) {
      requireSize(name, size, p, "p");
      for (let i = 0; i < points.length; i++)
        if (points[i]!.length !== size) requireSize(name, size, points[i]!, `points[${i}]`);
      const out = new Float64Array(size);
      pencils.sumOfLogs(p, points, weights, out, distances);
      return out;
    },
    approximateMean: (points, weights) => arithmeticHarmonicMean(n, points, weights),
    flaw(p, tolerance = 1e-8) {
      if (p.length !== size) return `has ${p.length} numbers, not ${size}`;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < i; j++) {
          const bound = tolerance * Math.sqrt(Math.abs(p[i * n + i]! * p[j * n + j]!));
          if (!(Math.abs(p[i * n + j]! - p[j * n + i]!) <= bound))
            return `is not symmetric (row ${i}, column ${j})`;
        }
      try {
        cholesky(p, n, factor);
      } catch {
        return "is not a positive definite matrix";
      }
      return undefined;
    },
  };
}

/** log det P of a symmetric positive definite n by n matrix, by its Cholesky factor: neither overflows nor underflows. */
export function logdet(p: Float64Array, n: number): number {
  const factor = cholesky(p, n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += 2 * Math.log(factor[i * n + i]!);
  return sum;
}
