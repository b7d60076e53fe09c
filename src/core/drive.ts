/** The one loop behind `run`, `runSync`, `iterate` and `askTell`. */
import { createRng, type Rng, type Seed } from "../random/index.ts";
import type { Asking, Batch } from "./ask.ts";
import { Cancelled, InvalidInput } from "./errors.ts";
import { checkSnapshot, type Snapshot, snapshotOf } from "./snapshot.ts";
import type { Problem, Solver } from "./solver.ts";
import { checkStopRules, type StopRules } from "./stop.ts";

/** How a run ended. `budget`: a stop rule fired first; `cancelled`: the caller's signal did. */
export type Status = "converged" | "budget" | "stalled" | "diverged" | "cancelled";

export interface RunResult<S, R> {
  readonly result: R;
  readonly status: Status;
  readonly steps: number;
  /** Oracle questions asked, those before a resume included. */
  readonly calls: number;
  /** Resumes the run with the same bits, also from inside a step. */
  readonly snapshot: Snapshot<S>;
  /** False when a clock decided where the run ended. */
  readonly reproducible: boolean;
}

/** What observers see after each step; the state is borrowed until they return. */
export interface StepView<S> {
  readonly step: number;
  readonly calls: number;
  readonly seconds: number;
  readonly state: S;
  readonly metrics: Readonly<Record<string, number>>;
}

export type Observer<S> = (view: StepView<S>) => void;

/** Where snapshots go: at every so many steps or seconds, at the end, and before an error leaves the run. */
export interface SnapshotPolicy<S = unknown> {
  readonly everySteps?: number;
  readonly everySeconds?: number;
  /** The snapshot borrows the state: encode or clone it before returning a promise. */
  save(snapshot: Snapshot<S>): void | Promise<void>;
}

export interface RunOptions<S> {
  readonly seed: Seed;
  readonly stop?: StopRules;
  readonly signal?: AbortSignal;
  readonly observers?: readonly Observer<S>[];
  readonly snapshots?: SnapshotPolicy<S>;
  /** Goes on from here; refused with `SnapshotMismatch` unless solver, options, problem and seed are the same. */
  readonly from?: Snapshot<S>;
}

/** What the loop hands out: a batch to answer, a snapshot to save, or a finished step. */
export type Turn<S> = Batch | { save(): void | Promise<void> } | { readonly view: StepView<S> };

export const isBatch = (turn: Turn<unknown>): turn is Batch => "questions" in turn;

const NOTHING: readonly unknown[] = [];

