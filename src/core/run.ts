import type { AnswerOf, Batch, BatchOf } from "./ask.ts";
import { drive, isBatch, type RunOptions, type RunResult, type StepView, type Turn } from "./drive.ts";
import { InvalidInput } from "./errors.ts";
import { type Executor, inline, isThenable } from "./executor.ts";
import type { Problem, Solver } from "./solver.ts";

const NOTHING: readonly unknown[] = [];

/**
 * Runs a solver on answers that are there at once. Throws `InvalidInput` when an oracle answers with a promise,
 * and `OracleFailure` when one throws.
 *
 * @example const { result, status } = runSync(spsa({ stepSize: 0.1 }), bowl, { seed: 7, stop: { maxSteps: 200 } });
 */
export function runSync<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: RunOptions<NoInfer<S>>,
): RunResult<S, R> {
  const loop = drive(solver, problem, options, false);
  let turn = loop.next();
  while (!turn.done) {
    let answers: readonly unknown[];
    try {
      answers = answerNow(turn.value);
    } catch (error) {
      turn = loop.throw(error);
      continue;
    }
    turn = loop.next(answers);
  }
  return turn.value;
}

function answerNow(turn: Turn<unknown>): readonly unknown[] {
  const batch = isBatch(turn);
  const done = batch ? inline.ask(turn) : "save" in turn ? turn.save() : NOTHING;
  if (!isThenable(done)) return (done ?? NOTHING) as readonly unknown[];
  done.then(undefined, () => undefined);
  const what = batch ? `oracle "${turn.oracle.name}"` : "snapshots.save";
  throw new InvalidInput(`${what} is asynchronous: use run in place of runSync`);
}

export interface AsyncRunOptions<S> extends RunOptions<S> {
  /** Who answers; `inline` unless given. The caller closes it. */
  readonly executor?: Executor;
}

/**
 * Runs a solver; oracles and executors may be asynchronous. Same bits as `runSync`. A fired signal ends the run with
 * status `cancelled` and a snapshot to resume from.
 *
 * @example const { result } = await run(solver, problem, { seed: 7, stop: { maxCalls: 1000 }, signal });
 */
export async function run<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: AsyncRunOptions<NoInfer<S>>,
): Promise<RunResult<S, R>> {
  const steps = walk(solver, problem, options, false);
  while (true) {
    const turn = await steps.next();
    if (turn.done) return turn.value;
  }
}

/**
 * The steps of a run as an async iterable; its return value is the run's result. The view is borrowed until the next
 * step is asked for, and breaking out ends the run.
 *
 * @example for await (const { step, metrics } of iterate(solver, problem, { seed: 7 })) console.log(step, metrics);
 */
export function iterate<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: AsyncRunOptions<NoInfer<S>>,
): AsyncGenerator<StepView<S>, RunResult<S, R>, void> {
  return walk(solver, problem, options, true);
}

async function* walk<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: AsyncRunOptions<S>,
  showSteps: boolean,
): AsyncGenerator<StepView<S>, RunResult<S, R>, void> {
  const { executor = inline, signal } = options;
  const loop = drive(solver, problem, options, showSteps);
  let turn = loop.next();
  while (!turn.done) {
    const { value } = turn;
    let answers = NOTHING;
    try {
      if (isBatch(value)) {
        const asked = executor.ask(value, signal);
        answers = isThenable(asked) ? await asked : asked;
      } else if ("save" in value) {
        const saved = value.save();
        if (isThenable(saved)) await saved;
      } else {
        yield value.view;
      }
    } catch (error) {
      turn = loop.throw(error);
      continue;
    }
    turn = loop.next(answers);
  }
  return turn.value;
}

/** A run that the caller answers by hand. */
export interface AskTell<P extends Problem, S, R> {
  /** The open batch; `undefined` when the run has ended. Its `oracle` is a member of the problem. */
  readonly batch: BatchOf<P> | undefined;
  /** The outcome; `undefined` while a batch is open. */
  readonly outcome: RunResult<S, R> | undefined;
  /** Answers the open batch, one answer per question, in question order. */
  tell(answers: readonly AnswerOf<P>[]): void;
}

/**
 * Manual control: you answer each batch yourself, by whatever means and whenever you like.
 *
 * @example
 * const manual = askTell(solver, problem, { seed: 7, stop: { maxSteps: 100 } });
 * while (manual.batch) manual.tell(manual.batch.questions.map(evaluateSomehow));
 */
export function askTell<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: RunOptions<NoInfer<S>>,
): AskTell<P, S, R> {
  const loop = drive(solver, problem, options, false);
  const advance = (answers: readonly unknown[]) => {
    let turn = loop.next(answers);
    while (!turn.done && !isBatch(turn.value)) turn = loop.next(answerNow(turn.value));
    return turn;
  };
  let turn = advance(NOTHING);
  return {
    get batch() {
      return turn.done ? undefined : (turn.value as BatchOf<P>);
    },
    get outcome() {
      return turn.done ? turn.value : undefined;
    },
    tell(answers) {
      if (turn.done) throw new InvalidInput("this run has ended: read its outcome");
      const { questions, blockSize } = turn.value as Batch;
      const expected = blockSize === undefined ? questions.length : Math.ceil(questions.length / blockSize);
      if (answers.length !== expected)
        throw new InvalidInput(
          `${answers.length} answers for ${expected} questions: give one each, in their order`,
        );
      turn = advance(answers);
    },
  };
}
