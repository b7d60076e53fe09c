import { InvalidInput } from "../../core/errors.ts";

/** How a token is drawn from the model's logits. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the likeliest token (greedy). Default 0. */
  readonly temperature?: number;
  /** Keeps the so many likeliest tokens. Default all. */
  readonly topK?: number;
  /** Keeps the likeliest tokens that together have at least this probability, after `topK`. Default 1, all. */
  readonly topP?: number;
}

/** Throws `InvalidInput` for options that are no valid law. */
export function checkSampling(options: SamplingOptions): void {
  const { temperature = 0, topK = 1, topP = 1 } = options;
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw new InvalidInput(`temperature is ${temperature}; give a number of at least 0, where 0 is greedy`);
  }
  if (!Number.isSafeInteger(topK) || topK < 1) {
    throw new InvalidInput(`topK is ${topK}; give a whole number of at least 1`);
  }
  if (!(topP > 0 && topP <= 1)) throw new InvalidInput(`topP is ${topP}; give a number above 0 and up to 1`);
}

/** Place of the largest value, the first at a tie. */
export function argMaxOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * Draws a token by inverting the distribution function, over tokens in the order of their ids, at `uniform` in
 * [0, 1). Ties at the edge of `topK` or `topP` go to the lower id.
 */
export function sampleToken(logits: ArrayLike<number>, options: SamplingOptions, uniform: number): number {
  const { temperature = 0, topK = logits.length, topP = 1 } = options;
  if (temperature === 0) return argMaxOf(logits);
  const largest = logits[argMaxOf(logits)]!;
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) weights[id] = Math.exp((logits[id]! - largest) / temperature);
  if (topK < logits.length || topP < 1) keepLikeliest(weights, topK, topP);
  let total = 0;
  for (const weight of weights) total += weight;
  let left = uniform * total;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    last = id;
    left -= weights[id]!;
    if (left < 0) return id;
  }
  return last;
}

/** Sets the weights of all but the likeliest tokens to 0. */
function keepLikeliest(weights: Float64Array, topK: number, topP: number): void {
  const sorted = weights.slice().sort().reverse();
  const count = Math.min(topK, sorted.length);
  let total = 0;
  for (let i = 0; i < count; i++) total += sorted[i]!;
  let kept = 0;
  for (let sum = 0; kept < count && (kept === 0 || sum < topP * total); kept++) sum += sorted[kept]!;
  const least = sorted[kept - 1]!;
  let ties = kept - sorted.indexOf(least);
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id]!;
    if (weight < least || (weight === least && ties-- <= 0)) weights[id] = 0;
  }
}
