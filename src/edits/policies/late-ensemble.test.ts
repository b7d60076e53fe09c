import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ftplSelector, LateEnsemble, type LateEnsembleState } from "./late-ensemble.ts";
import { maxSubOpt } from "./max-sub-opt.ts";
import { createUcb, restoreUcb } from "./ucb.ts";

function pullsOf(costs: readonly number[], alpha: number, rounds = 200): number[] {
  const ucb = createUcb(costs.length, { alpha });
  const pulls = costs.map(() => 0);
  for (let t = 0; t < rounds; t++) {
    const { arm, ticket } = ucb.choose();
    if (t < costs.length) expect(arm).toBe(t);
    pulls[arm]!++;
    ucb.update(ticket, costs[arm]!);
  }
  return pulls;
}

describe("the lower confidence bound", () => {
  it("pulls arms of constant cost as often as worked out by hand", () => {
    expect(pullsOf([0.2, 0.5], 0.3)).toEqual([196, 4]);
    expect(pullsOf([0.5377, 1.079, 0.2092], 0.3)).toEqual([4, 1, 195]);
    expect(pullsOf([0.5377, 1.079, 0.2092], 1)).toEqual([21, 5, 174]);
    for (const [k, count] of pullsOf([0.3, 0.3, 0.3], 0.3).entries())
      expect(Math.abs(count - [67, 67, 66][k]!)).toBeLessThanOrEqual(1);
  });

  it("pulls a worse arm at most 1 + alpha² ln T / gap² times", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 2, maxLength: 5 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (costs, alpha) => {
          const best = Math.min(...costs);
          for (const [k, count] of pullsOf(costs, alpha).entries()) {
            const gap = costs[k]! - best;
            if (gap > 0)
              expect(count).toBeLessThanOrEqual(1 + (alpha ** 2 * Math.log(200)) / gap ** 2 + 1e-9);
          }
        },
      ),
    );
  });

  it("takes costs late, in any order and in batches", () => {
    const ucb = createUcb(2, { alpha: 0.3 });
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 10 }, () => ucb.choose());
      for (const { arm, ticket } of batch.reverse()) ucb.update(ticket, [0.2, 0.8][arm]!);
    }
    expect(ucb.pulls[0]).toBeGreaterThan(170);
    expect(ucb.means).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.8, 12)]);
  });

  it("goes around the arms while no cost has come, and takes choices back", () => {
    const ucb = createUcb(3);
    const choices = Array.from({ length: 6 }, () => ucb.choose());
    expect(choices.map(({ arm }) => arm)).toEqual([0, 1, 2, 0, 1, 2]);
    ucb.discard(choices[3]!.ticket);
    expect(ucb.pulls).toEqual([1, 2, 2]);
    expect(() => ucb.update(choices[3]!.ticket, 1)).toThrow("unknown, or its cost was told before");
  });

  it("follows a user who changes, with a discount", () => {
    const late = (discount: number): number => {
      const ucb = createUcb(2, { alpha: 0.2, discount });
      let right = 0;
      for (let t = 0; t < 600; t++) {
        const { arm, ticket } = ucb.choose();
        const better = t < 400 ? 0 : 1;
        if (t >= 450 && arm === better) right++;
        ucb.update(ticket, arm === better ? 0.2 : 0.6);
      }
      return right;
    };
    expect(late(0.97)).toBeGreaterThan(130);
    expect(late(0.97)).toBeGreaterThan(late(1) + 15);
  });

  it("goes on from its state as if nothing had happened, costs outstanding included", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.constantFrom(1, 0.9), (cut, discount) => {
        const whole = createUcb(3, { alpha: 0.3, discount });
        let halved = createUcb(3, { alpha: 0.3, discount });
        const waiting: number[] = [];
        for (let t = 0; t < 60; t++) {
          if (t === cut) halved = restoreUcb(JSON.parse(JSON.stringify(halved)));
          const [a, b] = [whole.choose(), halved.choose()];
          expect(b).toEqual(a);
          waiting.push(a.ticket);
          if (t % 3 === 2)
            for (const ticket of waiting.splice(0))
              for (const ucb of [whole, halved]) ucb.update(ticket, (t % 7) / 7);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("refuses options and costs that make no sense", () => {
    expect(() => createUcb(0)).toThrow("0 arms");
    expect(() => createUcb(2, { alpha: -1 })).toThrow("alpha is -1");
    expect(() => createUcb(2, { discount: 0 })).toThrow("discount is 0");
    const ucb = createUcb(1);
    const { ticket } = ucb.choose();
    expect(() => ucb.update(ticket, Number.NaN)).toThrow("is NaN");
    ucb.update(ticket, 0.5);
    expect(() => restoreUcb({ ...ucb.toJSON(), costs: [] })).toThrow("damaged");
    expect(() => restoreUcb({ ...ucb.toJSON(), pulls: [-1] })).toThrow("negative count");
    expect(() => restoreUcb({ ...ucb.toJSON(), alpha: Number.NaN })).toThrow("alpha is NaN");
    expect(() => restoreUcb({ ...ucb.toJSON(), format: 2 as 1 })).toThrow("format 2");
  });
});

describe("the late ensemble", () => {
  const policies = { base: "b", sft: "s" };

  it("routes drafts to the cheaper policy, with one bandit a segment", () => {
    const ensemble = new LateEnsemble(policies);
    const counts = { base: 0, sft: 0 };
    for (let t = 0; t < 100; t++) {
      for (const segment of ["ann", "ben"]) {
        const { arm, policy, ticket } = ensemble.select({ segment });
        expect(policy).toBe(arm[0]);
        if (segment === "ann") counts[arm as "base" | "sft"]++;
        ensemble.record(ticket, (arm === "sft") === (segment === "ann") ? 0.1 : 0.9);
      }
    }
    expect(counts.sft).toBeGreaterThan(90);
  });

  it("can draw its arms by optimistic follow-the-perturbed-leader, and goes on from its state", () => {
    const options = { selector: ftplSelector({ seed: 3 }) };
    let ensemble = new LateEnsemble(policies, options);
    let sft = 0;
    for (let t = 0; t < 400; t++) {
      if (t === 200)
        ensemble = LateEnsemble.fromJSON(JSON.parse(JSON.stringify(ensemble)), policies, options);
      const { arm, ticket } = ensemble.select();
      if (arm === "sft") sft++;
      ensemble.record(ticket, arm === "sft" ? 0.1 : 0.9);
    }
    expect(sft).toBeGreaterThan(280);
  });

  it("lets perturbed leaders take choices back, costs of any range come, and many choices be open", () => {
    const options = { costRange: 5, selector: ftplSelector({ seed: 1 }) };
    const ensemble = new LateEnsemble(policies, options);
    const open = () => (ensemble.toJSON().segments[""] as { open: unknown[] }).open.length;
    for (let t = 0; t < 50; t++) ensemble.discard(ensemble.select().ticket);
    expect(open()).toBe(0);
    expect(() => ensemble.discard('["",7]')).toThrow("unknown or already settled");
    ensemble.record(ensemble.select().ticket, 9);
    ensemble.record(ensemble.select().ticket, 1000);
    // Each of them would take seconds if it copied those before.
    for (let t = 0; t < 10_000; t++) ensemble.assume("sft", { probability: 0.5 });
    expect(open()).toBe(10_000);
    expect(() => ensemble.assume("sft", { probability: 0 })).toThrow("probability is 0");
    const state = JSON.parse(JSON.stringify(ensemble)) as LateEnsembleState;
    const three = { ...state, arms: ["base", "sft", "dpo"] };
    expect(() => LateEnsemble.fromJSON(three, { ...policies, dpo: "d" }, options)).toThrow(
      "has 2 arms, expected 3",
    );
  });

  it("takes a second cost in place of the first, as if the first had never been told", () => {
    for (const options of [{}, { discount: 0.9 }, { selector: ftplSelector({ seed: 2 }) }]) {
      const once = new LateEnsemble(policies, options);
      const twice = new LateEnsemble(policies, options);
      const choices = Array.from({ length: 6 }, () => [once.select(), twice.select()] as const);
      for (const [first, second] of choices) {
        expect(second).toEqual(first);
        once.record(first.ticket, 1.5);
        twice.record(second.ticket, 0.25);
        twice.revise(second, 0.25, 1.5);
      }
      const sums = (ensemble: LateEnsemble<string>) => {
        const { costs, totals, errors = 0 } = ensemble.toJSON().segments[""] as Record<string, number[]>;
        return [...(costs ?? totals)!, Number(errors)].map((sum) => sum.toFixed(9));
      };
      expect(sums(twice)).toEqual(sums(once));
      expect(() => twice.revise({ ...choices[0]![1], ticket: '["x",1]' }, 0, 1)).toThrow("none of this");
    }
  });

  it("takes options that are given from now on, and keeps those that are not", () => {
    const ensemble = new LateEnsemble(policies, { alpha: 0.4, discount: 0.8 });
    ensemble.record(ensemble.select().ticket, 1);
    const state = ensemble.toJSON();
    const ruleOf = (options: object) => LateEnsemble.fromJSON(state, policies, options).toJSON().segments[""];
    expect(ruleOf({})).toEqual(state.segments[""]);
    expect(ruleOf({ alpha: 0.9, discount: 0.5 })).toMatchObject({ alpha: 0.9, discount: 0.5, costs: [1, 0] });
    expect(ruleOf({ costRange: 2 })).toMatchObject({ alpha: 0.4, discount: 0.8 });
    expect(() => ruleOf({ discount: 2 })).toThrow("discount is 2");
  });

  it("clips outliers, so that one bad edit does not starve a policy", () => {
    const ensemble = new LateEnsemble(policies, { maximumCost: 2 });
    ensemble.record(ensemble.select().ticket, 1000);
    const state = ensemble.toJSON().segments[""] as { costs: number[] };
    expect(state.costs[0]).toBe(2);
  });

  it("does not try first what is expected to be bad, but does what nothing is expected of", () => {
    const three = { base: "b", sft: "s", dpo: "d" };
    for (const selector of [undefined, ftplSelector({ seed: 1 })]) {
      const told = new LateEnsemble(three, {
        expectedCosts: { base: 0.9, sft: 0.1 },
        ...(selector && { selector }),
      });
      const chosen = Array.from({ length: 50 }, () => {
        const { arm, ticket } = told.select({ segment: "a user" });
        told.record(ticket, { base: 0.9, sft: 0.1, dpo: 0.8 }[arm]!);
        return arm;
      });
      if (selector === undefined) {
        expect(chosen[0]).toBe("dpo");
        expect(chosen.filter((arm) => arm === "base")).toEqual([]);
      }
      expect(chosen.filter((arm) => arm === "sft").length).toBeGreaterThan(25);
    }
    // What was expected wrongly is found out.
    const misled = new LateEnsemble(policies, { expectedCosts: { base: 0, sft: 0.3 } });
    let sft = 0;
    for (let t = 0; t < 100; t++) {
      const { arm, ticket } = misled.select();
      if (arm === "sft") sft++;
      misled.record(ticket, arm === "sft" ? 0.1 : 0.9);
    }
    expect(sft).toBeGreaterThan(90);
    expect(() => new LateEnsemble(policies, { expectedCosts: { other: 1 } })).toThrow('no arm "other"');
    expect(() => new LateEnsemble(policies, { expectedCosts: { sft: -1 } })).toThrow(
      "expectedCosts.sft is -1",
    );
  });

  it("is the same after its state was stored and read", () => {
    const ensemble = new LateEnsemble(policies);
    const { ticket } = ensemble.select({ segment: "__proto__" });
    const state = JSON.parse(JSON.stringify(ensemble)) as LateEnsembleState;
    const again = LateEnsemble.fromJSON(state, policies);
    again.record(ticket, 0.4);
    expect(again.select({ segment: "__proto__" }).arm).toBe("sft");
    expect(() => LateEnsemble.fromJSON(state, { base: "b", dpo: "d" })).toThrow(
      "arms base, sft, not of base, dpo",
    );
    expect(() => LateEnsemble.fromJSON({ ...state, format: 3 as 1 }, policies)).toThrow("format 3");
  });

  it("refuses foreign tickets and costs that make no sense, and keeps the choice open", () => {
    const ensemble = new LateEnsemble(policies);
    const { ticket } = ensemble.select();
    expect(() => ensemble.record("7", 1)).toThrow("none of this ensemble's");
    expect(() => ensemble.record('["x",1]', 1)).toThrow("none of this ensemble's");
    expect(() => ensemble.record(ticket, -1)).toThrow("not negative");
    expect(() => ensemble.record(ticket, Number.POSITIVE_INFINITY)).toThrow("is Infinity");
    ensemble.record(ticket, 0.3);
    expect(() => new LateEnsemble({})).toThrow("0 arms");
    expect(() => new LateEnsemble(policies, { costRange: 0 })).toThrow("costRange is 0");
  });
});

describe("maxSubOpt", () => {
  const settings = (rows: Record<string, number[]>) =>
    maxSubOpt(
      Object.fromEntries(Object.entries(rows).map(([name, costs]) => [name, costs.map((cost) => [cost])])),
    );

  it("gives the gaps of the published means", () => {
    const one = settings({
      Base: [0.9455, 0.9445, 0.5108, 0.4923],
      SFT: [0.5377, 0.9304, 0.4159, 0.4539],
      DPO: [1.079, 0.8267, 0.3365, 0.3368],
      Early: [0.2092, 0.3586, 0.3438, 0.4864],
      Late: [0.2768, 0.4403, 0.4202, 0.3739],
    });
    const two = settings({
      Base: [0.8498, 0.8558, 0.4241, 0.4239],
      SFT: [0.489, 0.7698, 0.3377, 0.3866],
      DPO: [0.965, 0.78, 0.2955, 0.3047],
      Early: [0.1845, 0.2577, 0.2406, 0.4001],
      Late: [0.2509, 0.3403, 0.3123, 0.3428],
    });
    const means = (rows: Record<string, { mean: number }>) =>
      Object.values(rows).map(({ mean }) => Number(mean.toFixed(4)));
    expect(means(one)).toEqual([0.7363, 0.5718, 0.8698, 0.1496, 0.0837]);
    expect(means(two)).toEqual([0.6653, 0.5121, 0.7805, 0.0954, 0.0826]);
  });

  it("takes the worst gap seed by seed, then the mean", () => {
    const { a, b } = maxSubOpt({
      a: [
        [0, 1],
        [0, 0],
      ],
      b: [
        [0.5, 0],
        [0, 0],
      ],
    });
    expect(a).toEqual({ mean: 0.5, perSeed: [0, 1] });
    expect(b).toEqual({ mean: 0.25, perSeed: [0.5, 0] });
  });

  it("refuses tables with holes", () => {
    expect(() => maxSubOpt({})).toThrow("at least one policy");
    expect(() => maxSubOpt({ a: [[1, 2]], b: [[1]] })).toThrow('the costs of "b"');
    expect(() => maxSubOpt({ a: [[Number.NaN]] })).toThrow('a cost of "a" is NaN');
  });
});
