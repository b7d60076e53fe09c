/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import {
  type Certificate,
  type ClassificationScores,
  certify,
  certifyWithSolver,
  type DeepSadeFit,
  type Domain,
  domain,
  evaluate,
  type FitResult,
  fitConstrained,
  fitUnconstrained,
  forAll,
  type LinearModel,
  linearModel,
  type Model,
  monotone,
  type Prediction,
  parseModel,
  predict,
  type RegressionScores,
  range,
  type Task,
  trainDeepSade,
  when,
} from "fpx/constraints";
import { expectTypeOf, test } from "vitest";

const applicants = domain({
  age: [18, 99],
  member: { binary: true },
  purpose: { categories: ["car", "home"] },
});
const X = [{ age: 30, member: 1, purpose: "car" }];
const common = { X, domain: applicants, constraints: [monotone("score", "age", "increasing")] };

test("a domain knows its features", () => {
  expectTypeOf(applicants).toEqualTypeOf<Domain<"age" | "member" | "purpose">>();
  // @ts-expect-error: a range has two ends.
  domain({ age: [18] });
  // @ts-expect-error: a feature is a range, a flag or a list.
  domain({ age: { minimum: 18 } });
});

test("the task decides what is predicted", async () => {
  const sorted = await fitConstrained({ ...common, y: [1], task: "logistic" });
  expectTypeOf(sorted).toEqualTypeOf<FitResult<"logistic">>();
  expectTypeOf(predict(sorted.model, X[0]!)).toEqualTypeOf<Prediction<"logistic">>();
  expectTypeOf(predict(sorted.model, X[0]!).label).toEqualTypeOf<0 | 1>();
  const named = await fitConstrained({ ...common, y: ["yes"], task: "oneVsRest" });
  expectTypeOf(predict(named.model, X[0]!, { outside: "clamp" }).label).toEqualTypeOf<string>();
  const valued = await fitConstrained({ ...common, y: { cost: [3] }, task: "leastSquares" });
  expectTypeOf(predict(valued.model, X[0]!).label).toEqualTypeOf<undefined>();
  expectTypeOf(predict(parseModel("{}"), X[0]!).label).toEqualTypeOf<0 | 1 | string | undefined>();
  expectTypeOf(evaluate(sorted.model, [], X, [1]).plain).toEqualTypeOf<ClassificationScores>();
  expectTypeOf(evaluate(valued.model, [], X, [1]).plain).toEqualTypeOf<RegressionScores>();
  expectTypeOf(trainDeepSade({ ...common, y: [1], task: "logistic" })).toEqualTypeOf<
    Promise<DeepSadeFit<"logistic">>
  >();
  expectTypeOf(fitUnconstrained({ ...common, y: [1], task: "leastSquares" })).toEqualTypeOf<
    LinearModel<"leastSquares">
  >();
  // @ts-expect-error: labels of logistic are numbers.
  fitConstrained({ ...common, y: ["yes"], task: "logistic" });
  // @ts-expect-error: only regression has values by name.
  fitConstrained({ ...common, y: { cost: [3] }, task: "oneVsRest" });
  // @ts-expect-error: there is no such task.
  fitConstrained({ ...common, y: [1], task: "poisson" });
  // @ts-expect-error: the task is needed.
  fitConstrained({ ...common, y: [1] });
  // @ts-expect-error: there is no such solver.
  fitConstrained({ ...common, y: [1], task: "logistic", solver: "adam" });
  // @ts-expect-error: regression has no accuracy.
  expectTypeOf(evaluate(valued.model, [], X, [1]).plain.accuracy).toBeNumber();
  // @ts-expect-error: models are read only.
  sorted.model.weights = [];
});

test("models are of a kind and a task", () => {
  expectTypeOf(linearModel(applicants, ["score"], [[0, 1]])).toEqualTypeOf<LinearModel<"leastSquares">>();
  expectTypeOf(linearModel(applicants, ["score"], [[0, 1]], "logistic")).toEqualTypeOf<
    LinearModel<"logistic">
  >();
  expectTypeOf<Task>().toEqualTypeOf<"leastSquares" | "logistic" | "oneVsRest">();
  expectTypeOf<Extract<Model, { kind: "network" }>>().toHaveProperty("layers");
  // @ts-expect-error: a linear model has no layers.
  expectTypeOf<LinearModel>().toHaveProperty("layers");
});

test("rules speak of features by name", () => {
  forAll<"age">((x) => when(x.age.lt(25)).then(x.out("score").le(0)));
  // @ts-expect-error: there is no such feature.
  forAll<"age">((x) => x.height.lt(2));
  // @ts-expect-error: a comparison is a formula, not a boolean.
  forAll((x) => x.in("age") < x.in("member"));
  // @ts-expect-error: a slope goes up or down.
  monotone("score", "age", "up");
  // @ts-expect-error: bounds are called from and to.
  range("score", { min: 0 });
});

test("certificates are of three verdicts", async () => {
  const model = linearModel(applicants, ["score"], [[0, 1]]);
  expectTypeOf(certify(model, [])).toEqualTypeOf<Certificate>();
  expectTypeOf(certifyWithSolver(model, [], { maxNodes: 100 })).toEqualTypeOf<Promise<Certificate>>();
  expectTypeOf<Certificate["status"]>().toEqualTypeOf<"certified" | "violated" | "unknown">();
  // @ts-expect-error: limits are in nodes or milliseconds.
  certifyWithSolver(model, [], { seconds: 3 });
});
