import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contextKey, type EditRecord } from "./record.ts";
import { assertDisjoint, splitLog } from "./split.ts";

const record = (draft: string, user?: string, context = "c"): EditRecord => ({
  context,
  draft,
  edited: `${draft}!`,
  ...(user === undefined ? {} : { user }),
});
/** 40 drafts, each edited by three writers. */
const SHARED = Array.from({ length: 120 }, (_, i) => record(`draft ${i % 40}`, `W${Math.floor(i / 40)}`));
/** 20 writers with 10 drafts each. */
const APART = Array.from({ length: 200 }, (_, i) => record(`draft ${i}`, `W${i % 20}`));

describe("splitLog", () => {
  it("keeps all edits of one draft together when writers share drafts", () => {
    const split = splitLog(SHARED, { seed: 1 });
    expect(split).toMatchObject({ by: "draft", groups: 40 });
    expect(split.validation).toHaveLength(12);
    expect(split.train).toHaveLength(108);
    const drafts = new Map<string, number>();
    for (const { draft } of split.validation) drafts.set(draft, (drafts.get(draft) ?? 0) + 1);
    expect([...drafts.values()]).toEqual([3, 3, 3, 3]);
  });

  it("keeps users together when it can", () => {
    const split = splitLog(APART, { seed: 1 });
    expect(split).toMatchObject({ by: "user", groups: 20 });
    expect(split.validation).toHaveLength(20);
    const held = new Set(split.validation.map(({ user }) => user));
    expect(held.size).toBe(2);
    expect(split.train.some(({ user }) => held.has(user))).toBe(false);
    expect(splitLog(APART, { seed: 1, by: "draft" })).toMatchObject({ by: "draft", groups: 200 });
  });

  it("says so when users cannot be kept apart", () => {
    expect(() => splitLog(SHARED, { seed: 1, by: "user" })).toThrow("users cannot be kept apart");
    expect(() => splitLog([record("a"), record("b")], { seed: 1, by: "user" })).toThrow(
      "needs a user in every record",
    );
    expect(splitLog([record("a"), record("b", "u")], { seed: 1 }).by).toBe("draft");
  });

  it("follows from the seed alone, and keeps the order of the log", () => {
    const one = splitLog(SHARED, { seed: 5 });
    expect(splitLog(SHARED, { seed: 5 })).toEqual(one);
    expect(splitLog(SHARED, { seed: 6 }).held).not.toEqual(one.held);
    expect(one.held).toEqual([...one.held].sort((a, b) => a - b));
    expect(one.validation).toEqual(one.held.map((i) => SHARED[i]));
  });

  it("holds every draft out about equally often", () => {
    const times = new Float64Array(40);
    for (let seed = 0; seed < 400; seed++)
      for (const i of splitLog(SHARED, { seed }).held) times[i % 40]! += 1 / 3;
    // 400 draws with probability 0.1: mean 40, standard deviation 6
    for (const count of times) expect(Math.abs(count - 40)).toBeLessThan(27);
  });

  it("puts no draft, and no context and draft, on both sides of any log", () => {
    const records = fc.array(
      fc.record({
        context: fc.oneof(
          fc.constantFrom("c", "d"),
          fc.constantFrom("c", "d").map((content) => [{ role: "user", content }]),
        ),
        draft: fc.constantFrom("", "a", "b", "a\r\nb", "a\nb", "e", "\u00e9", "e\u0301", "f", "g", "h"),
        edited: fc.constantFrom("x", "y"),
        user: fc.constantFrom("u", "v", "w"),
      }),
      { minLength: 4, maxLength: 40 },
    );
    fc.assert(
      fc.property(
        records,
        fc.integer({ min: 0, max: 9 }),
        fc.constantFrom("auto" as const, "draft" as const),
        (log, seed, by) => {
          fc.pre(new Set(log.map(({ draft }) => draft.normalize().replace("\r", ""))).size > 1);
          const { train, validation } = splitLog(log, { seed, by, validation: 0.25 });
          expect(train.length).toBeGreaterThan(0);
          expect(validation.length).toBeGreaterThan(0);
          expect(train.length + validation.length).toBe(log.length);
          const form = (text: string) => text.normalize().replace("\r", "");
          const keys = (side: readonly EditRecord[]) =>
            side.map(({ context, draft }) => `${contextKey(context)}|${form(draft)}`);
          const left = new Set(keys(train));
          expect(keys(validation).filter((key) => left.has(key))).toEqual([]);
          const drafts = new Set(train.map(({ draft }) => form(draft)));
          expect(validation.filter(({ draft }) => draft !== "" && drafts.has(form(draft)))).toEqual([]);
        },
      ),
    );
  });

  it("takes a count, and refuses what cannot be held out", () => {
    expect(splitLog(APART, { seed: 0, by: "draft", validation: 7 }).validation).toHaveLength(7);
    for (const validation of [0, -1, 1.5, Number.NaN]) {
      expect(() => splitLog(APART, { seed: 0, validation })).toThrow("validation must be");
    }
    expect(() => splitLog(APART, { seed: 0, validation: 200 })).toThrow("nothing would be left");
    expect(() => splitLog([record("a"), record("a")], { seed: 0, validation: 1 })).toThrow("one draft only");
    expect(() => splitLog([], { seed: 0 })).toThrow("cannot be held out of 0");
    expect(() => splitLog(APART, { seed: 0, by: "line" as "draft" })).toThrow('"auto", "draft" or "user"');
  });
});

describe("assertDisjoint", () => {
  it("finds a draft on both sides", () => {
    expect(() =>
      assertDisjoint([record("a"), record("b")], [record("c"), record("b", "u", "other")]),
    ).toThrow(
      expect.objectContaining({ code: "SPLIT_OVERLAP", message: expect.stringContaining("record 1") }),
    );
    assertDisjoint([record("a")], [record("b")]);
  });
});
