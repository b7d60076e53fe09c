/** Median regression in one pass over a stream, without gradients, with intervals. */
import { AveragedKieferWolfowitz, quantileLoss, type Row } from "fpx/inference";
import { createRng } from "fpx/random";

const rng = createRng(7);
const fit = new AveragedKieferWolfowitz<Row>({
  initial: [0, 0, 0],
  loss: quantileLoss(0.5),
  smooth: false,
  names: ["intercept", "load", "size"],
  seed: 7,
});

const observations = 30_000;
for (let i = 0; i < observations; i++) {
  const [load, size, noise] = rng.stream("row", i).normals(3);
  const latency = 20 + 3 * load! - 1.5 * size! + 2 * noise!;
  fit.update(Float64Array.of(1, load!, size!, latency));
}

fit.confidenceInterval({ level: 0.95 }).forEach(({ estimate, lower, upper }, k) => {
  const name = ["intercept", "load", "size"][k];
  console.log(`${name}: ${estimate.toFixed(3)}, 95 % interval ${lower.toFixed(3)} to ${upper.toFixed(3)}`);
});
const { converged, effective } = fit.diagnostics();
console.log(
  `converged: ${converged}, ${effective?.toFixed(0)} transients, ${fit.evaluations} calls of the loss`,
);
