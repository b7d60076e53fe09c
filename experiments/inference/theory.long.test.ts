/** What theory predicts of the estimator, at the sizes where the predictions were made. */
import { AveragedKieferWolfowitz, type KieferWolfowitzOptions, type Row } from "fpx/inference";
import { eigh } from "fpx/linalg";
import { expect, it } from "vitest";
import { measure } from "./measure.ts";
import { createWorld, feed, normalCdf, type WorldOptions } from "./worlds.ts";

const report = (line: string): boolean => process.stdout.write(`${line}\n`);

type World = Omit<WorldOptions, "seed">;

/** Runs replications, each with a world of its own seed, and hands over what came of them. */
function replicate(
  {
    replications,
    n,
    world,
    options,
  }: {
    readonly replications: number;
    readonly n: number;
    readonly world: World;
    readonly options: (theta: Float64Array) => Partial<KieferWolfowitzOptions<Row>>;
  },
  take: (fit: AveragedKieferWolfowitz<Row>, theta: Float64Array) => void,
): void {
  for (let r = 0; r < replications; r++) {
    const stream = createWorld({ ...world, seed: 40_000 + r });
    const { theta, loss, dimension } = stream;
    const fit = new AveragedKieferWolfowitz<Row>({
      initial: new Float64Array(dimension),
      loss,
      queries: 1,
      seed: r,
      ...options(theta),
    });
    feed(fit, stream, n);
    take(fit, theta);
  }
}

const linear = (dimension: number): World => ({ dimension, model: "linear" });

it("the standardised errors of a linear model are normal", () => {
  const z: number[] = [];
  const d = 5;
  replicate({ replications: 200, n: 100_000, world: linear(d), options: () => ({}) }, (fit, theta) => {
    // H = I and Q = d sigma^2 I.
    const deviation = Math.sqrt((d * 0.04) / fit.averaged);
    for (const [k, x] of fit.estimate().entries()) z.push((x - theta[k]!) / deviation);
  });
  z.sort((a, b) => a - b);
  let distance = 0;
  for (const [i, x] of z.entries()) {
    const p = normalCdf(x);
    distance = Math.max(distance, (i + 1) / z.length - p, p - i / z.length);
  }
  const spread = z.reduce((sum, x) => sum + x * x, 0) / z.length;
  report(`KS distance ${distance.toFixed(4)} of ${z.length}, mean square ${spread.toFixed(3)}`);
  // The Kolmogorov-Smirnov distance that is passed with probability 0.001.
  expect(distance).toBeLessThan(1.95 / Math.sqrt(z.length));
  expect(spread).toBeGreaterThan(0.85);
  expect(spread).toBeLessThan(1.25);
});

it.each([
  ["forward along positive axes", { signs: "plus" }, true],
  ["forward with random signs", {}, false],
  ["central along positive axes", { signs: "plus", differences: "central" }, false],
] as const)("differences %s shift the estimate as predicted", (name, how, shifts) => {
  const [replications, d, n, h0, gamma] = [200, 5, 50_000, 0.1, 0.501];
  let shift = 0;
  replicate(
    {
      replications,
      n,
      world: linear(d),
      options: (initial) => ({ initial, spacing: { h0, gamma }, inference: "none", ...how }),
    },
    (fit, theta) => {
      for (const [k, x] of fit.estimate().entries()) shift += (x - theta[k]!) / (d * replications);
    },
  );
  let spacing = 0;
  for (let i = 1; i <= n; i++) spacing += (h0 * i ** -gamma) / n;
  const predicted = shifts ? (-Math.sqrt(d) / 2) * spacing : 0;
  const error = Math.sqrt((d * 0.04) / n / (d * replications));
  report(
    `${name}: shift ${shift.toExponential(2)}, predicted ${predicted.toExponential(2)} +- ${error.toExponential(1)}`,
  );
  expect(Math.abs(shift - predicted)).toBeLessThan(3.5 * error);
});

it.each([1, 2, 5, 10])("mean squared error times calls with %i queries of 10", async (queries) => {
  const { squareTimesCalls } = await measure(
    {
      world: linear(10),
      options: { queries, replacement: false },
      methods: [],
      observations: Math.round(240_000 / (queries + 1)),
      replications: 300,
    },
    { seed: 3, progress: () => undefined },
  );
  const theory = 10 * (1 + 1 / queries) * 0.4;
  report(`m = ${queries}: ${squareTimesCalls.toFixed(3)}, theory ${theory.toFixed(3)}`);
  expect(Math.abs(squareTimesCalls / theory - 1)).toBeLessThan(0.1);
});

it("the last iterate spreads as its formula says", () => {
  let [spread, formula] = [0, 0];
  replicate(
    {
      replications: 300,
      n: 20_000,
      world: linear(5),
      options: (initial) => ({ initial, inference: "plug-in" }),
    },
    (fit, theta) => {
      const { iterate, covariance } = fit.lastIterate();
      for (const [k, x] of iterate.entries()) {
        spread += (x - theta[k]!) ** 2;
        formula += covariance![k * 6]!;
      }
    },
  );
  report(`trace over formula ${(spread / formula).toFixed(3)}`);
  expect(spread / formula).toBeGreaterThan(0.9);
  expect(spread / formula).toBeLessThan(1.2);
});

it("the last iterate of Newton steps has the averaged iterates' law", () => {
  let [hits, all] = [0, 0];
  replicate(
    {
      replications: 200,
      n: 20_000,
      world: linear(5),
      options: () => ({ iteration: "newton", inference: "plug-in" }),
    },
    (fit, theta) => {
      for (const [k, { lower, upper }] of fit.confidenceInterval().entries()) {
        all++;
        if (lower <= theta[k]! && theta[k]! <= upper) hits++;
      }
    },
  );
  report(`Newton coverage ${(hits / all).toFixed(3)}`);
  expect(hits / all).toBeGreaterThan(0.915);
  expect(hits / all).toBeLessThan(0.975);
});

it("the Hessian of 100,000 observations in 20 dimensions", () => {
  const d = 20;
  replicate(
    { replications: 1, n: 100_000, world: linear(d), options: () => ({ inference: "plug-in" }) },
    (fit) => {
      const { values } = eigh(
        fit.hessian().map((x, i) => x - (i % (d + 1) === 0 ? 1 : 0)),
        d,
      );
      const error = Math.max(Math.abs(values[0]!), Math.abs(values[d - 1]!));
      report(`relative error ${error.toFixed(4)}`);
      expect(error).toBeGreaterThan(0.023);
      expect(error).toBeLessThan(0.033);
    },
  );
});
