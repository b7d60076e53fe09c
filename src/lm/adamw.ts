/** The AdamW update of `adamw-step.ts` as graph operations, part of a training program. */

import { InvalidInput } from "../core/errors.ts";
import { type AdamwOptions, checkedAdamw } from "./adamw-step.ts";
import { add, div, minimum, mul, reduceSum, sqrt, square, sub, type Tensor } from "./graph/index.ts";
import type { TensorData, Tensors } from "./runtimes/runtime.ts";

/** The update as part of a program; see `adamwUpdate`. */
export interface AdamwUpdate {
  /** The program's outputs: new parameters and moments. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The `carry` of a run: every new value takes the place of the old. */
  readonly carry: Readonly<Record<string, string>>;
  /** Moments before the first step, all zero, to be written to the session. */
  readonly state: Tensors;
  /** The norm of all gradients together before clipping; only made into work when it is an output or clips. */
  readonly gradientNorm: Tensor;
}

const RATE = "adamw.rate";
const CORRECTION_1 = "adamw.correction1";
const CORRECTION_2 = "adamw.correction2";

/**
 * Adds the AdamW update of parameters (each a named parameter of fixed shape) to their graph. Every run needs the
 * feeds of `adamwFeeds`; parameters and moments live in the session.
 *
 * ```ts
 * const update = adamwUpdate(parameters, gradients(loss, parameters));
 * const session = await runtime.load({ outputs: { loss, ...update.outputs } });
 * await session.write({ ...weights, ...update.state });
 * await session.run({ ...batch, ...adamwFeeds(step, 1e-3) }, { fetch: ["loss"], carry: update.carry });
 * ```
 */
export function adamwUpdate(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  options: AdamwOptions = {},
): AdamwUpdate {
  const { beta1, beta2, epsilon, weightDecay, maximumNorm } = checkedAdamw(options);
  const graph = parameters[0]?.graph;
  if (graph === undefined || parameters.length !== gradients.length) {
    throw new InvalidInput(
      `AdamW: ${parameters.length} parameters and ${gradients.length} gradients; give one gradient per parameter`,
    );
  }
  const gradientNorm = sqrt(gradients.map((g) => reduceSum(square(g))).reduce((a, b) => add(a, b)));
  const clip = Number.isFinite(maximumNorm)
    ? minimum(div(maximumNorm, add(gradientNorm, 1e-6)), 1)
    : graph.constant(1);

  const rate = graph.input(RATE, "float", []);
  const correction1 = graph.input(CORRECTION_1, "float", []);
  const root2 = sqrt(graph.input(CORRECTION_2, "float", []));
  // With ε and the rate multiplied by the root of the second correction, no whole tensor is divided by it.
  const stepSize = div(mul(rate, root2), correction1);
  const floor = mul(root2, epsilon);
  const shrink = sub(1, mul(rate, weightDecay));
  const share1 = mul(clip, 1 - beta1);
  const share2 = mul(square(clip), 1 - beta2);

  const outputs: Record<string, Tensor> = {};
  const carry: Record<string, string> = {};
  const state: Record<string, TensorData> = {};
  for (const [i, parameter] of parameters.entries()) {
    const { node, shape } = parameter;
    if (node.op !== "parameter" || shape.some((dim) => typeof dim !== "number")) {
      throw new InvalidInput(
        `AdamW: only parameters of fixed shape can be updated, got ${node.op} [${shape}]`,
      );
    }
    const { name } = node.attributes;
    const gradient = gradients[i]!;
    const m = graph.parameter(`adamw.m/${name}`, shape);
    const v = graph.parameter(`adamw.v/${name}`, shape);
    const newM = add(mul(m, beta1), mul(gradient, share1));
    const newV = add(mul(v, beta2), mul(square(gradient), share2));
    const step = mul(div(newM, add(sqrt(newV), floor)), stepSize);
    const updated = sub(weightDecay === 0 ? parameter : mul(parameter, shrink), step);
    const dims = shape as readonly number[];
    for (const [input, tensor] of [
      [name, updated],
      [`adamw.m/${name}`, newM],
      [`adamw.v/${name}`, newV],
    ] as const) {
      outputs[`new/${input}`] = tensor;
      carry[`new/${input}`] = input;
      if (input !== name)
        state[input] = { type: "float", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) };
    }
  }
  return { outputs, carry, state, gradientNorm };
}

/** The scalars that a run with `adamwUpdate` is fed: the learning rate of step `step`, counted from 1. */
export function adamwFeeds(step: number, learningRate: number, options: AdamwOptions = {}): Tensors {
  const { beta1, beta2 } = checkedAdamw(options);
  const scalar = (value: number): TensorData => ({ type: "float", dims: [], data: Float32Array.of(value) });
  return {
    [RATE]: scalar(learningRate),
    [CORRECTION_1]: scalar(1 - beta1 ** step),
    [CORRECTION_2]: scalar(1 - beta2 ** step),
  };
}
