/** Policies that are no model: what drafting, reranking and evaluation do with text in, text out. */
import { describe, expect, it } from "vitest";
import type { Context, Policy } from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import { draftAll, evaluatePolicy, scoreLikelihood } from "./evaluate.ts";
import { reranked } from "./rerank.ts";

/** Greedy, it repeats the context; sampled, it adds a number of exclamation marks. */
const asked: Context[] = [];
const echo: Policy = {
  async generate(contexts, { temperature = 0, seed = 0, firstIndex = 0 } = {}) {
    asked.push(...contexts);
    return contexts.map((context, i) => {
      const [uniform] = createRng(seed)
        .stream("echo", firstIndex + i)
        .uniforms(1);
      return { text: `${context}${"!".repeat(temperature === 0 ? 0 : Math.floor(10 * uniform!))}` };
    });
  },
};
const records = [
  { context: "a b c", draft: "x", edited: "a b c" },
  { context: "d e", draft: "x", edited: "d f" },
  { context: "a b c", draft: "y", edited: "a b" },
];

describe("a policy of text in, text out", () => {
  it("drafts, equal contexts once", async () => {
    asked.length = 0;
    expect(await draftAll(echo, ["p", "q", "p"])).toEqual(["p", "q", "p"]);
    expect(asked).toEqual(["p", "q"]);
  });

  it("is measured by its drafts, and by likelihood where it has one", async () => {
    const { distance, likelihood } = await evaluatePolicy(echo, records);
    expect(distance.distance.mean).toBeCloseTo((0 + 1 / 2 + 1 / 2) / 3, 12);
    expect(distance.againstLogged.mean).toBeCloseTo((-1 + (1 / 2 - 1) + (1 / 2 - 1)) / 3, 12);
    expect(likelihood).toBeNull();
    await expect(scoreLikelihood(echo, records)).rejects.toThrow(/gives no log-probabilities/);
    const scored: Policy = {
      ...echo,
      logProbs: async (pairs) =>
        pairs.map(({ response }) => ({ logProb: -response.length, tokens: response.length + 1 })),
    };
    const measured = await evaluatePolicy(scored, records);
    expect(measured.likelihood!.nll).toBeCloseTo((5 + 3 + 3) / (6 + 4 + 4), 12);
    expect(measured.likelihood!.preferenceAccuracy!.n).toBe(3);
  });
});

describe("reranked", () => {
  const loud = { cost: (_: Context, draft: string) => -draft.length };

  it("gives the cheapest of the candidates, and the same ones for the same seed", async () => {
    const candidates = 6;
    const best = await reranked(echo, { ...loud, candidates }).generate(["a", "b"], { seed: 4 });
    const repeated = [..."aaaaaabbbbbb"];
    const all = (await echo.generate(repeated, { seed: 4, temperature: 1 })).map(({ text }) => text);
    const longest = (texts: string[]) => Math.max(...texts.map((text) => text.length));
    expect(best[0]!.text.length).toBe(longest(all.slice(0, 6)));
    expect(best[1]!.text.length).toBe(longest(all.slice(6)));
    // A context's draws depend on its place, not on the call that it came in.
    const [alone] = await reranked(echo, { ...loud, candidates }).generate(["b"], { seed: 4, firstIndex: 1 });
    expect(alone).toEqual(best[1]);
  });

  it("refuses costs that are no numbers, and options out of range", async () => {
    await expect(reranked(echo, { cost: () => Number.NaN }).generate(["a"])).rejects.toThrow(
      /cost of candidate 0 of context 0 is NaN/,
    );
    expect(() => reranked(echo, { ...loud, candidates: 0 })).toThrow(/candidates is 0/);
    expect(() => reranked(echo, { ...loud, temperature: 0 })).toThrow(/temperature is 0/);
  });
});
