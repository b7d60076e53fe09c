/** Writes a program as the bytes of an ONNX model. */

import { InvalidInput } from "../../core/errors.ts";
import { sameShape, showShape } from "../graph/dims.ts";
import type { NodeOf, OperationName, Program, Tensor } from "../graph/graph.ts";
import { liveNodes, soleName } from "../graph/live.ts";
import type { TensorData } from "../runtimes/runtime.ts";
import { type DimSources, Emitter } from "./emitter.ts";
import { type Writer, writers } from "./operators.ts";
import { encode } from "./protobuf.ts";
import { modelMessage, type OnnxValue } from "./schema.ts";

/** The operator set of emitted models; onnxruntime 1.14 and later run it. */
const OPSET = 18;

/** Protocol buffers end at 2 GiB. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** How a program is written. */
export interface EmitOptions {
  /** Weights stored in the model, by parameter name; every other parameter becomes an input. */
  readonly weights?: Readonly<Record<string, TensorData>>;
  /** Use operators of onnxruntime alone (com.microsoft): faster there, not portable. Default false. */
  readonly contrib?: boolean;
}

/**
 * The ONNX model of a program, with named dimensions; nodes that no output needs are left out.
 * Throws InvalidInput when a stored weight does not fit its parameter, when a name is used twice, or when the
 * model would exceed 2 GiB (then leave weights out of `weights`: they become inputs).
 */
export function emitOnnx(program: Program, options: EmitOptions = {}): Uint8Array {
  const { weights = {}, contrib = false } = options;
  const outputs = Object.entries(program.outputs);
  const nodes = liveNodes(outputs.map(([, tensor]) => tensor));
  const sources = nodes.flatMap((node) =>
    node.op === "input" || node.op === "parameter"
      ? [{ name: node.attributes.name, tensor: node.outputs[0]!, node }]
      : [],
  );
  const inputs = sources.filter(({ name, node }) => node.op === "input" || weights[name] === undefined);
  const stored = sources.filter(({ name, node }) => node.op === "parameter" && weights[name] !== undefined);

  const names = new Map<number, string>(sources.map(({ name, tensor }) => [tensor.id, checkedName(name)]));
  const taken = new Set(names.values());
  const aliases: [string, Tensor][] = [];
  for (const [name, tensor] of outputs) {
    if (taken.has(checkedName(name)))
      throw new InvalidInput(`output "${name}" has the name of an input or parameter`);
    if (names.has(tensor.id) || tensor.node.op === "constant") aliases.push([name, tensor]);
    else names.set(tensor.id, name);
  }
  for (const { outputs: tensors } of nodes) {
    for (const tensor of tensors) if (!names.has(tensor.id)) names.set(tensor.id, `/t${tensor.id}`);
  }

  const emitter = new Emitter(names, dimSources(inputs), contrib);
  for (const { name, tensor } of stored) storeWeight(emitter, name, tensor, weights[name]!);
  for (const node of nodes) {
    if (node.op === "input" || node.op === "parameter") continue;
    // The table pairs each writer with its own node type, which TypeScript cannot follow through the lookup.
    const write = writers[node.op] as Writer<OperationName>;
    write(
      emitter,
      node as NodeOf<OperationName>,
      node.inputs.map((tensor) => emitter.name(tensor)),
      node.outputs.map((tensor) => emitter.name(tensor)),
    );
  }
  for (const [name, tensor] of aliases) emitter.write([name], "Identity", [emitter.name(tensor)]);

  const value = (name: string, tensor: Tensor): OnnxValue => ({
    name,
    type: tensor.dtype,
    shape: tensor.shape,
  });
  const model = modelMessage({
    opset: OPSET,
    nodes: emitter.nodes,
    initialisers: emitter.initialisers,
    inputs: inputs.map(({ name, tensor }) => value(name, tensor)),
    outputs: outputs.map(([name, tensor]) => value(name, tensor)),
  });
  if (model.length > MAXIMUM_BYTES) {
    throw new InvalidInput(
      `the model would take ${model.length} bytes, above the 2 GiB that ONNX files may have; leave weights out of "weights", so that they become inputs`,
    );
  }
  return encode(model);
}

/** Names that begin with "/" belong to the emitter. */
function checkedName(name: string): string {
  if (name === "" || name.startsWith("/"))
    throw new InvalidInput(`"${name}" cannot be a name: it is empty or begins with "/"`);
  return name;
}

function dimSources(inputs: readonly { readonly name: string; readonly tensor: Tensor }[]): DimSources {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const { name, tensor } of inputs) {
    for (const [axis, dim] of tensor.shape.entries()) {
      const sole = soleName(dim);
      if (sole !== undefined && !sources.has(sole)) sources.set(sole, { input: name, axis });
    }
  }
  return sources;
}

function storeWeight(emitter: Emitter, name: string, tensor: Tensor, weight: TensorData): void {
  if (weight.type !== "float" || !sameShape(weight.dims, tensor.shape)) {
    throw new InvalidInput(
      `weight "${name}": ${weight.type} ${showShape(weight.dims)} does not fit the parameter's ${showShape(tensor.shape)}`,
    );
  }
  emitter.constant(name, "float", weight.dims, weight.data);
}
