/** Near-equilibrium play of Kuhn and Leduc poker, with a proof of how far from it. */
import { runSync } from "fpx";
import { kuhnPoker, leducPoker, regretMatchingPlus, sequenceForm, solveSaddlePoint } from "fpx/games";

for (const [name, tree] of [
  ["Kuhn", kuhnPoker()],
  ["Leduc", leducPoker()],
] as const) {
  const { game, sequences, valueToPlayer1 } = sequenceForm(tree);
  const found = await solveSaddlePoint(game, {
    guess: "past",
    scale: "practical",
    samples: 1,
    iterations: 2048,
    seed: 1,
  });
  const cfr = runSync(regretMatchingPlus(), game, { seed: 1, stop: { maxSteps: 500 } }).result;
  console.log(
    `${name}: value to player 1 ${valueToPlayer1(found.value).toFixed(4)}, NashConv ${found.nashConv.toFixed(4)}; CFR+ ${valueToPlayer1(cfr.value).toFixed(4)}, NashConv ${cfr.nashConv.toFixed(4)}`,
  );
  if (name === "Kuhn")
    for (const [i, sequence] of sequences.x.entries())
      if (/^[JQK]: bet$/.test(sequence))
        console.log(
          `  with ${sequence[0]} player 1 opens with a bet in ${(100 * found.x[i]!).toFixed(0)} % of the hands`,
        );
}
