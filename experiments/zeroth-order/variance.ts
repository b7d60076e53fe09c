/** What one estimate is worth: bias, variance times evaluations, and the steps that make both least. */
import type { Oracle } from "fpx";
import { createRng } from "fpx/random";
import {
  customLevels,
  estimateGradient,
  type GradientOptions,
  geometricLevels,
  zipfLevels,
} from "fpx/zeroth-order";
import { answersOf, type Findings, inGroups, type Row, type RowContext } from "../reproduction.ts";
import { median, seedsFrom } from "./estimators.ts";
import { type Loss, logistic, regression } from "./losses.ts";

/** Moments of single draws against the true gradient, in units of its square norm. */
interface DrawFigures {
  /** Component of the mean along the gradient; 1 when unbiased. */
  readonly ratio: number;
  /** Standard error of `ratio`. */
  readonly ratioError: number;
  /** Mean square error of one draw. */
  readonly mse: number;
  /** Variance of one draw times its evaluations, over (d - 1). */
  readonly work: number;
  readonly evaluations: number;
}

const zipf = (mu: number) => zipfLevels({ mu, exponent: 3, count: 20 });

const METHODS: readonly (readonly [string, (mu: number) => GradientOptions])[] = [
  ["forward, 2 directions", (mu) => ({ method: "forward", mu, numDirections: 2, directions: "sphere" })],
  ["central", (mu) => ({ method: "central", mu, directions: "sphere" })],
  [
    "P3, printed weights",
    (mu) => ({ method: "p3", levels: zipf(mu), paperWeights: true, directions: "sphere" }),
  ],
  ["P3", (mu) => ({ method: "p3", levels: zipf(mu), directions: "sphere" })],
  ["P4", (mu) => ({ method: "p4", levels: zipf(mu), directions: "sphere" })],
];

/** The losses by name; those with the same seed and dimension are taken at the same point. */
type LossName = "regression" | "logistic";
const LOSSES: Readonly<Record<LossName, (d: number, seed: number) => Loss>> = {
  regression: (d, seed) => regression(d, seed),
  logistic: (d, seed) => logistic(d, 200, seed),
};

/** Single draws at a random point of a loss. */
export const draw: Oracle<
  {
    readonly loss: LossName;
    readonly dimension: number;
    readonly mu: number;
    readonly method: number;
    readonly seed: number;
  },
  DrawFigures,
  { readonly draws: number }
> = {
  name: "draw",
  answer({ loss: name, dimension, mu, method, seed }, { draws }) {
    const loss = LOSSES[name](dimension, seed);
    const x = createRng(seed).stream("point", dimension).normals(dimension);
    const options = METHODS[method]![1](mu);
    const g = loss.gradient(x);
    const square = g.reduce((sum, gi) => sum + gi * gi, 0);
    let [ratio, ratioSquare, mse, evaluations] = [0, 0, 0, 0];
    for (let k = 0; k < draws; k++) {
      const found = estimateGradient(loss.value, x, { ...options, seed: seed * 1e6 + k });
      let [along, miss] = [0, 0];
      for (let i = 0; i < g.length; i++) {
        along += found.gradient[i]! * g[i]!;
        miss += (found.gradient[i]! - g[i]!) ** 2;
      }
      ratio += along / square / draws;
      ratioSquare += (along / square) ** 2 / draws;
      mse += miss / square / draws;
      evaluations += found.evaluations / draws;
    }
    const biasSquare = (ratio - 1) ** 2;
    return {
      ratio,
      ratioError: Math.sqrt((ratioSquare - ratio * ratio) / draws),
      mse,
      work: ((mse - biasSquare) * evaluations) / (g.length - 1),
      evaluations,
    };
  },
};

