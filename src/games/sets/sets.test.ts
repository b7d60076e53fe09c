import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { inner } from "../vectors.ts";
import { box, kSubsets, l1Ball, l2Ball, simplex, traceNormBall } from "./basic.ts";
import { assignment, birkhoff } from "./birkhoff.ts";
import { dagPaths, spanningTrees } from "./graphs.ts";
import { checkStrategySet, type StrategySet, strategySet } from "./strategy-set.ts";
import { treeplex } from "./treeplex.ts";

const dag = {
  nodes: 5,
  edges: [
    [0, 1],
    [0, 2],
    [1, 2],
    [1, 3],
    [2, 3],
    [3, 4],
    [1, 4],
  ],
} as const;
const ring = {
  nodes: 4,
  edges: [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
    [0, 2],
  ],
} as const;
const tree = [
  { parent: 0, actions: 2 },
  { parent: 1, actions: 3 },
  { parent: 2, actions: 2 },
  { parent: 2, actions: 2 },
];

/** All subsets of coordinates as 0/1 vectors that a test accepts. */
function vertices(dimension: number, accepts: (v: readonly number[]) => boolean): number[][] {
  return Array.from({ length: 2 ** dimension }, (_, bits) =>
    Array.from({ length: dimension }, (_, i) => (bits >> i) & 1),
  ).filter(accepts);
}

const total = (v: readonly number[]) => v.reduce((a, b) => a + b, 0);

const satisfies = (set: StrategySet) => (v: readonly number[]) =>
  set.polytope!.rows.every(
    ({ indices, values, right }) =>
      Math.abs(indices.reduce((sum, i, k) => sum + values[k]! * v[i]!, 0) - right) < 1e-9,
  );

const finite: readonly (readonly [StrategySet, number[][]])[] = [
  [simplex(4), vertices(4, (v) => total(v) === 1)],
  [kSubsets(6, 2), vertices(6, (v) => total(v) === 2)],
  [birkhoff(3), vertices(9, satisfies(birkhoff(3)))],
  [dagPaths(dag, 0, 4), vertices(7, satisfies(dagPaths(dag, 0, 4)))],
  [treeplex(tree), vertices(10, satisfies(treeplex(tree)))],
  [
    spanningTrees(ring),
    vertices(5, (v) => total(v) === 3 && !(v[0] && v[1] && v[4]) && !(v[2] && v[3] && v[4])),
  ],
];

describe("linear oracles", () => {
  it("find the cheapest of all vertices, for costs of any sign", () => {
    for (const [set, all] of finite) {
      expect(all.length).toBeGreaterThan(1);
      const cost = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
        minLength: set.dimension,
        maxLength: set.dimension,
      });
      fc.assert(
        fc.property(cost, (numbers) => {
          const c = Float64Array.from(numbers);
          const answer = set.lmo(c) as Float64Array;
          const least = Math.min(...all.map((v) => inner(c, Float64Array.from(v))));
          expect(inner(c, answer)).toBeCloseTo(least, 9);
          expect(all.some((v) => v.every((value, i) => value === answer[i]))).toBe(true);
        }),
        { numRuns: 50 },
      );
    }
  });

  it("are consistent with one another and with their diameters", async () => {
    const more = [box([-1, 0], [2, 5]), l1Ball(4, 2), l2Ball(4, 2), traceNormBall(3, 4, 1.5), birkhoff(8)];
    for (const set of [...finite.map(([set]) => set), ...more]) await checkStrategySet(set);
  });

  it("of the balls attain the dual norms", () => {
    const rng = createRng(2);
    for (let j = 0; j < 20; j++) {
      const c = rng.stream("cost", j).normals(12);
      expect(inner(c, l1Ball(12, 2).lmo(c) as Float64Array)).toBeCloseTo(
        -2 * Math.max(...c.map(Math.abs)),
        10,
      );
      expect(inner(c, l2Ball(12, 2).lmo(c) as Float64Array)).toBeCloseTo(-2 * Math.hypot(...c), 10);
    }
    const diagonal = Float64Array.of(3, 0, 0, 0, -7, 0);
    expect(inner(diagonal, traceNormBall(2, 3, 2).lmo(diagonal) as Float64Array)).toBeCloseTo(-14, 8);
  });

  it("assign like exhaustive search on larger matrices with ties", () => {
    const rng = createRng(4);
    const permutations = (n: number): number[][] =>
      n === 0
        ? [[]]
        : permutations(n - 1).flatMap((p) =>
            Array.from({ length: n }, (_, k) => [...p.slice(0, k), n - 1, ...p.slice(k)]),
          );
    for (let j = 0; j < 20; j++) {
      const cost = Float64Array.from(rng.stream("ties", j).integers(4, 36), (v) => v - 2);
      const price = (columns: ArrayLike<number>) =>
        Array.from(columns).reduce((sum, c, i) => sum + cost[i * 6 + c]!, 0);
      expect(price(assignment(6, cost))).toBe(Math.min(...permutations(6).map(price)));
    }
  });
});

describe("strategy sets", () => {
  it("refuse what cannot be", () => {
    for (const [make, message] of [
      [() => simplex(0), "n is 0"],
      [() => kSubsets(3, 3), "below n = 3"],
      [() => box([0], [-1]), "lower exceeds upper"],
      [() => dagPaths({ nodes: 2, edges: [] }, 0, 1), "no edges"],
      [
        () =>
          dagPaths(
            {
              nodes: 2,
              edges: [
                [0, 1],
                [1, 0],
              ],
            },
            0,
            1,
          ),
        "cycle",
      ],
      [() => dagPaths({ nodes: 3, edges: [[0, 1]] }, 0, 2), "no path"],
      [() => dagPaths({ nodes: 3, edges: [[0, 5]] }, 0, 2), "ends in 5"],
      [() => spanningTrees({ nodes: 3, edges: [[0, 1]] }), "not connected"],
      [() => treeplex([{ parent: 1, actions: 2 }]), "parent of information set 0"],
      [() => strategySet({ name: "own", dimension: 2, diameter: 0, lmo: (c) => c }), "diameter is 0"],
    ] as const)
      expect(make).toThrow(message);
  });

  it("are found out when their oracle is not exact or leaves its diameter", async () => {
    const greedy = strategySet({
      ...kSubsets(5, 2),
      lmo: (c) =>
        Float64Array.from(c, (_, i) => (i < (c[0]! > 0 ? 2 : 0) || i > (c[0]! > 0 ? 9 : 2) ? 1 : 0)),
    });
    await expect(checkStrategySet(greedy)).rejects.toThrow("no exact oracle");
    await checkStrategySet({ ...greedy, oracleError: 10 });
    expect(() => strategySet({ ...greedy, oracleError: -1 })).toThrow("oracleError is -1");
    await expect(checkStrategySet({ ...l2Ball(3), diameter: 0.1 })).rejects.toThrow(
      "diameter is given as 0.1",
    );
    await expect(checkStrategySet({ ...l2Ball(3), lmo: (c) => c.map(() => Number.NaN) })).rejects.toThrow(
      "NaN in place 0",
    );
  });
});