export function* drive<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  options: RunOptions<S>,
  showSteps: boolean,
): Generator<Turn<S>, RunResult<S, R>, readonly unknown[]> {
  const { seed, stop = {}, signal, observers = [], snapshots, from } = options;
  const {
    maxSteps = Number.POSITIVE_INFINITY,
    maxCalls = Number.POSITIVE_INFINITY,
    maxSeconds,
    tolerance,
  } = stop;
  checkStopRules(stop);
  if (from) checkSnapshot(solver, problem, seed, from);
  const rng: Rng = createRng(seed);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;

  let state: S | null = from ? structuredClone(from.state) : null;
  let step = from?.step ?? 0;
  const journal: (readonly unknown[])[] = from
    ? (structuredClone(from.journal) as (readonly unknown[])[])
    : [];
  let calls = from?.calls ?? 0;
  // Slots are reused from step to step: the first `filled` ones count.
  let filled = journal.length;
  let replayed = 0;
  let ended: Status | undefined;
  let reproducible = true;
  const resident = solver.detach !== undefined;

  /** Why the next batch may not be asked. */
  const halt = (size: number): Status | undefined => {
    if (signal?.aborted) return "cancelled";
    if (calls + size > maxCalls) return "budget";
    if (maxSeconds !== undefined && seconds() >= maxSeconds) {
      reproducible = false;
      return "budget";
    }
    return undefined;
  };

  /** Attach and detach move the state in and out of an oracle: no budget, no journal, no halt. */
  function* move(asking: Asking<S>): Generator<Batch, S, readonly unknown[]> {
    let turn = asking.next(NOTHING);
    while (!turn.done) turn = asking.next(yield turn.value);
    return turn.value;
  }

  function* snapshot(): Generator<Batch, Snapshot<S>, readonly unknown[]> {
    const whole = solver.detach && state !== null ? yield* move(solver.detach(problem, state)) : state;
    return snapshotOf(solver, problem, {
      seed,
      step,
      calls,
      state: whole,
      journal: journal.slice(0, filled),
    });
  }

  const check = (): Status | undefined => {
    const current = state as S;
    const own = solver.status(current);
    if (own !== "running") return own;
    if (tolerance) {
      const value = solver.metrics(current)[tolerance.metric];
      if (value === undefined)
        throw new InvalidInput(
          `stop.tolerance.metric "${tolerance.metric}" is no metric of ${solver.name}: use one of ${Object.keys(solver.metrics(current)).join(", ")}`,
        );
      if (value <= tolerance.below) return "converged";
    }
    return step >= maxSteps ? "budget" : halt(0);
  };

  const saving = (taken: Snapshot<S>): Turn<S> => ({ save: () => snapshots?.save(taken) });
  let savedAt = { step, seconds: 0 };
  const due = () =>
    snapshots !== undefined &&
    (step - savedAt.step >= (snapshots.everySteps ?? Number.POSITIVE_INFINITY) ||
      (snapshots.everySeconds !== undefined && seconds() - savedAt.seconds >= snapshots.everySeconds));

  try {
    if (state !== null && solver.attach) state = yield* move(solver.attach(problem, state));
    while (true) {
      if (state !== null) ended = check();
      if (ended) break;
      // One asking computation, `init` or a step: on the journal first, then on fresh answers.
      const initial = state === null;
      const asking = initial ? solver.init(problem, rng) : solver.step(problem, state as S, rng);
      let turn = asking.next(NOTHING);
      while (!turn.done) {
        const batch = turn.value;
        let answers: readonly unknown[];
        if (replayed < filled) answers = journal[replayed++]!;
        else {
          // Inside a step that changes an oracle's own state there is no way back: stop before its first batch or after it.
          if (!resident || filled === 0) ended = halt(batch.questions.length);
          if (ended) break;
          try {
            answers = yield batch;
          } catch (error) {
            if (!(signal?.aborted && isCancellation(error))) throw error;
            ended = "cancelled";
            break;
          }
          calls += batch.questions.length;
          journal[filled++] = answers;
          replayed = filled;
        }
        turn = asking.next(answers);
      }
      if (!turn.done) {
        asking.return(undefined as S);
        break;
      }
      state = turn.value;
      filled = 0;
      replayed = 0;
      if (initial) continue;
      step++;
      if (observers.length > 0 || showSteps) {
        const view: StepView<S> = { step, calls, seconds: seconds(), state, metrics: solver.metrics(state) };
        for (const observe of observers) observe(view);
        if (showSteps) yield { view };
      }
      if (due()) {
        yield saving(yield* snapshot());
        savedAt = { step, seconds: seconds() };
      }
    }
    if (state === null) {
      if (ended === "cancelled")
        throw new Cancelled(`${solver.name} was cancelled before it had a first state`);
      throw new InvalidInput(`${solver.name} needs a larger budget: it ended before the first state`);
    }
  } catch (error) {
    // The answers received so far are not lost: a resumed run goes on from them. A resident state died with its oracle.
    if (snapshots && !resident)
      yield saving(
        snapshotOf(solver, problem, { seed, step, calls, state, journal: journal.slice(0, filled) }),
      );
    throw error;
  }
  const last = yield* snapshot();
  yield saving(last);
  return {
    result: solver.result(problem, last.state as S),
    status: ended as Status,
    steps: step,
    calls,
    snapshot: last,
    reproducible,
  };
}

const isCancellation = (error: unknown): boolean => {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof Cancelled || cause.name === "AbortError") return true;
  return false;
};
