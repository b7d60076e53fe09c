/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { askTell, type RunResult, run, type Status } from "fpx";
import {
  advise,
  blackBox,
  checkGradient,
  type Descended,
  type DescentState,
  type EstimatedGradient,
  estimateGradient,
  geometricLevels,
  type LevelTable,
  type MezoRun,
  type Minimum,
  mezo,
  minimize,
  type ReplayLog,
  residentWeights,
  type SeedReplayState,
  seedReplay,
  spsaGains,
  zerothOrder,
} from "fpx/zeroth-order";
import { expectTypeOf, test } from "vitest";

const bowl = (x: Float64Array): number => x[0]! ** 2;

test("a minimum says how it ended", () => {
  const minimum = minimize(bowl, [1], { stepSize: 0.1, maxEvaluations: 100 });
  expectTypeOf(minimum).toEqualTypeOf<Minimum>();
  expectTypeOf(minimum.reason).toEqualTypeOf<Status>();
  minimize(bowl, [1], { ...spsaGains({ a: 1, noise: 0, iterations: 10 }), maxEvaluations: 100 });
  // @ts-expect-error: a budget is needed.
  minimize(bowl, [1], { stepSize: 0.1 });
  // @ts-expect-error: there is no such optimiser.
  minimize(bowl, [1], { stepSize: 0.1, maxEvaluations: 100, optimizer: "adamw" });
  // @ts-expect-error: here functions answer at once; `run` waits for others.
  minimize(async (x) => bowl(x), [1], { stepSize: 0.1, maxEvaluations: 100 });
  // @ts-expect-error: a ball has a radius.
  minimize(bowl, [1], { stepSize: 0.1, maxEvaluations: 100, constraint: { kind: "ball", center: [0] } });
  // @ts-expect-error: a schedule has one of two forms.
  minimize(bowl, [1], { stepSize: { initial: 1 }, maxEvaluations: 100 });
  // @ts-expect-error: results are read only.
  minimum.value = 0;
});

test("estimates of gradients", () => {
  expectTypeOf(
    estimateGradient(bowl, [1], { method: "p4", directions: "sphere" }),
  ).toEqualTypeOf<EstimatedGradient>();
  expectTypeOf(geometricLevels({ ratio: 0.5 })).toEqualTypeOf<LevelTable>();
  expectTypeOf(checkGradient(bowl, [2], [1]).ok).toBeBoolean();
  expectTypeOf(advise({ dimension: 10, evaluations: 1000 }).use).toEqualTypeOf<
    "finite-difference-lbfgs" | "cma-es" | "central" | "p4" | "seed-replay"
  >();
  // @ts-expect-error: there is no such stencil.
  estimateGradient(bowl, [1], { method: "p5" });
  // @ts-expect-error: there is no such law.
  estimateGradient(bowl, [1], { directions: "uniform" });
  // @ts-expect-error: a loss is a number.
  estimateGradient(() => "1", [1]);
});

test("a black box goes to every driver", async () => {
  const box = blackBox(async (x) => bowl(x), [1]);
  const solver = zerothOrder({ stepSize: 0.1 });
  expectTypeOf(await run(solver, box, { seed: 1 })).toEqualTypeOf<RunResult<DescentState, Descended>>();
  const manual = askTell(solver, box, { seed: 1 });
  expectTypeOf(manual.batch?.questions).toEqualTypeOf<readonly Float64Array[] | undefined>();
  // @ts-expect-error: answers are numbers.
  manual.tell([Float64Array.of(1)]);
  // @ts-expect-error: this solver wants resident weights.
  run(seedReplay({ stepSize: 1 }), box, { seed: 1 });
  // @ts-expect-error: a step size is needed.
  zerothOrder({});
});

test("weights that are trained in place", async () => {
  const weights = [new Float32Array(3)];
  const resident = residentWeights(weights, () => 0);
  expectTypeOf(await run(seedReplay({ stepSize: 1 }), resident, { seed: 1 })).toEqualTypeOf<
    RunResult<SeedReplayState, ReplayLog>
  >();
  expectTypeOf(mezo(weights, async () => 0, { stepSize: 1, steps: 3 })).toEqualTypeOf<Promise<MezoRun>>();
  // @ts-expect-error: weights are in single precision.
  residentWeights([new Float64Array(3)], () => 0);
  // @ts-expect-error: the residual method needs the last loss, which a replay has not.
  seedReplay({ stepSize: 1, method: "residual" });
});
