/**
 * Gates a release of a drafting policy: it goes out only when it is never much worse than the best candidate, whatever
 * kind of user it meets. The figures would come from `fpx learn` (metrics.json); here they are of one evaluation.
 */
import { maxSubOpt } from "fpx/edits";

/** Mean edit cost by policy, then [kind of user][seed]. */
const costs = {
  base: [
    [0.41, 0.42],
    [0.41, 0.42],
  ],
  imitation: [
    [0.02, 0.03],
    [0.4, 0.39],
  ],
  early: [
    [0.03, 0.03],
    [0.12, 0.14],
  ],
};
const BOUND = 0.15;

const worst = maxSubOpt(costs);
for (const [policy, { mean, perSeed }] of Object.entries(worst)) {
  const verdict = mean <= BOUND ? "release" : "hold back";
  console.log(
    `${policy}: Max SubOpt ${mean.toFixed(3)} (seeds ${perSeed.map((gap) => gap.toFixed(2))}): ${verdict}`,
  );
}
