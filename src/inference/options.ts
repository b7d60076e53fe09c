/** What the estimator may be told, and the same with all defaults filled in. */
import { InvalidInput } from "../core/errors.ts";
import { createRng, type Seed } from "../random/index.ts";
import { checkBetween, checkFinite, checkInteger } from "./checks.ts";
import { checkLaw, type DirectionLaw, drawsOneOf } from "./directions.ts";
import { LEAST_CURVATURE, type Loss, WHOLE_CURVATURE } from "./pilot.ts";

/** How an interval is made; see `KieferWolfowitzOptions.inference`. */
export type IntervalMethod = "random-scaling" | "plug-in" | "batch-means";

/** Options of `AveragedKieferWolfowitz`; only `initial` and `loss` must be given. */
export interface KieferWolfowitzOptions<Z> {
  /** Where the search starts; its length is the dimension d. */
  readonly initial: ArrayLike<number>;
  /** The loss of one observation: called at several theta with the same observation, and must not draw fresh noise. */
  readonly loss: Loss<Z>;
  /** Default `coordinate`. */
  readonly directions?: DirectionLaw;
  /** Directions a step, m. Default d up to d = 50 along axes or a basis without replacement, else 1. */
  readonly queries?: number;
  /** Whether axes may come twice in a step; default false along axes or a basis. */
  readonly replacement?: boolean;
  /** Default `random`. */
  readonly signs?: "random" | "plus";
  /** `forward` asks m + 1 losses a step, `central` 2 m. Default `forward`. */
  readonly differences?: "forward" | "central";
  /** eta_n = eta0 (n + offset)^-alpha, |eta_n g| at most clip; `auto` (default) measures all in a pilot. */
  readonly step?:
    | "auto"
    | { readonly eta0: number; readonly alpha?: number; readonly offset?: number; readonly clip?: number };
  /**
   * `averaged` (default): the estimate is the mean of the iterates. `newton`: steps H^-1 g / n after the burn-in, and
   * the estimate is the last iterate; the same limit law, dearer steps. Needs `inference: "plug-in"`.
   */
  readonly iteration?: "averaged" | "newton";
  /** h_n = h0 n^-gamma; default h0 = 0.001, gamma = 0.6, in scaled coordinates with `step: "auto"`. */
  readonly spacing?: "auto" | { readonly h0: number; readonly gamma?: number };
  /** Whether the loss has a second derivative; a quantile loss has none. Default true. */
  readonly smooth?: boolean;
  /** Steps before averaging begins. Default: five transients with `step: "auto"`, else 0. */
  readonly burnIn?: "auto" | number;
  /** What intervals are to be made of; the first decides the step's constants. Default `random-scaling`. */
  readonly inference?: IntervalMethod | readonly IntervalMethod[] | "none";
  /** Second differences of the plug-in covariance: share of entries a step, spacing, eigenvalue floor. */
  readonly hessian?: {
    readonly rate?: number;
    readonly h0?: number;
    readonly gamma?: number;
    readonly floor?: number;
  };
  /**
   * Take from the average what a loss that is not quadratic adds to it: a bias of the order of the step, which the
   * second differences of `plug-in` give without another call. Default true with `inference` beginning by `plug-in`,
   * `smooth` and `step: "auto"`; else the estimate is the plain average.
   */
  readonly correctBias?: boolean;
  /** Keep the full scatter of random scaling (d^2 numbers) for any contrast later; default only its diagonal. */
  readonly scatter?: "diagonal" | "full";
  /** Contrasts fixed beforehand, rows of d numbers: random scaling keeps their joint scatter. */
  readonly contrasts?: readonly (readonly number[])[];
  /** Observations of the pilot; default max(100, 10 d). They are not used again. */
  readonly pilot?: number;
  /** Length of the stream where it is known: the burn-in takes at most half of it. */
  readonly horizon?: number;
  /** Begin a search with few directions from one with all; default for d > 50 with m < d and `step: "auto"`. */
  readonly warmStart?: boolean;
  /** Names of the coordinates for error messages. */
  readonly names?: readonly string[];
  readonly seed?: Seed;
}

/** Plain data: what the state carries. */
export interface Settings {
  readonly initial: Float64Array;
  readonly directions: DirectionLaw;
  readonly queries: number;
  readonly replacement: boolean;
  readonly signs: "random" | "plus";
  readonly central: boolean;
  /** Null: measured by the pilot. */
  readonly step: {
    readonly eta0: number;
    readonly alpha: number;
    readonly offset: number;
    readonly clip: number;
  } | null;
  readonly automatic: { readonly alpha: number; readonly c0: number; readonly clip: number };
  readonly spacing: { readonly h0: number; readonly gamma: number };
  readonly burnIn: number | "auto";
  readonly methods: readonly IntervalMethod[];
  readonly hessian: {
    readonly rate: number;
    readonly h0: number;
    readonly gamma: number;
    readonly floor: number;
  };
  readonly newton: boolean;
  readonly correctBias: boolean;
  readonly fullScatter: boolean;
  readonly contrasts: readonly (readonly number[])[];
  readonly pilot: number;
  readonly horizon: number;
  readonly warmStart: boolean;
  readonly names: readonly string[];
  readonly seed: Seed;
}

const METHODS: readonly string[] = ["random-scaling", "plug-in", "batch-means"];

