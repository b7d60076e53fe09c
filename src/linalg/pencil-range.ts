import { FpxError, NonFinite } from "../core/errors.ts";
import { checkFiniteTriangle } from "./checks.ts";
import { choleskyBy } from "./cholesky.ts";
import { plainWhiten } from "./pencil-twin.ts";

/** Whether the numbers of the lower triangle at a place of the memory are finite. */
export function isFiniteTriangle(m: Float64Array, a: number, n: number): boolean {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) if (!Number.isFinite(m[a + i * n + j])) return false;
  return true;
}

/** The error for finite matrices, given by name, whose result is not finite; `advice` is what to do. */
export function outOfRange(
  what: string,
  matrices: Readonly<Record<string, Float64Array>>,
  advice: string,
): NonFinite {
  const reach = Object.entries(matrices).map(([name, a]) => {
    const largest = a.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
    return `entries of ${name} reach ${largest.toPrecision(3)}`;
  });
  return new NonFinite(`${what}: ${reach.join(", ")}: ${advice}`);
}

export const extremeRatio = (p: Float64Array, q: Float64Array, how: "overflows" | "underflows"): NonFinite =>
  outOfRange(
    `the ratio P^-1 Q of the two matrices ${how}`,
    { P: p, Q: q },
    "bring both to a common size first",
  );

/** Says why a pair could not be decomposed. The plain loops leave the kernels' memory alone. */
export function refuse(p: Float64Array, a: Float64Array, n: number, ratio: boolean): never {
  const size = n * n;
  // C, C^-1 A C^-T, and the room that it takes.
  const work = new Float64Array(3 * size);
  work.set(choleskyBy(undefined, p, n));
  checkFiniteTriangle(a, n);
  if (ratio) choleskyBy(undefined, a, n);
  work.set(a, size);
  plainWhiten(work, n, 0, size, 2 * size);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += work[size + i * (n + 1)]!;
  if (Number.isFinite(trace) && isFiniteTriangle(work, size, n))
    throw new FpxError("NO_CONVERGENCE", `the eigenvalues of a ${n} by ${n} matrix did not converge`);
  throw ratio
    ? extremeRatio(p, a, "overflows")
    : outOfRange("P^-1 X overflows", { P: p, X: a }, "the step is too long, take a shorter one");
}
