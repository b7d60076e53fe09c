/** F diag(values) F', exactly symmetric, of an n by n matrix F. */
export function recompose(values: Float64Array, F: Float64Array): Float64Array {
  const n = values.length;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += F[i * n + k]! * values[k]! * F[j * n + k]!;
      out[i * n + j] = out[j * n + i] = sum;
    }
  return out;
}
