import { maxSubOpt } from "fpx/edits";
import { createRng } from "fpx/random";
import { beforeAll, describe, expect, it } from "vitest";
import {
  STYLE_BITS,
  STYLE_POLICIES,
  STYLE_USERS,
  type StylePolicy,
  type StyleUser,
  styleCosts,
} from "./style-bits.ts";

const SEEDS = [101, 102, 103];

describe("the world of five style bits, means over three seeds", () => {
  /** [user][seed] */
  const seen = {} as Record<StyleUser, Record<StylePolicy, number>[]>;
  beforeAll(() => {
    for (const user of STYLE_USERS)
      seen[user] = SEEDS.map((seed) => styleCosts(STYLE_BITS, user, createRng(seed)));
  });
  const mean = (policy: StylePolicy, user: StyleUser): number =>
    seen[user].reduce((sum, costs) => sum + costs[policy], 0) / SEEDS.length;

  it("imitation is right for the strong user, where preference overshoots", () => {
    expect(mean("sft", "strong")).toBeLessThan(0.05);
    expect(mean("dpo", "strong") - mean("sft", "strong")).toBeGreaterThan(0.01);
  });

  it("imitation learns nothing from the weak user, where preference does", () => {
    expect(mean("sft", "weak") - mean("dpo", "weak")).toBeGreaterThan(0.2);
    expect(Math.abs(mean("sft", "weak") - mean("base", "weak"))).toBeLessThan(0.04);
  });

  it("cost learning from the lazy user is worse than learning nothing", () => {
    expect(mean("cost", "lazy") - mean("base", "lazy")).toBeGreaterThan(0.1);
  });

  it("the early ensemble beats both of its parts on lateral edits", () => {
    const parts = Math.min(mean("sft", "lateral"), mean("dpo", "lateral"));
    expect(parts - mean("early", "lateral")).toBeGreaterThan(0.05);
  });

  it("only the late ensemble is never far from the best", () => {
    const costs = Object.fromEntries(
      STYLE_POLICIES.map((policy) => [
        policy,
        STYLE_USERS.map((user) => seen[user].map((row) => row[policy])),
      ]),
    ) as Record<StylePolicy, number[][]>;
    const worst = maxSubOpt(costs);
    expect(worst.late.mean).toBeLessThan(0.05);
    expect(worst.dpo.mean).toBeGreaterThan(0.06);
    expect(worst.early.mean).toBeGreaterThan(0.15);
    expect(worst.sft.mean).toBeGreaterThan(0.2);
    expect(worst.cost.mean).toBeGreaterThan(0.3);
  });
});
