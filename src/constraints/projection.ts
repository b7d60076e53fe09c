import { InvalidInput } from "../core/errors.ts";

/**
 * The nearest (bias, weights) with bias + max over lower <= x <= upper of weights . x <= -margin: soft thresholding
 * by a multiplier that bisection finds.
 *
 * @param weights [bias, one weight a column]
 * @throws InvalidInput when lengths differ or bounds are reversed.
 */
export function projectToBox(
  weights: Float64Array,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  margin: number,
): Float64Array {
  const columns = weights.length - 1;
  if (lower.length !== columns || upper.length !== columns)
    throw new InvalidInput(`the box has ${lower.length} and ${upper.length} bounds for ${columns} weights`);
  for (let i = 0; i < columns; i++)
    if (!(lower[i]! <= upper[i]!)) throw new InvalidInput(`the box is reversed in place ${i}`);
  const at = (mu: number): Float64Array =>
    weights.map((w, j) => {
      if (j === 0) return w - mu;
      const [low, high] = [w - mu * upper[j - 1]!, w - mu * lower[j - 1]!];
      return low > 0 ? low : high < 0 ? high : 0;
    });
  const excess = (point: Float64Array): number => {
    let sum = point[0]! + margin;
    for (let i = 0; i < columns; i++) sum += Math.max(point[i + 1]! * lower[i]!, point[i + 1]! * upper[i]!);
    return sum;
  };
  if (excess(weights) <= 0) return weights.slice();
  let [low, high] = [0, 1];
  while (excess(at(high)) > 0) high *= 2;
  for (let step = 0; step < 200 && low < high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (excess(at(middle)) > 0) low = middle;
    else high = middle;
  }
  return at(high);
}
