/** Recording a run while it works: curves, signs of life, snapshots, the end. */
import { setImmediate as turn } from "node:timers/promises";
import { Cancelled } from "../core/errors.ts";
import type { AsyncRunOptions, Observer, RunResult, SnapshotPolicy } from "../core/index.ts";
import { newId } from "./ids.ts";
import {
  addPoints,
  beginRun,
  endRun,
  findRun,
  type NewRun,
  type RunPoint,
  type RunStatus,
  saveSnapshot,
} from "./runs.ts";
import type { Store } from "./store.ts";

/** What `recordRun` is told of a run. */
export interface RecordOptions<R> extends Omit<WorkOptions<never>, "summary"> {
  /** What of the result is kept, as plain JSON. */
  readonly summary?: ((result: R) => unknown) | undefined;
  /** Seconds between two snapshots; default 5. */
  readonly snapshotSeconds?: number | undefined;
}

/** Options of core's `run` that record it; spread them over your own. */
export type RecordedOptions = Required<Pick<AsyncRunOptions<unknown>, "observers" | "snapshots" | "signal">>;

/** At most so many points are kept between two writes: enough for any screen. */
const POINTS_A_WRITE = 40;

/**
 * Records a run of core's `run`: begins it in the store, keeps its curves and snapshots, watches for wishes to stop,
 * and ends it with its status, or as failed. Returns what the run returned.
 *
 * @example
 * const { result } = await recordRun(store, { name: "bowl", command: "mine" }, (recorded) =>
 *   run(solver, problem, { seed: 7, stop: { maxSteps: 1000 }, ...recorded }));
 */
export async function recordRun<S, R>(
  store: Store,
  options: RecordOptions<R>,
  work: (recorded: RecordedOptions, id: string) => Promise<RunResult<S, R>>,
): Promise<RunResult<S, R>> {
  const { summary, snapshotSeconds = 5, everySeconds = 0.5, ...rest } = options;
  const kept = summary === undefined ? {} : { summary: ({ result }: RunResult<S, R>) => summary(result) };
  return recordWork(store, { ...rest, ...kept, everySeconds }, async (recorder) => {
    const { id, signal } = recorder;
    let saved = Number.NEGATIVE_INFINITY;
    const snapshots: SnapshotPolicy = {
      everySeconds,
      async save(snapshot) {
        const now = performance.now();
        // Encoded before the first wait, while the state is still at rest.
        if (now - saved >= snapshotSeconds * 1000 || signal.aborted) {
          saved = now;
          await saveSnapshot(store, id, snapshot);
        }
        await recorder.flush();
      },
    };
    const observers: Observer<unknown>[] = [(view) => recorder.point(view)];
    const outcome = await work({ observers, snapshots, signal }, id);
    await saveSnapshot(store, id, outcome.snapshot);
    return outcome;
  });
}

/** What work that is no solver's run gets, to record itself. */
export interface Recorder {
  readonly id: string;
  /** Steps that earlier parts of the same run have recorded. */
  readonly before: number;
  /** Fires when the caller or someone at the studio wants it to stop. */
  readonly signal: AbortSignal;
  /** Notes a point of the curves; cheap, to be called as often as there is one. Without `seconds`, it is of now. */
  point(point: Omit<RunPoint, "seconds"> & { readonly seconds?: number }): void;
  /** Writes what was noted, when a write is due. */
  flush(): Promise<void>;
}

/** How recorded work ends. */
export interface WorkOutcome {
  readonly status: Exclude<RunStatus, "running" | "failed">;
  readonly steps: number;
  readonly calls: number;
}

/** What `recordWork` is told. */
export interface WorkOptions<T> extends Omit<NewRun, "id"> {
  /** Goes on with this run; a new id unless given. */
  readonly id?: string | undefined;
  /** The caller's own wish to stop. */
  readonly signal?: AbortSignal | undefined;
  /** What of the outcome is kept, as plain JSON. */
  readonly summary?: ((outcome: T) => unknown) | undefined;
  /** Seconds between two writes of curves and signs of life; default 0.5. */
  readonly everySeconds?: number | undefined;
}

/** Records any long work, such as a command that trains several models; see `recordRun`. */
export async function recordWork<T extends WorkOutcome>(
  store: Store,
  options: WorkOptions<T>,
  work: (recorder: Recorder) => Promise<T>,
): Promise<T> {
  const { id = newId(), signal, everySeconds = 0.5, summary, ...run } = options;
  const earlier = await findRun(store, id);
  await beginRun(store, { id, ...run });
  const stopped = new AbortController();
  const began = performance.now();
  const seconds = () => (earlier?.seconds ?? 0) + (performance.now() - began) / 1000;
  let noted: RunPoint[] = [];
  let [steps, calls] = [earlier?.steps ?? 0, earlier?.calls ?? 0];
  let writing: Promise<void> | undefined;
  let wrote = 0;

  const write = async (): Promise<void> => {
    const points = noted;
    noted = [];
    if (await addPoints(store, id, points, { steps, calls, seconds: seconds() }))
      stopped.abort(new Cancelled("stopped on request"));
  };
  const flush = async (force = false): Promise<void> => {
    if (!force && seconds() - wrote < everySeconds) return;
    wrote = seconds();
    await writing;
    writing = write();
    await writing;
  };
  // Work that answers nobody for long still shows that it lives.
  const timer = setInterval(
    () => void flush().catch((error) => stopped.abort(error)),
    1000 * Math.max(0.1, everySeconds),
  );
  timer.unref();

  const recorder: Recorder = {
    id,
    before: steps,
    signal: signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]),
    point({ step, calls: asked, seconds: at = seconds(), metrics }) {
      [steps, calls] = [step, asked];
      noted.push({ step, calls, seconds: at, metrics: { ...metrics } });
      if (noted.length >= 2 * POINTS_A_WRITE) noted = noted.filter((_, i) => i % 2 === 1);
    },
    async flush() {
      // A run of synchronous answers never leaves its turn: here timers, signals and messages get theirs.
      await turn();
      await flush();
    },
  };
  try {
    const outcome = await work(recorder);
    clearInterval(timer);
    await flush(true);
    const { status, ...end } = outcome;
    await endRun(store, id, {
      status,
      steps: end.steps,
      calls: end.calls,
      seconds: seconds(),
      result: summary?.(outcome),
    });
    return outcome;
  } catch (error) {
    clearInterval(timer);
    const message = error instanceof Error ? error.message : String(error);
    const outcome = recorder.signal.aborted
      ? ({ status: "cancelled" } as const)
      : ({ status: "failed", error: message } as const);
    // A database that is gone must not hide why the work failed.
    await flush(true)
      .then(() => endRun(store, id, { ...outcome, seconds: seconds() }))
      .catch(() => undefined);
    throw error;
  }
}
