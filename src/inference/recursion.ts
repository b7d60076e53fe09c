/** The recursion itself: differences along directions, a step, the running average and what intervals are made of. */
import { NonFinite } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import { pushBatchMeans } from "./batch-means.ts";
import { Directions } from "./directions.ts";
import { closeStretch } from "./drift.ts";
import { type Nearby, NearbyScore, nearby } from "./nearby.ts";
import { turn } from "./newton.ts";
import type { Loss } from "./pilot.ts";
import { type PlugIn, pushAxisGram, pushGram, pushHessian } from "./plug-in.ts";
import { pushScatter } from "./scatter.ts";
import type { KieferWolfowitzState, Tuning } from "./state.ts";
import { KernelPlace, StatePlace, type Workplace } from "./workplace.ts";

const LEAST_SPACING = 1e-7;
const LEAST_HESSIAN_SPACING = 1e-4;

/** From so many coordinates on, rows are worked through in the kernels' memory. */
const KERNEL_DIMENSION = 12;

/** x^a for x > 0, which suffices here to a few roundings: a third of the time of `**`. */
const power = (x: number, a: number): number => Math.exp(a * Math.log(x));

/** Advances a state in place by one observation at a time. */
export class Recursion<Z> {
  readonly #state: KieferWolfowitzState<Z>;
  readonly #tuning: Tuning;
  readonly #near: Nearby<Z>;
  readonly #place: StatePlace;
  readonly #directions: Directions;
  readonly #gradient: Float64Array;
  readonly #contrast: Float64Array;
  readonly #single: Float64Array;
  readonly #distances: Float64Array;
  readonly #seconds: Float64Array;
  readonly #draws: Float64Array;
  readonly #hessianDraws: ((step: number) => Float64Array) | null;

