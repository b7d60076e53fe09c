/** Training by forward passes (MeZO, Malladi et al. 2023), with any stencil: the solver, and what it asks of weights. */

import { checkChoice, checkCount, checkOpen } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Asking, ask, type Oracle, type Problem, run, type Solver, type Status } from "../core/index.ts";
import { type Law, randomFormat, type Seed } from "../random/index.ts";
import { checkLevels, geometricLevels, type LevelTable } from "./levels.ts";
import { type ReplayLog, stencilsOf } from "./replay-log.ts";
import { residentWeights } from "./resident-weights.ts";
import { checkTheoryOnly, METHODS, type Method, slopeOf } from "./stencils.ts";
import { checkSchedule, type Schedule, scheduled } from "./updates.ts";

/** What a step of seed replay makes of a directional derivative. */
export type Scaling = (typeof SCALINGS)[number];

const SCALINGS = ["slope", "sign", "rms"] as const;

/** How much of the mean square of slopes stays from step to step. */
const RMS_MEMORY = 0.95;

/** Options of seed replay. */
export interface SeedReplayOptions {
  /** Step along the mean over directions; what it multiplies is `scaling`'s choice. */
  readonly stepSize: Schedule;
  /**
   * `"slope"` (default): the directional derivative, as published. `"sign"`: its sign, ±1 (this is the sign of one number a
   * direction; `zerothOrder`'s optimiser `"sign"` takes those of all coordinates). `"rms"`: the derivative over the root of
   * the mean square of the recent ones, as Adam's second moment does, but one for all coordinates: about ±1, however steep
   * the loss, so that a step size holds from model to model and a steep place cannot throw the weights away.
   */
  readonly scaling?: Scaling;
  /** Default `"central"`; any but `"residual"`. */
  readonly method?: Exclude<Method, "residual">;
  /** Step of methods without levels, first step of the default table; default 2⁻⁷, a power of two for runs in place. */
  readonly mu?: number;
  /** Table of P4 and its kin; default geometric in float32 from `mu`. */
  readonly levels?: LevelTable;
  /** Default `"sign"`, whose probes in place leave next to no drift; `"normal"` as published. */
  readonly law?: Law;
  /** Draws a step, each of one direction (of one for each row where the weights have rows); default 1. */
  readonly numDirections?: number;
  /** Default true; false keeps a master copy. Weights with rows keep one in any case. */
  readonly inPlace?: boolean;
  /**
   * Whether losses of one batch number repeat (default), which the first batch proves by being asked twice: differences of
   * noise would drown those of the loss. False for noise that cannot be repeated; then take `"central"` with a large `mu`.
   */
  readonly commonNoise?: boolean;
}

/** The parts of a log that are known before the run. */
export type Frame = Omit<ReplayLog, "amounts">;

/** What weights that live in a model are asked. `version` counts steps done; another than the weights' is refused. */
export type ResidentQuestion =
  | {
      readonly op: "loss";
      readonly version: number;
      /** What ends the step before, when that is still to be done. */
      readonly pending: Float32Array | null;
      /** Which draw of the step: the direction, or one for each row. */
      readonly draw: number;
      readonly offset: number;
      /** Names the data of the step: all its losses share it. */
      readonly batch: number;
    }
  | { readonly op: "finish"; readonly version: number; readonly pending: Float32Array | null }
  | { readonly op: "restore"; readonly log: ReplayLog };

/** Weights that live where the loss reads them; answers with the losses of the rows, none where none was asked. */
export interface ResidentWeights extends Problem {
  readonly weights: Oracle<ResidentQuestion, readonly number[], Frame>;
  readonly size: number;
  /** How many directions one forward pass goes along, each with a loss of its own. */
  readonly rows: number;
  /** Whether the parameters themselves are probed, which leaves their rounding behind; false where copies are. */
  readonly probed: boolean;
}

/** Where a run of seed replay stands; the weights follow from it. */
export interface SeedReplayState {
  readonly seed: Seed;
  /** What was added along each direction so far; those beyond `version` steps are room. */
  readonly amounts: Float32Array;
  readonly version: number;
  /** Mean square of recent slopes, not yet corrected for its start at 0. */
  readonly meanSquare: number;
  /** The last step's amounts, until the weights have them. */
  readonly pending: Float32Array | null;
  /** Mean loss of each step's probes; those beyond `version` steps are room. */
  readonly losses: Float64Array;
}

/**
 * Descent along directions that are drawn again from the seed whenever they are needed: no gradient, no optimiser state,
 * and with `inPlace` no copy of the weights. One evaluation is one forward pass. Weights cannot leave in the middle of a step: a
 * stop rule's `maxCalls` is looked at between steps, and the last step may pass it; `stepsWithin` says how many fit, as `mezo` does.
 *
 * @throws InvalidInput for options out of range.
 */
