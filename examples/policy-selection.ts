/** Choose among four reply policies round by round, with predicted losses as hints and a bound on the regret. */
import { OptimisticFtpl } from "fpx/games";
import { createRng } from "fpx/random";

const [policies, rounds] = [4, 2000];
const noise = createRng(5);

function season(predict: (losses: readonly number[]) => readonly number[] | null): void {
  const selector = new OptimisticFtpl({ arms: policies, feedback: "full", seed: 1 });
  const totals = Array<number>(policies).fill(0);
  let paid = 0;
  for (let t = 0; t < rounds; t++) {
    const draws = noise.stream("losses", t).uniforms(policies);
    // The best policy changes halfway.
    const losses = totals.map((_, i) =>
      Math.min(1, 0.3 * ((i + (t < rounds / 2 ? 0 : 2)) % policies) * draws[i]! + 0.1),
    );
    const { arm, ticket } = selector.choose(predict(losses));
    paid += losses[arm]!;
    selector.update(ticket, losses);
    for (const [i, loss] of losses.entries()) totals[i]! += loss;
  }
  const regret = paid - Math.min(...totals);
  console.log(
    `  paid ${paid.toFixed(0)}, regret ${regret.toFixed(1)}, bound on its mean ${selector.regretBound().toFixed(1)}`,
  );
}

console.log("without hints:");
season(() => null);
console.log("with predictions that are off by a fifth:");
season((losses) => losses.map((loss) => 0.8 * loss));
console.log("with predictions that are wrong:");
season((losses) => losses.map((loss) => 1 - loss));
