/** What `fpx learn` trains: imitation, preference, and their early ensemble. */
export const methods = ["sft", "dpo", "early"] as const;
export type Method = (typeof methods)[number];

/** What a direction of forward passes is drawn for: each example of a batch, which then has its own adapter, or the batch. */
export const directionScopes = ["example", "batch"] as const;
export type DirectionScope = (typeof directionScopes)[number];

export interface MethodOptions {
  /** The coefficient b of the preference loss; default 0.1. It is not the beta of the KL-regularised cost. */
  readonly dpoBeta?: number;
  /**
   * Weight of imitation in the early ensemble, on sums over a text's tokens as in the preference loss; default 0.03. More of
   * it learns thorough users' logs sooner and weak users' logs less.
   */
  readonly sftWeight?: number;
}

/** What `MethodOptions` leaves out. */
export const methodDefaults: Required<MethodOptions> = { dpoBeta: 0.1, sftWeight: 0.03 };

/**
 * How adapters are trained by backpropagation where nothing else is said, here and in the script that trains by TRL. The
 * learning rate rises over 5 % of the steps and falls along a cosine to a tenth.
 */
export const trainingDefaults = {
  batchSize: 16,
  epochs: { sft: 5, dpo: 10, early: 10 },
  learningRate: { sft: 3e-3, dpo: 3e-4, early: 2e-3 },
  // The preference loss begins with large gradients; a short memory of them lets later steps keep their size.
  adamw: { weightDecay: 0, maximumNorm: 1, beta2: 0.95 },
  lora: { rank: 8 },
} as const;
