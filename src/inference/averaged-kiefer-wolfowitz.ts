import { InvalidInput, SnapshotMismatch } from "../core/errors.ts";
import { decode, encode } from "../core/index.ts";
import { cholesky, solveTriangular } from "../linalg/index.ts";
import { createRng } from "../random/index.ts";
import { checkInteger, checkLevel } from "./checks.ts";
import { confidenceRadius } from "./confidence-sequence.ts";
import {
  contrastsOf,
  covarianceOf,
  entriesOf,
  estimateOf,
  iterateCovariance,
  methodOf,
  momentsOf,
  needAveraged,
  unitOf,
} from "./covariance.ts";
import { beganBefore, type Diagnostics, diagnosticsOf } from "./diagnostics.ts";
import { isScoreLoss, type Row } from "./losses.ts";
import { normalQuantile, normalTail } from "./normal.ts";
import { type IntervalMethod, type KieferWolfowitzOptions, settle } from "./options.ts";
import { type Loss, type Pilot, runPilot } from "./pilot.ts";
import { jointRandomScalingPValue, randomScalingPValue, randomScalingQuantile } from "./random-scaling.ts";
import { Recursion } from "./recursion.ts";
import { scatterMatrix } from "./scatter.ts";
import { createState, type KieferWolfowitzState, restartAverage, type Tuning } from "./state.ts";
import { isSlower, tune, warmSteps } from "./tuning.ts";
import { WatchedInterval } from "./watched-interval.ts";

const NOISE_CHECKS = 3;
const FORMAT = 2;
/** Pilots after the first, each at the end of a burn-in. */
const MOST_LOOKS = 6;

/** Averaged steps, in lengths of the burn-in, after which it is asked whether that was long enough. */
const PROLONG_AT: readonly number[] = [1, 2, 4, 8];
/** Transients by the curvature met that suffice then: more than the diagnostics ask for, as early figures are rough. */
const PROLONG_BELOW = 4;

/** An estimate with its interval. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Which interval or test is meant. */
export interface IntervalOptions {
  /** Default 0.95. */
  readonly level?: number;
  /** Default the first of the option `inference`. */
  readonly method?: IntervalMethod;
  /** Weights w of w'theta in place of one interval a coordinate. */
  readonly contrast?: ArrayLike<number>;
}

/** What `toJSON` of the estimator gives: the state in base64, with the estimate to read. */
export interface SavedEstimator {
  readonly format: "fpx-kiefer-wolfowitz";
  readonly version: number;
  readonly count: number;
  readonly estimate: readonly number[];
  readonly state: string;
}

/** A two-sided test of one number. */
export interface TestResult {
  readonly estimate: number;
  readonly statistic: number;
  readonly pValue: number;
}

/**
 * Minimises an expected loss that can be evaluated but not differentiated, in one pass over a stream and in memory
 * that does not grow with it, and says how far the estimate may be off: averaged Kiefer-Wolfowitz iterates.
 *
 * Intervals of `confidenceInterval` hold at one number of observations that is fixed beforehand. Do not watch them:
 * the second call at another count throws `WatchedInterval`. What may be watched is `confidenceSequence`.
 *
 * Source: Chen, Lai, Li, Zhang, Journal of the American Statistical Association, doi 10.1080/01621459.2023.2296703.
 *
 * @example
 * const fit = new AveragedKieferWolfowitz({ initial: [0, 0], loss: (theta, { x, y }) => (y - theta[0] - theta[1] * x) ** 2 });
 * for (const row of rows) fit.update(row);
 * fit.confidenceInterval({ level: 0.95 }); // [{ estimate, lower, upper }, ...]
 */
export class AveragedKieferWolfowitz<Z> {
  readonly #state: KieferWolfowitzState<Z>;
  readonly #loss: Loss<Z>;
  #recursion: Recursion<Z> | null = null;

  /** @throws InvalidInput naming the option and its range. */
  constructor(options: KieferWolfowitzOptions<Z>);
  /** Goes on from a state, which is changed in place. */
  constructor(state: KieferWolfowitzState<Z>, loss: Loss<Z>);
  constructor(from: KieferWolfowitzOptions<Z> | KieferWolfowitzState<Z>, loss?: Loss<Z>) {
    if ("settings" in from) {
      this.#state = from;
      this.#loss = loss!;
    } else {
      this.#state = createState(settle(from));
      this.#loss = from.loss;
    }
  }

