/** The float64 interpreter as a runtime: slow, exact, always there. */

import { InvalidInput } from "../../core/errors.ts";
import { interpret, type Value } from "../graph/interpreter.ts";
import { liveNodes } from "../graph/live.ts";
import { residentSession } from "./resident.ts";
import type { Runtime, TensorData } from "./runtime.ts";

/** A runtime that interprets programs in float64; float tensors come back as Float64Array. It takes no ONNX bytes. */
export function interpreterRuntime(): Runtime {
  return {
    name: "interpreter, float64",
    async load(model, { weights = {} } = {}) {
      if (model instanceof Uint8Array)
        throw new InvalidInput("the interpreter runs programs, not ONNX bytes");
      const frozen: Record<string, Value> = {};
      for (const [name, tensor] of Object.entries(weights)) frozen[name] = toValue(tensor);
      const names = liveNodes(Object.values(model.outputs)).flatMap((node) =>
        node.op === "input" || node.op === "parameter" ? [node.attributes.name] : [],
      );
      return residentSession<Value>({
        inputs: names.filter((name) => frozen[name] === undefined),
        outputs: Object.keys(model.outputs),
        upload: toValue,
        download: ({ dims, data }, keep) => fromValue(dims, keep ? data.slice() : data),
        async run(feeds, wanted) {
          const outputs = Object.fromEntries(wanted.map((name) => [name, model.outputs[name]!]));
          return interpret(outputs, { ...frozen, ...feeds });
        },
        release() {},
        async close() {},
      });
    },
  };
}

function toValue({ type, dims, data }: TensorData): Value {
  if (type === "int64") return { dims, data: Int32Array.from(data, Number) };
  return { dims, data: type === "float" ? Float64Array.from(data) : data.slice() };
}

function fromValue(dims: readonly number[], data: Value["data"]): TensorData {
  if (data instanceof Float64Array) return { type: "float", dims, data };
  return data instanceof Int32Array ? { type: "int32", dims, data } : { type: "bool", dims, data };
}
