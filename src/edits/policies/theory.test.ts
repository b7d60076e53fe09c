import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { costPolicy, regularizedCost, softmaxInPlace } from "./cost-policy.ts";
import { type ChoiceLog, imitationLoss, preferenceLoss, type ResponseSet } from "./log-linear.ts";

const COUNT = 8;
const draws = createRng(3).draws("distributions");
const distribution = (count = COUNT) =>
  softmaxInPlace(Float64Array.from({ length: count }, () => 2 * draws.uniform()));
const tv = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!) / 2;
  return sum;
};
const logs = (p: Float64Array) => p.map(Math.log);
const normalized = (weights: Float64Array) => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};
/** One context, and a logit of its own for every response. */
const tabular = (reference: Float64Array): ResponseSet => ({
  features: Float64Array.from({ length: COUNT * COUNT }, (_, k) => (k % (COUNT + 1) === 0 ? 1 : 0)),
  dimension: COUNT,
  logReference: logs(reference),
});
/** All pairs of draft and edited response with their probabilities, as a log. */
function population(reference: Float64Array, user: (y: number) => ArrayLike<number>): ChoiceLog {
  const pairs = Array.from({ length: COUNT * COUNT }, (_, k) => [Math.floor(k / COUNT), k % COUNT] as const);
  return {
    contexts: new Float64Array(pairs.length).fill(1),
    inputs: 1,
    drafts: pairs.map(([y]) => y),
    edited: pairs.map(([, z]) => z),
    weights: pairs.map(([y, z]) => reference[y]! * user(y)[z]!),
  };
}

/** A user in balance with its own optimal policy: c = k Δ π*, π* ∝ π_ref exp(−c / β), iterated to the fixed point. */
function selfConsistent(reference: Float64Array, beta: number, k: number) {
  const hamming = (a: number, b: number): number =>
    [1, 2, 4].filter((bit) => (a & bit) !== (b & bit)).length / 3;
  let best = reference;
  let cost = new Float64Array(COUNT);
  for (let i = 0; i < 500; i++) {
    cost = Float64Array.from(
      { length: COUNT },
      (_, y) => k * best.reduce((sum, p, z) => sum + p * hamming(y, z), 0),
    );
    best = costPolicy(logs(reference), cost, { klBeta: beta });
  }
  const user = (y: number) => best.map((p, z) => k * p + (z === y ? 1 - k : 0));
  return { best, cost, user };
}

