import { describe, expect, it } from "vitest";
import { degenerateGame } from "../../test/support/games.ts";
import { runSync } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { fictitiousPlay, frankWolfeSaddle } from "./baselines/best-response.ts";
import { optimisticHedge, projectedExtragradient } from "./baselines/gradient.ts";
import { regretMatchingPlus } from "./baselines/regret-matching.ts";
import { exactSaddlePoint } from "./exact.ts";
import { kuhnPoker, leducPoker } from "./poker.ts";
import { bilinearGame } from "./saddle-game.ts";
import { sequenceForm } from "./sequence-form.ts";
import { box, kSubsets, simplex } from "./sets/basic.ts";
import { birkhoff } from "./sets/birkhoff.ts";
import { dagPaths } from "./sets/graphs.ts";
import { solveMatrixGame, solveSaddlePoint } from "./solve.ts";
import { spread } from "./vectors.ts";

const rng = createRng(21);

describe("exact solutions", () => {
  it("of parallel links watched by one sensor have the harmonic value", async () => {
    const weights = rng
      .stream("links")
      .uniforms(8)
      .map((u) => 0.2 + u);
    const links = dagPaths({ nodes: 2, edges: Array.from({ length: 8 }, () => [0, 1] as const) }, 0, 1);
    const matrix = new Float64Array(64);
    for (let e = 0; e < 8; e++) matrix[e * 9] = weights[e]!;
    const { value, nashConv } = await exactSaddlePoint(bilinearGame(links, simplex(8), matrix));
    expect(value).toBeCloseTo(1 / weights.reduce((sum, w) => sum + 1 / w, 0), 9);
    expect(nashConv).toBeLessThan(1e-7);
  });

  it("have no gap on polytopes with upper bounds, lower bounds and equalities", async () => {
    for (const [x, y] of [
      [birkhoff(4), kSubsets(6, 2)],
      [kSubsets(6, 3), box([-1, 0.5, -2], [1, 2, -1])],
      [box([-1, -1], [0, 2]), birkhoff(3)],
    ] as const) {
      const matrix = rng.stream("payoffs", x.dimension, y.dimension).normals(x.dimension * y.dimension);
      expect((await exactSaddlePoint(bilinearGame(x, y, matrix))).nashConv).toBeLessThan(1e-6);
    }
  });
});

describe("matrix games", () => {
  it("are solved exactly whatever the unit of their payoffs", async () => {
    const rows = Array.from({ length: 8 }, (_, i) => [...rng.stream("units", i).normals(9)]);
    const { value } = await solveMatrixGame(rows);
    for (const unit of [1e-12, 1e-6, 1e6, 1e12]) {
      const found = await solveMatrixGame(rows.map((row) => row.map((a) => unit * a)));
      expect(found.nashConv / unit).toBeLessThan(1e-9);
      expect(found.value / unit).toBeCloseTo(value, 9);
    }
  });

  it("are solved in the row player's terms, by the linear programme where that is faster", async () => {
    const found = await solveMatrixGame([
      [3, -1],
      [-2, 1],
    ]);
    expect(found.value).toBeCloseTo(1 / 7, 9);
    expect(found.rowStrategy[0]).toBeCloseTo(3 / 7, 9);
    expect(found.method).toBe("lp");
    expect(found.reason).toContain("exact linear programme is fast");
    for (const method of ["optimistic-ftpl", "regret-matching-plus"] as const) {
      const learned = await solveMatrixGame(
        [
          [3, -1],
          [-2, 1],
        ],
        { method },
      );
      expect(learned.method).toBe(method);
      expect(Math.abs(learned.value - 1 / 7)).toBeLessThanOrEqual(learned.nashConv);
      expect(learned.nashConv).toBeLessThanOrEqual(5e-3);
    }
  });

  it("that are large are solved within the tolerance by regret matching plus", async () => {
    const rows = Array.from({ length: 600 }, (_, i) => [...rng.stream("large", i).normals(500)]);
    const found = await solveMatrixGame(rows);
    expect(found.method).toBe("regret-matching-plus");
    expect(found.nashConv).toBeLessThanOrEqual(1e-3 * spread(Float64Array.from(rows.flat())));
  });

  it("that are degenerate get an approximate equilibrium all the same", async () => {
    for (let k = 0; k < 200; k++) {
      const rows = degenerateGame(k);
      const most = 1e-3 * spread(Float64Array.from(rows.flat())) + 1e-12;
      expect((await solveMatrixGame(rows)).nashConv).toBeLessThanOrEqual(most);
      // The long tests ask optimistic FTPL for all of them.
      const methods = ["regret-matching-plus", "optimistic-ftpl"] as const;
      for (const method of k % 10 === 0 ? methods : methods.slice(0, 1))
        expect((await solveMatrixGame(rows, { method })).nashConv).toBeLessThanOrEqual(most);
    }
  });

  it("that are no zero-sum games or no matrices are refused", async () => {
    await expect(solveMatrixGame([])).rejects.toThrow("is empty");
    await expect(solveMatrixGame([[1, 2], [3]])).rejects.toThrow("row 1 of the payoffs has length 1");
    await expect(solveMatrixGame([[1, Number.POSITIVE_INFINITY]])).rejects.toThrow("Infinity in place 1");
    await expect(solveMatrixGame([[1, 2]], { columnPayoffs: [[-1, 2]] })).rejects.toThrow("not zero-sum");
  });
});

