import { InvalidInput } from "../../core/errors.ts";
import { adamwFeeds, adamwUpdate } from "../adamw.ts";
import type { AdamwOptions } from "../adamw-step.ts";
import { add, gradients, mul, type Program, type Tensor } from "../graph/index.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";

/** A program that makes one optimiser step: loss, gradients and AdamW in one run. */
export interface TrainingProgram {
  readonly program: Program;
  /** Which output becomes which resident input: parameters and moments. */
  readonly carry: Readonly<Record<string, string>>;
  /** Scalar outputs of a step: `loss`, the objective's own metrics and, when clipped, `gradientNorm`. */
  readonly metrics: readonly string[];
  /** Present when a step may be made of several runs, each of a part of its batch. */
  readonly accumulation?: Accumulation;
  /** What the session must hold before the first step: parameters and zero moments. */
  initial(parameters: Tensors): Tensors;
  /** The parameters among resident tensors. */
  parameters(resident: Tensors): Tensors;
  /** The optimiser's inputs at a step counted from 1. */
  schedule(step: number, learningRate: number): Tensors;
}

/** How gradients add up over runs: each run but a step's last carries sums only. */
export interface Accumulation {
  /** Which output becomes which resident sum. */
  readonly carry: Readonly<Record<string, string>>;
  /** Zero sums, which the session must hold once before its first run. */
  readonly sums: Tensors;
  /** Inputs of a run whose part has this share of the batch; the first run of a step forgets earlier sums. */
  feeds(share: number, first: boolean): Tensors;
}

/**
 * Adds gradients and AdamW for the parameters of these names to the graph of a scalar loss. With `accumulate`, a step
 * may be several runs: its gradient is the sum of theirs, each times its share of the batch. With `checkpoints`, what
 * lies between them is calculated anew in the backward pass: less memory, more time.
 *
 * Throws `InvalidInput` when the graph has no parameter of a name.
 */
export function trainingProgram(
  loss: Tensor,
  names: readonly string[],
  options: AdamwOptions & {
    readonly metrics?: Readonly<Record<string, Tensor>>;
    readonly accumulate?: boolean;
    /** See `GradientOptions`. */
    readonly checkpoints?: readonly Tensor[];
  } = {},
): TrainingProgram {
  const { metrics = {}, accumulate = false, checkpoints = [], ...adamw } = options;
  const parameters = names.map((name) => loss.graph.named(name));
  const own = gradients(loss, parameters, { checkpoints });
  const summed = accumulate ? accumulated(own, names) : undefined;
  const update = adamwUpdate(parameters, summed?.totals ?? own, adamw);
  const clipped = Number.isFinite(adamw.maximumNorm ?? Number.POSITIVE_INFINITY);
  const scalars = { loss, ...metrics, ...(clipped ? { gradientNorm: update.gradientNorm } : {}) };
  return {
    program: { outputs: { ...scalars, ...update.outputs, ...summed?.outputs } },
    carry: update.carry,
    metrics: Object.keys(scalars),
    ...(summed === undefined ? {} : { accumulation: summed.accumulation }),
    initial: (values) => ({ ...pick(values, names), ...update.state }),
    parameters: (resident) => pick(resident, names),
    schedule: (step, learningRate) => adamwFeeds(step, learningRate, adamw),
  };
}

const SHARE = "accumulation.share";
const KEEP = "accumulation.keep";

/** Gradients added to resident sums. */
function accumulated(
  own: readonly Tensor[],
  names: readonly string[],
): { totals: Tensor[]; outputs: Record<string, Tensor>; accumulation: Accumulation } {
  const { graph } = own[0]!;
  const share = graph.input(SHARE, "float", []);
  const keep = graph.input(KEEP, "float", []);
  const outputs: Record<string, Tensor> = {};
  const carry: Record<string, string> = {};
  const sums: Record<string, TensorData> = {};
  const totals = own.map((gradient, i) => {
    const dims = gradient.shape as readonly number[];
    const name = `accumulation.sum/${names[i]}`;
    const total = add(mul(graph.parameter(name, dims), keep), mul(gradient, share));
    outputs[`new/${name}`] = total;
    carry[`new/${name}`] = name;
    sums[name] = { type: "float", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
    return total;
  });
  const scalar = (value: number): TensorData => ({ type: "float", dims: [], data: Float32Array.of(value) });
  const feeds = (part: number, first: boolean): Tensors => ({
    [SHARE]: scalar(part),
    [KEEP]: scalar(first ? 0 : 1),
  });
  return { totals, outputs, accumulation: { carry, sums, feeds } };
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
