/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { type Oracle, type RunResult, run } from "fpx";
import {
  AveragedKieferWolfowitz,
  type Decision,
  type Interval,
  type KieferWolfowitzState,
  kieferWolfowitz,
  type Loss,
  linearLoss,
  MeanConfidenceSequence,
  PairedComparison,
  quantileLoss,
  type Row,
  readOnce,
  type SavedEstimator,
  type ScoreLoss,
  type StreamProblem,
  type StreamState,
  type Stretch,
} from "fpx/inference";
import { expectTypeOf, test } from "vitest";

interface Visit {
  readonly age: number;
  readonly bought: boolean;
}

test("the loss says what an observation is", () => {
  const fit = new AveragedKieferWolfowitz({ initial: [0, 0], loss: linearLoss });
  expectTypeOf(fit).toEqualTypeOf<AveragedKieferWolfowitz<Row>>();
  expectTypeOf(fit.update).parameters.toEqualTypeOf<[Row]>();
  const visits = new AveragedKieferWolfowitz({
    initial: [0],
    loss: (theta, { age, bought }: Visit) => (Number(bought) - theta[0]! * age) ** 2,
  });
  visits.update({ age: 4, bought: true });
  // @ts-expect-error: that is no visit.
  visits.update(Float64Array.of(1, 2));
  // @ts-expect-error: rows by the stretch are for estimators of rows.
  visits.updateRows(Float64Array.of(1, 2));
  // @ts-expect-error: an estimator needs its loss.
  new AveragedKieferWolfowitz({ initial: [0, 0] });
  // @ts-expect-error: there is no such law of directions.
  new AveragedKieferWolfowitz({ initial: [0], loss: linearLoss, directions: "basis" });
  // @ts-expect-error: there is no such method.
  new AveragedKieferWolfowitz({ initial: [0], loss: linearLoss, inference: ["bootstrap"] });
  // @ts-expect-error: the step has no such part.
  new AveragedKieferWolfowitz({ initial: [0], loss: linearLoss, step: { eta: 0.1 } });
  expectTypeOf(quantileLoss(0.5)).toEqualTypeOf<ScoreLoss>();
  expectTypeOf(quantileLoss(0.5)).toExtend<Loss<Row>>();
});

test("figures come with their bounds", () => {
  const fit = new AveragedKieferWolfowitz({ initial: [0, 0], loss: linearLoss });
  expectTypeOf(fit.confidenceInterval({ level: 0.9, method: "plug-in" })).toEqualTypeOf<Interval[]>();
  expectTypeOf(fit.lastIterate().covariance).toEqualTypeOf<Float64Array | null>();
  expectTypeOf(fit.toJSON()).toEqualTypeOf<SavedEstimator>();
  expectTypeOf(fit.state).toEqualTypeOf<KieferWolfowitzState<Row>>();
  expectTypeOf(AveragedKieferWolfowitz.fromJSON(JSON.parse("{}"), linearLoss)).toEqualTypeOf<
    AveragedKieferWolfowitz<Row>
  >();
  // @ts-expect-error: a confidence sequence has no method.
  fit.confidenceSequence({ method: "plug-in" });
  // @ts-expect-error: intervals are read only.
  fit.confidenceInterval()[0]!.lower = 0;
});

test("the solver reads what its problem gives", async () => {
  const rows: readonly Row[] = [];
  const problem: StreamProblem<Row> = { fingerprint: "rows", read: readOnce(rows), loss: linearLoss };
  expectTypeOf(problem.read).toEqualTypeOf<Oracle<Stretch, readonly Row[]>>();
  expectTypeOf(await run(kieferWolfowitz({ initial: [0, 0] }), problem, { seed: 7 })).toEqualTypeOf<
    RunResult<StreamState<Row>, AveragedKieferWolfowitz<Row>>
  >();
  const visits: StreamProblem<Visit> = { fingerprint: "v", read: readOnce([] as Visit[]), loss: () => 0 };
  const { result } = await run(kieferWolfowitz<Visit>({ initial: [0] }), visits, { seed: 7 });
  expectTypeOf(result).toEqualTypeOf<AveragedKieferWolfowitz<Visit>>();
  // @ts-expect-error: a loss of rows does not take visits.
  const mixed: StreamProblem<Visit> = { fingerprint: "v", read: visits.read, loss: linearLoss };
  // @ts-expect-error: the seed is an option of the run.
  kieferWolfowitz({ initial: [0, 0], seed: 7 });
  expectTypeOf(mixed).not.toBeAny();
});

test("comparisons decide one of four", () => {
  expectTypeOf(new PairedComparison({ margin: 0.1 }).push(1, 2)).toEqualTypeOf<Decision>();
  expectTypeOf<Decision>().toEqualTypeOf<"first" | "second" | "equivalent" | "undecided">();
  expectTypeOf(new MeanConfidenceSequence({ bounds: [0, 1] }).interval()).toEqualTypeOf<[number, number]>();
  // @ts-expect-error: bounds are two numbers.
  new MeanConfidenceSequence({ bounds: [0] });
});
