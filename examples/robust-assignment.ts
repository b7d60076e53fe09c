/** Assign ten workers to ten tasks so that the plan is best against the worst of five cost forecasts. */
import { bilinearGame, birkhoff, exactSaddlePoint, simplex, solveSaddlePoint } from "fpx/games";
import { createRng } from "fpx/random";

const [workers, forecasts] = [10, 5];
// costs[(worker * 10 + task) * 5 + forecast]: minutes, between 10 and 60.
const costs = createRng(7)
  .stream("costs")
  .uniforms(workers * workers * forecasts)
  .map((u) => 10 + 50 * u);

const game = bilinearGame(birkhoff(workers), simplex(forecasts), costs);
const plan = await solveSaddlePoint(game, {
  guess: "past",
  samples: 4,
  iterations: 2000,
  tolerance: 2,
  seed: 1,
});
const exact = await exactSaddlePoint(game);

console.log(
  `expected minutes in the worst case: at most ${plan.upper.toFixed(1)}, no plan below ${plan.lower.toFixed(1)}`,
);
console.log(`exact, by linear programme: ${exact.value.toFixed(1)}`);
console.log(`${plan.iterations} rounds, ${plan.oracleCalls.x} assignments solved`);
for (let worker = 0; worker < 3; worker++) {
  const shares = [...plan.x.subarray(worker * workers, (worker + 1) * workers)]
    .map((share, task) => ({ task, share }))
    .filter(({ share }) => share > 0.05)
    .sort((a, b) => b.share - a.share)
    .map(({ task, share }) => `task ${task} ${(100 * share).toFixed(0)} %`);
  console.log(`worker ${worker}: ${shares.join(", ")}`);
}
