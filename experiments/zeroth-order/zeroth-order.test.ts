import { createRng } from "fpx/random";
import { describe, expect, it } from "vitest";
import { leastValue, logistic, logSumExp, quadratic, regression } from "./losses.ts";
import { network } from "./network.ts";
import { bias, pairing } from "./variance.ts";

const context = { quick: true, seed: 1, progress: () => undefined };

describe("the losses of the study", () => {
  it.each([
    ["regression", regression(6, 1)],
    ["logistic", logistic(6, 30, 1, { ridge: 0.1 })],
    ["log-sum-exp", logSumExp(6, 1)],
    ["quadratic", quadratic(6, 1)],
  ])("%s: the gradient is that of the value, and the least value lies below", (_, loss) => {
    const x = createRng(2).stream("x").normals(6);
    const g = loss.gradient(x);
    for (let i = 0; i < 6; i++) {
      const at = (step: number) => loss.value(x.map((xi, j) => (j === i ? xi + step : xi)));
      expect(Math.abs((at(1e-5) - at(-1e-5)) / 2e-5 - g[i]!)).toBeLessThan(1e-6 * (1 + Math.abs(g[i]!)));
    }
    const least = leastValue(loss);
    for (let k = 0; k < 50; k++)
      expect(loss.value(createRng(k).stream("y").normals(6))).toBeGreaterThan(least);
  });
});

it("a network's minibatches repeat, and its whole set is their mean", () => {
  const { start, value } = network(1);
  const losses = Array.from({ length: 400 }, (_, k) => value(start, k + 1));
  expect(value(start, 7)).toBe(losses[6]);
  const mean = losses.reduce((a, b) => a + b) / losses.length;
  const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length);
  expect(Math.abs(mean - value(start, 0))).toBeLessThan((5 * deviation) / 20);
});

describe("rows", () => {
  it("the pairing and the bias come out as proved", async () => {
    for (const row of [pairing, bias]) {
      const { claims } = await row.run(context);
      expect(claims.map(({ verdict }) => verdict)).toEqual(["reproduced"]);
    }
  });
});
