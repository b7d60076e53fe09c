/**
 * Learning from a log of user edits, end to end: hold out, cache the reference's log-probabilities, train an adapter by
 * each method, and measure every policy on the same held-out edits, contexts and episodes.
 */
import { InvalidInput } from "../../core/errors.ts";
import type { Adapter, LanguageModel, LoraConfig } from "../../lm/index.ts";
import type { CostOptions } from "../cost.ts";
import type { EditRecord } from "../record.ts";
import { splitLog } from "../split.ts";
import type { EditWorld } from "../worlds/world.ts";
import type { DistanceScores, EpisodeScores, LikelihoodScores } from "./evaluate.ts";
import {
  methods as allMethods,
  type DirectionScope,
  directionScopes,
  type Method,
  type MethodOptions,
  methodDefaults,
  trainingDefaults,
} from "./methods.ts";
import type { Curve, LearnContext } from "./stage.ts";
import type { WriterResult } from "./writers.ts";

/** What makes the steps. */
export const optimizers = ["adamw", "zeroth-order"] as const;
export type LearnOptimizer = (typeof optimizers)[number];

export interface LearnOptions extends MethodOptions {
  readonly seed: number;
  /** Default all. */
  readonly methods?: readonly Method[];
  /** `adamw` with backpropagation (default), or `zeroth-order`: forward passes only. */
  readonly optimizer?: LearnOptimizer;
  /** Passes over the training edits; default 5 for `sft`, 10 for `dpo` and `early`. Only for `adamw`. */
  readonly epochs?: number;
  /** Forward passes of a batch at most; default 20000. Only for `zeroth-order`. */
  readonly forwardPasses?: number;
  /**
   * `"example"` (default for `sft`): each edit of a batch goes along a direction of its own, with a copy of the adapter;
   * `"batch"` (default for the others, which have no other): all along one, in the memory of inference. Only for
   * `zeroth-order`.
   */
  readonly directions?: DirectionScope;
  /** Edits a step; default 16. */
  readonly batchSize?: number;
  /**
   * Most edits in memory at once; a larger batch adds up the gradients of several runs. Default the whole batch. Only for
   * `adamw`.
   */
  readonly microBatchSize?: number;
  /**
   * Calculate each layer anew in the backward pass: memory for one layer's values instead of all, for about one forward
   * pass more. Default not. Only for `adamw`.
   */
  readonly checkpointing?: boolean;
  /**
   * Peak learning rate; default 3e-3 for `sft`, 3e-4 for `dpo`, which runs away at more, 2e-3 for `early`. For
   * `zeroth-order` about how far each weight moves a step at first; default 2.8e-3 with directions by example, 1e-3 with
   * one for the batch.
   */
  readonly learningRate?: number;
  /** Default: rank 8, alpha twice the rank, on every matrix of attention and MLP. */
  readonly lora?: Partial<LoraConfig>;
  /** Share of the edits held out; default 0.1. */
  readonly validation?: number;
  /**
   * Train an adapter for each user besides, from the pooled one, and compare both on the user's own held-out edits; no
   * draft stands on both sides then, but a user may. Default not.
   */
  readonly by?: "user";
  /** Whether accepted drafts are targets of imitation too; default true. */
  readonly includeAccepted?: boolean;
  /**
   * How far drafts are from final texts; default over the tokens of the final text, which is the same for all policies, so
   * that no policy gains by the length of its drafts.
   */
  readonly cost?: CostOptions;
  /** Episodes with the simulated user, where the log has one; default 200. */
  readonly episodes?: number;
}

/** The figures of one policy; what does not apply to it is absent. */
export interface PolicyScores {
  /** `base`, a method, `copy` (the log's commonest changes on the base's drafts) or `informed` (knows the wishes). */
  readonly policy: string;
  readonly likelihood?: LikelihoodScores;
  readonly distance?: DistanceScores;
  readonly episodes?: EpisodeScores;
}

/** A held-out edit with the drafts before and after learning. */
export interface Sample {
  readonly context: EditRecord["context"];
  readonly edited: string;
  readonly drafts: Readonly<Record<string, string>>;
}

