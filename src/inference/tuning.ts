/** Constants of the recursion from what the pilot measured. */
import type { Settings } from "./options.ts";
import type { Pilot } from "./pilot.ts";
import type { Tuning } from "./state.ts";

/** tr Q_m / tr S of the settings' directions. */
function traceFactor({ directions, initial, queries: m, replacement }: Settings): number {
  const d = initial.length;
  if (directions === "gaussian") return (d + m + 1) / m;
  return replacement ? (d + m - 1) / m : d / m;
}

/** Observations of a warm start. */
export function warmSteps({ initial }: Settings): number {
  return 10 * (initial.length + 2);
}

/** Step, offset and burn-in from a pilot; `factor` is the noise that directions add. */
export function tune(settings: Settings, pilot: Pilot, factor: number = traceFactor(settings)): Tuning {
  const { alpha, c0, clip } = settings.automatic;
  const largest = c0 / (factor * pilot.radius);
  const transient = 1 / (largest * pilot.curvature);
  const burnIn =
    settings.burnIn === "auto" ? Math.floor(Math.min(5 * transient, settings.horizon / 2)) : settings.burnIn;
  return {
    scales: pilot.scales,
    eta0: largest * transient ** alpha,
    alpha,
    offset: transient,
    clip,
    burnIn,
    transient,
    singular: pilot.singular,
    curvatureGuessed: pilot.guessed,
  };
}

/** Step length before it falls, in scaled coordinates. */
export const largestStep = ({ eta0, alpha, offset }: Tuning): number => eta0 * offset ** -alpha;

/**
 * A loss must curve so many times less than at the start for the constants to be measured anew: larger steps cost
 * more bias where the loss is not quadratic than a transient of that length does.
 */
const SLOWER = 4;

/** Whether constants measured later ask for far longer a transient, or found far less curvature along an axis. */
export const isSlower = (later: Tuning, earlier: Tuning): boolean =>
  later.transient! >= SLOWER * earlier.transient! ||
  later.scales.some((scale, k) => scale ** 2 >= SLOWER * earlier.scales[k]! ** 2);
