import { checkPositive } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import { eigh } from "../../linalg/index.ts";
import { recompose } from "../spaces/recompose.ts";
import { spd } from "../spaces/spd.ts";
import type { ConvexSet } from "./convex-set.ts";

/** Eigenvalues that differ by less, relatively, count as one when the certificate chooses its frame. */
const SAME = 1e-12;

/**
 * The matrices with alpha I <= X <= beta I, a g-convex subset of SPD(n); the projection clips eigenvalues.
 *
 * The certificate uses that log u'Xu and log u'X^-1 u are g-convex in X for every vector u: with u along
 * eigenvectors of p, they bound the diagonal of a tangent vector, seen in that frame.
 *
 * @throws InvalidInput unless 0 < alpha < beta.
 */
export function spdBox(n: number, alpha: number, beta: number): ConvexSet {
  const M = spd(n);
  checkPositive("alpha", alpha);
  checkPositive("beta", beta);
  if (!(alpha < beta)) throw new InvalidInput(`alpha is ${alpha} and beta ${beta}: alpha must be below beta`);
  return {
    name: `eigenvalues within [${alpha}, ${beta}] in ${M.name}`,
    manifold: M,
    whole: false,
    diameter: Math.sqrt(n) * Math.log(beta / alpha),
    contains(p, tolerance = 1e-9) {
      const { values } = eigh(p, n);
      return values[0]! >= alpha * Math.exp(-tolerance) && values[n - 1]! <= beta * Math.exp(tolerance);
    },
    // |log lambda_i(P) - log lambda_i(Q)| <= d(P, Q) for eigenvalues in order.
    margin(p) {
      const { values } = eigh(p, n);
      return Math.min(Math.log(values[0]! / alpha), Math.log(beta / values[n - 1]!));
    },
    project(p) {
      const { values, vectors } = eigh(p, n);
      if (values[0]! >= alpha && values[n - 1]! <= beta) return p;
      return recompose(
        values.map((value) => Math.min(beta, Math.max(alpha, value))),
        vectors,
      );
    },
    decrease(p, g, sigma) {
      const { values, vectors } = eigh(p, n);
      const S = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++)
            for (let l = 0; l < n; l++) sum += vectors[k * n + i]! * g[k * n + l]! * vectors[l * n + j]!;
          S[i * n + j] = sum / Math.sqrt(values[i]! * values[j]!);
        }
      let total = 0;
      for (let first = 0; first < n; ) {
        let end = first + 1;
        while (end < n && values[end]! <= values[first]! * (1 + SAME)) end++;
        // Within an eigenspace any frame will do: the one that makes g diagonal is sharp at an optimum.
        const size = end - first;
        const block = new Float64Array(size * size);
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++) block[i * size + j] = S[(first + i) * n + first + j]!;
        for (const [i, slope] of eigh(block, size).values.entries())
          total += boundedDecrease(
            slope,
            sigma,
            Math.min(0, Math.log(alpha / values[first + i]!)),
            Math.max(0, Math.log(beta / values[first + i]!)),
          );
        // Entries between different eigenspaces are free.
        for (let i = first; i < end; i++)
          for (let j = 0; j < first; j++) {
            const entry = S[i * n + j]! ** 2;
            if (entry > 0) total += sigma > 0 ? entry / sigma : Number.POSITIVE_INFINITY;
          }
        first = end;
      }
      const norm = M.norm(p, g);
      const { diameter } = this;
      const byDiameter = norm * diameter - (sigma / 2) * diameter ** 2;
      return Math.min(total, norm > sigma * diameter ? byDiameter : Number.POSITIVE_INFINITY);
    },
  };
}

/** -min of slope t + sigma/2 t^2 over low <= t <= high. */
function boundedDecrease(slope: number, sigma: number, low: number, high: number): number {
  if (slope === 0) return 0;
  const free = sigma > 0 ? -slope / sigma : -Math.sign(slope) * Number.POSITIVE_INFINITY;
  const t = Math.min(high, Math.max(low, free));
  return -Math.min(0, slope * t + (sigma / 2) * t * t);
}
