import { checkCount } from "../../core/checks.ts";
import type { StrategySet } from "./strategy-set.ts";

/** The doubly stochastic n by n matrices, row-major: mixtures of assignments. */
export function birkhoff(n: number): StrategySet {
  checkCount("n", n);
  const lines = Array.from({ length: n }, (_, i) => i);
  const ones = lines.map(() => 1);
  return {
    name: `birkhoff(${n})`,
    dimension: n * n,
    diameter: Math.sqrt(2 * n),
    constantSum: true,
    polytope: {
      rows: [
        ...lines.map((i) => ({ indices: lines.map((j) => i * n + j), values: ones, right: 1 })),
        ...lines.map((j) => ({ indices: lines.map((i) => i * n + j), values: ones, right: 1 })),
      ],
    },
    lmo: (cost) => {
      const vertex = new Float64Array(n * n);
      const columns = assignment(n, cost);
      for (let i = 0; i < n; i++) vertex[i * n + columns[i]!] = 1;
      return vertex;
    },
  };
}

/**
 * The column of each row in a cheapest assignment (row-major n by n costs of any sign), by shortest augmenting paths
 * with dual prices, as Jonker and Volgenant do after their initial reduction: O(n^3).
 */
export function assignment(n: number, cost: Float64Array): Int32Array {
  const rowPrice = new Float64Array(n);
  const columnPrice = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1).fill(-1);
  const before = new Int32Array(n + 1);
  const reach = new Float64Array(n + 1);
  const done = new Uint8Array(n + 1);
  for (let row = 0; row < n; row++) {
    // Column n is where the new row stands until it finds its place.
    rowOf[n] = row;
    reach.fill(Number.POSITIVE_INFINITY);
    done.fill(0);
    let column = n;
    while (rowOf[column] !== -1) {
      done[column] = 1;
      const i = rowOf[column]!;
      const price = rowPrice[i]!;
      let [least, next] = [Number.POSITIVE_INFINITY, -1];
      for (let j = 0; j < n; j++) {
        if (done[j]) continue;
        const reduced = cost[i * n + j]! - price - columnPrice[j]!;
        if (reduced < reach[j]!) {
          reach[j] = reduced;
          before[j] = column;
        }
        if (reach[j]! < least) {
          least = reach[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= n; j++) {
        if (done[j]) {
          rowPrice[rowOf[j]!]! += least;
          columnPrice[j]! -= least;
        } else reach[j]! -= least;
      }
      column = next;
    }
    while (column !== n) {
      rowOf[column] = rowOf[before[column]!]!;
      column = before[column]!;
    }
  }
  const columns = new Int32Array(n);
  for (let j = 0; j < n; j++) columns[rowOf[j]!] = j;
  return columns;
}