  constructor(state: KieferWolfowitzState<Z>, tuning: Tuning, loss: Loss<Z>) {
    const { settings } = state;
    const d = settings.initial.length;
    const rng = createRng(settings.seed);
    this.#state = state;
    this.#tuning = tuning;
    this.#near = nearby(loss, d);
    this.#place = new StatePlace(state as KieferWolfowitzState<never>);
    const { directions: law, queries, replacement, signs } = settings;
    this.#directions = new Directions({ law, dimension: d, queries, replacement, signs }, rng, state.order);
    this.#gradient = new Float64Array(d);
    this.#contrast = new Float64Array(settings.contrasts.length);
    this.#single = new Float64Array(d);
    this.#distances = new Float64Array(d);
    this.#seconds = new Float64Array(state.plugIn === null ? 0 : (d * (d + 1)) / 2);
    this.#draws = new Float64Array(settings.hessian.rate < 1 ? (d * (d + 1)) / 2 : 0);
    this.#hessianDraws =
      settings.hessian.rate < 1
        ? (step) => rng.stream("hessian").uniforms(this.#draws, step * this.#draws.length)
        : null;
  }

  /** Takes observation `number`. Throws `NonFinite` when the loss or the iterate is no finite number any more. */
  update(z: Z, number: number): void {
    this.#near.move(this.#place.theta, z);
    this.#step(this.#place, number);
  }

  /**
   * Takes rows of d + 1 numbers one after the other, observations from `number` on, to the bits of `update`; for losses
   * of the score only. Rows before one that throws have been taken.
   */
  updateRows(rows: Float64Array, number: number): void {
    const near = this.#near;
    if (!(near instanceof NearbyScore))
      throw new Error("unreachable: rows of a loss that is not of the score");
    const d = this.#state.theta.length;
    const width = d + 1;
    const state = this.#state as KieferWolfowitzState<never>;
    const place = d < KERNEL_DIMENSION ? undefined : KernelPlace.open(state);
    if (place === undefined) {
      for (let at = 0; at < rows.length; at += width) {
        near.place(rows, at, this.#place.score(rows, at));
        this.#step(this.#place, number++);
      }
      return;
    }
    try {
      const room = place.rows.length;
      for (let from = 0; from < rows.length; from += room) {
        const part = rows.subarray(from, from + room);
        place.rows.set(part);
        for (let at = 0; at < part.length; at += width) {
          near.place(place.rows, at, place.score(at));
          this.#step(place, number++);
        }
      }
    } finally {
      place.close();
    }
  }

  /** One step around where `near` stands; one that throws leaves nothing of itself behind. */
  #step(place: Workplace, number: number): void {
    try {
      this.#advance(place, number);
    } catch (error) {
      this.#gradient.fill(0);
      throw error;
    }
  }

  #advance(place: Workplace, number: number): void {
    const state = this.#state;
    const { settings } = state;
    const { theta, average } = place;
    const tuning = this.#tuning;
    const { scales } = tuning;
    const directions = this.#directions;
    const gradient = this.#gradient;
    const near = this.#near;
    const { queries: m, central } = settings;
    const d = theta.length;
    const n = state.steps + 1;
    const eta = tuning.eta0 * power(n + tuning.offset, -tuning.alpha);
    const h = Math.max(LEAST_SPACING, settings.spacing.h0 * power(n, -settings.spacing.gamma));
    const counts = n > tuning.burnIn;
    const plugIn = counts ? state.plugIn : null;

    directions.draw(n - 1);
    const f0 = central && plugIn === null ? 0 : near.here();
    let calls = central && plugIn === null ? 0 : 1;
    let norm = 0;
    if (directions.sparse) {
      const { coordinates, amplitudes } = directions;
      for (let j = 0; j < m; j++) gradient[coordinates[j]!] = 0;
      for (let j = 0; j < m; j++) {
        const k = coordinates[j]!;
        const a = amplitudes[j]!;
        const shift = h * a * scales[k]!;
        const ahead = near.along(k, shift);
        const difference = central ? (ahead - near.along(k, -shift)) / 2 : ahead - f0;
        gradient[k]! += ((difference / h) * a) / m;
      }
      // The squared length over different axes; an axis that was drawn twice counts once.
      if (m === 1) norm = gradient[coordinates[0]!]! ** 2;
      else for (let k = 0; k < d; k++) norm += gradient[k]! ** 2;
    } else {
      gradient.fill(0);
      const { vectors } = directions;
      for (let j = 0; j < m; j++) {
        const row = j * d;
        const ahead = near.towards(h, scales, vectors, row);
        const difference = central ? (ahead - near.towards(-h, scales, vectors, row)) / 2 : ahead - f0;
        const quotient = difference / (h * m);
        for (let k = 0; k < d; k++) gradient[k]! += quotient * vectors[row + k]!;
      }
      for (let k = 0; k < d; k++) norm += gradient[k]! ** 2;
    }
    calls += central ? 2 * m : m;
    // Newton steps follow the burn-in; until then there is no Hessian to turn the gradient by.
    const newton = plugIn === null ? null : state.newton;
    let rate = eta;
    let move = gradient;
    if (newton !== null) {
      const { transient, offset } = tuning;
      rate = 1 / (plugIn!.count + 1 + (transient ?? offset));
      move = turn(newton, plugIn!, gradient, transient ?? offset, settings.hessian.floor);
      norm = 0;
      for (let k = 0; k < d; k++) norm += move[k]! ** 2;
    }
    const length = rate * Math.sqrt(norm);
    if (!Number.isFinite(length)) {
      throw new NonFinite(
        `the gradient estimate is not finite at observation ${number} (step ${n}, eta ${rate}, ${state.clipped} steps cut): check the observation and the loss, or take a smaller step`,
      );
    }
    if (plugIn !== null) {
      calls += this.#second(theta, f0, n, plugIn, number);
      if (directions.sparse && m === 1) {
        const k = directions.coordinates[0]!;
        pushAxisGram(plugIn, k, gradient[k]!, d);
      } else pushGram(plugIn, gradient);
    }
    let size = rate;
    if (length > tuning.clip) {
      size = (rate * tuning.clip) / length;
      if (counts) state.clipped++;
    }
    if (directions.sparse && newton === null) {
      for (let j = 0; j < m; j++) {
        const k = directions.coordinates[j]!;
        theta[k]! -= size * scales[k]! * gradient[k]!;
        gradient[k] = 0;
      }
    } else {
      for (let k = 0; k < d; k++) theta[k]! -= size * scales[k]! * move[k]!;
      gradient.fill(0);
    }
    state.steps = n;
    state.evaluations += calls;
    if (!counts) return;

    const count = ++state.averaged;
    place.push(count);
    if (state.contrastScatter !== null) {
      settings.contrasts.forEach((row, i) => {
        let sum = 0;
        for (let k = 0; k < d; k++) sum += row[k]! * average[k]!;
        this.#contrast[i] = sum;
      });
      pushScatter(state.contrastScatter, this.#contrast);
    }
    if (state.batchMeans !== null) pushBatchMeans(state.batchMeans, theta, tuning.alpha);
    if (count === state.drift.next) closeStretch(state.drift, count, average);
  }

  /** Second differences of the entries whose turn it is; gives the number of loss calls. */
  #second(theta: Float64Array, f0: number, n: number, plugIn: PlugIn, number: number): number {
    const { settings } = this.#state;
    const { h0, gamma, rate } = settings.hessian;
    const { scales } = this.#tuning;
    const h = Math.max(LEAST_HESSIAN_SPACING, h0 * power(n, -gamma));
    const near = this.#near;
    const single = this.#single.fill(Number.NaN);
    const d = theta.length;
    const draws = this.#hessianDraws?.(n - 1);
    const seconds = this.#seconds;
    let calls = 0;
    const alone = (k: number): number => {
      if (Number.isNaN(single[k]!)) {
        single[k] = near.along(k, h * scales[k]!);
        calls++;
      }
      return single[k]!;
    };
    for (let i = 0, entry = 0; i < d; i++) {
      for (let j = 0; j <= i; j++, entry++) {
        if (draws !== undefined && draws[entry]! >= rate) continue;
        const rest = f0 - alone(i) - alone(j);
        const second = (near.alongTwo(i, h * scales[i]!, j, h * scales[j]!) + rest) / (h * h);
        calls++;
        if (!Number.isFinite(second)) {
          throw new NonFinite(`a second difference is ${second} at observation ${number}: check the loss`);
        }
        seconds[entry] = second;
      }
    }
    // Nothing is kept of an observation whose loss fails half-way.
    const distances = this.#distances;
    if (plugIn.count === 0) plugIn.centre.set(theta);
    for (let k = 0; k < d; k++) distances[k] = (theta[k]! - plugIn.centre[k]!) / scales[k]!;
    for (let i = 0, entry = 0; i < d; i++)
      for (let j = 0; j <= i; j++, entry++)
        if (draws === undefined || draws[entry]! < rate)
          pushHessian(plugIn, i, j, seconds[entry]!, distances);
    return calls;
  }
}
