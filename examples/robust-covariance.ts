/** The mean of covariance matrices from a CSV, two of them spoilt: plain, and guarded against the worst ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { droFrechetMean, frechetMean, minimize, solveMinMax, spd } from "fpx/manifolds";

// One covariance of three channels per window of a recording: its six different entries.
const file = join(import.meta.dirname, "../samples/covariance/windows.csv");
const [, ...lines] = readFileSync(file, "utf8").trim().split("\n");
const windows = lines.map((line) => {
  const [, a, b, c, d, e, f] = line.split(",").map(Number) as [number, ...number[]];
  return Float64Array.of(a!, b!, c!, b!, d!, e!, c!, e!, f!);
});

const M = spd(3);
const far = (x: Float64Array) => windows.map((w) => M.dist(x, w)).sort((a, b) => b - a);
const show = (name: string, x: Float64Array) => {
  const distances = far(x);
  const mean = distances.reduce((a, b) => a + b, 0) / distances.length;
  console.log(`${name.padEnd(22)} furthest ${distances[0]!.toFixed(3)}  mean ${mean.toFixed(3)}`);
};

const plain = minimize(frechetMean(M, windows));
show("Frechet mean", plain.x);

// An adversary weighs the windows; rho is what leaving equal weights costs it.
for (const rho of [10, 1]) {
  const { x, y, gap, certified } = solveMinMax(droFrechetMean(M, windows, rho), { tolerance: 1e-8 });
  show(`guarded, rho = ${rho}`, x);
  const heaviest = [...y.keys()].sort((i, j) => y[j]! - y[i]!).slice(0, 3);
  const weights = heaviest.map((i) => `${i + 1} (${y[i]!.toFixed(2)})`).join(", ");
  console.log(`  heaviest windows: ${weights}; gap ${gap.toExponential(1)}, certified: ${certified}`);
}
