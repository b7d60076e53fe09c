import { type Asking, ask, InvalidInput, type Problem, type Solver } from "../../core/index.ts";
import type { Rng } from "../../random/index.ts";
import type { Tensors } from "../runtimes/runtime.ts";
import type { Trainer, TrainerQuestion } from "./trainer.ts";

/** A training set behind a trainer, and the weights and optimiser state to begin with. */
export interface TrainingProblem extends Problem {
  readonly trainer: Trainer;
  /** Number of training examples. */
  readonly examples: number;
  readonly initial: Tensors;
}

/** How long and how fast to train. */
export interface TrainingOptions {
  /** Steps of the whole schedule; run with `stop: { maxSteps: steps }`. */
  readonly steps: number;
  /** Examples a step. */
  readonly batchSize: number;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Share of the steps over which the rate rises from 0; default 0.05. */
  readonly warmup?: number;
  /** After the warm-up: `cosine` falls to a tenth of the peak, `constant` stays; default `cosine`. */
  readonly schedule?: "cosine" | "constant";
}

/** Where a training run stands. */
export interface TrainingState {
  /** Steps done; the version of the trainer's weights. */
  readonly version: number;
  /** Metrics of every step so far, in order. */
  readonly history: Readonly<Record<string, number>>[];
  /** Weights and optimiser state; null while they live in the trainer. */
  readonly tensors: Tensors | null;
}

/**
 * Minibatch training as a solver: each epoch is one seeded permutation of the examples, cut into batches that run on
 * into the next epoch. The trainer's AdamW makes the step.
 *
 * @example
 * const { result } = await run(train({ steps: 200, batchSize: 16, learningRate: 1e-3 }), problem,
 *   { seed: 1, stop: { maxSteps: 200 } });
 */
export function train(options: TrainingOptions): Solver<TrainingProblem, TrainingState, Tensors> {
  const { steps, batchSize } = checkOptions(options);
  return {
    name: "train",
    options,
    *init(problem) {
      if (problem.examples < 1) throw new InvalidInput("there are no training examples: check the log");
      return yield* write(problem, { version: 0, history: [], tensors: problem.initial });
    },
    *step(problem, { version, history }, rng) {
      const examples = batchAt(rng, problem.examples, batchSize, version);
      const question: TrainerQuestion = {
        op: "step",
        version,
        examples,
        learningRate: learningRateAt(options, version + 1, steps),
      };
      const [answer] = yield* ask(problem.trainer, [question]);
      history.push(answer!.metrics);
      return { version: answer!.version, history, tensors: null };
    },
    attach: write,
    *detach(problem, state) {
      const [answer] = yield* ask(problem.trainer, [
        { op: "read", version: state.version } as TrainerQuestion,
      ]);
      return { ...state, tensors: answer!.tensors };
    },
    metrics: ({ history }) => history.at(-1) ?? {},
    status: () => "running",
    result: (_, { tensors }) => tensors!,
  };
}

function* write(problem: TrainingProblem, state: TrainingState): Asking<TrainingState> {
  const question: TrainerQuestion = { op: "write", version: state.version, tensors: state.tensors! };
  yield* ask(problem.trainer, [question]);
  return { ...state, tensors: null };
}

/** Places of the examples of a step: a window over the endless sequence of the epochs' permutations. */
export function batchAt(rng: Rng, examples: number, batchSize: number, step: number): Int32Array {
  const batch = new Int32Array(batchSize);
  let order: ArrayLike<number> = [];
  let loaded = -1;
  for (let i = 0; i < batchSize; i++) {
    const place = step * batchSize + i;
    const epoch = Math.floor(place / examples);
    if (epoch !== loaded) {
      order = rng.stream("training order", epoch).permutation(examples);
      loaded = epoch;
    }
    batch[i] = order[place % examples]!;
  }
  return batch;
}

/** The learning rate of a step counted from 1. */
function learningRateAt(options: TrainingOptions, step: number, steps: number): number {
  const { learningRate, warmup = 0.05, schedule = "cosine" } = options;
  const rise = Math.ceil(warmup * steps);
  if (step < rise) return (learningRate * step) / rise;
  if (schedule === "constant") return learningRate;
  const done = (step - rise) / Math.max(1, steps - rise);
  return learningRate * (0.1 + 0.45 * (1 + Math.cos(Math.PI * Math.min(1, done))));
}

function checkOptions(options: TrainingOptions): TrainingOptions {
  const { steps, batchSize, learningRate, warmup = 0 } = options;
  for (const [name, value] of Object.entries({ steps, batchSize }))
    if (!(Number.isSafeInteger(value) && value > 0))
      throw new InvalidInput(`${name} is ${value}: give a positive integer`);
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new InvalidInput(`learningRate is ${learningRate}: give a positive number, such as 0.001`);
  if (!(warmup >= 0 && warmup <= 1)) throw new InvalidInput(`warmup is ${warmup}: give a share from 0 to 1`);
  return options;
}