/** Means of the ratio over seeds, medians of the rest. */
function overSeeds(all: readonly DrawFigures[]): DrawFigures {
  const of = (key: keyof DrawFigures) => median(all.map((figures) => figures[key]));
  return {
    ratio: all.reduce((sum, { ratio }) => sum + ratio / all.length, 0),
    ratioError: Math.sqrt(all.reduce((sum, { ratioError }) => sum + ratioError ** 2, 0)) / all.length,
    mse: of("mse"),
    work: of("work"),
    evaluations: of("evaluations"),
  };
}

/** Z1: the synthetic comparison of estimators. */
export const estimators: Row = {
  id: "Z1",
  title: "Mean, error and work of one draw",
  async run(context: RowContext): Promise<Findings> {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed);
    const draws = quick ? 120 : 1000;
    const cases = (quick ? [64] : [128, 512]).flatMap((dimension) =>
      [1e-3, 1].flatMap((mu) =>
        (["regression", "logistic"] as const).map((loss) => ({ loss, dimension, mu })),
      ),
    );
    const questions = cases.flatMap((one) =>
      METHODS.flatMap((_, method) => seeds.map((s) => ({ ...one, method, seed: s }))),
    );
    const drawn = inGroups(await answersOf(context, draw, questions, { draws }), seeds.length);
    const figures = inGroups(drawn.map(overSeeds), METHODS.length);
    const rows = cases.map(({ loss, dimension, mu }, k) => ({
      name: `${loss} d=${dimension} mu=${mu}`,
      mu,
      figures: figures[k]!,
    }));
    const small = rows.filter(({ mu }) => mu < 0.1);
    const least = small.every(({ figures }) => figures.every(({ mse }) => figures[3]!.mse <= mse));
    const halved = small.every(({ figures }) => {
      const { ratio, ratioError } = figures[2]!;
      return Math.abs(ratio - 0.5) < 5 * ratioError;
    });
    const whole = rows.every(({ figures }) =>
      [figures[3]!, figures[4]!].every(
        ({ ratio, ratioError }) => Math.abs(ratio - 1) < 5 * ratioError + 1e-3,
      ),
    );
    const mean = (k: number) => small.reduce((sum, { figures }) => sum + figures[k]!.work, 0) / small.length;
    const [central, p3, p4] = [mean(1), mean(3), mean(4)];
    const text = (k: number) => small.map(({ figures }) => figures[k]!.mse.toPrecision(3)).join(", ");
    return {
      claims: [
        {
          id: "Z1a",
          claim: "The corrected P3 and P4 are unbiased; P3 as printed has half the gradient as its mean",
          published: "P3 and P4 unbiased, a theorem (the printed P3 lacks its factor 2)",
          measured: `P3 printed ${small.map(({ figures }) => figures[2]!.ratio.toFixed(3)).join(", ")}; P3 and P4 within 5 standard errors of 1: ${whole ? "yes" : "no"}`,
          verdict: halved && whole ? "reproduced" : halved || whole ? "partly" : "not",
          seeds,
        },
        {
          id: "Z1b",
          claim: "P3 has the least mean square error of all estimators",
          published: "least for every dimension, a figure",
          measured: `small mu, in units of |grad|^2: central ${text(1)}; P3 corrected ${text(3)}; P3 printed ${text(2)}, by halving the gradient`,
          verdict: least ? "reproduced" : "not",
          seeds,
        },
        {
          id: "Z1c",
          claim:
            "Variance times evaluations at small mu: central 2, P4 3.2 with Zipf levels, P3 about 5, in units of (d-1)|grad|^2",
          published: "not given; the corrected weights imply it",
          measured: `central ${central.toFixed(2)}, P4 ${p4.toFixed(2)}, P3 ${p3.toFixed(2)}`,
          verdict: central < p4 && p4 < p3 ? "reproduced" : "not",
          seeds,
        },
      ],
      tables: [
        {
          caption: `Mean square error of one estimate over |grad|^2, ${draws} draws, median of ${seeds.length} seeds`,
          columns: [{ label: "loss" }, ...METHODS.map(([label]) => ({ label }))],
          rows: rows.map(({ name, figures }) => [name, ...figures.map(({ mse }) => mse)]),
        },
        {
          caption: "Share of the gradient in the mean",
          columns: [{ label: "loss" }, ...METHODS.map(([label]) => ({ label, decimals: 3 }))],
          rows: rows.map(({ name, figures }) => [name, ...figures.map(({ ratio }) => ratio)]),
        },
        {
          caption: "Variance times evaluations over (d - 1)|grad|^2",
          columns: [{ label: "loss" }, ...METHODS.map(([label]) => ({ label, decimals: 2 }))],
          rows: rows.map(({ name, figures }) => [name, ...figures.map(({ work }) => work)]),
        },
      ],
      plots: [],
      notes: [
        "The mean square error of one draw rewards an estimator for being too small: 0 itself scores 1.",
        ...(quick ? ["Quick: dimension 64 in place of 128 and 512, an eighth of the draws."] : []),
      ],
    };
  },
};

