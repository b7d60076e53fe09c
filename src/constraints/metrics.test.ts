import { describe, expect, it } from "vitest";
import { loanTable } from "../../experiments/constraints/loan.ts";
import { adversityIndex } from "./adversity.ts";
import { fitPenalised, fitUnconstrained, postProcess } from "./baselines.ts";
import { certify } from "./certify.ts";
import { domain } from "./domain.ts";
import { sum } from "./expression.ts";
import { fitConstrained } from "./fit.ts";
import { evaluate } from "./metrics.ts";
import { linearModel, scoresAt } from "./model.ts";
import { forAll } from "./rules.ts";

describe("the adversity index", () => {
  it("is the share of rows with a breaking input nearby: zero for certified models, growing with the radius", async () => {
    for (const seed of [1, 2]) {
      const { domain: where, rules, train } = loanTable(seed);
      const options = { ...train, domain: where, constraints: rules, task: "logistic" as const };
      const free = fitUnconstrained(options);
      const { model } = await fitConstrained(options);
      let before = 0;
      for (const radius of [0, 0.01, 0.1, 0.5, 1]) {
        expect(adversityIndex(model, rules, train.X, { radius })).toBe(0);
        const index = adversityIndex(free, rules, train.X, { radius });
        expect(index).toBeGreaterThanOrEqual(before);
        before = index;
        // The corner of the ball inside the rule's region where the score is largest.
        const w = free.weights[0]!;
        const share =
          train.X.filter((x) => {
            if (x[4] !== 0 || x[0]! - radius > 0.4) return false;
            let worst = w[0]!;
            for (const [i, value] of x.entries()) {
              if (i === 4) continue;
              const top = i === 0 ? Math.min(0.4, value + radius) : Math.min(1, value + radius);
              worst += Math.max(w[i + 1]! * Math.max(0, value - radius), w[i + 1]! * top);
            }
            return worst >= 0;
          }).length / train.X.length;
        expect(index).toBe(share);
      }
      expect(before).toBeGreaterThan(0);
    }
  });
});

describe("baselines", () => {
  it("violate less with a larger penalty, and the unconstrained model is the free optimum", async () => {
    const { domain: where, rules, train } = loanTable(3);
    const options = { ...train, domain: where, constraints: rules, task: "logistic" as const };
    const free = await fitConstrained({ ...options, constraints: [] });
    for (const [i, w] of fitUnconstrained(options).weights[0]!.entries())
      expect(w).toBeCloseTo(free.model.weights[0]![i]!, 5);
    const worst = [0, 1, 100].map(
      (penalty) => certify(fitPenalised({ ...options, penalty }), rules).results[0]!.bound,
    );
    expect(worst[1]!).toBeLessThan(worst[0]!);
    expect(worst[2]!).toBeLessThan(worst[1]!);
  });

  it("repair single predictions to the nearest outputs that keep joint rules", () => {
    const where = domain({ income: [0, 10] });
    const model = linearModel(
      where,
      ["food", "fun"],
      [
        [4, 0],
        [4, 0],
      ],
    );
    const rules = [
      forAll((x) => sum(x.out("food"), x.out("fun")).le(x.in("income"))),
      forAll((x) => x.out("fun").le(1)),
    ];
    const repaired = postProcess(model, rules, 0);
    expect([...scoresAt(model, [2])]).toEqual([4, 4]);
    expect(repaired(Float64Array.of(3))[0]).toBeCloseTo(2, 6);
    expect(repaired(Float64Array.of(3))[1]).toBeCloseTo(1, 6);
    expect(repaired(Float64Array.of(9))[0]).toBeCloseTo(4, 6);
    const X = [[2], [9]];
    const y = { food: [1, 4], fun: [2, 1] };
    const { plain, corrected, violations } = evaluate(model, rules, X, y, postProcess(model, rules));
    expect(violations).toBe(0);
    expect(evaluate(model, rules, X, y).violations).toBe(1);
    expect([plain.rows, corrected.rows]).toEqual([2, 1]);
    expect(plain.squaredErrorSum).toBeCloseTo((0 + 1 + 0 + 0) / 2, 3);
    expect(corrected.squaredErrorMean).toBeCloseTo(0, 3);
  });
});
