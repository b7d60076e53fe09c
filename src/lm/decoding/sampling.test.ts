import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSampling, sampleToken } from "./sampling.ts";

/** Share of each token over a fine grid of uniforms. */
function shares(logits: number[], options: Parameters<typeof sampleToken>[1]): number[] {
  const counts = logits.map(() => 0);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const token = sampleToken(logits, options, (i + 0.5) / draws);
    counts[token] = counts[token]! + 1;
  }
  return counts.map((count) => count / draws);
}

const logits = [0.5, 0.2, 0.1, 0.15, 0.05].map(Math.log);
const near = (found: number[], wanted: number[]) =>
  found.forEach((share, i) => {
    expect(share).toBeCloseTo(wanted[i]!, 3);
  });

describe("sampling", () => {
  it("takes the likeliest token at temperature 0, the first at a tie", () => {
    expect(sampleToken([1, 3, 3, 2], {}, 0.99)).toBe(1);
    expect(sampleToken([1, 3, 3, 2], { temperature: 0, topK: 1 }, 0)).toBe(1);
  });

  it("draws by the softmax of the logits", () => {
    near(shares(logits, { temperature: 1 }), [0.5, 0.2, 0.1, 0.15, 0.05]);
    const squares = [0.25, 0.04, 0.01, 0.0225, 0.0025];
    const total = squares.reduce((a, b) => a + b);
    near(
      shares(logits, { temperature: 0.5 }),
      squares.map((square) => square / total),
    );
  });

  it("keeps the likeliest by number or by share", () => {
    near(shares(logits, { temperature: 1, topK: 2 }), [5 / 7, 2 / 7, 0, 0, 0]);
    near(shares(logits, { temperature: 1, topP: 0.6 }), [5 / 7, 2 / 7, 0, 0, 0]);
    near(shares(logits, { temperature: 1, topP: 0.71 }), [10 / 17, 4 / 17, 0, 3 / 17, 0]);
    near(shares(logits, { temperature: 1, topK: 3, topP: 0.5 }), [1, 0, 0, 0, 0]);
    near(shares(logits, { temperature: 1, topP: 1e-9 }), [1, 0, 0, 0, 0]);
  });

  it("gives a token that it may give, for any logits and any uniform", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        (values, uniform, topK) => {
          const token = sampleToken(values, { temperature: 0.7, topK }, uniform);
          const better = values.filter((value) => value > values[token]!).length;
          expect(better).toBeLessThan(topK);
        },
      ),
    );
  });

  it.each([
    [{ temperature: -1 }],
    [{ temperature: Infinity }],
    [{ topK: 0 }],
    [{ topP: 0 }],
    [{ topP: 1.5 }],
  ])("refuses %j", (options) => {
    expect(() => checkSampling(options)).toThrow(/temperature is|topK is|topP is/);
  });
});
