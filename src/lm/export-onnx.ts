import type { LanguageModel } from "./checkpoints/language-model.ts";
import { cacheInputs, cacheOutputs } from "./decoding/decoder.ts";
import { Graph } from "./graph/index.ts";
import { type Adapter, mergeAdapter } from "./lora.ts";
import { modelHead, modelTrunk } from "./models/model.ts";
import { emitOnnx } from "./onnx/index.ts";

/**
 * A model, with an adapter merged in, as one ONNX file of standard operators.
 *
 * Inputs: `tokens` and `positions` int32 [batch, sequence], `keys` bool [batch, past + sequence] (false on
 * padding), and for each layer L `past.L.key` and `past.L.value` float [batch, keyValueHeads, past, headSize], of
 * length 0 at first. Outputs: `logits` float [batch, sequence, vocabulary], and `present.L.key` and
 * `present.L.value` to feed as the next past.
 *
 * Throws `InvalidInput` when the adapter does not fit or the file would exceed 2 GiB.
 */
export function exportOnnx(model: LanguageModel, options: { readonly adapter?: Adapter } = {}): Uint8Array {
  const { config } = model;
  const weights =
    options.adapter === undefined ? model.weights : mergeAdapter(model.weights, options.adapter);
  const graph = new Graph();
  const { hidden, cache } = modelTrunk(config, {
    tokens: graph.input("tokens", "int32", ["batch", "sequence"]),
    positions: graph.input("positions", "int32", ["batch", "sequence"]),
    keys: graph.input("keys", "bool", ["batch", "past+sequence"]),
    past: cacheInputs(graph, config, "batch"),
  });
  return emitOnnx({ outputs: { logits: modelHead(config, hidden), ...cacheOutputs(cache) } }, { weights });
}
