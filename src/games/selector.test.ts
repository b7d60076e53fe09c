import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { OptimisticFtpl, type SelectorOptions, type SelectorState } from "./selector.ts";
import { inner } from "./vectors.ts";

const K = 10;
const T = 2000;
const rng = createRng(31);

const sequences: Record<string, (t: number) => Float64Array> = {
  uniform: (t) => rng.stream("uniform", t).uniforms(K),
  bernoulli: (t) =>
    rng
      .stream("bernoulli", t)
      .uniforms(K)
      .map((u, i) => Number(u < 0.3 + 0.04 * i)),
  alternating: (t) => Float64Array.from({ length: K }, (_, i) => (i + t) % 2),
  drifting: (t) =>
    Float64Array.from({ length: K }, (_, i) => Number((Math.floor((10 * t) / T) + i) % K !== 0)),
};

/** Expected regret of play with full feedback: probabilities are reported, so no draw enters. */
function regret(
  options: Partial<SelectorOptions>,
  losses: (t: number) => Float64Array,
  hint: (t: number) => Float64Array | null,
): { regret: number; bound: number } {
  const selector = new OptimisticFtpl({ arms: K, feedback: "full", ...options });
  const totals = new Float64Array(K);
  let paid = 0;
  for (let t = 0; t < T; t++) {
    const loss = losses(t);
    const { probabilities, ticket } = selector.choose(hint(t));
    paid += inner(probabilities, loss);
    selector.update(ticket, loss);
    for (let i = 0; i < K; i++) totals[i]! += loss[i]!;
  }
  return { regret: paid - Math.min(...totals), bound: selector.regretBound() };
}

