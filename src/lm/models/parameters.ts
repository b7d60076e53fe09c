import type { Graph, Tensor } from "../graph/index.ts";

/** The graph's parameter of this name, made when it is not there yet: parts of one graph share their weights. */
export function sharedParameter(graph: Graph, name: string, shape: readonly number[]): Tensor {
  const made = graph.parameters.find(({ node }) => node.op === "parameter" && node.attributes.name === name);
  return made ?? graph.parameter(name, shape);
}
