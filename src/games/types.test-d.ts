/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type Asking, type RunResult, run, type Status } from "fpx";
import {
  bilinearGame,
  type Certificate,
  certify,
  continuousGame,
  FtplLearner,
  type FtplPlay,
  type GameNode,
  type GameState,
  type MatrixGameSolution,
  type MixedEquilibrium,
  OptimisticFtpl,
  optimisticFtpl,
  type SaddlePoint,
  type Selector,
  saddleGame,
  simplex,
  solveContinuousGame,
  solveMatrixGame,
  solveSaddlePoint,
} from "fpx/games";
import { expectTypeOf, test } from "vitest";

const game = bilinearGame(simplex(2), simplex(2), [1, 0, 0, 1]);

test("solved games carry their certificate", async () => {
  expectTypeOf(await solveMatrixGame([[0, 1]])).toEqualTypeOf<MatrixGameSolution>();
  expectTypeOf<MatrixGameSolution["method"]>().toEqualTypeOf<
    "lp" | "regret-matching-plus" | "optimistic-ftpl"
  >();
  const solved = await solveSaddlePoint(game, { iterations: 10 });
  expectTypeOf(solved.status).toEqualTypeOf<Status>();
  expectTypeOf(solved.x).toEqualTypeOf<Float64Array>();
  expectTypeOf(certify(game, solved)).toEqualTypeOf<Asking<Certificate>>();
  expectTypeOf(await run(optimisticFtpl({ guess: "past" }), game, { seed: 1 })).toEqualTypeOf<
    RunResult<GameState<FtplPlay>, SaddlePoint>
  >();
  // @ts-expect-error: rows are arrays.
  solveMatrixGame([0, 1]);
  // @ts-expect-error: there is no such method.
  solveMatrixGame([[0, 1]], { method: "simplex" });
  // @ts-expect-error: there is no such guess.
  optimisticFtpl({ guess: "future" });
  // @ts-expect-error: there is no such law.
  optimisticFtpl({ perturbation: "normal" });
  // @ts-expect-error: solutions are read only.
  solved.value = 0;
});

test("a game is what its payoff says", async () => {
  saddleGame({
    x: simplex(2),
    y: simplex(3),
    payoff: (x, y) => ({ value: 0, gx: x, gy: y }),
  });
  // @ts-expect-error: the payoff gives its gradients, too.
  saddleGame({ x: simplex(2), y: simplex(2), payoff: () => ({ value: 0 }) });
  const box = { lower: [0], upper: [1] };
  const duel = continuousGame({ xBox: box, yBox: box, payoff: (x, y) => x[0]! * y[0]! });
  expectTypeOf(await solveContinuousGame(duel)).toEqualTypeOf<
    MixedEquilibrium & { readonly status: Status }
  >();
  // @ts-expect-error: this game's strategies are no lists.
  solveSaddlePoint(duel);
  // @ts-expect-error: a player is 1 or 2.
  const node: GameNode = { kind: "move", player: 3, knows: "", actions: [] };
  expectTypeOf(node.kind).toBeString();
});

test("feedback decides what a selector hears", () => {
  const bandit = new OptimisticFtpl({ arms: 3, feedback: "bandit" });
  const full = new OptimisticFtpl({ arms: 3, feedback: "full" });
  const { ticket, probabilities } = bandit.choose();
  expectTypeOf(ticket).toBeNumber();
  expectTypeOf(probabilities).toEqualTypeOf<Float64Array>();
  bandit.update(ticket, 0.5);
  full.update(full.choose([0, 0, 1]).ticket, [0, 1, 0]);
  // @ts-expect-error: a bandit hears of one arm.
  bandit.update(ticket, [0, 1, 0]);
  // @ts-expect-error: full feedback is of all arms.
  full.update(ticket, 0.5);
  expectTypeOf(bandit).toExtend<Selector<number, number>>();
  expectTypeOf(OptimisticFtpl.fromJSON(full.toJSON())).toEqualTypeOf<OptimisticFtpl<"full">>();
  // @ts-expect-error: feedback is full or bandit.
  new OptimisticFtpl({ arms: 3, feedback: "partial" });
  expectTypeOf(new FtplLearner({ set: simplex(3) }).play()).toEqualTypeOf<Promise<Float64Array>>();
  // @ts-expect-error: a learner needs its set.
  new FtplLearner({ samples: 3 });
});
