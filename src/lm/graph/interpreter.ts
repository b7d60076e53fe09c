/**
 * Runs a graph in float64 by plain loops: the reference against which gradients and other runtimes are
 * checked. Clear rather than fast.
 */

import { InvalidInput } from "../../core/errors.ts";
import { evaluateDim, showShape } from "./dims.ts";
import type { Node, NodeOf, OperationName, Tensor } from "./graph.ts";
import { type Context, type Kernel, kernels } from "./kernels.ts";
import { liveNodes, soleName } from "./live.ts";
import type { Value } from "./values.ts";

export type { Value } from "./values.ts";

/**
 * The values of `outputs` given those of every input and parameter that they need, by name.
 * Throws InvalidInput for a missing value or one of the wrong shape.
 */
export function interpret<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  feeds: Readonly<Record<string, Value>>,
): Record<Name, Value> {
  const sizes = new Map<string, number>();
  const values = new Map<number, Value>();
  const context: Context = { size: (dim) => evaluateDim(dim, sizes) };
  const nodes = liveNodes(Object.values<Tensor>(outputs));
  for (const node of nodes) {
    if (node.op === "input" || node.op === "parameter") {
      const output = node.outputs[0]!;
      const value = feeds[node.attributes.name];
      if (value === undefined) throw new InvalidInput(`no value for ${node.op} "${node.attributes.name}"`);
      bind(node.attributes.name, output, value, sizes);
      values.set(output.id, value);
    }
  }
  for (const node of nodes) {
    if (node.op === "input" || node.op === "parameter") continue;
    const results = run(
      node,
      node.inputs.map((input) => values.get(input.id)!),
      context,
    );
    for (const [i, output] of node.outputs.entries()) values.set(output.id, results[i]!);
  }
  const named = Object.entries<Tensor>(outputs).map(
    ([name, tensor]) => [name, values.get(tensor.id)!] as const,
  );
  return Object.fromEntries(named) as Record<Name, Value>;
}

function run(node: Node, inputs: readonly Value[], context: Context): readonly Value[] {
  // The table pairs each kernel with its own node type, which TypeScript cannot follow through the lookup.
  const kernel = kernels[node.op as "add"] as Kernel<OperationName>;
  return kernel(node as NodeOf<OperationName>, inputs, context);
}

/** Checks a fed value against the declared shape and learns the sizes of its named dimensions. */
function bind(name: string, tensor: Tensor, value: Value, sizes: Map<string, number>): void {
  const mismatch = (): InvalidInput =>
    new InvalidInput(
      `"${name}": value of shape ${showShape(value.dims)} does not fit ${showShape(tensor.shape)}`,
    );
  if (value.dims.length !== tensor.shape.length) throw mismatch();
  for (const [i, dim] of tensor.shape.entries()) {
    const size = value.dims[i]!;
    const name = soleName(dim);
    if (name !== undefined && !sizes.has(name)) sizes.set(name, size);
    if (typeof dim === "number" ? dim !== size : name !== undefined && sizes.get(name) !== size)
      throw mismatch();
  }
}
