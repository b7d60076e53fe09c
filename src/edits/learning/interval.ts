import { NonFinite } from "../../core/index.ts";

/** A mean with its 95 % normal interval; the bounds are null for fewer than two values. */
export interface MeanInterval {
  readonly n: number;
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** Mean ± 1.96 standard errors of independent values; for paired policies give the differences. Throws `NonFinite`. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (!Number.isFinite(mean)) throw new NonFinite(`the mean of ${n} values is ${mean}: check the values`);
  if (n < 2) return { n, mean, lower: null, upper: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = 1.96 * Math.sqrt(squares / (n - 1) / n);
  return { n, mean, lower: mean - half, upper: mean + half };
}