export function seedReplay(options: SeedReplayOptions): Solver<ResidentWeights, SeedReplayState, ReplayLog> {
  const { stepSize, scaling = "slope", commonNoise = true } = options;
  checkSchedule("stepSize", stepSize);
  checkChoice("scaling", scaling, SCALINGS);
  const plan = planReplay(options);
  const frameOf = ({ size, rows, probed }: ResidentWeights, seed: Seed): Frame => ({
    ...plan,
    directions: plan.directions * rows,
    inPlace: plan.inPlace && probed,
    size,
    seed,
  });
  const logOf = (problem: ResidentWeights, state: SeedReplayState): ReplayLog => {
    const frame = frameOf(problem, state.seed);
    return { ...frame, amounts: state.amounts.slice(0, state.version * frame.directions) };
  };

  return {
    name: "seed replay",
    options,
    *init(problem, rng): Asking<SeedReplayState> {
      if (commonNoise) yield* proveRepeatable(problem, frameOf(problem, rng.seed));
      return {
        seed: rng.seed,
        amounts: new Float32Array(),
        version: 0,
        meanSquare: 0,
        pending: null,
        losses: new Float64Array(),
      };
    },
    *step(problem, state, rng) {
      const { rows } = problem;
      const frame = frameOf(problem, rng.seed);
      const { directions: numDirections } = frame;
      const { version } = state;
      let { pending } = state;
      const slopes = new Float64Array(numDirections);
      let total = 0;
      let count = 0;
      let base: readonly number[] | undefined;
      for (const [draw, stencil] of stencilsOf({ ...plan, seed: rng.seed }, version).entries()) {
        const byStep: (readonly number[])[] = [];
        for (const offset of stencil.steps) {
          if (offset === 0 && base !== undefined) {
            byStep.push(base);
            continue;
          }
          const question = { op: "loss", version, pending, draw, offset, batch: version } as const;
          const [losses] = yield* ask(problem.weights, [question], frame);
          for (const [row, loss] of losses!.entries()) {
            if (!Number.isFinite(loss))
              throw new NonFinite(
                `the loss is ${loss} at step ${version}, ${offset} along direction ${draw * rows + row}: lower stepSize`,
              );
            total += loss;
          }
          pending = null;
          byStep.push(losses!);
          count += rows;
          if (offset === 0) base = losses!;
        }
        for (let row = 0; row < rows; row++)
          slopes[draw * rows + row] = slopeOf(
            stencil,
            byStep.map((losses) => losses[row]!),
          );
      }
      const square = slopes.reduce((sum, slope) => sum + slope * slope, 0) / numDirections;
      const meanSquare = RMS_MEMORY * state.meanSquare + (1 - RMS_MEMORY) * square;
      const rms = Math.sqrt(meanSquare / (1 - RMS_MEMORY ** (version + 1)));
      const rate = -scheduled(stepSize, version) / numDirections;
      const done = Float32Array.from(slopes, (slope) => rate * scaled(scaling, slope, rms));
      const amounts = withRoom(state.amounts, (version + 1) * numDirections);
      amounts.set(done, version * numDirections);
      const losses = withRoom(state.losses, version + 1);
      losses[version] = total / count;
      return { ...state, amounts, version: version + 1, meanSquare, pending: done, losses };
    },
    *attach(problem, state) {
      const log = logOf(problem, state);
      yield* ask(problem.weights, [{ op: "restore", log }], log);
      return state;
    },
    *detach(problem, state) {
      const { version, pending } = state;
      const frame = frameOf(problem, state.seed);
      yield* ask(problem.weights, [{ op: "finish", version, pending }], frame);
      return { ...state, pending: null };
    },
    metrics: ({ losses, version }) => ({ loss: losses[version - 1] ?? Number.NaN }),
    status: () => "running",
    result: logOf,
  };
}

/** Checks options; what a frame has of them. */
function planReplay(options: Omit<SeedReplayOptions, "stepSize">): Omit<Frame, "size" | "seed"> {
  const { method = "central", law = "sign", inPlace = true, numDirections = 1, mu = 2 ** -7 } = options;
  checkChoice("method", method, METHODS.filter((one) => one !== "residual") as readonly (typeof method)[]);
  checkChoice("law", law, ["sign", "normal"]);
  checkCount("numDirections", numDirections);
  checkOpen("mu", mu, 0);
  checkTheoryOnly(method, options.levels);
  const levels = options.levels ? checkLevels(options.levels) : geometricLevels({ mu, dtype: "float32" });
  const rule = { method, mu, levels, branch: 0.5, paperWeights: false };
  return { format: "fpx replay/1", random: randomFormat, law, rule, directions: numDirections, inPlace };
}

