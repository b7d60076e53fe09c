/**
 * Runs a graph in float64 by plain loops: the reference against which gradients and other runtimes are
 * checked. Clear rather than fast.
 */

import { InvalidInput } from "../../core/errors.ts";
import { type Dim, dimTerms, evaluateDim, showShape } from "./dims.ts";
import type { Node, NodeOf, OperationName, Tensor } from "./graph.ts";
import { type Context, type Kernel, kernels } from "./kernels.ts";
import { liveNodes, soleName } from "./live.ts";
import type { Value } from "./values.ts";

export type { Value } from "./values.ts";

type Sizes = ReadonlyMap<string, number>;

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
  const sources = nodes.filter((node) => node.op === "input" || node.op === "parameter");
  for (const { op, attributes, outputs } of sources) {
    const value = feeds[attributes.name];
    if (value === undefined) throw new InvalidInput(`no value for ${op} "${attributes.name}"`);
    values.set(outputs[0]!.id, value);
    for (const [i, dim] of outputs[0]!.shape.entries()) {
      const name = soleName(dim);
      if (name !== undefined && !sizes.has(name)) sizes.set(name, value.dims[i]!);
    }
  }
  for (const { attributes, outputs } of sources) checkShape(attributes.name, outputs[0]!, values, sizes);
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

/** Throws InvalidInput unless a fed value has the declared shape, as far as the sizes of its names are known. */
function checkShape(
  name: string,
  { id, shape }: Tensor,
  values: ReadonlyMap<number, Value>,
  sizes: Sizes,
): void {
  const { dims } = values.get(id)!;
  const known = (dim: Dim): boolean => dimTerms(dim).every(([, names]) => names.every((n) => sizes.has(n)));
  const fits =
    dims.length === shape.length &&
    shape.every((dim, i) => !known(dim) || evaluateDim(dim, sizes) === dims[i]);
  if (!fits)
    throw new InvalidInput(`"${name}": value of shape ${showShape(dims)} does not fit ${showShape(shape)}`);
}
