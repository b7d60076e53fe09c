import { InvalidInput } from "../core/errors.ts";
import { checkFinite, checkInteger, checkLevel } from "./checks.ts";

/**
 * The tuning rho^2 that makes the asymptotic sequence about the shortest at `tOpt`. q = 1 - level.
 */
export function mixtureVariance(level: number, tOpt: number): number {
  const q = 1 - level;
  const rest = -q * q - 2 * Math.log(q);
  return (rest + Math.log(1 + rest)) / tOpt;
}

/**
 * Half-width at t, for a standard deviation of 1, of the two-sided normal mixture: asymptotic, valid from a few hundred
 * observations on. Source: the asymptotic confidence sequences of Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas.
 */
export function confidenceRadius(t: number, level: number, tOpt: number): number {
  const rho2 = mixtureVariance(level, tOpt);
  const growth = t * rho2 + 1;
  return Math.sqrt(((2 * growth) / (t * t * rho2)) * Math.log(Math.sqrt(growth) / (1 - level)));
}

/** Two-sided boundary of the sum at intrinsic time v, with tuning `rho` and error q. */
export function normalMixture(v: number, q: number, rho: number): number {
  return Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * Math.log(1 / q)));
}

/** Stitched boundary of the sum at intrinsic time v, error `tail` on one side; s = 1.4, eta = 2. */
export function stitched(v: number, tail: number, v0: number, c: number): number {
  const s = 1.4;
  const eta = 2;
  const ZETA = 3.105547277977559; // Riemann's zeta at 1.4
  const k1 = (eta ** 0.25 + eta ** -0.25) / Math.SQRT2;
  const k2 = (Math.sqrt(eta) + 1) / 2;
  const time = Math.max(v, v0);
  const ell =
    s * Math.log(Math.log((eta * time) / v0)) + Math.log(ZETA / Math.log(eta) ** s) + Math.log(1 / tail);
  return Math.sqrt(k1 * k1 * time * ell + (k2 * c * ell) ** 2) + k2 * c * ell;
}

/** Options of `MeanConfidenceSequence`. */
export interface MeanSequenceOptions {
  /** Default 0.95. */
  readonly level?: number;
  /** Count where the asymptotic sequence is about the shortest; default 1000. */
  readonly tOpt?: number;
  /** Count from which the asymptotic sequence is finite; default 200. */
  readonly start?: number;
  /** Known bounds of the values: the sequence then holds exactly, at any count (empirical Bernstein). */
  readonly bounds?: readonly [number, number];
}

/**
 * An interval for a mean that holds at all counts together, and so may be looked at after every value.
 *
 * Without bounds it is asymptotic: infinite before `start` values, then of the normal mixture. With bounds it holds for
 * any law within them. Sources: Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 49(2), 2021.
 *
 * @example
 * const costs = new MeanConfidenceSequence({ bounds: [0, 1] });
 * for (const cost of stream) { costs.push(cost); console.log(costs.interval()); }
 */
export class MeanConfidenceSequence {
  readonly #level: number;
  readonly #tOpt: number;
  readonly #start: number;
  readonly #bounds: readonly [number, number] | undefined;
  #count = 0;
  #mean = 0;
  #squares = 0;
  #intrinsic = 0;

  constructor(options: MeanSequenceOptions = {}) {
    const { level = 0.95, tOpt = 1000, start = 200, bounds } = options;
    checkLevel(level);
    checkInteger("tOpt", tOpt, 1);
    checkInteger("start", start, 2);
    if (bounds !== undefined && !(bounds[0] < bounds[1] && Number.isFinite(bounds[1] - bounds[0]))) {
      throw new InvalidInput(
        `bounds are ${bounds[0]} and ${bounds[1]}: give two finite numbers, the lower first`,
      );
    }
    this.#level = level;
    this.#tOpt = tOpt;
    this.#start = start;
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return this.#mean;
  }

  /** @throws NonFinite for NaN or an infinity; InvalidInput for a value outside the bounds. */
  push(x: number): void {
    checkFinite("a value of the sequence", x);
    const bounds = this.#bounds;
    if (bounds !== undefined) {
      if (x < bounds[0] || x > bounds[1]) {
        throw new InvalidInput(
          `${x} lies outside the bounds ${bounds[0]} to ${bounds[1]}: give wider bounds`,
        );
      }
      const guess = this.#count === 0 ? (bounds[0] + bounds[1]) / 2 : this.#mean;
      this.#intrinsic += ((x - guess) / (bounds[1] - bounds[0])) ** 2;
    }
    const delta = x - this.#mean;
    this.#mean += delta / ++this.#count;
    this.#squares += delta * (x - this.#mean);
  }

  /** Lower and upper end; the bounds, or infinite, while too little is known. */
  interval(): [number, number] {
    const t = this.#count;
    const bounds = this.#bounds;
    if (bounds !== undefined) {
      if (t === 0) return [bounds[0], bounds[1]];
      const width = bounds[1] - bounds[0];
      const radius = (width * stitched(this.#intrinsic, (1 - this.#level) / 2, 10, 1)) / t;
      return [Math.max(bounds[0], this.#mean - radius), Math.min(bounds[1], this.#mean + radius)];
    }
    if (t < this.#start) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const deviation = Math.sqrt(this.#squares / t);
    const radius = deviation * confidenceRadius(t, this.#level, this.#tOpt);
    return [this.#mean - radius, this.#mean + radius];
  }
}
