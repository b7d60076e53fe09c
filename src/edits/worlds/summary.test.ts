import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../core/errors.ts";
import { tokenizeWords } from "../tokens.ts";
import { taskCorpus } from "./corpus.ts";
import { simulateLog, worldOfLog } from "./simulated-log.ts";
import { taskStatistics } from "./statistics.ts";
import { createSummaryWorld, summaryTask } from "./summary.ts";
import { smallestEdit, writeText } from "./text.ts";
import { demandsOf } from "./users.ts";

const world = createSummaryWorld({ seed: 5 });
const contexts = world.contexts("fresh", 60);

describe("the summary world", () => {
  it("states every fact in its contexts, names no source, and reads them back", () => {
    for (const context of contexts) {
      const facts = summaryTask.readPrompt(context);
      const { event, place, day, reason, result } = summaryTask.wordsOf(facts);
      for (const word of [event, place, day, reason, result]) expect(context).toContain(word);
      for (const { name } of world.domains) expect(context).not.toContain(name);
      expect(summaryTask.promptOf(facts, { pick: (list: readonly string[]) => list[0] } as never)).toMatch(
        /^Text: /,
      );
    }
    expect(new Set(world.contexts("log", 1500)).size).toBe(1500);
    const log = new Set(createSummaryWorld({ seed: 6 }).contexts("log", 1500));
    expect(contexts.some((context) => log.has(context))).toBe(false);
    expect(() => world.edit("Text: nothing.", "d")).toThrow(InvalidInput);
  });

  it("has three wishes a source, each opposed, for any seed", () => {
    for (let seed = 0; seed < 40; seed++) {
      const { domains } = createSummaryWorld({ seed });
      const all = domains.flatMap(({ wishes }) => wishes);
      expect(domains).toHaveLength(5);
      for (const { wishes } of domains) expect(new Set(wishes.map((wish) => wish.dimension)).size).toBe(3);
      for (const { dimension, value } of all)
        expect(all.some((other) => other.dimension === dimension && other.value !== value)).toBe(true);
    }
  });

  it("leaves exactly one variant of every slot under every style, and no brace unfilled", () => {
    for (const [i, context] of contexts.entries()) {
      const style = Object.fromEntries(
        summaryTask.dimensions.map(({ name, wishes }, k) => {
          const values = ["plain", ...Object.keys(wishes)];
          return [name, values[(i * (k + 3)) % values.length]!];
        }),
      );
      const facts = summaryTask.readPrompt(context);
      const text = writeText(summaryTask, facts, style);
      expect(text).not.toMatch(/[{}]|undefined| [.,]/);
      const demands = Object.fromEntries(Object.entries(style).map(([name, value]) => [name, [value]]));
      expect(smallestEdit(summaryTask, facts, demands)(text).distance).toBe(0);
      expect(tokenizeWords(text).length).toBeLessThan(75);
    }
  });

  it("has users who edit as they do in the mail world", () => {
    for (const [episode, context] of contexts.entries()) {
      const ideal = world.ideal(context);
      const draft = world.neutralDraft(context);
      const edited = world.edit(context, draft);
      expect(world.edit(context, ideal)).toBe(ideal);
      expect(world.edit(context, edited)).toBe(edited);
      const strong = world.cost(draft, edited);
      const transfer = world.cost(draft, world.edit(context, draft, { user: "transfer", episode }));
      const weak = world.cost(draft, world.edit(context, draft, { user: "weak", episode }));
      // Both leave out some of what the strong user does.
      expect(transfer).toBeLessThanOrEqual(strong);
      expect(weak).toBeLessThanOrEqual(strong);
      const demands = demandsOf(world.domainOf(context).wishes);
      expect(smallestEdit(summaryTask, summaryTask.readPrompt(context), demands)(edited).distance).toBe(0);
    }
  });

  it("leaves much to learn, and little of it to a rewrite blind to sources", () => {
    for (let seed = 0; seed < 6; seed++) {
      const { cost, globalShare } = taskStatistics(summaryTask, createSummaryWorld({ seed }), {
        perDomain: 2,
      });
      expect(cost).toBeGreaterThan(0.35);
      expect(globalShare).toBeLessThan(0.45);
    }
  });

  it("is rebuilt from a log, and has a corpus of few words", () => {
    const drafts = contexts.map((context) => world.neutralDraft(context));
    const log = simulateLog(world, contexts, drafts, { policy: "p" });
    expect(worldOfLog(log)!.domains).toEqual(world.domains);
    const pairs = [...taskCorpus(summaryTask, { seed: 1, count: 500 })];
    const words = new Set(pairs.flatMap(({ context, text }) => tokenizeWords(`${context} ${text}`)));
    expect(words.size).toBeLessThan(420);
  });
});
