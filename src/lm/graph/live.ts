/** Which nodes a set of outputs needs. */

import type { Node, Tensor } from "./graph.ts";

/** The nodes that the outputs depend on, in order of execution. */
export function liveNodes(outputs: readonly Tensor[]): readonly Node[] {
  const live = new Set<Node>();
  const stack = outputs.map((output) => output.node);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  return [...live].sort((a, b) => a.index - b.index);
}