  /** Observations taken. */
  get count(): number {
    return this.#state.seen;
  }

  /** Calls of the loss. */
  get evaluations(): number {
    return this.#state.evaluations;
  }

  /** Observations behind the average. */
  get averaged(): number {
    return this.#state.averaged;
  }

  /** The state, for solvers that keep it; borrowed. */
  get state(): KieferWolfowitzState<Z> {
    return this.#state;
  }

  /**
   * Takes one observation: about m + 1 calls of the loss.
   *
   * @throws InvalidInput when the loss draws fresh noise, or the pilot finds no curvature.
   * @throws NonFinite when the loss is NaN or infinite.
   */
  update(observation: Z): void {
    const state = this.#state;
    if (state.seen++ < NOISE_CHECKS) this.#checkNoise(observation);
    if (state.tuning === null) this.#prepare(observation);
    else if (this.#mayLook(state.tuning)) this.#lookAgain(state.tuning, observation);
    else {
      this.#recursion ??= this.#resume(state.tuning);
      this.#recursion.update(observation, state.seen);
      this.#lookUp(state.tuning);
    }
  }

  /**
   * Takes a stretch of rows, d + 1 numbers each, one after the other: what `update` gives for each of them, to the bit,
   * several times faster where the loss is one of the score (`linearLoss`, `scoreLoss`, ...). Rows before one that
   * throws have been taken.
   *
   * @throws InvalidInput when the rows do not come out whole; else as `update`.
   * @example fit.updateRows(Float64Array.of(1, 0.5, 2.1, 1, -0.3, 0.8)); // two rows of two features and a response
   */
  updateRows(this: AveragedKieferWolfowitz<Row>, rows: Float64Array): void {
    const state = this.#state;
    const width = state.theta.length + 1;
    if (rows.length % width !== 0) {
      throw new InvalidInput(`rows has ${rows.length} numbers: give whole rows of ${width}`);
    }
    for (let at = 0; at < rows.length; ) {
      const steps = Math.min(this.#undisturbed(), (rows.length - at) / width);
      const end = at + width * Math.max(1, steps);
      if (steps === 0 || !isScoreLoss(this.#loss)) {
        this.update(rows.slice(at, at + width));
        at += width;
        continue;
      }
      const tuning = state.tuning!;
      this.#recursion ??= this.#resume(tuning);
      const inner = state.warm ?? state;
      const before = inner.steps;
      try {
        this.#recursion.updateRows(rows.subarray(at, end), state.seen + 1);
      } catch (error) {
        state.seen++;
        throw error;
      } finally {
        state.seen += inner.steps - before;
      }
      this.#lookUp(tuning);
      at = end;
    }
  }

  /** For so many observations nothing is to be done but the recursion; then `#lookUp`. */
  #undisturbed(): number {
    const { seen, tuning, warm, settings, steps, averaged } = this.#state;
    if (seen < NOISE_CHECKS || tuning === null || this.#mayLook(tuning)) return 0;
    if (warm !== null) return warmSteps(settings) - warm.steps;
    if (!this.#ownBurnIn(tuning)) return Number.POSITIVE_INFINITY;
    const { burnIn } = tuning;
    if (steps < burnIn) return burnIn - steps;
    return Math.min(...PROLONG_AT.map((times) => times * burnIn - averaged).filter((left) => left > 0));
  }

  /** What may be due after a step. */
  #lookUp(tuning: Tuning): void {
    const { warm, settings } = this.#state;
    if (warm !== null && warm.steps === warmSteps(settings)) this.#endWarm(warm);
    else this.#prolong(tuning);
  }

  /** Whether the burn-in is the estimator's to choose. */
  #ownBurnIn({ transient }: Tuning): boolean {
    const { burnIn, warmStart } = this.#state.settings;
    return transient !== null && burnIn === "auto" && !warmStart;
  }

  /** At the end of the burn-in the curvature may be another than at the start. */
  #mayLook(tuning: Tuning): boolean {
    const { steps, looks } = this.#state;
    return looks < MOST_LOOKS && steps === tuning.burnIn && this.#ownBurnIn(tuning);
  }

  /** After once, twice, ... as many averaged steps as burnt ones: all are burnt if the curvature met asks for more. */
  #prolong(tuning: Tuning): void {
    const state = this.#state;
    const { averaged, steps, settings } = state;
    if (!PROLONG_AT.includes(averaged / tuning.burnIn) || !this.#ownBurnIn(tuning)) return;
    if (2 * steps > settings.horizon || !beganBefore(state, PROLONG_BELOW)) return;
    state.tuning = { ...tuning, burnIn: steps };
    restartAverage(state);
    this.#recursion = null;
  }

  /** Another pilot where the burn-in has led to; when it finds far less curvature, the burn-in begins again from there. */
  #lookAgain(tuning: Tuning, observation: Z): void {
    const state = this.#state;
    const { settings, waiting, theta } = state;
    waiting.push(observation);
    if (waiting.length < settings.pilot) return;
    state.looks++;
    let found: Tuning | undefined;
    try {
      found = tune(settings, this.#pilot(theta.slice()));
    } catch (error) {
      // Where the burn-in has led to, a pilot may find no curvature; the constants from the start hold on.
      if (!(error instanceof InvalidInput)) throw error;
    }
    state.waiting = [];
    if (found === undefined || !isSlower(found, tuning)) {
      state.looks = MOST_LOOKS;
      return;
    }
    state.tuning = found;
    state.steps = 0;
    this.#recursion = null;
  }

  #pilot(at: Float64Array): Pilot {
    const state = this.#state;
    const { settings, waiting } = state;
    const pilot = runPilot(this.#loss, waiting, at, createRng(settings.seed), (k) => settings.names[k]!);
    state.evaluations += pilot.evaluations;
    return pilot;
  }

  #resume(tuning: Tuning): Recursion<Z> {
    const { warm } = this.#state;
    return warm === null
      ? new Recursion(this.#state, tuning, this.#loss)
      : new Recursion(warm, warm.tuning!, this.#loss);
  }

  #endWarm(warm: KieferWolfowitzState<Z>): void {
    const state = this.#state;
    state.theta.set(warm.average);
    state.average.set(warm.average);
    state.evaluations += warm.evaluations;
    state.warm = null;
    this.#recursion = null;
  }

  /** The constants: those given, or from a pilot, for which the observations wait until there are enough. */
  #prepare(observation: Z): void {
    const state = this.#state;
    const { settings, waiting } = state;
    waiting.push(observation);
    const given = settings.step;
    if (given === null) {
      if (waiting.length < settings.pilot) return;
      const pilot = this.#pilot(settings.initial);
      const tuning = tune(settings, pilot);
      state.tuning = settings.warmStart ? { ...tuning, burnIn: 0 } : tuning;
      if (settings.warmStart) {
        const d = settings.initial.length;
        const warm = createState<Z>({
          ...settings,
          newton: false,
          directions: "coordinate",
          queries: d,
          replacement: false,
          methods: [],
          correctBias: false,
          contrasts: [],
        });
        warm.tuning = { ...tune(settings, pilot, 1), burnIn: Math.floor(warmSteps(settings) / 2) };
        state.warm = warm;
      }
      state.waiting = [];
      return;
    }
    const d = settings.initial.length;
    const burnIn = settings.burnIn === "auto" ? 0 : settings.burnIn;
    state.tuning = {
      ...given,
      scales: new Float64Array(d).fill(1),
      burnIn,
      transient: null,
      singular: false,
      curvatureGuessed: false,
    };
    state.waiting = [];
    this.#recursion = this.#resume(state.tuning);
    this.#recursion.update(observation, state.seen);
  }

