/**
 * Policies from costs: the minimiser of E[cost + klBeta · ln(π / π_ref)] is π_ref · exp(−cost / klBeta), normalised
 * (Misra et al. 2025, section 2, where the printed formula names π_ref twice).
 */
import { InvalidInput, NonFinite } from "../../core/errors.ts";

/** Options of the policies made from costs. */
export interface CostPolicyOptions {
  /**
   * How much cost a nat of distance from the reference is worth; it must match the scale of the costs: with weak
   * editors costs are small, and a klBeta far above them leaves the reference as it is.
   */
  readonly klBeta: number;
}

/**
 * The probabilities [responses] of the best policy over responses that are all known.
 *
 * @param logReference ln π_ref [responses]; need not be normalised, −Infinity where it never goes.
 * @param costs expected edit cost of each response [responses].
 * @throws InvalidInput for lengths that differ, no response or a klBeta not above 0; NonFinite for other bad numbers.
 * @example costPolicy([0, 0], [0.1, 0.4], { klBeta: 0.1 }); // [0.953, 0.047]
 */
export function costPolicy(
  logReference: ArrayLike<number>,
  costs: ArrayLike<number>,
  options: CostPolicyOptions,
): Float64Array {
  const { klBeta } = options;
  if (!(klBeta > 0 && Number.isFinite(klBeta)))
    throw new InvalidInput(
      `klBeta is ${klBeta}; give a positive number on the scale of the costs, such as 0.01`,
    );
  if (logReference.length !== costs.length || costs.length === 0)
    throw new InvalidInput(
      `${logReference.length} reference log-probabilities and ${costs.length} costs; give one of each a response`,
    );
  const scores = Float64Array.from(costs, (cost, i) => {
    const reference = logReference[i]!;
    if (!Number.isFinite(cost)) throw new NonFinite(`the cost of response ${i} is ${cost}`);
    if (!(reference < Number.POSITIVE_INFINITY))
      throw new NonFinite(`the reference log-probability of response ${i} is ${reference}`);
    return reference - cost / klBeta;
  });
  return softmaxInPlace(scores);
}

/**
 * Weights [candidates] of drafts that were sampled from the reference policy: exp(−cost / klBeta), normalised. Take
 * the largest to rerank at inference without training, draw by them, or weigh imitation by them.
 *
 * @throws as `costPolicy` does.
 */
export function candidateWeights(costs: ArrayLike<number>, options: CostPolicyOptions): Float64Array {
  return costPolicy(new Float64Array(costs.length), costs, options);
}

/** E[cost + klBeta · ln(π / π_ref)] of a policy over known responses; 0 · ln 0 counts as 0. Arguments as for `costPolicy`. */
export function regularizedCost(
  policy: ArrayLike<number>,
  logReference: ArrayLike<number>,
  costs: ArrayLike<number>,
  { klBeta }: CostPolicyOptions,
): number {
  let sum = 0;
  for (let i = 0; i < policy.length; i++) {
    const p = policy[i]!;
    if (p > 0) sum += p * (costs[i]! + klBeta * (Math.log(p) - logReference[i]!));
  }
  return sum;
}

/** exp and normalise, in place. Throws `NonFinite` when no score is above −Infinity. */
export function softmaxInPlace(scores: Float64Array): Float64Array {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > highest) highest = scores[i]!;
  if (!Number.isFinite(highest)) throw new NonFinite("no response has a probability above 0");
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const weight = Math.exp(scores[i]! - highest);
    scores[i] = weight;
    sum += weight;
  }
  for (let i = 0; i < scores.length; i++) scores[i]! /= sum;
  return scores;
}
