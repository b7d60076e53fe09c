/** Prints the tables of docs/scaling.md: `node --import jiti/register scripts/scaling.ts`. */
import { createRng } from "../src/random/index.ts";
import { predict, simulate } from "./scaling-model.ts";

const draws = createRng(1).draws("scaling", 0);

console.log("| oracle | batch | workers x threads | predicted | simulated | bound by | threads busy |");
console.log("|---|---|---|---|---|---|---|");
for (const oracle of [1, 20, 200, 2000])
  for (const batch of [64, 1024, 16_384])
    for (const [workers, threads] of [
      [2, 8],
      [16, 8],
      [125, 8],
      [1000, 1],
      [1000, 8],
    ] as const) {
      if (batch < workers) continue; // more workers than questions
      const load = { oracle, batch, workers, threads, network: 0.5 };
      const { questionsASecond, bound, efficiency } = predict(load);
      const simulated = simulate(load, () => draws.uniform());
      console.log(
        `| ${oracle} ms | ${batch} | ${workers} x ${threads} | ${Math.round(questionsASecond)}/s | ${Math.round(simulated)}/s | ${bound} | ${Math.round(100 * efficiency)} % |`,
      );
    }
