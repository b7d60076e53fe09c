/** The loss of one observation near an iterate: what all differences are taken of. */
import { dotAt } from "../linalg/index.ts";
import { isScoreLoss, type Row, type ScoreLoss } from "./losses.ts";
import type { Loss } from "./pilot.ts";

export interface Nearby<Z> {
  /** Moves to an iterate, which is borrowed until the next move, and to an observation. */
  move(theta: Float64Array, observation: Z): void;
  /** The loss at the iterate. */
  here(): number;
  /** At theta + a e_i. */
  along(i: number, a: number): number;
  /** At theta + a e_i + b e_j; i and j may be equal. */
  alongTwo(i: number, a: number, j: number, b: number): number;
  /** At theta + step D v, with D = diag(scales) and v the d numbers of `vectors` from `from` on. */
  towards(step: number, scales: Float64Array, vectors: Float64Array, from: number): number;
}

export function nearby<Z>(loss: Loss<Z>, d: number): Nearby<Z> {
  // A score loss takes rows, so Z is the row.
  return isScoreLoss(loss)
    ? (new NearbyScore(loss, d) as Nearby<Row> as Nearby<Z>)
    : new NearbyPoint(loss, d);
}

/** Of any loss: each value is a call. */
class NearbyPoint<Z> implements Nearby<Z> {
  readonly #loss: Loss<Z>;
  readonly #point: Float64Array;
  #theta: Float64Array;
  #observation: Z | undefined;

  constructor(loss: Loss<Z>, d: number) {
    this.#loss = loss;
    this.#point = new Float64Array(d);
    this.#theta = this.#point;
  }

  move(theta: Float64Array, observation: Z): void {
    this.#theta = theta;
    this.#observation = observation;
    this.#point.set(theta);
  }

  here(): number {
    return this.#loss(this.#point, this.#observation!);
  }

  along(i: number, a: number): number {
    const point = this.#point;
    point[i]! += a;
    const value = this.here();
    point[i] = this.#theta[i]!;
    return value;
  }

  alongTwo(i: number, a: number, j: number, b: number): number {
    const point = this.#point;
    point[i]! += a;
    point[j]! += b;
    const value = this.here();
    point[i] = this.#theta[i]!;
    point[j] = this.#theta[j]!;
    return value;
  }

  towards(step: number, scales: Float64Array, vectors: Float64Array, from: number): number {
    const point = this.#point;
    for (let k = 0; k < point.length; k++) point[k]! += step * scales[k]! * vectors[from + k]!;
    const value = this.here();
    point.set(this.#theta);
    return value;
  }
}

/** Of a loss of the score: one inner product an observation, then a multiplication a value. */
export class NearbyScore implements Nearby<Row> {
  readonly #ofScore: (score: number, response: number) => number;
  readonly #d: number;
  #rows: Float64Array = new Float64Array();
  #at = 0;
  #score = 0;
  #response = 0;

  constructor({ ofScore }: ScoreLoss, d: number) {
    this.#ofScore = ofScore;
    this.#d = d;
  }

  move(theta: Float64Array, row: Row): void {
    this.place(row, 0, dotAt(row, 0, theta, 0, this.#d));
  }

  /** Moves to the row that begins at `at`, whose score is known. */
  place(rows: Float64Array, at: number, score: number): void {
    this.#rows = rows;
    this.#at = at;
    this.#score = score;
    this.#response = rows[at + this.#d]!;
  }

  here(): number {
    return this.#ofScore(this.#score, this.#response);
  }

  along(i: number, a: number): number {
    return this.#ofScore(this.#score + a * this.#rows[this.#at + i]!, this.#response);
  }

  alongTwo(i: number, a: number, j: number, b: number): number {
    const shift = a * this.#rows[this.#at + i]! + b * this.#rows[this.#at + j]!;
    return this.#ofScore(this.#score + shift, this.#response);
  }

  towards(step: number, scales: Float64Array, vectors: Float64Array, from: number): number {
    const rows = this.#rows;
    const at = this.#at;
    let shift = 0;
    for (let k = 0; k < this.#d; k++) shift += scales[k]! * vectors[from + k]! * rows[at + k]!;
    return this.#ofScore(this.#score + step * shift, this.#response);
  }
}