describe("OptimisticFtpl", () => {
  it("obeys the bounds on regret, without hints, with true ones, and self-tuned", () => {
    for (const losses of Object.values(sequences)) {
      const plain = regret({ scale: 10.4 }, losses, () => null);
      expect(plain.regret).toBeLessThanOrEqual(48);
      expect(plain.regret).toBeLessThanOrEqual(plain.bound);
      expect(regret({ scale: 10.4 }, losses, losses).regret).toBeLessThanOrEqual(24);
      expect(regret({}, losses, losses).regret).toBeLessThanOrEqual(1);
      const tuned = regret({}, losses, (t) => (t === 0 ? null : losses(t - 1)));
      expect(tuned.regret).toBeLessThanOrEqual(tuned.bound);
    }
  });

  it("draws afresh each round, without which an adaptive adversary wins", () => {
    const scale = Math.sqrt(T / (8 * Math.LN2));
    let worstFresh = Number.NEGATIVE_INFINITY;
    let leastShared = Number.POSITIVE_INFINITY;
    for (let seed = 0; seed < 100; seed++) {
      const selector = new OptimisticFtpl({ arms: 2, feedback: "full", scale, seed });
      const shared = createRng(seed)
        .stream("shared")
        .uniforms(2)
        .map((u) => -scale * Math.log(-Math.log(u)));
      const [fresh, once] = [new Float64Array(2), new Float64Array(2)];
      let [paidFresh, paidOnce] = [0, 0];
      for (let t = 0, last = 0, lastOnce = 0; t < T; t++) {
        const { arm, ticket } = selector.choose();
        const loss = Float64Array.of(Number(last === 0), Number(last === 1));
        paidFresh += loss[arm]!;
        selector.update(ticket, loss);
        fresh[last]!++;
        last = arm;
        const own = once[0]! - shared[0]! <= once[1]! - shared[1]! ? 0 : 1;
        paidOnce += Number(own === lastOnce);
        once[lastOnce]!++;
        lastOnce = own;
      }
      worstFresh = Math.max(worstFresh, paidFresh - Math.min(...fresh));
      leastShared = Math.min(leastShared, paidOnce - Math.min(...once));
    }
    expect(worstFresh).toBeLessThanOrEqual(110);
    expect(leastShared).toBeGreaterThanOrEqual(250);
  });

  it("learns from the chosen arm's loss alone, and gains from smoothed hints where losses have little noise", () => {
    const play = (seed: number, hinted: boolean) => {
      const selector = new OptimisticFtpl({ arms: K, feedback: "bandit", seed });
      const seen = new Float64Array(K).fill(0.5);
      let paid = 0;
      for (let t = 0; t < 10_000; t++) {
        const { arm, ticket } = selector.choose(hinted ? seen : null);
        const noise = createRng(seed).stream("noise", t).uniforms(1)[0]!;
        const loss = 0.3 + 0.04 * arm + 0.05 * (noise - 0.5);
        seen[arm]! += 0.2 * (loss - seen[arm]!);
        selector.update(ticket, loss);
        paid += 0.04 * arm;
      }
      return paid;
    };
    const mean = (hinted: boolean) => [1, 2, 3].reduce((sum, seed) => sum + play(seed, hinted) / 3, 0);
    const [plain, hinted] = [mean(false), mean(true)];
    expect(plain).toBeLessThan(Math.sqrt(2 * 10_000 * K * Math.log(K)));
    expect(hinted).toBeLessThan(plain);
  });

  it("bounds the mean regret of bandit feedback, whatever the hints", () => {
    const hints: Record<string, (t: number, loss: Float64Array) => Float64Array | null> = {
      none: () => null,
      true: (_, loss) => loss,
      wrong: (_, loss) => loss.map((l) => 1 - l),
    };
    for (const losses of [sequences["bernoulli"]!, sequences["drifting"]!])
      for (const hint of Object.values(hints)) {
        let [regrets, bounds] = [0, 0];
        for (let seed = 1; seed <= 8; seed++) {
          const selector = new OptimisticFtpl({ arms: K, feedback: "bandit", seed });
          const totals = new Float64Array(K);
          let paid = 0;
          for (let t = 0; t < 500; t++) {
            const loss = losses(4 * t);
            const { arm, probabilities, ticket } = selector.choose(hint(t, loss));
            paid += inner(probabilities, loss);
            selector.update(ticket, loss[arm]!);
            for (let i = 0; i < K; i++) totals[i]! += loss[i]!;
          }
          regrets += paid - Math.min(...totals);
          bounds += selector.regretBound();
        }
        expect(regrets).toBeLessThanOrEqual(bounds);
        if (hint === hints["none"]) expect(bounds / 8).toBeLessThan(200);
        if (hint === hints["true"]) expect(bounds / 8).toBeLessThan(4);
      }
  });

  it("accepts losses late and out of order, and goes on from JSON with the same choices", () => {
    const selector = new OptimisticFtpl({ arms: 3, feedback: "bandit", seed: 5 });
    const [a, b, c] = [selector.choose(), selector.choose([0.1, 0.2, 0.3]), selector.choose()];
    selector.update(c.ticket, 0.5);
    selector.update(a.ticket, 1);
    const state = JSON.parse(JSON.stringify(selector)) as SelectorState;
    const copy = OptimisticFtpl.fromJSON(state);
    expect(copy.regretBound()).toBe(selector.regretBound());
    expect(OptimisticFtpl.fromJSON({ ...state, stability: null }).regretBound()).toBe(
      Number.POSITIVE_INFINITY,
    );
    for (const one of [selector, copy]) one.update(b.ticket, 0);
    for (let t = 0; t < 20; t++) {
      const [left, right] = [selector.choose(), copy.choose()];
      expect(left).toEqual(right);
      for (const one of [selector, copy]) one.update(left.ticket, (t % 3) / 2);
    }
    expect(() => selector.update(c.ticket, 0.5)).toThrow("already settled");
  });

  it("assumes choices made elsewhere, takes them back, and has losses told again", () => {
    const selectors = [0, 1].map(() => new OptimisticFtpl({ arms: 3, feedback: "bandit" }));
    const [plain, revised] = selectors as [OptimisticFtpl<"bandit">, OptimisticFtpl<"bandit">];
    const choice = { arm: 2, probability: 0.25 };
    plain.update(plain.assume(choice), 0.75);
    revised.update(revised.assume(choice), 0.25);
    revised.revise(choice, 0.25, 0.75);
    expect([revised.toJSON().totals, revised.toJSON().errors]).toEqual([[0, 0, 3], 2.25]);
    expect([plain.toJSON().totals, plain.toJSON().errors]).toEqual([[0, 0, 3], 2.25]);
    const ticket = plain.assume(choice);
    plain.discard(ticket);
    expect(plain.toJSON()).toMatchObject({ open: [], round: 2, totals: [0, 0, 3] });
    expect(() => plain.update(ticket, 0)).toThrow("already settled");
    expect(() => plain.discard(ticket)).toThrow("already settled");
    expect(() => plain.assume({ arm: 3, probability: 1 })).toThrow("no arm 3 among 3");
    expect(() => plain.assume({ arm: 0, probability: 2 })).toThrow("probability is 2");
    expect(() => plain.revise(choice, 0, 2)).toThrow("scale losses to [0, 1]");
    const full = new OptimisticFtpl({ arms: 2, feedback: "full" });
    expect(() => full.revise(choice, 0, 1)).toThrow("bandit feedback only");
  });

  it("refuses what cannot be meant", () => {
    expect(() => new OptimisticFtpl({ arms: 1, feedback: "full" })).toThrow("arms is 1");
    expect(() => new OptimisticFtpl({ arms: 2, feedback: "full", scale: 0 })).toThrow("scale is 0");
    const full = new OptimisticFtpl({ arms: 2, feedback: "full" });
    expect(() => full.choose([1])).toThrow("hint has length 1");
    expect(() => full.choose([1, Number.NaN])).toThrow("hint is NaN");
    // @ts-expect-error: full feedback is of all arms.
    expect(() => full.update(full.choose().ticket, 0.5)).toThrow("losses of all arms");
    expect(() => full.update(full.choose().ticket, [0, 2])).toThrow("scale losses to [0, 1]");
    const bandit = new OptimisticFtpl({ arms: 2, feedback: "bandit" });
    // @ts-expect-error: bandit feedback is of one arm.
    expect(() => bandit.update(bandit.choose().ticket, [0, 1])).toThrow("as a number");
  });
});
