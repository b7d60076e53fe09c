/** Reverse-mode differentiation of a graph by further operations of the same graph. */

import { InvalidInput } from "../../core/errors.ts";
import { showShape } from "./dims.ts";
import { add } from "./elementwise.ts";
import { type GradientRule, gradientRules } from "./gradient-rules.ts";
import type { Node, OperationName, Tensor } from "./graph.ts";
import { type Recomputation, recomputation } from "./recompute.ts";

/** How `gradients` trades time for memory. */
export interface GradientOptions {
  /**
   * Tensors of the forward pass, such as the hidden states between a model's layers, that are kept for the backward pass;
   * what lies between two of them is calculated anew there, one part at a time (Chen et al. 2016). A run then holds the
   * checkpoints and the values of one part, for about one forward pass more. Default none: all values are kept.
   */
  readonly checkpoints?: readonly Tensor[];
}

/**
 * The gradients of a scalar float `loss` with respect to tensors, each of its tensor's shape. Work is added
 * only for what depends on `wrt`. Throws InvalidInput when the loss is no scalar or does not depend on a tensor.
 *
 * ```ts
 * const [dw] = gradients(reduceSum(square(matmul(x, w))), [w]);
 * ```
 */
export function gradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  options: GradientOptions = {},
): readonly Tensor[] {
  if (loss.dtype !== "float" || loss.shape.length !== 0) {
    throw new InvalidInput(
      `gradients: the loss must be a float scalar, got ${loss.dtype} ${showShape(loss.shape)}`,
    );
  }
  const { graph } = loss;
  const path = graph.nodes.slice(0, loss.node.index + 1);
  const active = dependents(path, wrt);
  const found = new Map<number, Tensor>([[loss.id, graph.constant(1)]]);
  const parts = recomputations(options.checkpoints ?? [], wrt, found);
  for (const node of path.reverse()) {
    const outputs = node.outputs.map((output) => found.get(output.id));
    if (outputs.every((gradient) => gradient === undefined)) continue;
    if (!node.inputs.some((input) => active.has(input.id))) continue;
    const values = parts.find((part) => part.contains(node))?.again(node) ?? node;
    for (const [i, gradient] of inputGradients(values, outputs).entries()) {
      const input = node.inputs[i]!;
      if (gradient === undefined || !active.has(input.id)) continue;
      const before = found.get(input.id);
      found.set(input.id, before === undefined ? gradient() : add(before, gradient()));
    }
  }
  return wrt.map((tensor) => {
    const gradient = found.get(tensor.id);
    if (gradient === undefined)
      throw new InvalidInput(`gradients: the loss does not depend on ${describe(tensor)}`);
    return gradient;
  });
}

/**
 * The parts between neighbouring checkpoints. Each is done anew when the gradient at its end is known, and so are those of
 * the weights of later parts, which otherwise might keep the later parts' values.
 */
function recomputations(
  checkpoints: readonly Tensor[],
  wrt: readonly Tensor[],
  found: ReadonlyMap<number, Tensor>,
): readonly Recomputation[] {
  const ordered = [...new Set(checkpoints)].sort((a, b) => a.node.index - b.node.index);
  const waitedFor = new Set<number>();
  return ordered.slice(1).map((end, i) =>
    recomputation(ordered[i]!, end, () => {
      const known = [end, ...wrt].flatMap(({ id }) => found.get(id) ?? []);
      const cues = known.filter(({ id }) => !waitedFor.has(id));
      for (const { id } of cues) waitedFor.add(id);
      return cues;
    }),
  );
}

/** Ids of the float tensors that depend on `wrt`, those included. */
function dependents(nodes: readonly Node[], wrt: readonly Tensor[]): ReadonlySet<number> {
  const active = new Set(wrt.map((tensor) => tensor.id));
  for (const node of nodes) {
    if (gradientRules[node.op] === undefined || !node.inputs.some((input) => active.has(input.id))) continue;
    for (const output of node.outputs) if (output.dtype === "float") active.add(output.id);
  }
  return active;
}

function inputGradients(
  node: Node,
  outputs: readonly (Tensor | undefined)[],
): ReturnType<GradientRule<OperationName>> {
  const [first, ...rest] = outputs;
  if (node.op !== "split" && rest.some((gradient) => gradient !== undefined)) {
    throw new InvalidInput(`gradients: ${node.op} has no second derivative`);
  }
  // The table pairs each rule with its own node type, which TypeScript cannot follow through the lookup.
  const rule = gradientRules[node.op] as GradientRule<OperationName>;
  return rule(node, (first ?? rest.find((gradient) => gradient !== undefined))!, outputs);
}

function describe(tensor: Tensor): string {
  const { node } = tensor;
  const name =
    node.op === "input" || node.op === "parameter" ? `"${node.attributes.name}"` : `this ${node.op}`;
  return `${name} of shape ${showShape(tensor.shape)}`;
}
