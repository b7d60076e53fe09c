import { describe, expect, it } from "vitest";
import { assignments, paths, trees } from "../../test/fixtures/games/polytopes.ts";
import {
  ballBound,
  gap,
  meanGapOfBall,
  random50,
  skew,
  skewCost,
  slopesOnMatrices,
  solve,
} from "../../test/support/games.ts";
import {
  type Executor,
  foldBlocks,
  inline,
  OracleFailure,
  run,
  runSync,
  type Snapshot,
} from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { exactSaddlePoint } from "./exact.ts";
import { type OptimisticFtplOptions, optimisticFtpl, regretGap } from "./optimistic-ftpl.ts";
import { ballVolumeRatio, samplePerturbation } from "./perturbation.ts";
import { bestResponses, bilinearGame, meanResponses, saddleGame } from "./saddle-game.ts";
import { l2Ball, simplex } from "./sets/basic.ts";
import { distance, inner, softmin } from "./vectors.ts";

describe("means of perturbed responses", () => {
  it("at zero cost have the variance of independent vertices", () => {
    const game = bilinearGame(simplex(50), simplex(50), new Float64Array(2500).fill(1));
    let sum = 0;
    const rounds = 2000;
    for (let step = 0; step < rounds; step++) {
      const zero = new Float64Array(50);
      const asking = meanResponses(game, 64, {
        cost: [zero, zero],
        law: ["gaussian", "gumbel"],
        scale: [1, 1],
        seed: 4,
        purpose: "variance",
        step,
      });
      let turn = asking.next([]);
      while (!turn.done) turn = asking.next(inline.ask(turn.value) as readonly unknown[]);
      for (const mean of [turn.value.x, turn.value.y])
        sum += distance(mean, new Float64Array(50).fill(1 / 50)) ** 2 / (2 * rounds);
    }
    expect(Math.abs(sum / 0.0153125 - 1)).toBeLessThan(0.03);
  });

  it("move with the cost no faster than the stability bound of the ball law", () => {
    const rng = createRng(8);
    const h = 0.1;
    for (const [d, draws] of [
      [2, 200_000],
      [20, 50_000],
    ] as const) {
      const set = simplex(d);
      const difference = new Float64Array(d);
      for (let j = 0; j < draws; j++) {
        const noise = samplePerturbation("ball", 1, rng.stream("stability", d, j), d);
        for (const sign of [1, -1]) {
          const cost = noise.map((z) => -z);
          cost[0]! += (sign * h) / Math.SQRT2;
          cost[1]! -= (sign * h) / Math.SQRT2;
          const answer = set.lmo(cost) as Float64Array;
          for (let i = 0; i < d; i++) difference[i]! += (sign * answer[i]!) / draws;
        }
      }
      const bound = (set.diameter * ballVolumeRatio(d) * d) / (d + 1);
      const lipschitz = Math.sqrt(inner(difference, difference)) / (2 * h);
      expect(lipschitz).toBeLessThan(1.02 * bound);
      expect(lipschitz).toBeGreaterThan(0.1);
    }
  });
});

