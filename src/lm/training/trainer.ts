/**
 * A model in training as an oracle: weights and optimiser state live in the runtime's memory, questions are a few
 * numbers, and whoever asks keeps the version. One step is one run of a program that holds loss, gradients and AdamW.
 */
import { InvalidInput, NonFinite, type Oracle } from "../../core/index.ts";
import type { Session, Tensors } from "../runtimes/runtime.ts";
import type { TrainingProgram } from "./program.ts";

/** What a trainer is asked. `version` counts the steps since the first weights. */
export type TrainerQuestion =
  | { readonly op: "write"; readonly version: number; readonly tensors: Tensors }
  | { readonly op: "read"; readonly version: number }
  | {
      readonly op: "step";
      readonly version: number;
      /** Places of the step's examples in the training set. */
      readonly examples: Int32Array;
      readonly learningRate: number;
    };

/** What a trainer answers. */
export interface TrainerAnswer {
  readonly version: number;
  /** Scalar outputs of a step, the loss among them. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Resident tensors, when read. */
  readonly tensors: Tensors | null;
}

/** A model in training, as an oracle. */
export type Trainer = Oracle<TrainerQuestion, TrainerAnswer>;

/** What a trainer is made of. */
export interface TrainerOptions {
  /** Holds the loaded program. */
  readonly session: Session;
  readonly step: TrainingProgram;
  /** Inputs of the examples at these places. */
  feeds(examples: Int32Array): Tensors;
  /**
   * Most examples in one run, for a step program made with `accumulate`: a larger batch is several runs whose gradients
   * add up, in the memory of one. Default the whole batch.
   */
  readonly microBatchSize?: number;
  /** What the loss of a batch is a mean over (its tokens, say); default its number of examples. */
  weight?(examples: Int32Array): number;
}

/**
 * The oracle over a loaded step program. It refuses a question of another version than its weights have, so that a lost
 * or repeated step cannot pass unseen, and throws `NonFinite` when a metric is no finite number. Metrics of a batch in
 * several runs are means weighted like the loss.
 *
 * Throws `InvalidInput` when `microBatchSize` is no whole number of at least 1, or the program does not accumulate.
 */
export function createTrainer(options: TrainerOptions): Trainer {
  const { session, feeds, step, microBatchSize = Number.POSITIVE_INFINITY } = options;
  const { carry, metrics, accumulation } = step;
  if (options.microBatchSize !== undefined) checkMicroBatches(microBatchSize, step);
  const weight = options.weight ?? ((examples: Int32Array) => examples.length);
  const resident = Object.values(carry);
  let version: number | undefined;

  return {
    name: "trainer",
    async answer(question) {
      if (question.op === "write") {
        await session.write({ ...question.tensors, ...accumulation?.sums });
        version = question.version;
        return { version, metrics: {}, tensors: null };
      }
      if (question.version !== version)
        throw new InvalidInput(
          `the trainer holds version ${version ?? "nothing"}, asked for ${question.version}: attach a snapshot first`,
        );
      if (question.op === "read") return { version, metrics: {}, tensors: await session.read(resident) };
      const schedule = step.schedule(version + 1, question.learningRate);
      const parts = partsOf(question.examples, microBatchSize, weight);
      const values: Record<string, number> = {};
      for (const [i, { examples, share }] of parts.entries()) {
        const last = i === parts.length - 1;
        const inputs = { ...feeds(examples), ...schedule, ...accumulation?.feeds(share, i === 0) };
        const run = { fetch: metrics, carry: last ? carry : accumulation!.carry };
        const outputs = await session.run(inputs, run);
        for (const name of metrics) {
          const value = Number(outputs[name]!.data[0]);
          // The norm is that of the whole step's gradient, known in its last run.
          if (name === "gradientNorm") values[name] = value;
          else values[name] = (values[name] ?? 0) + share * value;
        }
      }
      version += 1;
      for (const [name, value] of Object.entries(values)) {
        if (!Number.isFinite(value))
          throw new NonFinite(
            `${name} is ${value} at training step ${version}: lower the learning rate or check the examples`,
          );
      }
      return { version, metrics: values, tensors: null };
    },
  };
}

/** A batch in parts of at most `size` examples, each with its share of the batch's weight. */
function partsOf(
  batch: Int32Array,
  size: number,
  weight: (examples: Int32Array) => number,
): { examples: Int32Array; share: number }[] {
  if (batch.length <= size) return [{ examples: batch, share: 1 }];
  const parts: Int32Array[] = [];
  for (let start = 0; start < batch.length; start += size) parts.push(batch.subarray(start, start + size));
  const weights = parts.map(weight);
  const total = weights.reduce((sum, one) => sum + one, 0);
  return parts.map((examples, i) => ({ examples, share: weights[i]! / total }));
}

function checkMicroBatches(size: number, step: TrainingProgram): void {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new InvalidInput(`microBatchSize is ${size}: give a whole number of at least 1`);
  if (step.accumulation === undefined)
    throw new InvalidInput("microBatchSize needs a step program made with accumulate: true");
}
