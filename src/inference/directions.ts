/**
 * The laws of random directions v with E[vv'] = I (section 2 of the paper), drawn for step n from its own place in
 * the seed's streams, so that nothing but the step's number decides them.
 */
import { InvalidInput } from "../core/errors.ts";
import type { Rng } from "../random/index.ts";
import { checkFinite } from "./checks.ts";

/**
 * `coordinate`: sqrt(d) times a random axis; `sphere`: uniform of radius sqrt(d); `gaussian`: standard normal;
 * `basis`: sqrt(d) times a random one of d orthonormal vectors; `probabilities`: axis k with probability p_k, of
 * length p_k^(-1/2); `sequence`: recorded directions taken in turn, for replays.
 */
export type DirectionLaw =
  | "coordinate"
  | "sphere"
  | "gaussian"
  | { readonly basis: readonly (readonly number[])[] }
  | { readonly probabilities: readonly number[] }
  | { readonly sequence: readonly (readonly number[])[] };

/** How the directions of one step are drawn. */
export interface DirectionPlan {
  readonly law: DirectionLaw;
  readonly dimension: number;
  /** Directions a step. */
  readonly queries: number;
  /** Whether axes or basis vectors may come twice in one step. */
  readonly replacement: boolean;
  /** Random signs take away the bias of forward differences along fixed axes. */
  readonly signs: "random" | "plus";
}

/** Whether the law draws one of d vectors, so that drawing without replacement has a meaning. */
export function drawsOneOf(law: DirectionLaw): boolean {
  return law === "coordinate" || (typeof law === "object" && "basis" in law);
}

const BLOCK = 256;
const DENSE_BLOCK = 8192;

/**
 * The directions of a step. Laws along axes are sparse: direction j is `amplitudes[j]` times axis `coordinates[j]`.
 * The others lie in `vectors`, one row of d numbers each.
 */
export class Directions {
  readonly sparse: boolean;
  readonly coordinates: Uint32Array;
  readonly amplitudes: Float64Array;
  readonly vectors: Float64Array;
  readonly #plan: DirectionPlan;
  readonly #rng: Rng;
  /** Axes in the order left by earlier draws without replacement; part of the estimator's state. */
  readonly #order: Uint32Array;
  readonly #block: number;
  readonly #lengths: Float64Array;
  readonly #cumulative: Float64Array;
  #loaded = -1;
  #picks: Uint32Array = new Uint32Array();
  #uniforms: Float64Array = new Float64Array();
  #signs: Float64Array = new Float64Array();
  #normals: Float64Array = new Float64Array();

  constructor(plan: DirectionPlan, rng: Rng, order: Uint32Array) {
    const { law, dimension: d, queries: m } = plan;
    this.#plan = plan;
    this.#rng = rng;
    this.#order = order;
    this.sparse = law === "coordinate" || (typeof law === "object" && "probabilities" in law);
    this.coordinates = new Uint32Array(m);
    this.amplitudes = new Float64Array(m);
    this.vectors = new Float64Array(this.sparse ? 0 : m * d);
    const dense = law === "sphere" || law === "gaussian";
    this.#block = dense ? Math.max(1, Math.floor(DENSE_BLOCK / (m * d))) : BLOCK;
    const probabilities = typeof law === "object" && "probabilities" in law ? law.probabilities : [];
    this.#lengths = Float64Array.from(probabilities, (p) => p ** -0.5);
    this.#cumulative = new Float64Array(probabilities.length);
    let sum = 0;
    for (let k = 0; k < probabilities.length; k++) this.#cumulative[k] = sum += probabilities[k]!;
  }