describe("optimistic FTPL", () => {
  it("finds the equilibrium of a skew game on every seed", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { result } = solve(skew(), { scale: 3, samples: 128 }, 512, seed);
      const apart = [result.x, result.y].map((p) =>
        [3, 1, 2].reduce((sum, w, i) => sum + Math.abs(p[i]! - w / 6), 0),
      );
      expect(Math.max(...apart)).toBeLessThan(0.01);
      expect(result.nashConv).toBeLessThan(0.012);
    }
  });

  it("stays below the bound for bilinear games under the ball law at the scale of theory", () => {
    for (const [rounds, bound, seeds] of [
      [32, 0.365, 5],
      [128, 0.0913, 5],
      [256, 0.0457, 1],
    ] as const)
      expect(meanGapOfBall(skew(), rounds, seeds)).toBeLessThan(bound);
    expect(meanGapOfBall(random50(), 64, 2)).toBeLessThan(ballBound(random50(), 64));
  });

  it("in exact expectation obeys 2 ln n / t, and with many samples comes close to it", () => {
    const game = random50();
    const a = game.matrix!;
    const gradients = (x: Float64Array, y: Float64Array) => {
      const [gx, cost] = [new Float64Array(50), new Float64Array(50)];
      for (let i = 0; i < 50; i++)
        for (let j = 0; j < 50; j++) {
          gx[i]! += a[i * 50 + j]! * y[j]!;
          cost[j]! -= a[i * 50 + j]! * x[i]!;
        }
      return [gx, cost] as const;
    };
    const sums = [new Float64Array(50), new Float64Array(50)] as const;
    const total = [new Float64Array(50), new Float64Array(50)] as const;
    const add = (to: Float64Array, what: Float64Array) => {
      for (let i = 0; i < to.length; i++) to[i]! += what[i]!;
    };
    const exact = new Map<number, number>();
    for (let t = 1; t <= 512; t++) {
      const [hx, hy] = gradients(softmin(sums[0], 1), softmin(sums[1], 1));
      const x = softmin(
        sums[0].map((s, i) => s + hx[i]!),
        1,
      );
      const y = softmin(
        sums[1].map((s, i) => s + hy[i]!),
        1,
      );
      const [gx, cy] = gradients(x, y);
      add(sums[0], gx);
      add(sums[1], cy);
      add(total[0], x);
      add(total[1], y);
      if (![8, 32, 128, 512].includes(t)) continue;
      const [ax, ay] = gradients(
        total[0].map((v) => v / t),
        total[1].map((v) => v / t),
      );
      exact.set(t, -Math.min(...ay) - Math.min(...ax));
      expect(exact.get(t)!).toBeLessThanOrEqual((2 * Math.log(50)) / t);
    }
    expect(Math.abs(gap(game, { scale: 1, samples: 4096 }, 32) - exact.get(32)!)).toBeLessThan(0.03);
  });

  it("converges like 1/T with optimism and like T^-1/2 without", () => {
    const slopes = slopesOnMatrices([32, 64, 128], 256, [1]);
    expect(slopes.past).toBeLessThanOrEqual(-0.85);
    expect(slopes.extragradient).toBeLessThanOrEqual(-0.85);
    expect(slopes.plain).toBeGreaterThanOrEqual(-0.65);
    expect(slopes.plain).toBeLessThanOrEqual(-0.35);
  });

  it("certifies bounds that hold the exact value, and a regret gap above the true one", async () => {
    for (const game of [skew(), random50(), assignments, paths]) {
      const exact = await exactSaddlePoint(game);
      for (const guess of ["extragradient", "past", "none"] as const) {
        const { result, snapshot } = solve(game, { guess, samples: 4 }, 64);
        expect(result.lower).toBeLessThanOrEqual(exact.value + 1e-7);
        expect(result.upper).toBeGreaterThanOrEqual(exact.value - 1e-7);
        const asking = regretGap(game, snapshot.state!.play);
        let turn = asking.next([]);
        while (!turn.done) turn = asking.next(inline.ask(turn.value) as readonly unknown[]);
        expect(turn.value).toBeGreaterThanOrEqual(snapshot.state!.latest.nashConv - 1e-9);
      }
    }
  });

  it("bounds the true gap of a curved game by the Frank-Wolfe gap", () => {
    // f = |x|^2 / 2 + x'y - |y|^2 / 2 on unit balls: best responses in closed form.
    const game = saddleGame({
      x: l2Ball(2),
      y: l2Ball(2),
      payoff: (x, y) => ({
        value: inner(x, x) / 2 + inner(x, y) - inner(y, y) / 2,
        gx: x.map((v, i) => v + y[i]!),
        gy: x.map((v, i) => v - y[i]!),
      }),
    });
    const { result } = solve(game, { samples: 16 }, 50);
    const trueGap = inner(result.x, result.x) + inner(result.y, result.y);
    expect(result.nashConv).toBeGreaterThanOrEqual(trueGap - 1e-12);
    expect(result.nashConv).toBeLessThan(0.5);
  });

  it("obeys the bound for smooth games at twice the scale of theory", () => {
    // f = |x|^2 / 2 + 3 x'y - |y|^2 / 2 on unit balls; every block of the Hessian is at most 3 in norm.
    const game = saddleGame({
      x: l2Ball(3),
      y: l2Ball(3),
      smoothness: 3,
      payoff: (x, y) => ({
        value: inner(x, x) / 2 + 3 * inner(x, y) - inner(y, y) / 2,
        gx: x.map((v, i) => v + 3 * y[i]!),
        gy: y.map((v, i) => 3 * x[i]! - v),
      }),
    });
    const rounds = 128;
    const eta = 2 * ((2 * ballVolumeRatio(3) * 3) / 4) * 3;
    const bound = (2 * eta * 2) / (2 * rounds) + (1.5 * 3 * 8) / rounds;
    const options = { perturbation: "ball", scale: "theory", samples: rounds } as const;
    const gaps = [1, 2, 3].map((seed) => {
      const { x, y } = solve(game, options, rounds, seed).snapshot.state!.latest;
      // max over y' of f(x, y') on the ball, where |y'| = min(1, 3 |x|), and likewise for x'.
      const reach = (r: number) => (3 * r <= 1 ? 4.5 * r * r : 3 * r - 0.5);
      const [rx, ry] = [Math.hypot(...x), Math.hypot(...y)];
      return rx ** 2 / 2 + reach(rx) + ry ** 2 / 2 + reach(ry);
    });
    expect(gaps.reduce((a, b) => a + b) / 3).toBeLessThan(bound);
  });

  it("takes its scale from theory, tested fractions, the paper or itself, for every law that has one", () => {
    const game = random50();
    const { smoothness: L = 0, payoffRange = 0 } = game;
    const scaleOf = (options: OptimisticFtplOptions) =>
      runSync(optimisticFtpl(options), game, { seed: 1, stop: { maxSteps: 0 } }).snapshot.state!.play
        .tuning[0].fixed!;
    const gaussian = (Math.SQRT2 * L) / Math.sqrt(2 * Math.PI);
    const ball = (Math.SQRT2 * L * ballVolumeRatio(50) * 50) / 51;
    for (const [options, expected] of [
      [{ scale: "theory" }, payoffRange / 2],
      [{ scale: "theory", guess: "past" }, (Math.sqrt(8) * payoffRange) / 2],
      [{ scale: "practical", guess: "past" }, payoffRange / 4],
      [{ scale: "theory", guess: "none", horizon: 200 }, payoffRange * Math.sqrt(200 / (8 * Math.log(50)))],
      [{ scale: "theory", perturbation: "gaussian" }, gaussian],
      [{ scale: "practical", perturbation: "gaussian" }, 0.1 * gaussian],
      [{ scale: "theory", perturbation: "ball" }, ball],
      [{ scale: "practical", perturbation: "ball" }, 0.1 * ball],
      [{ scale: "paper", perturbation: "ball" }, 6 * 50 * Math.SQRT2 * (L + 1)],
      [{ scale: 0.7, perturbation: "laplace" }, 0.7],
    ] as const)
      expect(scaleOf(options)).toBeCloseTo(expected, 10);
    for (const [options, message] of [
      [{ scale: "theory", guess: "none" }, "horizon"],
      [{ scale: "practical", guess: "none" }, "tested with guesses only"],
      [{ scale: "theory", perturbation: "laplace" }, "no theory gives a scale for laplace"],
      [{ scale: "practical", perturbation: "exponential" }, "no theory gives a scale for exponential"],
    ] as const)
      expect(() => scaleOf(options)).toThrow(message);
    for (const perturbation of ["gaussian", "gumbel", "ball", "exponential", "laplace"] as const)
      for (const one of [game, assignments])
        expect(gap(one, { perturbation, samples: 16 }, 256)).toBeLessThan(0.3);
  });

  it("gives the same bits however the batch is cut and in whatever order it is answered", async () => {
    const shards = (count: number): Executor => ({
      ask(batch) {
        const answers: unknown[] = [];
        const { blockSize = 1, questions } = batch;
        const blocks = Math.ceil(questions.length / blockSize);
        for (let shard = count - 1; shard >= 0; shard--)
          for (let block = shard; block < blocks; block += count) {
            const part = questions.slice(block * blockSize, (block + 1) * blockSize);
            const own = part.map((question) => batch.oracle.answer(question, structuredClone(batch.common)));
            answers[block] = foldBlocks(batch, own)[0];
          }
        return answers;
      },
      async close() {},
    });
    for (const game of [assignments, paths, trees, skew()]) {
      const whole = solve(game, { samples: 12 }, 20);
      for (const count of [1, 2, 5]) {
        const cut = await run(optimisticFtpl({ evalEvery: 20, samples: 12 }), game, {
          seed: 1,
          stop: { maxSteps: 20 },
          executor: shards(count),
        });
        expect(cut.snapshot.state).toEqual(whole.snapshot.state);
      }
    }
  });

  it("ends at once on a constant payoff", () => {
    const { status, steps, result } = solve(
      bilinearGame(simplex(4), simplex(4), new Float64Array(16).fill(2)),
      {},
      10,
    );
    expect([status, steps, result.nashConv, result.value]).toEqual(["converged", 0, 0, 2]);
  });

  it("takes guesses of the caller, and refuses bad ones", () => {
    const zero = solve(skew(), { guess: () => ({ gx: new Float64Array(3), gy: new Float64Array(3) }) }, 20);
    const none = solve(skew(), { guess: "none" }, 20);
    expect(zero.result.nashConv).toBe(none.result.nashConv);
    const bad = () => ({ gx: Float64Array.of(1), gy: new Float64Array(3) });
    expect(() => solve(skew(), { guess: bad }, 5)).toThrow("gx has length 1");
  });
});

