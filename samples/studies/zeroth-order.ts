/**
 * How much stock to keep of each good: a simulated year answers with its cost and no gradient. One seed serves all
 * simulations of a step, so that their noise cancels. Run it: fpx run study.ts. Then put in a simulator of your own.
 */
import { defineStudy } from "fpx";
import { createRng } from "fpx/random";
import { blackBox, zerothOrder } from "fpx/zeroth-order";

const demand = [1, 2, 3, 4, 5];

/** Mean weekly cost of a year with these stocks: what is kept costs 1, what is missing 4, softened at the corner. */
function year(stocks: Float64Array, seed: number): number {
  const wishes = createRng(3).stream("wishes", seed).normals(52 * demand.length);
  let cost = 0;
  for (const [k, wish] of wishes.entries()) {
    const good = k % demand.length;
    const left = stocks[good]! - demand[good]! - 0.5 * wish;
    cost += 0.5 * (5 * Math.sqrt(0.04 + left * left) - 3 * left);
  }
  return cost / 52;
}

export default defineStudy({
  name: "stocks",
  problem: blackBox(year, demand, { fingerprint: "stocks of five goods, 52 weeks" }),
  solver: zerothOrder({
    gradient: { method: "central", numDirections: 8, mu: 0.05 },
    stepSize: { initial: 0.1, exponent: 0.6, offset: 10 },
    stochastic: true,
  }),
  stop: { maxCalls: 20_000, tolerance: { metric: "gradientNorm", below: 1 } },
  seed: 1,
});
