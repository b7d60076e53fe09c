import {
  Cancelled,
  decodeSnapshot,
  encodeSnapshot,
  type RunOptions,
  type RunResult,
} from "../../core/index.ts";
import type { Runtime, Tensors, TrainingState } from "../../lm/index.ts";
import type { SeedReplayState } from "../../zeroth-order/index.ts";
import { type FitOptions, type FitProblem, fitWeights } from "./fit.ts";
import { type ForwardFitOptions, fitByForwardPasses, forwardSteps } from "./fit-forward.ts";

/** Keeps the snapshots of the stages of a run, so that the same call goes on where it stopped. */
export interface StageStore {
  load(stage: string): Promise<Uint8Array | undefined>;
  save(stage: string, bytes: Uint8Array): Promise<void>;
}

/** Keeps one text from run to run: log-probabilities that later runs on the same model and edits need not compute. */
export interface ReferenceCache {
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/** Hears what is being done. */
export interface LearnObserver {
  start(label: string, options: { total?: number; done?: number; unit?: string }): void;
  update(done: number, metrics?: Readonly<Record<string, number>>): void;
  note(line: string): void;
}

/** What a learning run works with besides its data. */
export interface LearnContext {
  readonly runtime: Runtime;
  readonly store: StageStore;
  /** Default none: the reference's log-probabilities are computed anew. */
  readonly cache?: ReferenceCache;
  readonly observer: LearnObserver;
  readonly signal: AbortSignal;
}

/** The metrics of each training step, in order. */
export type Curve = readonly Readonly<Record<string, number>>[];

/**
 * One training of a learning run, by backpropagation or by forward passes: resumed from the store's snapshot of this
 * stage, saved there every 10 seconds and at its end. Throws `Cancelled` when the signal fires; the store then holds the
 * last step.
 */
export async function fitStage(
  stage: string,
  problem: FitProblem,
  options: FitOptions | ForwardFitOptions,
  seed: number,
  context: LearnContext,
): Promise<{ weights: Tensors; curve: Curve }> {
  const { runtime } = context;
  if (!("forwardPasses" in options))
    return staged<TrainingState>(
      stage,
      options.steps,
      (run) => fitWeights(runtime, problem, options, run),
      ({ history }) => history,
      seed,
      context,
    );
  return staged<SeedReplayState>(
    stage,
    forwardSteps(options, seed),
    (run) => fitByForwardPasses(runtime, problem, options, run),
    ({ losses, version }) => Array.from(losses.subarray(0, version), (loss) => ({ loss })),
    seed,
    context,
  );
}

async function staged<S>(
  stage: string,
  total: number,
  train: (options: Omit<RunOptions<S>, "stop">) => Promise<RunResult<S, Tensors>>,
  curveOf: (state: S) => Curve,
  seed: number,
  { store, observer, signal }: LearnContext,
): Promise<{ weights: Tensors; curve: Curve }> {
  const bytes = await store.load(stage);
  const from = bytes && decodeSnapshot<S>(bytes);
  observer.start(stage, { total, done: from?.step ?? 0, unit: "steps" });
  const outcome = await train({
    seed,
    signal,
    ...(from ? { from } : {}),
    observers: [({ step, metrics }) => observer.update(step, metrics)],
    snapshots: { everySeconds: 10, save: (snapshot) => store.save(stage, encodeSnapshot(snapshot)) },
  });
  if (outcome.status === "cancelled") throw new Cancelled(`stopped in ${stage} at step ${outcome.steps}`);
  return { weights: outcome.result, curve: curveOf(outcome.snapshot.state!) };
}