describe("wrong input", () => {
  it("is named with what to do", () => {
    for (const [options, message] of [
      [{ samples: 0 }, "samples is 0"],
      [{ scale: 0 }, "scale is 0"],
      [{ scale: -1 }, "scale is -1"],
      [{ evalEvery: 0 }, "evalEvery is 0"],
      [{ scale: "big" as "auto" }, "use one of auto"],
      [{ perturbation: "cauchy" as "ball" }, "use one of gaussian"],
    ] as const)
      expect(() => optimisticFtpl(options)).toThrow(message);
    expect(() => solve(skew(), { scale: "paper" }, 5)).toThrow('published for the perturbation "ball"');
    expect(() => bilinearGame(simplex(2), simplex(2), Float64Array.of(1, 2, Number.NaN, 4))).toThrow(
      "NaN in place 2",
    );
    expect(() => bilinearGame(simplex(2), simplex(2), Float64Array.of(1))).toThrow("length 1");
    expect(solve(skew(), { scale: 0, unsafeFollowTheLeader: true }, 5).steps).toBe(5);
  });

  it("from oracles stops the run with their name, and the run resumes once they are mended", async () => {
    let broken: "nan" | "throws" | "far" | undefined;
    const set = simplex(3);
    let asked = 0;
    const game = bilinearGame(
      {
        ...set,
        decisions: [],
        lmo: (cost) => {
          const answer = set.lmo(cost) as Float64Array;
          if (++asked < 40 || broken === undefined) return answer;
          if (broken === "throws") throw new RangeError("no answer");
          return answer.map((value) => (broken === "nan" ? Number.NaN : 9 * value + 5 * cost[0]!));
        },
      },
      simplex(3),
      skewCost,
    );
    const solver = optimisticFtpl({ scale: 1 });
    const options = { seed: 1, stop: { maxSteps: 20 } };
    const reference = runSync(solver, game, options);
    for (const [how, message] of [
      ["nan", "NaN in place 0"],
      ["throws", "lmo of simplex(3) failed: no answer"],
      ["far", "diameter is given as"],
    ] as const) {
      broken = how;
      asked = 0;
      let saved: Snapshot | undefined;
      const save = (snapshot: Snapshot) => {
        saved = structuredClone(snapshot);
      };
      const failure = await run(solver, game, { ...options, snapshots: { save } }).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(OracleFailure);
      expect((failure as OracleFailure).oracle).toBe("respond");
      expect((failure as Error).message).toContain(message);
      broken = undefined;
      const from = saved as typeof reference.snapshot;
      expect(runSync(solver, game, { ...options, from }).result).toEqual(reference.result);
    }
  });

  it("of an approximate oracle widens the certificate by the error it declares", () => {
    const set = simplex(3);
    const game = (oracleError: number) =>
      bilinearGame({ ...set, oracleError }, { ...set, oracleError: oracleError / 2 }, skewCost);
    const [sharp, wide] = [
      solve(game(0), { scale: 1 }, 50).result,
      solve(game(0.1), { scale: 1 }, 50).result,
    ];
    expect(wide.lower).toBeCloseTo(sharp.lower - 0.1, 12);
    expect(wide.upper).toBeCloseTo(sharp.upper + 0.05, 12);
    expect(wide.nashConv).toBeCloseTo(sharp.nashConv + 0.15, 12);
  });

  it("best responses do not depend on a random seed", () => {
    const game = skew();
    const asking = bestResponses(game, Float64Array.of(3, 1, 2), Float64Array.of(0, 0, -1));
    const turn = asking.next([]);
    const batch = turn.value as Parameters<typeof inline.ask>[0];
    expect(inline.ask(batch)).toEqual([Float64Array.of(0, 1, 0), Float64Array.of(0, 0, 1)]);
  });
});
