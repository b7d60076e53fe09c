/**
 * Training losses on logged edits, as tensor graphs over sequence log-probabilities: imitation of the edited text
 * (SFT), preference of the edited text over the draft (DPO), and their sum, the early ensemble (Misra et al. 2025,
 * section 3; DPO after Rafailov et al. 2023).
 */

import { InvalidInput } from "../core/errors.ts";
import { add, mul, neg, reciprocal, reduceMean, reduceSum, softplus, sub, type Tensor } from "../lm/index.ts";

/** Log-probabilities [pairs] of edited texts (`chosen`) and drafts (`rejected`): sums over tokens, end token included. */
export interface PreferenceLogProbs {
  readonly chosen: Tensor;
  readonly rejected: Tensor;
  /** The same under the policy that wrote the drafts. */
  readonly referenceChosen: Tensor;
  readonly referenceRejected: Tensor;
}

/**
 * Mean of softplus(−margin), margin = dpoBeta · ((chosen − referenceChosen) − (rejected − referenceRejected)).
 * It starts at ln 2 where policy and reference agree. `dpoBeta` is not the beta of the KL-regularised cost.
 *
 * Throws `InvalidInput` unless `dpoBeta` is positive and finite.
 */
export function dpoLoss(logProbs: PreferenceLogProbs, options: { readonly dpoBeta: number }): Tensor {
  return reduceMean(softplus(neg(dpoMargin(logProbs, options))));
}

/** The margins [pairs] whose sigmoid is the modelled probability that the edited text is preferred. */
export function dpoMargin(logProbs: PreferenceLogProbs, options: { readonly dpoBeta: number }): Tensor {
  const { dpoBeta } = options;
  if (!(dpoBeta > 0) || !Number.isFinite(dpoBeta)) {
    throw new InvalidInput(`dpoBeta is ${dpoBeta}; give a positive number, such as 0.1`);
  }
  const gain = sub(logProbs.chosen, logProbs.referenceChosen);
  return mul(sub(gain, sub(logProbs.rejected, logProbs.referenceRejected)), dpoBeta);
}

/** Log-probabilities [sequences] of target texts, and their numbers of tokens, end token included. */
export interface TargetLogProbs {
  readonly sums: Tensor;
  readonly counts: Tensor;
}

/**
 * Negative log-likelihood of the targets. `reduction` is `token-mean` (default: over all tokens of the batch
 * together, so that long texts weigh more) or `sequence-sum` (mean over sequences of their sums); the early
 * ensemble's weight means something else under each.
 */
export function sftLoss(
  { sums, counts }: TargetLogProbs,
  options: { readonly reduction?: "token-mean" | "sequence-sum" } = {},
): Tensor {
  if (options.reduction === "sequence-sum") return neg(reduceMean(sums));
  return neg(mul(reduceSum(sums), reciprocal(reduceSum(counts))));
}

/**
 * The early ensemble's loss: dpo + sftWeight · sft.
 *
 * Throws `InvalidInput` unless `sftWeight` is a finite number of at least 0.
 */
export function earlyLoss(dpo: Tensor, sft: Tensor, options: { readonly sftWeight: number }): Tensor {
  const { sftWeight } = options;
  if (!(sftWeight >= 0) || !Number.isFinite(sftWeight)) {
    throw new InvalidInput(`sftWeight is ${sftWeight}; give a number of at least 0, such as 0.1`);
  }
  return sftWeight === 0 ? dpo : add(dpo, mul(sft, sftWeight));
}
