import { describe, expect, it } from "vitest";
import { euclidean, geodesicBall, minimizationProblem, minimize } from "./index.ts";

describe("a domain within a larger set", () => {
  it("gives no certificate where the constants do not hold", async () => {
    // A Huber loss: strongly convex with mu = 1 within distance 1 of 0 only.
    const M = euclidean(1);
    const ball = (radius: number) => geodesicBall(M, Float64Array.of(0), radius);
    const problem = minimizationProblem({
      M,
      X: ball(50),
      domain: ball(1),
      gradient: (x) => Float64Array.of(Math.max(-1, Math.min(1, x[0]!))),
      mu: 1,
      L: 1,
      start: Float64Array.of(40),
    });
    const { x, certified } = await minimize(problem, { tolerance: 0.6 });
    expect(certified && Math.abs(x[0]!) > 1).toBe(false);
  });
});