  /** Draws the directions of step n = 0, 1, ...; without replacement the steps must come in their order. */
  draw(n: number): void {
    const block = Math.floor(n / this.#block);
    if (block !== this.#loaded) this.#load(block);
    const at = n - block * this.#block;
    const { law, dimension: d, queries: m } = this.#plan;
    if (law === "sphere" || law === "gaussian") this.#dense(law, at);
    else if (typeof law === "object" && "sequence" in law) {
      for (let j = 0; j < m; j++) {
        const row = law.sequence[(n * m + j) % law.sequence.length]!;
        for (let k = 0; k < d; k++) this.vectors[j * d + k] = row[k]!;
      }
    } else {
      this.#choose(at);
      for (let j = 0; j < m; j++) {
        const k = this.coordinates[j]!;
        const length = this.#lengths.length > 0 ? this.#lengths[k]! : Math.sqrt(d);
        this.amplitudes[j] = this.#signs.length > 0 ? this.#signs[at * m + j]! * length : length;
        if (typeof law === "object" && "basis" in law) {
          const row = law.basis[k]!;
          for (let i = 0; i < d; i++) this.vectors[j * d + i] = this.amplitudes[j]! * row[i]!;
        }
      }
    }
  }

  #load(block: number): void {
    this.#loaded = block;
    const { law, dimension: d, queries: m, replacement, signs } = this.#plan;
    const steps = this.#block;
    const first = block * steps;
    if (law === "sphere" || law === "gaussian") {
      if (this.#normals.length === 0) this.#normals = new Float64Array(steps * m * d);
      this.#rng.stream("direction").normals(this.#normals, first * m * d);
      return;
    }
    if (typeof law === "object" && "sequence" in law) return;
    if (signs === "random") {
      if (this.#signs.length === 0) this.#signs = new Float64Array(steps * m);
      this.#rng.stream("sign").signs(this.#signs, first * m);
    }
    if (this.#lengths.length > 0) {
      if (this.#uniforms.length === 0) this.#uniforms = new Float64Array(steps * m);
      this.#rng.stream("axis").uniforms(this.#uniforms, first * m);
    } else if (m < d || replacement) {
      if (this.#picks.length === 0) this.#picks = new Uint32Array(steps * m);
      for (let j = 0; j < m; j++) {
        const picks = this.#picks.subarray(j * steps, (j + 1) * steps);
        this.#rng.stream("axis", 0, j).integers(replacement ? d : d - j, picks, first);
      }
    }
  }

  #choose(at: number): void {
    const { dimension: d, queries: m, replacement } = this.#plan;
    const { coordinates } = this;
    for (let j = 0; j < m; j++) {
      if (this.#cumulative.length > 0) {
        const u = this.#uniforms[at * m + j]!;
        let k = 0;
        while (k < d - 1 && this.#cumulative[k]! < u) k++;
        coordinates[j] = k;
      } else if (this.#picks.length === 0) coordinates[j] = j;
      else {
        const pick = this.#picks[j * this.#block + at]!;
        if (replacement) coordinates[j] = pick;
        else {
          // One step of Fisher and Yates on the order that is there.
          const order = this.#order;
          const k = order[j + pick]!;
          order[j + pick] = order[j]!;
          order[j] = k;
          coordinates[j] = k;
        }
      }
    }
  }

  #dense(law: "sphere" | "gaussian", at: number): void {
    const { dimension: d, queries: m } = this.#plan;
    for (let j = 0; j < m; j++) {
      const from = (at * m + j) * d;
      let square = 0;
      for (let k = 0; k < d; k++) square += this.#normals[from + k]! ** 2;
      const scale = law === "sphere" ? Math.sqrt(d / square) : 1;
      for (let k = 0; k < d; k++) this.vectors[j * d + k] = scale * this.#normals[from + k]!;
    }
  }
}

/** Throws `InvalidInput` when a law does not fit the dimension or is none. */
export function checkLaw(law: DirectionLaw, d: number): void {
  if (law === "coordinate" || law === "sphere" || law === "gaussian") return;
  if (typeof law !== "object" || law === null) {
    throw new InvalidInput(
      `directions is ${JSON.stringify(law)}: give "coordinate", "sphere", "gaussian", { basis }, { probabilities } or { sequence }`,
    );
  }
  if ("probabilities" in law) {
    const { probabilities } = law;
    const sum = probabilities.reduce((a, b) => a + b, 0);
    if (probabilities.length !== d || probabilities.some((p) => !(p > 0)) || Math.abs(sum - 1) > 1e-9) {
      throw new InvalidInput(
        `directions.probabilities are ${probabilities.length} numbers with sum ${sum}: give ${d} positive ones with sum 1`,
      );
    }
    return;
  }
  const [name, rows] = "basis" in law ? ["basis", law.basis] : ["sequence", law.sequence];
  if (rows.length === 0 || rows.some((row) => row.length !== d)) {
    throw new InvalidInput(`directions.${name} must hold rows of ${d} numbers`);
  }
  for (const row of rows) for (const x of row) checkFinite(`a number of directions.${name}`, x);
  if ("basis" in law) checkOrthonormal(law.basis, d);
}

function checkOrthonormal(basis: readonly (readonly number[])[], d: number): void {
  if (basis.length !== d) throw new InvalidInput(`directions.basis has ${basis.length} rows: give ${d}`);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const product = basis[i]!.reduce((sum, x, k) => sum + x * basis[j]![k]!, 0);
      if (Math.abs(product - (i === j ? 1 : 0)) > 1e-8) {
        throw new InvalidInput(
          `directions.basis is not orthonormal: rows ${i} and ${j} have the product ${product}; orthonormalise them`,
        );
      }
    }
  }
}