  #checkNoise(observation: Z): void {
    const { settings } = this.#state;
    const once = () => this.#loss(settings.initial.slice(), observation);
    const [first, second] = [once(), once()];
    this.#state.evaluations += 2;
    if (!Object.is(first, second)) {
      throw new InvalidInput(
        `the loss gave ${first} and then ${second} for the same theta and observation: it draws fresh noise or changes the observation; put all randomness into the observation, such as a seed`,
        { code: "FRESH_NOISE" },
      );
    }
  }

  /**
   * The averaged iterate; during burn-in the iterate itself. With `inference: "plug-in"`, a smooth loss and
   * `step: "auto"` it is freed of the bias that a loss leaves which is not quadratic (option `correctBias`).
   */
  estimate(): Float64Array {
    return estimateOf(this.#state);
  }

  /**
   * The last iterate, which spreads far wider than the estimate, with its covariance (d by d) and intervals of the
   * given level by the plug-in; both null without it, or before 2 averaged observations.
   */
  lastIterate({ level = 0.95 }: { readonly level?: number } = {}): {
    readonly iterate: Float64Array;
    readonly covariance: Float64Array | null;
    readonly intervals: readonly Interval[] | null;
  } {
    checkLevel(level);
    const { theta, plugIn } = this.#state;
    const iterate = theta.slice();
    if (plugIn === null || plugIn.count < 2) return { iterate, covariance: null, intervals: null };
    const covariance = iterateCovariance(this.#state);
    this.#fixed();
    const critical = normalQuantile((1 + level) / 2);
    const intervals = Array.from(iterate, (estimate, k) => {
      const radius = critical * Math.sqrt(covariance[k * (iterate.length + 1)]!);
      return { estimate, lower: estimate - radius, upper: estimate + radius };
    });
    return { iterate, covariance, intervals };
  }

  /** The Hessian of the expected loss, d by d, from second differences, without floor; needs `plug-in`. */
  hessian(): Float64Array {
    return momentsOf(this.#state).hessian.map((x, i) => x / unitOf(this.#state, i));
  }

  /** The mean of g g', d by d; needs `plug-in`. */
  gram(): Float64Array {
    return momentsOf(this.#state).gram.map((x, i) => x / unitOf(this.#state, i));
  }

  /**
   * Covariance of the estimate, row-major d by d. By random scaling it serves for intervals with that method's own
   * critical values only, and needs `scatter: "full"`.
   */
  covariance(options: { readonly method?: IntervalMethod } = {}): Float64Array {
    const method = methodOf(this.#state, options.method);
    const covariance = covarianceOf(this.#state, method);
    if (method !== "plug-in") this.#fixed();
    return covariance;
  }

  /**
   * Intervals for a number of observations that was fixed beforehand: one a coordinate, or one of the contrast.
   *
   * @throws WatchedInterval when one was asked for at another count.
   * @throws InvalidInput for a level outside (0, 1), fewer than 2 averaged observations, or a contrast not kept.
   */
  confidenceInterval(options: IntervalOptions = {}): Interval[] {
    const { level = 0.95 } = options;
    checkLevel(level);
    const method = methodOf(this.#state, options.method);
    const entries = entriesOf(this.#state, method, options.contrast);
    this.#fixed();
    const critical =
      method === "random-scaling" ? randomScalingQuantile(level) : normalQuantile((1 + level) / 2);
    return entries.map(({ estimate, deviation }) => ({
      estimate,
      lower: estimate - critical * deviation,
      upper: estimate + critical * deviation,
    }));
  }

  /** Two-sided tests of each coordinate, or of the contrast, against `hypothesis` (default 0). */
  test(options: IntervalOptions & { readonly hypothesis?: number } = {}): TestResult[] {
    const { hypothesis = 0 } = options;
    const method = methodOf(this.#state, options.method);
    const entries = entriesOf(this.#state, method, options.contrast);
    this.#fixed();
    return entries.map(({ estimate, deviation }) => {
      const statistic = (estimate - hypothesis) / deviation;
      const pValue =
        method === "random-scaling" ? randomScalingPValue(statistic) : 2 * normalTail(Math.abs(statistic));
      return { estimate, statistic, pValue: Math.min(1, pValue) };
    });
  }

  /**
   * Joint test by random scaling that the kept contrasts, or without any all coordinates (`scatter: "full"`), are the
   * `values` (default zeros).
   */
  jointTest(values?: ArrayLike<number>): { readonly statistic: number; readonly pValue: number } {
    const { contrastScatter, scatter, settings, averaged, average } = this.#state;
    needAveraged(this.#state);
    const kept = contrastScatter ?? (scatter?.full ? scatter : null);
    if (kept === null) {
      throw new InvalidInput(`a joint test needs random scaling with contrasts, or with scatter: "full"`);
    }
    const centre = contrastScatter === null ? average : contrastsOf(settings.contrasts, average);
    const l = centre.length;
    if (values !== undefined && values.length !== l) {
      throw new InvalidInput(`values has ${values.length} numbers: give ${l}`);
    }
    this.#fixed();
    const estimate =
      contrastScatter === null ? this.estimate() : contrastsOf(settings.contrasts, this.estimate());
    const apart = estimate.map((x, i) => x - (values?.[i] ?? 0));
    const whitened = solveTriangular(cholesky(scatterMatrix(kept, centre), l), l, apart);
    let statistic = 0;
    for (const x of whitened) statistic += averaged * x * x;
    return { statistic, pValue: jointRandomScalingPValue(statistic, l) };
  }

  /**
   * Intervals that hold at all counts together and so may be watched; infinite before ten transients. They need
   * `inference: "plug-in"`; `tOpt` (default 10,000) is the count where they are about the shortest.
   */
  confidenceSequence(options: { readonly level?: number; readonly tOpt?: number } = {}): Interval[] {
    const { level = 0.95, tOpt = 10_000 } = options;
    checkLevel(level);
    checkInteger("tOpt", tOpt, 1);
    const { averaged, tuning, theta, plugIn } = this.#state;
    if (plugIn === null) {
      throw new InvalidInput(`a confidence sequence needs inference: "plug-in"`);
    }
    const d = theta.length;
    const early = averaged < Math.max(2, 10 * (tuning?.transient ?? 10));
    const covariance = early ? null : this.covariance({ method: "plug-in" });
    return Array.from(this.estimate(), (estimate, k) => {
      const deviation =
        covariance === null ? Number.POSITIVE_INFINITY : Math.sqrt(covariance[k * d + k]! * averaged);
      const radius = deviation * confidenceRadius(Math.max(1, averaged), level, tOpt);
      return { estimate, lower: estimate - radius, upper: estimate + radius };
    });
  }

  /** Whether the figures can be trusted; asks for no interval, so it may be called at any time. */
  diagnostics(): Diagnostics {
    return diagnosticsOf(this.#state);
  }

  /** The state as JSON, with the estimate to read; `fromJSON` goes on from it bit for bit. */
  toJSON(): SavedEstimator {
    let text = "";
    for (const byte of encode(this.#state)) text += String.fromCharCode(byte);
    const estimate = Array.from(this.estimate());
    return {
      format: "fpx-kiefer-wolfowitz",
      version: FORMAT,
      count: this.count,
      estimate,
      state: btoa(text),
    };
  }

  /** @throws InvalidInput when this is no saved estimator; SnapshotMismatch when it is damaged. */
  static fromJSON<Z>(saved: unknown, loss: Loss<Z>): AveragedKieferWolfowitz<Z> {
    const { format, version, state } = (saved ?? {}) as Readonly<Record<string, unknown>>;
    if (format !== "fpx-kiefer-wolfowitz" || version !== FORMAT || typeof state !== "string") {
      throw new InvalidInput("this is no estimator saved by toJSON of this version");
    }
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(state) || state.length % 4 !== 0)
      throw new SnapshotMismatch("the saved estimator is damaged: its state is no base64");
    const bytes = Uint8Array.from(atob(state), (c) => c.charCodeAt(0));
    const inner = decode(bytes) as KieferWolfowitzState<Z> | null;
    if (typeof inner !== "object" || inner === null || !("settings" in inner))
      throw new SnapshotMismatch("the saved estimator is damaged: its state holds no settings");
    return new AveragedKieferWolfowitz(inner, loss);
  }

  /** Holds intervals to one count. */
  #fixed(): void {
    const state = this.#state;
    if (state.askedAt !== null && state.askedAt !== state.seen) {
      throw new WatchedInterval(state.askedAt, state.seen);
    }
    state.askedAt = state.seen;
  }
}
