import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { ballVolumeRatio, samplePerturbation } from "./perturbation.ts";
import { box, simplex } from "./sets/basic.ts";
import type { StrategySet } from "./sets/strategy-set.ts";

const rng = createRng(11);

function meanAnswer(
  set: StrategySet,
  theta: readonly number[],
  law: Parameters<typeof samplePerturbation>[0],
  scale: number,
  draws: number,
): Float64Array {
  const sum = new Float64Array(set.dimension);
  for (let j = 0; j < draws; j++) {
    const noise = samplePerturbation(law, scale, rng.stream(law, 0, j), set.dimension);
    const answer = set.lmo(noise.map((z, i) => theta[i]! - z)) as Float64Array;
    for (let i = 0; i < sum.length; i++) sum[i]! += answer[i]! / draws;
  }
  return sum;
}

describe("perturbed best responses", () => {
  it("on an interval under the ball law have the clipped linear mean", () => {
    const mean = meanAnswer(box([-1], [1]), [1.7], "ball", 3, 400_000);
    expect(Math.abs(mean[0]! + 1.7 / 6)).toBeLessThan(0.006);
  });

  it("on a simplex under Gumbel noise follow the softmax", () => {
    const mean = meanAnswer(simplex(4), [0, 1, 0.5, 2], "gumbel", 0.8, 400_000);
    for (const [i, p] of [0.52525, 0.15049, 0.28115, 0.04311].entries())
      expect(Math.abs(mean[i]! - p)).toBeLessThan(0.003);
  });

  it("on two arms under exponential noise of that mean (not rate)", () => {
    const mean = meanAnswer(simplex(2), [0, 0.4], "exponential", 0.5, 400_000);
    expect(Math.abs(mean[0]! - 0.77534)).toBeLessThan(0.003);
  });
});

describe("laws", () => {
  it("of the ball have the mean norm that their scale says", () => {
    for (const d of [1, 2, 10, 100]) {
      let sum = 0;
      for (let j = 0; j < 20_000; j++)
        sum += Math.hypot(...samplePerturbation("ball", 2.5, rng.stream("norm", d, j), d));
      expect(Math.abs(sum / 20_000 / 2.5 - 1)).toBeLessThan(0.01);
    }
  });

  it("are centred unless asked otherwise, and have their spread", () => {
    const variance = { gaussian: 1, gumbel: Math.PI ** 2 / 6, exponential: 1, laplace: 2 } as const;
    for (const law of ["gaussian", "gumbel", "exponential", "laplace"] as const) {
      const values = samplePerturbation(law, 1, rng.stream(law, 9), 400_000);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const square = values.reduce((a, b) => a + b * b, 0) / values.length;
      expect(Math.abs(mean)).toBeLessThan(0.012);
      expect(Math.abs(square / variance[law] - 1)).toBeLessThan(0.03);
    }
    const oneSided = samplePerturbation("exponential", 1, rng.stream("one-sided"), 1000, false);
    expect(Math.min(...oneSided)).toBeGreaterThan(0);
  });

  it("know the ratio of ball volumes", () => {
    // Gamma(d/2 + 1) / (sqrt(pi) Gamma((d + 1)/2)), worked out in closed form or with log-gamma at high precision.
    const known = [
      [1, 0.5],
      [2, 2 / Math.PI],
      [3, 0.75],
      [10, 120 / ((Math.PI * 945) / 32)],
      [100, 3.999408671744203],
      [2500, 19.94910883115934],
    ] as const;
    for (const [d, kappa] of known) expect(Math.abs(ballVolumeRatio(d) - kappa)).toBeLessThan(1e-9);
  });
});