/** Checks options and fills in defaults. Throws `InvalidInput` that names the option and its range. */
export function settle<Z>(options: KieferWolfowitzOptions<Z>): Settings {
  const initial = Float64Array.from(options.initial);
  const d = initial.length;
  if (d < 1) throw new InvalidInput("initial is empty: give at least one number");
  for (const x of initial) checkFinite("a number of initial", x);
  if (typeof options.loss !== "function")
    throw new InvalidInput("loss is no function of (theta, observation)");
  const { directions = "coordinate", signs = "random", smooth = true, seed = 1, contrasts = [] } = options;
  checkLaw(directions, d);
  const oneOf = drawsOneOf(directions);
  const replacement = options.replacement ?? !oneOf;
  if (!replacement && !oneOf) {
    throw new InvalidInput("replacement is false, which needs directions along axes or a basis");
  }
  const queries = options.queries ?? (!replacement && d <= WHOLE_CURVATURE ? d : 1);
  checkInteger("queries", queries, 1, replacement ? Number.MAX_SAFE_INTEGER : d);

  const { step = "auto", spacing = "auto", burnIn = "auto", hessian = {} } = options;
  if (step !== "auto") {
    checkBetween("step.eta0", step.eta0, 0, Number.POSITIVE_INFINITY);
    if (step.alpha !== undefined) checkBetween("step.alpha", step.alpha, 0.5, 1);
    if (step.clip !== undefined && !(step.clip > 0))
      throw new InvalidInput(`step.clip is ${step.clip}: give a positive number`);
    if (step.offset !== undefined && !(step.offset >= 0 && Number.isFinite(step.offset))) {
      throw new InvalidInput(`step.offset is ${step.offset}: give a number from 0 up`);
    }
  }
  if (spacing !== "auto") {
    checkBetween("spacing.h0", spacing.h0, 0, Number.POSITIVE_INFINITY);
    if (spacing.gamma !== undefined) checkBetween("spacing.gamma", spacing.gamma, 0.5, 1);
  }
  if (burnIn !== "auto") checkInteger("burnIn", burnIn, 0);
  const { rate = 1, h0 = smooth ? 0.05 : 0.3, gamma = 0.2, floor = LEAST_CURVATURE } = hessian;
  if (!(rate > 0 && rate <= 1))
    throw new InvalidInput(`hessian.rate is ${rate}: give a number above 0, up to 1`);
  checkBetween("hessian.h0", h0, 0, Number.POSITIVE_INFINITY);
  checkBetween("hessian.floor", floor, 0, Number.POSITIVE_INFINITY);
  if (!(gamma >= 0 && gamma < 1))
    throw new InvalidInput(`hessian.gamma is ${gamma}: give a number from 0 to below 1`);
  const { inference = "random-scaling" } = options;
  const methods = inference === "none" ? [] : typeof inference === "string" ? [inference] : [...inference];
  for (const method of methods) {
    if (!METHODS.includes(method)) {
      throw new InvalidInput(`inference is ${JSON.stringify(method)}: give ${METHODS.join(", ")} or none`);
    }
  }
  for (const row of contrasts) {
    if (row.length !== d) throw new InvalidInput(`a contrast has ${row.length} numbers: give ${d}`);
    for (const x of row) checkFinite("a number of contrasts", x);
  }
  const pilot = options.pilot ?? Math.max(100, 10 * d);
  checkInteger("pilot", pilot, 20);
  const horizon = options.horizon ?? Number.POSITIVE_INFINITY;
  if (horizon !== Number.POSITIVE_INFINITY) checkInteger("horizon", horizon, 1);
  const names = options.names ?? Array.from({ length: d }, (_, k) => `coordinate ${k}`);
  if (names.length !== d) throw new InvalidInput(`names has ${names.length} elements: give ${d}`);
  createRng(seed);
  const plugIn = methods[0] === "plug-in";
  const { iteration = "averaged" } = options;
  if (iteration !== "averaged" && iteration !== "newton") {
    throw new InvalidInput(`iteration is ${JSON.stringify(iteration)}: give "averaged" or "newton"`);
  }
  const newton = iteration === "newton";
  if (newton && !(methods.length === 1 && plugIn)) {
    throw new InvalidInput(`iteration is "newton", which has the intervals of inference: "plug-in" alone`);
  }
  const correctBias = options.correctBias ?? (plugIn && smooth && step === "auto" && !newton);
  if (correctBias && !methods.includes("plug-in")) {
    throw new InvalidInput(`correctBias needs second differences: give inference: "plug-in"`);
  }
  return {
    initial,
    directions,
    queries,
    replacement,
    signs,
    central: options.differences === "central",
    step: step === "auto" ? null : { alpha: 0.501, offset: 0, clip: Number.POSITIVE_INFINITY, ...step },
    automatic: { alpha: plugIn ? 0.6 : 0.501, c0: plugIn ? 0.5 : 1, clip: 1 },
    spacing: spacing === "auto" ? { h0: 1e-3, gamma: 0.6 } : { gamma: 0.6, ...spacing },
    burnIn,
    methods,
    hessian: { rate, h0, gamma, floor },
    newton,
    correctBias,
    fullScatter: options.scatter === "full",
    contrasts: contrasts.map((row) => [...row]),
    pilot,
    horizon,
    warmStart: options.warmStart ?? (d > WHOLE_CURVATURE && queries < d),
    names: [...names],
    seed,
  };
}