/** Z2: the pairing of steps and probabilities. */
export const pairing: Row = {
  id: "Z2",
  title: "The law with the least variance takes each level in proportion to its step",
  async run({ seed, progress }: RowContext): Promise<Findings> {
    // Formulas alone: nothing to ask.
    const steps = geometricLevels({ mu: 1, count: 60 });
    const rows = [0.3, 0.4, 0.5, 0.6, 0.75, 0.9].map((q, k) => {
      progress(k, 6);
      const p = Float64Array.from(steps.p, (_, n) => ((1 - q) * q ** n) / (1 - q ** 60));
      return {
        q,
        rho: customLevels(steps.mu, { probabilities: p }).rho,
        expected: q / 4 / ((1 - q) * (q - 0.25)),
      };
    });
    const tables = Array.from({ length: 20 }, (_, k) => {
      const mu = createRng(seed).stream("steps", k).uniforms(8).sort().reverse();
      const range = (mu[0]! - mu[7]!) ** 2;
      const paired = customLevels(mu).rho / range;
      const other = createRng(seed).stream("law", k).uniforms(7);
      const sum = other.reduce((a, b) => a + b);
      return { paired, other: customLevels(mu, { probabilities: other.map((p) => p / sum) }).rho / range };
    });
    const exact = tables.every(({ paired, other }) => Math.abs(paired - 1) < 1e-12 && other > paired);
    const best = rows.reduce((least, row) => (row.rho < least.rho ? row : least));
    return {
      claims: [
        {
          id: "Z2",
          claim:
            "rho is least, and mu_1^2, when the probability of a level is proportional to its drop in step",
          published: "equality exactly there, a theorem",
          measured: `geometric steps of ratio 0.5: least at sampling ratio ${best.q} (${best.rho.toFixed(6)}); 20 random tables: paired rho equals the squared range in all: ${exact ? "yes" : "no"}`,
          verdict: exact && best.q === 0.5 ? "reproduced" : exact || best.q === 0.5 ? "partly" : "not",
          seeds: [seed],
        },
      ],
      tables: [
        {
          caption: "rho over mu_1^2 for steps of ratio 0.5",
          columns: [
            { label: "sampling ratio", decimals: 2 },
            { label: "rho", decimals: 6 },
            { label: "(1-c)^2 q / ((1-q)(q-c^2))", decimals: 6 },
          ],
          rows: rows.map(({ q, rho, expected }) => [q, rho, expected]),
        },
      ],
      plots: [],
      notes: [],
    };
  },
};

const LAWS = ["gaussian", "sphere", "rademacher"] as const;
/** Where and how far the quartic is probed. */
const [POINT, LARGE] = [[0.7, -0.4, 1.1], 0.5] as const;

interface Kind {
  readonly law: (typeof LAWS)[number];
  readonly method: "p4" | "central";
}

