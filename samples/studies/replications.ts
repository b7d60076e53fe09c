/**
 * Do intervals keep what they promise? An experiment with a known truth, repeated with other seeds; repetitions are
 * independent, so threads and clusters share them. Run it: fpx run study.ts --threads 4. Then put in an experiment
 * of your own.
 */
import { defineStudy, type Experiment, replications } from "fpx";
import { AveragedKieferWolfowitz, linearLoss } from "fpx/inference";
import { createRng } from "fpx/random";

const theta = [1, -1, 0.5];

const problem: Experiment = {
  fingerprint: "coverage of a linear model, 300 observations",
  replicate: {
    name: "replicate",
    answer({ seed }) {
      const rng = createRng(seed);
      const fit = new AveragedKieferWolfowitz({
        initial: [0, 0, 0],
        loss: linearLoss,
        inference: ["random-scaling"],
        seed,
      });
      for (let k = 0; k < 300; k++) {
        const [a, b, noise] = rng.stream("row", k).normals(3);
        fit.update(Float64Array.of(1, a!, b!, theta[0]! + theta[1]! * a! + theta[2]! * b! + 0.2 * noise!));
      }
      const intervals = fit.confidenceInterval({ method: "random-scaling" });
      const hits = intervals.filter(({ lower, upper }, j) => lower <= theta[j]! && theta[j]! <= upper).length;
      const length = intervals.reduce((sum, { lower, upper }) => sum + upper - lower, 0) / theta.length;
      return { coverage: hits / theta.length, length };
    },
  },
};

export default defineStudy({
  name: "coverage",
  problem,
  solver: replications({ count: 60, batch: 10 }),
  seed: 1,
});
