import { InvalidInput } from "../../core/errors.ts";
import { type AdamwOptions, adamwFeeds, adamwUpdate } from "../adamw.ts";
import { gradients, type Program, type Tensor } from "../graph/index.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";

/** A program that makes one optimiser step: loss, gradients and AdamW in one run. */
export interface TrainingProgram {
  readonly program: Program;
  /** Which output becomes which resident input: parameters and moments. */
  readonly carry: Readonly<Record<string, string>>;
  /** Scalar outputs of a step: `loss`, the objective's own metrics and, when clipped, `gradientNorm`. */
  readonly metrics: readonly string[];
  /** What the session must hold before the first step: parameters and zero moments. */
  initial(parameters: Tensors): Tensors;
  /** The parameters among resident tensors. */
  parameters(resident: Tensors): Tensors;
  /** The optimiser's inputs at a step counted from 1. */
  schedule(step: number, learningRate: number): Tensors;
}

/**
 * Adds gradients and AdamW for the parameters of these names to the graph of a scalar loss.
 *
 * Throws `InvalidInput` when the graph has no parameter of a name.
 */
export function trainingProgram(
  loss: Tensor,
  names: readonly string[],
  options: AdamwOptions & { readonly metrics?: Readonly<Record<string, Tensor>> } = {},
): TrainingProgram {
  const { metrics = {}, ...adamw } = options;
  const parameters = names.map((name) => loss.graph.named(name));
  const update = adamwUpdate(parameters, gradients(loss, parameters), adamw);
  const clipped = Number.isFinite(adamw.maximumNorm ?? Number.POSITIVE_INFINITY);
  const scalars = { loss, ...metrics, ...(clipped ? { gradientNorm: update.gradientNorm } : {}) };
  return {
    program: { outputs: { ...scalars, ...update.outputs } },
    carry: update.carry,
    metrics: Object.keys(scalars),
    initial: (values) => ({ ...pick(values, names), ...update.state }),
    parameters: (resident) => pick(resident, names),
    schedule: (step, learningRate) => adamwFeeds(step, learningRate, adamw),
  };
}

function pick(tensors: Tensors, names: readonly string[]): Tensors {
  const picked: Record<string, TensorData> = {};
  for (const name of names) {
    const tensor = tensors[name];
    if (tensor === undefined)
      throw new InvalidInput(`the parameter "${name}" has no values: give its tensor`);
    picked[name] = tensor;
  }
  return picked;
}
