/** The estimators that the study compares where descent ends, and what its rows share. */
import { type GradientOptions, type MinimizeOptions, type Minimum, zipfLevels } from "fpx/zeroth-order";

/** In the order of the tables. */
export const ESTIMATOR_NAMES = ["forward", "central", "P4", "P3"] as const;
export type Estimator = (typeof ESTIMATOR_NAMES)[number];

/** Options by mu. */
const ESTIMATORS: Readonly<Record<Estimator, (mu: number) => GradientOptions>> = {
  forward: (mu) => ({ method: "forward", mu, directions: "sphere" }),
  central: (mu) => ({ method: "central", mu, directions: "sphere" }),
  P4: (mu) => ({ method: "p4", mu, directions: "sphere" }),
  P3: (mu) => ({ method: "p3", levels: zipfLevels({ mu, count: 20 }), directions: "sphere" }),
};

/** A descent whose end is asked for. */
export interface Descent {
  readonly estimator: Estimator;
  readonly mu: number;
  readonly stepSize: number;
  readonly seed: number;
}

/** Options of `minimize` for a descent. */
export const optionsOf = ({
  estimator,
  mu,
  stepSize,
  seed,
}: Descent): Pick<MinimizeOptions, "gradient" | "stepSize" | "seed"> => ({
  gradient: ESTIMATORS[estimator](mu),
  stepSize,
  seed,
});

/** Where a descent ended; infinite when it diverged. */
export const endOf = ({ reason, value }: Minimum): number =>
  reason === "diverged" ? Number.POSITIVE_INFINITY : value;

/** Five seeds, on which every figure of the study rests. */
export const seedsFrom = (seed: number): readonly number[] => Array.from({ length: 5 }, (_, k) => seed + k);

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1]!;
