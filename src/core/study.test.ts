import { describe, expect, it } from "vitest";
import { defineStudy, InvalidInput, type Problem, type Solver } from "./index.ts";

const problem: Problem = { fingerprint: "nothing@1" };
const solver: Solver<Problem, number, number> = {
  name: "count",
  *init() {
    return 0;
  },
  *step(_, state) {
    return state + 1;
  },
  metrics: () => ({}),
  status: () => "running",
  result: (_, state) => state,
};

describe("defineStudy", () => {
  it("gives a good study back", () => {
    const study = { name: "count to ten", problem, solver, stop: { maxSteps: 10 }, seed: 7 };
    expect(defineStudy(study)).toBe(study);
  });

  it("names what is wrong", () => {
    const good = { name: "count", problem, solver };
    expect(() => defineStudy({ ...good, name: "" })).toThrow(/study\.name/);
    expect(() => defineStudy({ ...good, name: "../up" })).toThrow(/study\.name/);
    expect(() => defineStudy({ ...good, problem: { fingerprint: "" } })).toThrow(/fingerprint/);
    expect(() => defineStudy({ ...good, solver: { ...solver, step: undefined as never } })).toThrow(
      /solver\.step/,
    );
    expect(() => defineStudy({ ...good, report: "text" as never })).toThrow(/report must be a function/);
    expect(() => defineStudy({ ...good, stop: { maxSteps: -1 } })).toThrow(InvalidInput);
    expect(() => defineStudy({ ...good, seed: 0.5 })).toThrow(/seed/);
  });
});
