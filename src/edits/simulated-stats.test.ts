/** The advice on logs of simulated users: what each kind must be told, for any seed. */
import { describe, expect, it } from "vitest";
import type { EditRecord } from "./record.ts";
import { editStats } from "./stats.ts";
import { createMailWorld } from "./worlds/mail.ts";
import { simulateLog } from "./worlds/simulated-log.ts";
import { createSummaryWorld } from "./worlds/summary.ts";
import { type EditWorld, USER_KINDS, type UserKind } from "./worlds/world.ts";

const WORLDS = { mail: createMailWorld, summary: createSummaryWorld };
const SEEDS = [5, 6, 7];

const logOf = (world: EditWorld, user: UserKind, draftOf = world.neutralDraft): EditRecord[] => {
  const contexts = world.contexts("log", 400);
  return simulateLog(
    world,
    contexts,
    contexts.map((context, i) => draftOf(context, i)),
    { user, policy: "base" },
  );
};
const told = (records: readonly EditRecord[]) => {
  const { advice, methods } = editStats(records);
  return {
    lazy: advice.some(({ code }) => code === "lazy-users"),
    lateral: advice.some(({ code }) => code === "lateral-edits"),
    advised: methods.filter(({ advised }) => advised).map(({ method }) => method),
  };
};

describe.each(["mail", "summary"] as const)("the advice on logs of the %s world", (task) => {
  it.each(USER_KINDS)("fits the %s user", (user) => {
    for (const seed of SEEDS) {
      const { lazy, lateral, advised } = told(logOf(WORLDS[task]({ seed }), user));
      expect({ seed, lazy, lateral }).toEqual({ seed, lazy: user === "lazy", lateral: user === "lateral" });
      if (user === "lazy") expect(advised).not.toContain("cost");
      if (user === "lateral") expect(advised).not.toContain("dpo");
    }
  });

  it("raises no alarm where good drafts are accepted, and does where the dear ones are", () => {
    for (const seed of SEEDS) {
      const world = WORLDS[task]({ seed });
      const half = (context: string, i = 0): string =>
        i % 2 === 0 ? world.ideal(context) : world.neutralDraft(context, i);
      expect(told(logOf(world, "strong", half))).toMatchObject({ lazy: false, lateral: false });
      // A person who lets three of four drafts pass that should cost more than the median.
      const strong = logOf(world, "strong");
      const costs = strong.map(({ draft, edited }) => world.cost(draft, edited));
      const median = costs.toSorted((a, b) => a - b)[200]!;
      const log = strong.map((record, i) =>
        costs[i]! > median && i % 4 > 0 ? { ...record, edited: record.draft } : record,
      );
      const { editedRate } = editStats(log);
      expect(editedRate).toBeGreaterThan(0.5);
      expect(told(log)).toMatchObject({ lazy: true, lateral: false });
    }
  });
});
