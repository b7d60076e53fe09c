import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { predict, simulate } from "../scripts/scaling-model.ts";
import { createRng } from "../src/random/index.ts";

describe("the throughput model of docs/scaling.md", () => {
  it("agrees with the simulation within a factor of 1.5, up to 1,000 workers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 5, 20, 200, 2000),
        fc.constantFrom(16, 64, 1024, 8192),
        fc.constantFrom(1, 3, 20, 125, 1000),
        fc.constantFrom(1, 8),
        fc.constantFrom(0, 0.5, 5),
        (oracle, batch, workers, threads, network) => {
          const load = { oracle, batch, workers, threads, network };
          const draws = createRng(1).draws("scaling");
          const ratio = predict(load).questionsASecond / simulate(load, () => draws.uniform());
          expect(ratio).toBeLessThan(1.5);
          expect(ratio).toBeGreaterThan(1 / 1.5);
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });
});
