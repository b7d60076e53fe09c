/** Which nodes a set of outputs needs. */

import { type Dim, dimTerms } from "./dims.ts";
import type { Node, Tensor } from "./graph.ts";

/**
 * The nodes that the outputs depend on, in order of execution. An input of which only a dimension's size is
 * needed counts.
 */
export function liveNodes(outputs: readonly Tensor[]): readonly Node[] {
  const live = new Set<Node>();
  const stack = outputs.map((output) => output.node);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  const known = new Set([...live].flatMap(dimNames));
  for (const name of new Set([...live].flatMap(neededSizes))) {
    if (known.has(name)) continue;
    const source = outputs[0]!.graph.nodes.find((node) => dimNames(node).includes(name));
    if (source !== undefined) live.add(source);
  }
  return [...live].sort((a, b) => a.index - b.index);
}

/** The name that a dimension consists of, if it is nothing but one. */
export function soleName(dim: Dim): string | undefined {
  const [term, ...more] = dimTerms(dim);
  return term !== undefined && more.length === 0 && term[0] === 1 && term[1].length === 1
    ? term[1][0]
    : undefined;
}

/** The names whose sizes can be read from an input. */
function dimNames(node: Node): string[] {
  if (node.op !== "input" && node.op !== "parameter") return [];
  return node.outputs[0]!.shape.map(soleName).filter((name) => name !== undefined);
}

/** The names whose sizes an operation needs beyond the shapes of its inputs. */
function neededSizes(node: Node): string[] {
  return sizeAttributes(node).flatMap((dim) => dimTerms(dim).flatMap(([, names]) => names));
}

function sizeAttributes(node: Node): readonly Dim[] {
  switch (node.op) {
    case "dimension":
    case "iota":
      return [node.attributes.dim];
    case "reshape":
    case "expand":
      return node.attributes.shape;
    case "slice":
      return [node.attributes.start, node.attributes.end];
    case "pad":
      return [node.attributes.before, node.attributes.after];
    default:
      return [];
  }
}
