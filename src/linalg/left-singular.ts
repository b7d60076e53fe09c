const SWEEPS = 40;

/**
 * Singular values and, in the rows of `u`, left singular vectors of a square matrix, by one-sided Jacobi rotations of
 * its rows, which it overwrites: small values keep their relative accuracy, unlike eigenvalues of A A'.
 */
export function leftSingular(a: Float64Array, n: number, values: Float64Array, u: Float64Array): void {
  u.fill(0);
  for (let i = 0; i < n; i++) u[i * n + i] = 1;
  for (let sweep = 0, rotated = true; rotated && sweep < SWEEPS; sweep++) {
    rotated = false;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        const [x, y, xy] = [dot(a, i, i, n), dot(a, j, j, n), dot(a, i, j, n)];
        if (Math.abs(xy) <= 2 ** -52 * Math.sqrt(x * y)) continue;
        rotated = true;
        const t = (y - x) / (2 * xy);
        const tangent = (t >= 0 ? 1 : -1) / (Math.abs(t) + Math.sqrt(1 + t * t));
        const c = 1 / Math.sqrt(1 + tangent * tangent);
        rotate(a, i, j, n, c, c * tangent);
        rotate(u, i, j, n, c, c * tangent);
      }
  }
  for (let i = 0; i < n; i++) values[i] = Math.sqrt(dot(a, i, i, n));
}

function dot(a: Float64Array, i: number, j: number, n: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
  return sum;
}

/** (row i, row j) becomes (c row i - s row j, s row i + c row j). */
function rotate(a: Float64Array, i: number, j: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const x = a[i * n + k]!;
    const y = a[j * n + k]!;
    a[i * n + k] = c * x - s * y;
    a[j * n + k] = s * x + c * y;
  }
}
