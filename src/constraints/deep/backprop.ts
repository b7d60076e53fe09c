import { sigmoid, softplus } from "../losses.ts";
import type { Task } from "../model.ts";

/** A ReLU layer while it is trained. */
export interface TrainedLayer {
  readonly weights: number[][];
  readonly bias: number[];
}

/** Values of every layer for one row; the last entry is what the head sees beside the skipped columns. */
export function forward(
  layers: readonly TrainedLayer[],
  input: readonly number[],
): readonly (readonly number[])[] {
  const values: (readonly number[])[] = [input];
  for (const { weights, bias } of layers) {
    const below = values.at(-1)!;
    values.push(
      bias.map((b, j) => {
        const row = weights[j]!;
        let sum = b;
        for (let i = 0; i < below.length; i++) sum += row[i]! * below[i]!;
        return Math.max(0, sum);
      }),
    );
  }
  return values;
}

/** Outputs of the head [bias, latents, skipped columns]. */
export function headScores(head: readonly (readonly number[])[], features: readonly number[]): number[] {
  return head.map((row) => {
    let sum = row[0]!;
    for (let i = 0; i < features.length; i++) sum += row[i + 1]! * features[i]!;
    return sum;
  });
}

/** Loss of one row, and its derivatives by the outputs into `slopes`. */
export function rowLoss(
  task: Task,
  scores: readonly number[],
  targets: readonly number[],
  slopes?: number[],
): number {
  let loss = 0;
  for (const [k, score] of scores.entries()) {
    const y = targets[k]!;
    loss += task === "leastSquares" ? (score - y) ** 2 : softplus(score) - y * score;
    if (slopes !== undefined) slopes[k] = task === "leastSquares" ? 2 * (score - y) : sigmoid(score) - y;
  }
  return loss;
}

/** Adds the row's gradient by the layers into `gradient`, from its derivatives by the last layer's units. */
export function backward(
  layers: readonly TrainedLayer[],
  values: readonly (readonly number[])[],
  above: readonly number[],
  gradient: readonly TrainedLayer[],
): void {
  let slopes = above;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { weights } = layers[l]!;
    const [below, units] = [values[l]!, values[l + 1]!];
    const next = new Array<number>(below.length).fill(0);
    for (let j = 0; j < units.length; j++) {
      const slope = units[j]! > 0 ? slopes[j]! : 0;
      if (slope === 0) continue;
      gradient[l]!.bias[j]! += slope;
      const [row, out] = [weights[j]!, gradient[l]!.weights[j]!];
      for (let i = 0; i < below.length; i++) {
        out[i]! += slope * below[i]!;
        next[i]! += slope * row[i]!;
      }
    }
    slopes = next;
  }
}