describe("what the methods aim at", () => {
  it("J of a policy minus the least J is beta times their KL divergence, and the closed form attains it", () => {
    for (const klBeta of [0.05, 0.5, 2]) {
      const reference = distribution();
      const costs = Float64Array.from({ length: COUNT }, () => draws.uniform());
      const best = costPolicy(logs(reference), costs, { klBeta });
      const least = regularizedCost(best, logs(reference), costs, { klBeta });
      const z = reference.reduce((sum, p, y) => sum + p * Math.exp(-costs[y]! / klBeta), 0);
      expect(Math.abs(least + klBeta * Math.log(z))).toBeLessThan(1e-12);
      for (let i = 0; i < 20; i++) {
        const policy = distribution();
        const excess = regularizedCost(policy, logs(reference), costs, { klBeta }) - least;
        const kl = policy.reduce((sum, p, y) => sum + p * Math.log(p / best[y]!), 0);
        expect(Math.abs(excess - klBeta * kl)).toBeLessThan(1e-12);
        expect(excess).toBeGreaterThan(0);
      }
    }
  });

  it("editing shrinks the distance to the best policy by 1 - k, and k-fold editing by its power", () => {
    const k = 0.3;
    const best = distribution();
    let policy = distribution();
    const start = tv(policy, best);
    for (const power of [0.7, 0.49, 0.343, 0.2401]) {
      const before = policy;
      policy = before.map((p, y) => (1 - k) * p + k * best[y]!);
      expect(tv(policy, best) / start).toBeCloseTo(power, 12);
    }
  });

  it("a Metropolis user leaves the best policy as it is and contracts at least by 1 - gamma_min", () => {
    const best = distribution();
    const user = (y: number): Float64Array => {
      const row = best.map((p, z) => (z === y ? 0 : Math.min(1, p / best[y]!) / COUNT));
      row[y] = 1 - row.reduce((a, b) => a + b, 0);
      return row;
    };
    const edit = (policy: Float64Array) =>
      best.map((_, z) => policy.reduce((sum, p, y) => sum + p * user(y)[z]!, 0));
    expect(tv(edit(best), best)).toBeLessThan(1e-15);
    const star = best.indexOf(Math.max(...best));
    const gamma = Math.min(...Array.from({ length: COUNT }, (_, y) => user(y)[star]!));
    for (let i = 0; i < 20; i++) {
      const policy = distribution();
      expect(tv(edit(policy), best) / tv(policy, best)).toBeLessThanOrEqual(1 - gamma + 1e-12);
    }
  });

  it("balance makes preferences Bradley-Terry in the cost over beta", () => {
    const reference = distribution();
    const { cost, user } = selfConsistent(reference, 0.5, 0.6);
    for (let y = 0; y < COUNT; y++)
      for (let z = 0; z < COUNT; z++) {
        if (y === z) continue;
        const forth = reference[y]! * user(y)[z]!;
        const back = reference[z]! * user(z)[y]!;
        const modelled = 1 / (1 + Math.exp(-(cost[y]! - cost[z]!) / 0.5));
        expect(Math.abs(forth / (forth + back) - modelled)).toBeLessThan(1e-12);
      }
  });

  /** Plain gradient descent from the reference policy; gives the policy it ends at. */
  const descend = (reference: Float64Array, log: ChoiceLog, dpoBeta: number): Float64Array => {
    const weights = new Float64Array(COUNT);
    for (let step = 0; step < 60_000; step++) {
      const { gradient } = preferenceLoss(tabular(reference), log, weights, { dpoBeta });
      if (Math.max(...gradient.map(Math.abs)) < 1e-9) break;
      for (let y = 0; y < COUNT; y++) weights[y]! -= (0.5 / dpoBeta ** 2) * gradient[y]!;
    }
    return softmaxInPlace(weights.map((w, y) => w + Math.log(reference[y]!)));
  };

  it("descent on the preference loss of all pairs ends at the minimisers that follow", () => {
    const reference = distribution();
    const { best, user } = selfConsistent(reference, 0.5, 0.6);
    for (const dpoBeta of [0.25, 0.5, 1, 2]) {
      const goal = normalized(reference.map((p, y) => p * (best[y]! / p) ** (1 / dpoBeta)));
      expect(tv(descend(reference, population(reference, user), dpoBeta), goal)).toBeLessThan(1e-6);
    }
    const flipper = (y: number): number[] =>
      Array.from({ length: COUNT }, (_, z) => ([1, 2, 4].includes(y ^ z) ? 1 / 3 : 0));
    for (const dpoBeta of [0.5, 1, 2]) {
      const goal = normalized(reference.map((p) => p ** (1 - 1 / dpoBeta)));
      expect(tv(descend(reference, population(reference, flipper), dpoBeta), goal)).toBeLessThan(1e-6);
    }
  });

  it("preference learning on all pairs ends at pi_ref (pi*/pi_ref)^(1/b), at pi* only for b = 1", () => {
    const reference = distribution();
    const { best, user } = selfConsistent(reference, 0.5, 0.6);
    const log = population(reference, user);
    for (const dpoBeta of [0.25, 0.5, 1, 2]) {
      // The loss is convex, so that the point without gradient is its minimum; W is ln(π / π_ref).
      const weights = best.map((p, y) => Math.log(p / reference[y]!) / dpoBeta);
      const at = preferenceLoss(tabular(reference), log, weights, { dpoBeta });
      expect(Math.max(...at.gradient.map(Math.abs))).toBeLessThan(1e-15);
      const policy = softmaxInPlace(weights.map((w, y) => w + Math.log(reference[y]!)));
      if (dpoBeta === 1) expect(tv(policy, best)).toBeLessThan(1e-14);
      else expect(tv(policy, best)).toBeGreaterThan(0.001);
      for (let i = 0; i < 10; i++) {
        const other = weights.map((w) => w + draws.uniform() - 0.5);
        expect(preferenceLoss(tabular(reference), log, other, { dpoBeta }).loss).toBeGreaterThan(at.loss);
      }
    }
  });

  it("edits without any preference make it end at pi_ref^(1 - 1/b): uniform at b = 1, upside down below", () => {
    const reference = distribution();
    const flipper = (y: number): number[] =>
      Array.from({ length: COUNT }, (_, z) => ([1, 2, 4].includes(y ^ z) ? 1 / 3 : 0));
    const log = population(reference, flipper);
    for (const dpoBeta of [0.5, 1, 2]) {
      const goal = normalized(reference.map((p) => p ** (1 - 1 / dpoBeta)));
      const weights = goal.map((p, y) => Math.log(p / reference[y]!));
      const { gradient } = preferenceLoss(tabular(reference), log, weights, { dpoBeta });
      expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-15);
      if (dpoBeta === 1) expect(tv(goal, new Float64Array(COUNT).fill(1 / COUNT))).toBeLessThan(1e-14);
      if (dpoBeta < 1)
        expect(goal.indexOf(Math.max(...goal))).toBe(reference.indexOf(Math.min(...reference)));
    }
  });

  it("imitation ends at the frequencies of the edited responses, which near q after pi_ref as the log grows", () => {
    const reference = distribution();
    const { user } = selfConsistent(reference, 0.5, 0.6);
    const goal = reference.map((_, z) => reference.reduce((sum, p, y) => sum + p * user(y)[z]!, 0));
    const cumulative = new Float64Array(COUNT);
    goal.reduce((sum, p, z) => (cumulative[z] = sum + p), 0);
    const sample = (n: number, repeat: number) => {
      const source = createRng(11).draws("targets", n, repeat);
      return Array.from({ length: n }, () => {
        const u = source.uniform();
        return Math.min(
          COUNT - 1,
          cumulative.findIndex((c) => u < c),
        );
      });
    };
    const edited = sample(500, 0);
    const frequencies = new Float64Array(COUNT);
    for (const z of edited) frequencies[z]! += 1 / edited.length;
    const weights = frequencies.map((p, y) => Math.log(p / reference[y]!));
    const log = { contexts: new Float64Array(500).fill(1), inputs: 1, drafts: edited, edited };
    const { gradient } = imitationLoss(tabular(reference), log, weights);
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-14);

    for (const n of [100, 1000, 10_000]) {
      let sum = 0;
      for (let repeat = 1; repeat <= 100; repeat++) {
        const counts = new Float64Array(COUNT);
        for (const z of sample(n, repeat)) counts[z]! += 1 / n;
        sum += tv(counts, goal) / 100;
      }
      expect(sum).toBeLessThan(0.5 * Math.sqrt((COUNT - 1) / n));
      expect(sum).toBeGreaterThan(0.5 * 0.5 * Math.sqrt((COUNT - 1) / n));
    }
  });
});
