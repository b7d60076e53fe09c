/** A courier crosses a 6 by 6 street grid while two patrols watch streets: how to randomise both. */
import { bilinearGame, dagPaths, kSubsets, solveSaddlePoint } from "fpx/games";
import { createRng } from "fpx/random";

const side = 6;
const edges: [number, number][] = [];
for (let node = 0; node < side * side; node++) {
  if (node % side < side - 1) edges.push([node, node + 1]);
  if (node < side * (side - 1)) edges.push([node, node + side]);
}
// A patrol on a street sees a courier there with this probability.
const detection = createRng(3).stream("detection").uniforms(edges.length);
const matrix = new Float64Array(edges.length ** 2);
for (let e = 0; e < edges.length; e++) matrix[e * edges.length + e] = 0.2 + 0.8 * detection[e]!;

const courier = dagPaths({ nodes: side * side, edges }, 0, side * side - 1);
const patrols = kSubsets(edges.length, 2);
const found = await solveSaddlePoint(bilinearGame(courier, patrols, matrix), {
  guess: "past",
  samples: 4,
  iterations: 3000,
  tolerance: 0.02,
  seed: 1,
});

console.log(
  `expected sightings: ${found.value.toFixed(3)}, proven within [${found.lower.toFixed(3)}, ${found.upper.toFixed(3)}]`,
);
const watched = [...found.y]
  .map((share, e) => ({ share, e }))
  .sort((a, b) => b.share - a.share)
  .slice(0, 5);
for (const { share, e } of watched)
  console.log(
    `street ${edges[e]!.join(" to ")}: patrolled ${(100 * share).toFixed(0)} % of the time, used ${(100 * found.x[e]!).toFixed(0)} %`,
  );
