import type { Rng } from "../../random/index.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";
import { llamaShapes } from "./llama.ts";
import type { LlamaConfig } from "./llama-config.ts";

/**
 * Random weights to train a model from: normal with standard deviation `deviation` (default 0.02), divided by
 * sqrt(2·layers) for the matrices that write into the residual stream (GPT-2's rule); norms 1, biases 0. Each
 * weight has its own random stream.
 */
export function initLlama(
  config: LlamaConfig,
  rng: Rng,
  options: { readonly deviation?: number } = {},
): Tensors {
  const { deviation = 0.02 } = options;
  const weights: Record<string, TensorData> = {};
  for (const [index, [name, dims]] of [...llamaShapes(config)].entries()) {
    const data = new Float32Array(dims.reduce((size, n) => size * n, 1));
    const writesResidual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
    const scale = writesResidual ? deviation / Math.sqrt(2 * config.layers) : deviation;
    if (name.endsWith("norm.weight")) data.fill(1);
    else if (name.endsWith(".weight")) rng.stream("llama weights", 0, index).perturb(data, scale);
    weights[name] = { type: "float", dims, data };
  }
  return weights;
}
