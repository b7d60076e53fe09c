import { fingerprint, type RunOptions, type RunResult, run } from "../../core/index.ts";
import {
  type AdamwOptions,
  createTrainer,
  loadProgram,
  type Runtime,
  type Tensor,
  type Tensors,
  type TrainingOptions,
  type TrainingState,
  train,
  trainingProgram,
} from "../../lm/index.ts";

/** How to train: the schedule, the optimiser, and how much goes through the model at once. */
export interface FitOptions extends TrainingOptions {
  readonly adamw?: AdamwOptions;
  /** Most examples in one run; a larger batch adds up the gradients of several. Default the whole batch. */
  readonly microBatchSize?: number;
  /** Calculate each layer anew in the backward pass: less memory for about one forward pass more. Default false. */
  readonly checkpointing?: boolean;
}

/** What to train on. */
export interface FitProblem {
  readonly loss: Tensor;
  /** Scalars to watch beside the loss. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** Hidden states between the model's layers, for `checkpointing`. */
  readonly states: readonly Tensor[];
  /** Number of training examples. */
  readonly examples: number;
  /** Inputs of the examples at these places. */
  feeds(places: readonly number[]): Tensors;
  /** What the loss of these examples is a mean over, so that parts of a batch add up; default their number. */
  weight?(places: readonly number[]): number;
  /** The same loss with weights of its own for each row of a batch, where it has one: for forward passes. */
  rows?(batchSize: number): { readonly losses: Tensor; feeds(places: readonly number[]): Tensors };
  /** Weights that stay as they are. */
  readonly frozen: Tensors;
  /** First values of the weights that are trained. */
  readonly initial: Tensors;
  /** Names data and base model, so that a resumed run cannot mix up its inputs. */
  readonly identity: unknown;
}

/**
 * Trains the weights of `initial` to lower a loss and returns them with the outcome of the run, which is seeded,
 * observed, stopped and resumed like any other. The runtime's name is part of the problem: its bits hold for one build
 * and number of threads.
 */
export async function fitWeights(
  runtime: Runtime,
  problem: FitProblem,
  options: FitOptions,
  runOptions: Omit<RunOptions<TrainingState>, "stop">,
): Promise<RunResult<TrainingState, Tensors>> {
  const { loss, metrics, states, examples, feeds, frozen, initial, identity } = problem;
  const { adamw = {}, microBatchSize, checkpointing = false, ...training } = options;
  const step = trainingProgram(loss, Object.keys(initial), {
    ...adamw,
    metrics,
    accumulate: microBatchSize !== undefined,
    ...(checkpointing ? { checkpoints: states } : {}),
  });
  const session = await loadProgram(runtime, step.program, frozen);
  try {
    const { weight } = problem;
    const trainer = createTrainer({
      session,
      step,
      feeds: (places) => feeds(Array.from(places)),
      ...(microBatchSize === undefined ? {} : { microBatchSize }),
      ...(weight === undefined ? {} : { weight: (places) => weight(Array.from(places)) }),
    });
    const outcome = await run(
      train(training),
      {
        fingerprint: fingerprint({
          identity,
          adamw,
          runtime: runtime.name,
          ...(microBatchSize === undefined ? {} : { microBatchSize }),
          ...(checkpointing ? { checkpointing } : {}),
        }),
        trainer,
        examples,
        initial: step.initial(initial),
      },
      { ...runOptions, stop: { maxSteps: options.steps } },
    );
    return { ...outcome, result: step.parameters(outcome.result) };
  } finally {
    await session.close();
  }
}