/** What smoothing adds to the gradient of the quartic, over the coordinate. */
const smoothing = ({ law, method }: Kind): number =>
  method === "p4" ? 0 : { gaussian: 12, sphere: 12 * 0.6, rademacher: 4 }[law] * LARGE * LARGE;

/** The mean of many draws on the quartic: its first coordinate, and the largest |z| against what is expected. */
export const quarticMean: Oracle<
  Kind & { readonly seed: number },
  { readonly first: number; readonly worst: number },
  { readonly draws: number }
> = {
  name: "quarticMean",
  answer({ law, method, seed }, { draws }) {
    const quartic = (y: Float64Array) => y.reduce((sum, yi) => sum + yi ** 4, 0);
    const shift = smoothing({ law, method });
    const blocks = Array.from({ length: 100 }, (_, block) => block);
    const gradients = blocks.map(
      (block) =>
        estimateGradient(quartic, POINT, {
          method,
          directions: law,
          mu: LARGE,
          levels: geometricLevels({ mu: LARGE, count: 20 }),
          numDirections: draws / blocks.length,
          seed: seed * 1000 + block,
        }).gradient,
    );
    const mean = POINT.map((_, i) => gradients.reduce((sum, g) => sum + g[i]! / blocks.length, 0));
    const z = mean.map((m, i) => {
      const square = gradients.reduce((sum, g) => sum + (g[i]! - m) ** 2, 0);
      const error = Math.sqrt(square / (blocks.length - 1) / blocks.length);
      return Math.abs(m - 4 * POINT[i]! ** 3 - shift * POINT[i]!) / error;
    });
    return { first: mean[0]!, worst: Math.max(...z) };
  },
};

/** Z3: bias at a large step, against what smoothing predicts. */
export const bias: Row = {
  id: "Z3",
  title: "Bias at a large step",
  async run(context: RowContext): Promise<Findings> {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed);
    const draws = quick ? 8000 : 400_000;
    const kinds = LAWS.flatMap((law) => (["p4", "central"] as const).map((method) => ({ law, method })));
    const questions = kinds.flatMap((kind) => seeds.map((s) => ({ ...kind, seed: s })));
    const found = inGroups(await answersOf(context, quarticMean, questions, { draws }), seeds.length);
    const unbiasedness = kinds.map((kind, k) => ({
      ...kind,
      shift: smoothing(kind),
      runs: found[k]!,
      holds: found[k]!.every(({ worst }) => worst < 5),
    }));
    const held = (wanted: string) =>
      unbiasedness.filter(({ method, holds }) => method === wanted && holds).length;
    const [unbiased, predicted] = [held("p4"), held("central")];
    const rows = unbiasedness.map(({ law, method, shift, runs }) => [
      law,
      method,
      median(runs.map(({ first }) => first)),
      4 * POINT[0]! ** 3,
      4 * POINT[0]! ** 3 + shift * POINT[0]!,
      Math.max(...runs.map(({ worst }) => worst)),
    ]);
    return {
      claims: [
        {
          id: "Z3",
          claim:
            "P4 is unbiased at mu = 0.5 on a quartic for every direction law; central differences miss by the smoothing",
          published: "unbiased at any mu, a theorem",
          measured: `within 5 standard errors for all of ${seeds.length} seeds: P4 ${unbiased} of 3 laws; central at its smoothed value ${predicted} of 3`,
          verdict: unbiased + predicted === kinds.length ? "reproduced" : unbiased === 3 ? "partly" : "not",
          seeds,
        },
      ],
      tables: [
        {
          caption: `First coordinate's mean over ${draws} draws, median of ${seeds.length} seeds; largest |z| of all`,
          columns: [
            { label: "directions" },
            { label: "method" },
            { label: "mean", decimals: 4 },
            { label: "gradient", decimals: 4 },
            { label: "predicted mean", decimals: 4 },
            { label: "largest |z|", decimals: 1 },
          ],
          rows,
        },
      ],
      plots: [],
      notes: [],
    };
  },
};
