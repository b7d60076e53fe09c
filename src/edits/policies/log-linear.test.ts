import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import {
  type ChoiceLog,
  earlyLoss,
  fitLogLinear,
  imitationLoss,
  policyGradient,
  preferenceLoss,
  probabilities,
  type ResponseSet,
  type ValueAndGradient,
} from "./log-linear.ts";

const draws = createRng(5).draws("log-linear");
const numbers = (n: number) => Float64Array.from({ length: n }, () => 2 * draws.uniform() - 1);
const responses: ResponseSet = { features: numbers(12), dimension: 3, logReference: numbers(4) };
const log: ChoiceLog = {
  contexts: numbers(12),
  inputs: 2,
  drafts: [0, 1, 2, 3, 1, 0],
  edited: [1, 1, 3, 0, 2, 3],
};
const weights = numbers(6);

function checkGradient(loss: (w: Float64Array) => ValueAndGradient): void {
  const { gradient } = loss(weights);
  const h = 1e-5;
  for (let k = 0; k < weights.length; k++) {
    const at = (shift: number) => loss(weights.map((w, j) => (j === k ? w + shift : w))).loss;
    expect(Math.abs((at(h) - at(-h)) / (2 * h) - gradient[k]!)).toBeLessThan(1e-8);
  }
}

describe("log-linear policies", () => {
  it("gradients agree with central differences", () => {
    checkGradient((w) => imitationLoss(responses, log, w));
    checkGradient((w) => preferenceLoss(responses, log, w, { dpoBeta: 0.7 }));
    checkGradient((w) => earlyLoss(responses, log, w, { dpoBeta: 0.7, sftWeight: 0.3 }));
    const costs = numbers(4);
    checkGradient((w) =>
      policyGradient(responses, log, w, (x) => costs.map((c) => c * (1 + x[0]!)), { klBeta: 0.2 }),
    );
  });

  it("at W = 0 preference is ln 2, an unchanged draft has no gradient, and swapping sides negates it", () => {
    const zero = new Float64Array(6);
    const at = preferenceLoss(responses, log, zero, { dpoBeta: 0.1 });
    expect(at.loss).toBeCloseTo(Math.LN2, 14);
    const swapped = preferenceLoss(responses, { ...log, drafts: log.edited, edited: log.drafts }, zero, {
      dpoBeta: 0.1,
    });
    swapped.gradient.forEach((value, k) => {
      expect(value).toBeCloseTo(-at.gradient[k]!, 15);
    });
    const without = preferenceLoss(responses, { ...log, weights: [1, 0, 1, 1, 1, 1] }, weights, {
      dpoBeta: 0.1,
    });
    const all = preferenceLoss(responses, log, weights, { dpoBeta: 0.1 });
    without.gradient.forEach((value, k) => {
      expect((value * 5) / 6).toBeCloseTo(all.gradient[k]!, 14);
    });
  });

  it("early is preference without weight on imitation, and imitation with a large one", () => {
    const early = (sftWeight: number) =>
      fitLogLinear((w) => earlyLoss(responses, log, w, { dpoBeta: 0.1, sftWeight }), 6, { steps: 300 });
    expect(early(0)).toEqual(
      fitLogLinear((w) => preferenceLoss(responses, log, w, { dpoBeta: 0.1 }), 6, { steps: 300 }),
    );
    const imitation = fitLogLinear((w) => imitationLoss(responses, log, w), 6, { steps: 300 });
    early(1000).forEach((value, k) => {
      expect(Math.abs(value - imitation[k]!)).toBeLessThan(0.01);
    });
  });

  it("policy gradient reaches the closed form when every response has a weight of its own", () => {
    const tabular: ResponseSet = {
      features: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      dimension: 3,
      logReference: Float64Array.of(0, -1, 0.5),
    };
    const one = { contexts: Float64Array.of(1), inputs: 1 };
    const costs = [0.3, 0.1, 0.2];
    const w = fitLogLinear((v) => policyGradient(tabular, one, v, () => costs, { klBeta: 0.1 }), 3, {
      steps: 3000,
      learningRate: 0.01,
    });
    const raw = [Math.exp(-3), Math.exp(-2), Math.exp(-1.5)];
    const z = raw.reduce((a, b) => a + b, 0);
    probabilities(tabular, w, [1]).forEach((p, y) => {
      expect(p).toBeCloseTo(raw[y]! / z, 4);
    });
  });

  it("refuses logs that do not fit, and says why", () => {
    const fails = (changes: Partial<ChoiceLog>) => () =>
      imitationLoss(responses, { ...log, ...changes }, weights);
    expect(fails({ edited: [9, 1, 1, 1, 1, 1] })).toThrow("edit 0 names response 9, but there are 4");
    expect(fails({ edited: [1] })).toThrow("each");
    expect(fails({ weights: [0, 0, 0, 0, 0, 0] })).toThrow("weight 0");
    expect(fails({ weights: [1, -1, 0, 0, 0, 0] })).toThrow("weight of edit 1 is -1");
    expect(() => preferenceLoss(responses, log, weights, { dpoBeta: 0 })).toThrow("dpoBeta is 0");
    expect(() => preferenceLoss(responses, { ...log, edited: log.drafts }, weights, { dpoBeta: 1 })).toThrow(
      "no edit",
    );
    expect(() => earlyLoss(responses, log, weights, { dpoBeta: 1, sftWeight: -1 })).toThrow(
      "sftWeight is -1",
    );
  });
});
