import { checkCount, checkOpen, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { createRng, type Seed } from "../random/index.ts";
import { directionsOf } from "./directions.ts";
import { estimateGradient, type Objective } from "./gradient.ts";
import { geometricLevels } from "./levels.ts";

/** Options of `checkGradient`. */
export interface CheckGradientOptions {
  /** Directions to compare along; default 200. */
  readonly draws?: number;
  /** Standard errors that count as a difference; default 5, exceeded by chance once in about two million checks. */
  readonly z?: number;
  /** First step of the estimates, which are unbiased whatever it is; default 2⁻⁷. */
  readonly mu?: number;
  /** Default 0. */
  readonly seed?: Seed;
  /** Sample that the loss is asked for; default 0. */
  readonly sample?: number;
}

/** How a claimed gradient compares with the loss. */
export interface GradientCheck {
  readonly ok: boolean;
  /** Largest |z| over coordinates. */
  readonly maxZ: number;
  /** The mean difference of each coordinate over its standard error. */
  readonly z: Float64Array;
  /** The coordinate of `maxZ`. */
  readonly worst: number;
  /** Norm of the mean difference over the claimed gradient's norm. */
  readonly relativeError: number;
}

/**
 * Tests a hand-written gradient by the values of its loss: (v·claimed − P4) v has mean claimed − ∇f, so each coordinate
 * gets a z-score in place of an arbitrary tolerance. Differences below about 1e-5 of the
 * gradient's norm do not count: the estimates' own rounding lies there.
 *
 * @throws InvalidInput for options out of range or a gradient of another length; NonFinite where a value is not finite.
 * @example checkGradient((x) => x[0]! ** 3, (x) => [3 * x[0]! ** 2], [1.5]).ok; // true
 */
export function checkGradient(
  f: Objective,
  gradient: ArrayLike<number> | ((x: Float64Array) => ArrayLike<number>),
  x: ArrayLike<number>,
  options: CheckGradientOptions = {},
): GradientCheck {
  const { draws = 200, z: limit = 5, mu = 2 ** -7, seed = 0, sample = 0 } = options;
  checkCount("draws", draws, 2);
  checkOpen("z", limit, 0);
  checkOpen("mu", mu, 0);
  checkVector("x", x);
  const claimed = typeof gradient === "function" ? gradient(Float64Array.from(x)) : gradient;
  if (claimed?.length !== x.length)
    throw new InvalidInput(
      `the gradient has length ${claimed?.length}, x has ${x.length}: give one number each`,
    );
  checkVector("gradient", claimed, x.length);

  // Few levels: what they leave of the bias lies below the rounding that more would bring.
  const levels = geometricLevels({ mu, tolerance: 1e-6 });
  const { directional } = estimateGradient(f, x, {
    method: "p4",
    levels,
    numDirections: draws,
    seed,
    sample,
  });
  const d = x.length;
  const draw = directionsOf("rademacher", createRng(seed), 0);
  const v = new Float64Array(d);
  const [mean, square] = [new Float64Array(d), new Float64Array(d)];
  let size = 0;
  for (let k = 0; k < draws; k++) {
    draw(k, v);
    let slope = 0;
    for (let i = 0; i < d; i++) slope += v[i]! * claimed[i]!;
    size += (Math.abs(slope) + Math.abs(directional[k]!)) / draws;
    const difference = slope - directional[k]!;
    for (let i = 0; i < d; i++) {
      mean[i]! += (difference * v[i]!) / draws;
      square[i]! += (difference * v[i]!) ** 2 / draws;
    }
  }
  // The smallest step's own bias and rounding.
  const floor = size * Math.max(levels.mu.at(-1)!, 1e-6);
  const z = mean.map((m, i) => m / (Math.sqrt((square[i]! - m * m) / (draws - 1)) + floor));
  let worst = 0;
  for (let i = 1; i < d; i++) if (Math.abs(z[i]!) > Math.abs(z[worst]!)) worst = i;
  const norm = (a: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += a[i]! ** 2;
    return Math.sqrt(sum);
  };
  const maxZ = Math.abs(z[worst]!);
  return { ok: maxZ <= limit, maxZ, z, worst, relativeError: norm(mean) / Math.max(norm(claimed), 1e-300) };
}
