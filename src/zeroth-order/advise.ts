import { checkCount, checkShare } from "../core/checks.ts";

/** What is known of a problem before it is run. */
export interface ProblemShape {
  readonly dimension: number;
  /** Evaluations that may be spent. */
  readonly evaluations: number;
  /** Standard deviation of the loss's noise over the loss's range of interest; default 0, an exact loss. */
  readonly noise?: number;
  /** Whether the noise can be repeated by passing a seed; default true. */
  readonly commonNoise?: boolean;
  /** Whether the loss is smooth; default true. */
  readonly smooth?: boolean;
  /** Whether a step size small enough for exact differences is known; default true. */
  readonly stepKnown?: boolean;
  /** Whether there is memory for a second copy of the parameters; default true. */
  readonly copyFits?: boolean;
}

/** What to use, and why. */
export interface Advice {
  readonly use: "finite-difference-lbfgs" | "cma-es" | "central" | "p4" | "seed-replay";
  /** Whether fpx has it. */
  readonly here: boolean;
  readonly reason: string;
}

/**
 * Says what would serve a problem best, also when that is another library: for exact, smooth losses of up to a few hundred
 * dimensions L-BFGS on finite differences or CMA-ES end far nearer to the optimum for the same evaluations.
 *
 * @throws InvalidInput when a number is out of range.
 * @example advise({ dimension: 30, evaluations: 12_000 }).use; // "finite-difference-lbfgs"
 */
export function advise(problem: ProblemShape): Advice {
  const { dimension, evaluations, noise = 0, commonNoise = true, smooth = true } = problem;
  const { stepKnown = true, copyFits = true } = problem;
  checkCount("dimension", dimension);
  checkCount("evaluations", evaluations);
  checkShare("noise", noise, 0, Number.POSITIVE_INFINITY);
  const exact = noise === 0;
  if (!copyFits)
    return {
      use: "seed-replay",
      here: true,
      reason: "without room for a second copy only seed replay in place (mezo) trains",
    };
  if (exact && smooth && dimension <= 500 && evaluations >= 4 * (dimension + 1))
    return {
      use: "finite-difference-lbfgs",
      here: false,
      reason: `the loss is exact and smooth and ${evaluations} evaluations pay for ${Math.floor(evaluations / (dimension + 1))} gradients by differences in ${dimension} dimensions`,
    };
  if ((exact || commonNoise) && dimension <= 200 && evaluations >= 50 * dimension)
    return {
      use: "cma-es",
      here: false,
      reason: `in ${dimension} dimensions ${evaluations} evaluations are enough for CMA-ES to learn the curvature`,
    };
  if (!exact && !commonNoise)
    return {
      use: "central",
      here: true,
      reason:
        "noise that cannot be repeated is divided by the step: central differences with a large mu suffer least, P4 most",
    };
  if (!stepKnown)
    return {
      use: "p4",
      here: true,
      reason: "P4 stays unbiased when mu is too large, for 3.5 evaluations a draw in place of 2",
    };
  return {
    use: "central",
    here: true,
    reason: `at a small mu a central difference has the least variance for its evaluations; ${dimension} dimensions or noise rule curvature methods out`,
  };
}