/**
 * How many steps of a run fit into so many evaluations, the two of the proof included; the levels that each step will draw
 * are known from the seed, so the budget is met to the step.
 *
 * @throws InvalidInput when not even one step fits, and for options out of range.
 */
export function stepsWithin(
  evaluations: number,
  options: Omit<SeedReplayOptions, "stepSize">,
  seed: Seed,
): number {
  checkCount("maxEvaluations", evaluations);
  const plan = { ...planReplay(options), seed };
  let left = evaluations - (options.commonNoise === false ? 0 : 2);
  for (let step = 0; ; step++) {
    const stencils = stencilsOf(plan, step);
    const base = stencils.some(({ steps }) => steps.includes(0)) ? 1 : 0;
    const most = stencils.reduce((sum, { steps }) => sum + steps.filter((mu) => mu !== 0).length, base);
    left -= most;
    if (left >= 0) continue;
    if (step === 0)
      throw new InvalidInput(
        `maxEvaluations is ${evaluations}: the first step takes ${evaluations - left}; give at least that`,
      );
    return step;
  }
}

function scaled(scaling: Scaling, slope: number, rms: number): number {
  if (scaling === "slope") return slope;
  if (scaling === "sign") return Math.sign(slope);
  return slope === 0 ? 0 : slope / rms;
}

/** Asks for the loss of one batch twice. */
function* proveRepeatable({ weights }: ResidentWeights, frame: Frame): Asking<void> {
  const question = { op: "loss", version: 0, pending: null, draw: 0, offset: 0, batch: 0 } as const;
  const [first] = yield* ask(weights, [question], frame);
  const [second] = yield* ask(weights, [question], frame);
  const row = first!.findIndex((loss, i) => !Object.is(loss, second![i]));
  if (row >= 0)
    throw new InvalidInput(
      `the loss of one batch is ${first![row]}, then ${second![row]}: make it repeat (switch dropout and augmentation off, seed them by the batch number), or set commonNoise to false and use method "central" with a larger mu`,
    );
}

/** The same array, or one twice as long where it must hold more. */
function withRoom<A extends Float32Array | Float64Array>(numbers: A, length: number): A {
  if (length <= numbers.length) return numbers;
  const longer = new (numbers.constructor as new (length: number) => A)(Math.max(64, 2 * length));
  longer.set(numbers);
  return longer;
}

/** What `mezo` did; the parameters hold the result. */
export interface MezoRun {
  readonly log: ReplayLog;
  readonly reason: Status;
  /** Forward passes, the two that prove that losses repeat included. */
  readonly evaluations: number;
  /** Mean loss of each step's probes. */
  readonly losses: readonly number[];
}

/**
 * Trains parameters in place by forward passes only; see `seedReplay`, which goes on from snapshots too. On an error of
 * the loss, or a stop within a step, the weights are put back to rest before it leaves; there they may differ from what the log
 * gives by the rounding of that step's probes, and `replay` gives the exact ones.
 *
 * @throws InvalidInput for options out of range, a budget below one step, or a loss that does not repeat; NonFinite when a
 * loss is not finite; OracleFailure when the loss throws.
 * @example const { log } = await mezo([weights], (batch) => lossOf(batch), { stepSize: 1e-3, maxEvaluations: 2000 });
 */
export async function mezo(
  parameters: readonly Float32Array[],
  loss: (batch: number) => number | Promise<number>,
  options: SeedReplayOptions & {
    /** Steps at most; give these or `maxEvaluations`, or both. */
    readonly steps?: number;
    /** Forward passes at most, never exceeded, even inside a draw. */
    readonly maxEvaluations?: number;
    /** Default 0. */
    readonly seed?: Seed;
    readonly signal?: AbortSignal;
    readonly onStep?: (progress: { readonly step: number; readonly loss: number }) => void;
  },
): Promise<MezoRun> {
  const { steps, maxEvaluations, seed = 0, signal, onStep, ...method } = options;
  if (steps === undefined && maxEvaluations === undefined)
    throw new InvalidInput("neither steps nor maxEvaluations is given: give one, or both");
  const maxSteps = Math.min(
    steps === undefined ? Number.POSITIVE_INFINITY : checkCount("steps", steps),
    maxEvaluations === undefined ? Number.POSITIVE_INFINITY : stepsWithin(maxEvaluations, method, seed),
  );
  const problem = residentWeights(parameters, loss);
  try {
    const outcome = await run(seedReplay(method), problem, {
      seed,
      stop: { maxSteps },
      ...(signal === undefined ? {} : { signal }),
      observers: [({ step, metrics }) => onStep?.({ step, loss: metrics["loss"]! })],
    });
    const { version, losses } = outcome.snapshot.state!;
    return {
      log: outcome.result,
      reason: outcome.status,
      evaluations: outcome.calls,
      losses: [...losses.subarray(0, version)],
    };
  } finally {
    problem.rest();
  }
}
