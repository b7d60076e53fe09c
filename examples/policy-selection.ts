/** Choose among four reply policies round by round, with predicted losses as hints and a bound on the regret. */
import { OptimisticFtpl } from "fpx/games";
import { createRng } from "fpx/random";

const [policies, rounds] = [4, 2000];
const noise = createRng(5);

function season(name: string, predict: (losses: readonly number[]) => readonly number[] | null): void {
  const selector = new OptimisticFtpl({ arms: policies, feedback: "full", seed: 1 });
  const totals = Array<number>(policies).fill(0);
  let paid = 0;
  for (let t = 0; t < rounds; t++) {
    const draws = noise.stream("losses", t).uniforms(policies);
    // Policies differ little on average, and much from one request to the next.
    const losses = totals.map((_, i) => 0.1 + 0.01 * i + 0.8 * draws[i]!);
    const { arm, ticket } = selector.choose(predict(losses));
    paid += losses[arm]!;
    selector.update(ticket, losses);
    for (const [i, loss] of losses.entries()) totals[i]! += loss;
  }
  console.log(
    `${name}: paid ${paid.toFixed(0)}, the best single policy ${Math.min(...totals).toFixed(0)}; mean regret at most ${selector.regretBound().toFixed(0)}`,
  );
}

season("no hints", () => null);
season("predictions that are off by a fifth", (losses) => losses.map((loss) => 0.8 * loss));
season("predictions that are wrong", (losses) => losses.map((loss) => 1 - loss));
