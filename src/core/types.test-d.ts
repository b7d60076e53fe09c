/** What the types of the contract promise, and what they refuse; `tsc` is the runner. */
import {
  type AnswerOf,
  type Asking,
  ask,
  askFolded,
  askTell,
  type Batch,
  type BatchOf,
  decodeSnapshot,
  defineStudy,
  type Executor,
  encodeSnapshot,
  FpxError,
  InvalidInput,
  iterate,
  type Oracle,
  type Problem,
  type RunResult,
  replications,
  run,
  runSync,
  type Snapshot,
  type Solver,
  type Status,
  type StepView,
} from "fpx";
import { expectTypeOf, test } from "vitest";

interface Line extends Problem {
  readonly value: Oracle<number, number>;
}
interface Walk {
  readonly x: number;
}
interface Split extends Problem {
  readonly sums: Oracle<{ readonly from: number }, number, Float64Array> & {
    fold(answers: readonly number[]): number;
  };
  readonly label?: Oracle<string, boolean>;
}

declare const line: Line;
declare const slide: Solver<Line, Walk, string>;
declare const split: Split;
declare const splitSolver: Solver<Split, Walk, number>;

test("a question is of the oracle's type, and so is the answer", () => {
  expectTypeOf(ask(line.value, [1, 2])).toEqualTypeOf<Asking<readonly number[]>>();
  expectTypeOf(askFolded(split.sums, [{ from: 0 }], 10, new Float64Array(3))).toEqualTypeOf<
    Asking<readonly number[]>
  >();
  // @ts-expect-error: the oracle takes numbers.
  ask(line.value, ["1"]);
  // @ts-expect-error: this oracle's questions share a part, which is missing.
  ask(split.sums, [{ from: 0 }]);
  // @ts-expect-error: this oracle's questions share nothing.
  ask(line.value, [1], 2);
  // @ts-expect-error: an oracle without fold gives no folded answers.
  askFolded(line.value, [1], 10);
});

test("runs give the solver's result and state", async () => {
  expectTypeOf(runSync(slide, line, { seed: 1 })).toEqualTypeOf<RunResult<Walk, string>>();
  expectTypeOf(await run(slide, line, { seed: 1n })).toEqualTypeOf<RunResult<Walk, string>>();
  expectTypeOf(iterate(slide, line, { seed: 1 })).toEqualTypeOf<
    AsyncGenerator<StepView<Walk>, RunResult<Walk, string>, void>
  >();
  expectTypeOf<RunResult<Walk, string>["status"]>().toEqualTypeOf<Status>();
  expectTypeOf<Status>().toEqualTypeOf<"converged" | "budget" | "stalled" | "diverged" | "cancelled">();
  run(slide, line, { seed: 1, observers: [({ state }) => void expectTypeOf(state).toEqualTypeOf<Walk>()] });
  // @ts-expect-error: the seed is no option to forget.
  run(slide, line, {});
  // @ts-expect-error: a seed is a number or a bigint.
  run(slide, line, { seed: "1" });
  // @ts-expect-error: the rule is called maxSteps.
  run(slide, line, { seed: 1, stop: { steps: 5 } });
  // @ts-expect-error: the solver is for another problem.
  run(splitSolver, line, { seed: 1 });
  // @ts-expect-error: only asynchronous runs have an executor.
  runSync(slide, line, { seed: 1, executor: {} as Executor });
  // @ts-expect-error: outcomes are read only.
  runSync(slide, line, { seed: 1 }).steps = 0;
});

test("snapshots keep the state's type", () => {
  runSync(slide, line, {
    seed: 1,
    snapshots: { save: (snapshot) => void expectTypeOf(snapshot).toEqualTypeOf<Snapshot<Walk>>() },
  });
  const { snapshot } = runSync(slide, line, { seed: 1 });
  const bytes = encodeSnapshot(snapshot);
  expectTypeOf(bytes).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf(decodeSnapshot(bytes)).toEqualTypeOf<Snapshot<unknown>>();
  runSync(slide, line, { seed: 1, from: decodeSnapshot(bytes) });
  // @ts-expect-error: another solver's state.
  runSync(slide, line, { seed: 1, from: snapshot as unknown as Snapshot<{ readonly y: number }> });
  // @ts-expect-error: a snapshot is read only.
  snapshot.step = 3;
});

test("ask and tell know the problem's oracles", () => {
  const manual = askTell(slide, line, { seed: 1 });
  expectTypeOf(manual.batch?.questions).toEqualTypeOf<readonly number[] | undefined>();
  expectTypeOf(manual.outcome).toEqualTypeOf<RunResult<Walk, string> | undefined>();
  manual.tell([1, 2]);
  // @ts-expect-error: answers are numbers.
  manual.tell(["1"]);
  expectTypeOf<AnswerOf<Split>>().toEqualTypeOf<number | boolean>();
  expectTypeOf<BatchOf<Split>["questions"]>().toEqualTypeOf<
    readonly { readonly from: number }[] | readonly string[]
  >();
  expectTypeOf<BatchOf<Split>["common"]>().toEqualTypeOf<Float64Array | undefined>();
  expectTypeOf<BatchOf<Problem>>().toEqualTypeOf<Batch>();
  expectTypeOf<AnswerOf<Problem>>().toBeUnknown();
});

test("a study holds what fits together", () => {
  expectTypeOf(defineStudy({ name: "line", problem: line, solver: slide }).solver).toEqualTypeOf<
    Solver<Line, Walk, string>
  >();
  // @ts-expect-error: this problem has not the solver's oracles.
  defineStudy({ name: "line", problem: line, solver: splitSolver });
  // @ts-expect-error: a study needs its name.
  defineStudy({ problem: line, solver: slide });
  expectTypeOf(replications({ count: 3 }).result).returns.toHaveProperty("standardError");
  // @ts-expect-error: the count is needed.
  replications({});
});

test("errors carry their codes", () => {
  expectTypeOf(new InvalidInput("no").code).toBeString();
  expectTypeOf<InvalidInput>().toExtend<FpxError>();
  // @ts-expect-error: the base class needs a code and a message.
  new FpxError("no");
});
