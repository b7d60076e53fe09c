import { checkCount } from "../../core/checks.ts";
import { InvalidInput } from "../../core/errors.ts";
import type { StrategySet } from "./strategy-set.ts";

/** Nodes 0 to `nodes` - 1, and edges as pairs of them. */
export interface Graph {
  readonly nodes: number;
  readonly edges: readonly (readonly [from: number, to: number])[];
}

function checkGraph({ nodes, edges }: Graph): void {
  checkCount("the graph's number of nodes", nodes);
  if (edges.length === 0) throw new InvalidInput("the graph has no edges: give at least one");
  for (const [k, ends] of edges.entries())
    for (const end of ends)
      if (!(Number.isSafeInteger(end) && end >= 0 && end < nodes))
        throw new InvalidInput(`edge ${k} ends in ${end}: nodes are 0 to ${nodes - 1}`);
}

/**
 * The unit flows from `source` to `target` of a directed acyclic graph, one coordinate an edge: mixtures of paths.
 * Costs may be negative.
 * @throws InvalidInput for a cycle, an empty graph, or when no path leads to the target.
 */
export function dagPaths(graph: Graph, source: number, target: number): StrategySet {
  checkGraph(graph);
  const { nodes, edges } = graph;
  for (const [what, node] of [
    ["source", source],
    ["target", target],
  ] as const)
    if (!(Number.isSafeInteger(node) && node >= 0 && node < nodes))
      throw new InvalidInput(`the ${what} is ${node}: nodes are 0 to ${nodes - 1}`);
  if (source === target) throw new InvalidInput("source and target are the same node: give two");
  const order = inOrder(graph);
  // In order of their tails, so that one pass settles every node before its edges are used.
  const byTail = edges.map((_, k) => k).sort((a, b) => order[edges[a]![0]]! - order[edges[b]![0]]! || a - b);

  const cheapest = (cost: (edge: number) => number) => {
    const reach = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
    const via = new Int32Array(nodes).fill(-1);
    reach[source] = 0;
    for (const k of byTail) {
      const [from, to] = edges[k]!;
      const candidate = reach[from]! + cost(k);
      if (candidate < reach[to]!) {
        reach[to] = candidate;
        via[to] = k;
      }
    }
    return { reach, via };
  };
  const longest = -cheapest(() => -1).reach[target]!;
  if (!Number.isFinite(longest))
    throw new InvalidInput(`no path leads from node ${source} to node ${target}`);

  const touching = Array.from({ length: nodes }, () => ({ indices: [] as number[], values: [] as number[] }));
  for (const [k, [from, to]] of edges.entries()) {
    touching[from]!.indices.push(k);
    touching[from]!.values.push(1);
    touching[to]!.indices.push(k);
    touching[to]!.values.push(-1);
  }
  return {
    name: `dagPaths(${nodes} nodes, ${edges.length} edges)`,
    dimension: edges.length,
    diameter: Math.sqrt(2 * longest),
    polytope: {
      rows: touching
        .map((row, node) => ({ ...row, right: node === source ? 1 : node === target ? -1 : 0 }))
        .filter(({ indices }) => indices.length > 0),
    },
    lmo: (cost) => {
      const { via } = cheapest((k) => cost[k]!);
      const path = new Float64Array(edges.length);
      for (let node = target; node !== source; node = edges[via[node]!]![0]) path[via[node]!] = 1;
      return path;
    },
  };
}

/** The place of each node in a topological order. */
function inOrder({ nodes, edges }: Graph): Int32Array {
  const entering = new Int32Array(nodes);
  const leaving: number[][] = Array.from({ length: nodes }, () => []);
  for (const [from, to] of edges) {
    entering[to]!++;
    leaving[from]!.push(to);
  }
  const ready = [...entering.keys()].filter((node) => entering[node] === 0);
  const place = new Int32Array(nodes);
  let placed = 0;
  for (; placed < ready.length; placed++) {
    const node = ready[placed]!;
    place[node] = placed;
    for (const next of leaving[node]!) if (--entering[next]! === 0) ready.push(next);
  }
  if (placed < nodes)
    throw new InvalidInput(
      "the graph has a cycle, where cheapest paths have no polytope: give an acyclic graph",
    );
  return place;
}

/**
 * Mixtures of the spanning trees of an undirected graph, one coordinate an edge.
 * @throws InvalidInput when the graph is empty or not connected.
 */
export function spanningTrees(graph: Graph): StrategySet {
  checkGraph(graph);
  const { nodes, edges } = graph;
  const tree = (cost: Float64Array): number[] => {
    const root = Int32Array.from({ length: nodes }, (_, i) => i);
    const find = (node: number): number => {
      while (root[node] !== node) node = root[node] = root[root[node]!]!;
      return node;
    };
    const chosen: number[] = [];
    for (const k of edges.map((_, i) => i).sort((a, b) => cost[a]! - cost[b]! || a - b)) {
      const [a, b] = [find(edges[k]![0]), find(edges[k]![1])];
      if (a === b) continue;
      root[a] = b;
      chosen.push(k);
    }
    return chosen;
  };
  if (nodes < 2 || tree(new Float64Array(edges.length)).length !== nodes - 1)
    throw new InvalidInput("the graph is not connected: it has no spanning tree to choose");
  return {
    name: `spanningTrees(${nodes} nodes, ${edges.length} edges)`,
    dimension: edges.length,
    diameter: Math.sqrt(2 * (nodes - 1)),
    constantSum: true,
    lmo: (cost) => {
      const vertex = new Float64Array(edges.length);
      for (const k of tree(cost)) vertex[k] = 1;
      return vertex;
    },
  };
}