describe("solveSaddlePoint", () => {
  const game = bilinearGame(simplex(10), simplex(8), rng.stream("small").normals(80));

  it("stops at its tolerance, its budget, or the caller's signal", async () => {
    const close = await solveSaddlePoint(game, { tolerance: 0.05 });
    expect([close.status, close.nashConv <= 0.05]).toEqual(["converged", true]);
    const short = await solveSaddlePoint(game, { maxCalls: 500 });
    expect([short.status, short.oracleCalls.x < 250]).toEqual(["budget", true]);
    const controller = new AbortController();
    const stopped = solveSaddlePoint(
      {
        ...game,
        payoff: {
          name: "payoff",
          answer: (pair) => {
            controller.abort();
            return game.payoff.answer(pair, undefined);
          },
        },
      },
      { signal: controller.signal },
    );
    await expect(stopped).rejects.toThrow("cancelled before");
    expect((await solveSaddlePoint(game, { iterations: 3 })).iterations).toBe(3);
  });
});

describe("baselines", () => {
  it("reach the value too, at their own rates", async () => {
    const game = bilinearGame(simplex(20), simplex(30), rng.stream("baselines").normals(600));
    const { value } = await exactSaddlePoint(game);
    for (const [solver, below] of [
      [regretMatchingPlus(), 0.02],
      [optimisticHedge(), 0.05],
      [projectedExtragradient(), 0.05],
      [fictitiousPlay(), 0.2],
      [frankWolfeSaddle(), 0.3],
    ] as const) {
      const { result } = runSync(solver as ReturnType<typeof fictitiousPlay>, game, {
        seed: 1,
        stop: { maxSteps: 1000 },
      });
      expect(result.nashConv).toBeLessThan(below);
      expect(result.lower - 1e-9).toBeLessThanOrEqual(value);
      expect(result.upper + 1e-9).toBeGreaterThanOrEqual(value);
    }
  });

  it("say which sets they cannot play on", () => {
    const game = bilinearGame(
      birkhoff(3),
      simplex(2),
      new Float64Array(18).fill(1).map((_, i) => i),
    );
    const options = { seed: 1, stop: { maxSteps: 2 } };
    expect(() => runSync(regretMatchingPlus(), game, options)).toThrow("needs decisions");
    expect(() => runSync(optimisticHedge(), game, options)).toThrow("simplices only");
    expect(() => runSync(projectedExtragradient(), game, options)).toThrow("no cheap projection");
  });
});

describe("poker", () => {
  it("of Kuhn has value -1/18, bracketed and approached", async () => {
    const { game, valueToPlayer1 } = sequenceForm(kuhnPoker());
    expect((await exactSaddlePoint(game)).value).toBeCloseTo(1 / 18, 9);
    const found = await solveSaddlePoint(game, {
      scale: "practical",
      samples: 64,
      iterations: 512,
      evalEvery: 512,
    });
    expect(found.nashConv).toBeLessThanOrEqual(0.005);
    expect(valueToPlayer1(found.upper)).toBeLessThanOrEqual(-1 / 18 + 1e-9);
    expect(valueToPlayer1(found.lower)).toBeGreaterThanOrEqual(-1 / 18 - 1e-9);
  });

  it("of Leduc is solved to 0.05, and by CFR+ closer still", async () => {
    const { game } = sequenceForm(leducPoker());
    const exact = await exactSaddlePoint(game);
    expect(exact.value).toBeCloseTo(0.0856, 4);
    const found = await solveSaddlePoint(game, {
      guess: "past",
      scale: "practical",
      samples: 4,
      iterations: 1500,
      evalEvery: 100,
    });
    expect(found.nashConv).toBeLessThan(0.05);
    expect(Math.abs(found.value - exact.value)).toBeLessThan(0.01);
    const { result } = runSync(regretMatchingPlus(), game, { seed: 1, stop: { maxSteps: 300 } });
    expect(result.nashConv).toBeLessThan(0.01);
  });

  it("refuses trees that are no games of perfect recall", () => {
    const end = { kind: "end", payoff: 1 } as const;
    const move = (player: 1 | 2, knows: string, node: Parameters<typeof sequenceForm>[0]) =>
      ({
        kind: "move",
        player,
        knows,
        actions: [
          { name: "a", node },
          { name: "b", node: end },
        ],
      }) as const;
    expect(() => sequenceForm(move(1, "s", move(2, "r", move(1, "s", end))))).toThrow("perfect recall");
    expect(() => sequenceForm(move(1, "s", end))).toThrow("never moves");
    expect(() => sequenceForm({ kind: "chance", outcomes: [{ probability: 0.5, node: end }] })).toThrow(
      "add up to 0.5",
    );
  });
});