/** What `learn` made and measured. */
export interface Learned {
  readonly adapters: Readonly<Partial<Record<Method, Adapter>>>;
  readonly scores: readonly PolicyScores[];
  /** The method whose fresh drafts were nearest to the users' final texts. */
  readonly recommended: Method;
  readonly curves: Readonly<Partial<Record<Method, Curve>>>;
  readonly samples: readonly Sample[];
  /** By method, then by user; empty without `by: "user"`. */
  readonly writers: readonly WriterResult[];
  /** True edit costs by policy, then by fresh episode, the same for all policies; empty where the log has no simulated user. */
  readonly episodeCosts: Readonly<Record<string, readonly number[]>>;
  /** What those costs are of: the fresh contexts, and each policy's drafts for them. */
  readonly episodes: {
    readonly contexts: readonly string[];
    readonly drafts: Readonly<Record<string, readonly string[]>>;
  };
  readonly counts: {
    readonly train: number;
    readonly heldOut: number;
    readonly tooLong: number;
    readonly pairs: number;
  };
}

type Defaulted = Required<
  Pick<
    LearnOptions,
    "optimizer" | "batchSize" | "validation" | "includeAccepted" | "episodes" | keyof MethodOptions
  >
>;

const defaults: Defaulted = {
  optimizer: "adamw",
  batchSize: trainingDefaults.batchSize,
  validation: 0.1,
  includeAccepted: true,
  episodes: 200,
  ...methodDefaults,
};

/** The options of a run with their defaults. */
export type LearnSettings = LearnOptions & Defaulted;

/** Refuses options of the other optimiser: they would change nothing. */
function checkOptimizer(options: LearnSettings): void {
  const { optimizer, directions, methods = allMethods } = options;
  if (!optimizers.includes(optimizer))
    throw new InvalidInput(`optimizer is "${optimizer}": give one of ${optimizers.join(", ")}`);
  if (directions !== undefined && !directionScopes.includes(directions))
    throw new InvalidInput(`directions is "${directions}": give one of ${directionScopes.join(", ")}`);
  const paired = methods.filter((method) => method !== "sft");
  if (directions === "example" && paired.length > 0)
    throw new InvalidInput(
      `directions is "example", but the loss of ${paired.join(" and ")} compares two texts: choose methods sft, or "batch"`,
    );
  const others =
    optimizer === "adamw"
      ? (["forwardPasses", "directions"] as const)
      : (["epochs", "microBatchSize", "checkpointing"] as const);
  for (const name of others)
    if (options[name] !== undefined)
      throw new InvalidInput(
        `${name} has no meaning with optimizer "${optimizer}": leave it out, or choose ${optimizer === "adamw" ? "zeroth-order" : "adamw"}`,
      );
}

/** The split that `learn` makes; a reference model is fitted to the drafts of its training side only. */
export function splitForLearning(
  records: readonly EditRecord[],
  options: Pick<LearnOptions, "validation" | "seed" | "by">,
): { readonly train: readonly EditRecord[]; readonly validation: readonly EditRecord[] } {
  const { validation = defaults.validation, seed, by } = options;
  return splitLog(records, { validation, seed, by: by === "user" ? "draft" : "auto" });
}

/**
 * Learns from a log. Everything follows from the log, the base model, the options and the runtime; a run that was stopped
 * goes on from its store with the same bits.
 *
 * Throws `Cancelled` when the signal fires (the store holds what was done) and `InvalidInput` for a log that cannot be
 * learned from.
 */
export async function learn(
  records: readonly EditRecord[],
  base: LanguageModel,
  world: EditWorld | undefined,
  options: LearnOptions,
  context: LearnContext,
): Promise<Learned> {
  const settings = { ...defaults, ...options };
  checkOptimizer(settings);
  // Training stands on the whole of lm; who reads, counts or exports a log does not load it.
  const { learnAll } = await import("./learn-all.ts");
  return learnAll(records, base, world, settings, context);
}
