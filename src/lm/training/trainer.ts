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

export interface TrainerAnswer {
  readonly version: number;
  /** Scalar outputs of a step, the loss among them. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Resident tensors, when read. */
  readonly tensors: Tensors | null;
}

export type Trainer = Oracle<TrainerQuestion, TrainerAnswer>;

export interface TrainerOptions {
  /** Holds the loaded program. */
  readonly session: Session;
  readonly step: TrainingProgram;
  /** Inputs of the examples at these places. */
  feeds(examples: Int32Array): Tensors;
}

/**
 * The oracle over a loaded step program. It refuses a question of another version than its weights have, so that a lost
 * or repeated step cannot pass unseen, and throws `NonFinite` when a metric is no finite number.
 */
export function createTrainer(options: TrainerOptions): Trainer {
  const { session, feeds, step } = options;
  const { carry, metrics } = step;
  const resident = Object.values(carry);
  let version: number | undefined;

  return {
    name: "trainer",
    async answer(question) {
      if (question.op === "write") {
        await session.write(question.tensors);
        version = question.version;
        return { version, metrics: {}, tensors: null };
      }
      if (question.version !== version)
        throw new InvalidInput(
          `the trainer holds version ${version ?? "nothing"}, asked for ${question.version}: attach a snapshot first`,
        );
      if (question.op === "read") return { version, metrics: {}, tensors: await session.read(resident) };
      const inputs = { ...feeds(question.examples), ...step.schedule(version + 1, question.learningRate) };
      const outputs = await session.run(inputs, { fetch: metrics, carry });
      version += 1;
      const values: Record<string, number> = {};
      for (const name of metrics) {
        const value = Number(outputs[name]!.data[0]);
        if (!Number.isFinite(value))
          throw new NonFinite(
            `${name} is ${value} at training step ${version}: lower the learning rate or check the examples`,
          );
        values[name] = value;
      }
      return { version, metrics: values, tensors: null };
    },
  };
}
