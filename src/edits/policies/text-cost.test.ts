import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { editCost } from "../cost.ts";
import { costTargets, reranked } from "../learning/rerank.ts";
import type { EditRecord } from "../record.ts";
import { fitTextCost, restoreTextCost, textFeatures } from "./text-cost.ts";

const GREETINGS = ["Dear", "Hello", "Hey"];
const WANTED: Record<string, string> = { bank: "Dear", shop: "Hey" };
const NAMES = ["Ann", "Ben", "Cleo", "Dora"];

/** Banks want one greeting and shops another; the user changes the greeting and adds a word with it. */
function logOf(seed: number, n: number): EditRecord[] {
  const draws = createRng(seed).draws("log");
  return Array.from({ length: n }, () => {
    const place = draws.pick(Object.keys(WANTED));
    const name = draws.pick(NAMES);
    const draft = `${draws.pick(GREETINGS)} ${name}, the report is here.`;
    const wanted = WANTED[place]!;
    const edited = draft.startsWith(wanted) ? draft : `${wanted} ${name} indeed, the report is here.`;
    return { context: `A letter of the ${place} to ${name}.`, draft, edited };
  });
}

describe("fitTextCost", () => {
  const log = logOf(1, 300);
  const cost = fitTextCost(log);

  it("foresees the costs of held-out edits from words alone", () => {
    const held = logOf(2, 200);
    const errors = held.map(
      ({ context, draft, edited }) => cost.predict(context, draft) - editCost(draft, edited),
    );
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(rms).toBeLessThan(0.5 * cost.spread);
    expect(cost.residual).toBeLessThan(cost.spread);
  });

  it("is pessimistic about drafts that the log has not seen", () => {
    const seen = log[0]!;
    const excess = (draft: string) =>
      cost.pessimistic(seen.context, draft) - cost.predict(seen.context, draft);
    expect(excess("Greetings from a wholly different world of words")).toBeGreaterThan(
      1.5 * excess(seen.draft),
    );
    expect(excess(seen.draft)).toBeGreaterThan(0);
  });

  it("comes back from JSON to the bit", () => {
    const again = restoreTextCost(JSON.parse(JSON.stringify(cost)));
    for (const { context, draft } of log.slice(0, 20)) {
      expect(again.predict(context, draft)).toBe(cost.predict(context, draft));
      expect(again.pessimistic(context, draft)).toBe(cost.pessimistic(context, draft));
    }
    const { model, ...state } = cost.toJSON();
    expect(() => restoreTextCost({ ...state, model: { ...model, factor: [1] } })).toThrow(/damaged/);
    expect(() => restoreTextCost({} as never)).toThrow(/no cost in format 1/);
  });

  it("reranks candidates, and weighs them for imitation", async () => {
    const policy = {
      generate: async (contexts: readonly unknown[]) =>
        contexts.map((_, i) => ({ text: `${GREETINGS[i % 3]} Ann, the report is here.` })),
    };
    const options = { cost: cost.pessimistic, candidates: 3 };
    const contexts = ["A letter of the bank to Ann.", "A letter of the shop to Ann."];
    const [bank, shop] = await reranked(policy, options).generate(contexts);
    expect([bank!.text.split(" ")[0], shop!.text.split(" ")[0]]).toEqual(["Dear", "Hey"]);
    const many = Array.from({ length: 200 }, (_, i) => contexts[i % 2]!);
    const shareOf = async (klBeta: number) => {
      const targets = await costTargets(policy, many, { ...options, klBeta, seed: 3 });
      return targets.filter(({ edited }, i) => edited.startsWith(i % 2 === 0 ? "Dear" : "Hey")).length / 200;
    };
    expect(await shareOf(0.005)).toBeGreaterThan(0.95);
    expect(await shareOf(100)).toBeLessThan(0.5);
  });

  it("refuses what cannot be fitted", () => {
    expect(() => fitTextCost([])).toThrow(/empty log/);
    expect(() => fitTextCost(log, { buckets: 3 })).toThrow(/buckets is 3/);
  });

  it("has features of fixed size, the same for the same texts", () => {
    expect(textFeatures("c", "", 8)).toEqual(Float64Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]));
    expect(textFeatures("A b", "C d", 64)).toEqual(
      textFeatures([{ role: "user", content: "a B" }], "c D", 64),
    );
  });
});
