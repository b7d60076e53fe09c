import { describe, expect, it } from "vitest";
import { createMailWorld, mailTask } from "./mail.ts";
import { taskStatistics } from "./statistics.ts";

describe("taskStatistics", () => {
  it("shows for several seeds that much is to be learned, and little of it by a rewrite blind to domains", () => {
    for (let seed = 0; seed < 12; seed++) {
      const { cost, draftTokens, editedTokens, globalCost, globalShare } = taskStatistics(
        mailTask,
        createMailWorld({ seed }),
        {
          perDomain: 2,
        },
      );
      expect(cost).toBeGreaterThan(0.45);
      expect(cost).toBeLessThan(0.85);
      expect(globalShare).toBeCloseTo(1 - globalCost / cost, 12);
      expect(globalShare).toBeGreaterThanOrEqual(0);
      expect(globalShare).toBeLessThan(0.42);
      expect(draftTokens).toBeGreaterThan(45);
      expect(draftTokens).toBeLessThan(65);
      expect(editedTokens).toBeLessThan(95);
    }
  });
});
