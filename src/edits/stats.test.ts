import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { type Advice, adviseMethods } from "./advice.ts";
import { groupedMean, histogram, quantile, student95 } from "./estimates.ts";
import { parseEditLog } from "./reader.ts";
import type { EditRecord } from "./record.ts";
import { editStats } from "./stats.ts";

const edit = (draft: string, edited: string, rest: Partial<EditRecord> = {}): EditRecord => ({
  context: draft,
  draft,
  edited,
  ...rest,
});
const codes = (records: readonly EditRecord[]): string[] => editStats(records).advice.map(({ code }) => code);
const many = (n: number, of: (i: number) => EditRecord): EditRecord[] =>
  Array.from({ length: n }, (_, i) => of(i));

describe("editStats", () => {
  const records = [
    edit("Please send the report by Friday .", "Please kindly send me the report by Monday .", {
      user: "a",
      policy: "p",
    }),
    edit("one two three four", "one two", { user: "b", policy: "p" }),
    edit("same here", "same here", { user: "a", policy: "p" }),
    edit("same here", "same  here", { user: "c" }),
  ];
  const stats = editStats(records);

  it("begins with the numbers that other programs read", () => {
    expect(Object.keys(stats).slice(0, 4)).toEqual(["n", "users", "editedRate", "meanCost"]);
    expect(stats).toMatchObject({
      n: 4,
      users: 3,
      editedRate: 0.75,
      policies: 1,
      contexts: 3,
      drafts: 3,
      costlessEdits: 1,
    });
    expect(stats.meanCost).toBeCloseTo((3 / 7 + 2 / 4) / 4, 15);
    expect(stats.costDefinition).toBe("levenshtein/words@1/draft");
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
  });

  it("describes lengths and costs", () => {
    expect(stats.meanLengthRatio).toBeCloseTo((9 / 7 + 0.5 + 1 + 1) / 4, 15);
    expect(stats.draftTokens).toEqual({
      mean: 3.75,
      min: 2,
      lowerQuartile: 2,
      median: 3,
      upperQuartile: 4.75,
      p95: expect.closeTo(6.55, 12),
      max: 7,
    });
    expect(stats.editedTokens).toMatchObject({ mean: 3.75, min: 2, median: 2, max: 9 });
    expect(stats.costQuantiles).toMatchObject({ min: 0, max: 0.5 });
    expect(stats.costHistogram.counts.reduce((a, b) => a + b)).toBe(4);
  });

  it("tells users and policies apart, those with most records first", () => {
    expect(stats.perUser).toEqual([
      { name: "a", n: 2, editedRate: 0.5, meanCost: 3 / 14, meanLengthRatio: (9 / 7 + 1) / 2 },
      { name: "b", n: 1, editedRate: 1, meanCost: 0.5, meanLengthRatio: 0.5 },
      { name: "c", n: 1, editedRate: 1, meanCost: 0, meanLengthRatio: 1 },
    ]);
    expect(stats.perPolicy.map(({ name, n }) => [name, n])).toEqual([
      ["p", 3],
      [null, 1],
    ]);
  });

  it("counts edits of one draft as one group of the interval", () => {
    expect(stats.meanCostInterval.groups).toBe(3);
    const repeated = editStats(
      many(30, (i) => edit("one two", i % 3 === 0 ? "one two" : "one", { user: `${i}` })),
    );
    expect(repeated.meanCostInterval).toEqual({ lower: null, upper: null, groups: 1 });
  });

  it("takes another cost and the reader's rejects", () => {
    const log = parseEditLog(`{"context":"c","draft":"kitten","edited":"sitting"}\n{"context":"c"}\nx\ny`);
    const counted = editStats(log.records, {
      cost: { tokenize: "characters", normalize: "none" },
      rejects: log.rejects,
    });
    expect(counted).toMatchObject({
      meanCost: 3,
      rejects: 3,
      rejectsByCode: { "missing-draft": 1, "invalid-json": 2 },
    });
    expect(counted.advice.map(({ code }) => code)).toContain("rejected-lines");
  });

  it("refuses an empty log", () => {
    expect(() => editStats([])).toThrow("an empty log has no statistics");
  });
});

describe("methods advised", () => {
  it("change with what the log shows", () => {
    const of = (...codes: Advice["code"][]) =>
      adviseMethods(codes.map((code) => ({ code })))
        .filter(({ advised }) => advised)
        .map(({ method }) => method);
    expect(of()).toEqual(["sft", "dpo", "cost", "early"]);
    expect(of("lazy-users")).toEqual(["dpo", "early"]);
    expect(of("lateral-edits")).toEqual(["sft", "cost", "early"]);
    expect(of("length-growth")).toEqual(["sft", "cost", "early"]);
    expect(of("several-policies")).toEqual(["sft", "cost"]);
    expect(of("no-edits")).toEqual([]);
    expect(adviseMethods([])[0]).toEqual({ method: "sft", advised: true, against: [] });
  });
});

describe("advice", () => {
  const healthy = (i: number): EditRecord =>
    edit(`Dear Ann , here is the number ${i} .`, `Hi Ann , here is number ${i} !`, {
      user: `u${i % 4}`,
      policy: "p",
    });

  it("says nothing of a healthy log", () => {
    expect(codes(many(200, healthy))).toEqual([]);
  });

  const cases: [string, string, EditRecord[]][] = [
    [
      "drafts of several policies",
      "several-policies",
      many(200, (i) => ({ ...healthy(i), policy: `p${i % 2}` })),
    ],
    [
      "drafts of unnamed policies",
      "policy-unnamed",
      many(200, (i) => ({ ...edit(healthy(i).draft, healthy(i).edited), user: "u" })),
    ],
    ["a small log", "few-edits", many(40, healthy)],
    ["no edit at all", "no-edits", many(200, (i) => ({ ...healthy(i), edited: healthy(i).draft }))],
    [
      "one user who waves drafts through",
      "lazy-users",
      many(200, (i) => (i % 4 === 0 && i > 8 ? { ...healthy(i), edited: healthy(i).draft } : healthy(i))),
    ],
    [
      "growing texts",
      "length-growth",
      many(200, (i) => ({ ...healthy(i), edited: `${healthy(i).draft} And much more of the same .` })),
    ],
    ["shrinking texts", "length-loss", many(200, (i) => ({ ...healthy(i), edited: `Here is ${i} .` }))],
    [
      "rewriting",
      "rewrites",
      many(200, (i) => ({ ...healthy(i), edited: "What you want I shall never ever understand" })),
    ],
    [
      "layout",
      "costless-edits",
      many(200, (i) =>
        i % 10 === 0 ? { ...healthy(i), edited: healthy(i).draft.replace(", ", ",\n") } : healthy(i),
      ),
    ],
    ["repetitions", "duplicates", [...many(200, healthy), healthy(3)]],
    [
      "cut drafts",
      "truncated-drafts",
      [...many(200, healthy), { ...healthy(201), meta: { truncated: true } }],
    ],
  ];
  for (const [what, code, records] of cases) {
    it(`warns of ${what}`, () => {
      const found = editStats(records).advice;
      expect(found.map((advice) => advice.code)).toEqual([code]);
      expect(found[0]!.message).toMatch(/^[a-z0-9].{40,}$/);
      expect(Object.keys(found[0]!.evidence).length).toBeGreaterThan(0);
    });
  }

  it("names the lazy user", () => {
    const [advice] = editStats(cases[4]![2]).advice;
    expect(advice).toMatchObject({ code: "lazy-users", evidence: { users: [{ user: "u0", n: 50 }] } });
  });
});

describe("laterality", () => {
  /** Texts of 12 words, each there or not; `flip` says how likely an edit changes word b of a draft that has it or not. */
  function world(flip: (b: number, has: boolean) => number, n = 2000): EditRecord[] {
    const draws = createRng(3)
      .stream("laterality")
      .uniforms(24 * n);
    return many(n, (i) => {
      const has = Array.from({ length: 12 }, (_, b) => draws[24 * i + b]! < 0.2);
      const after = has.map((had, b) => (draws[24 * i + 12 + b]! < flip(b, had) ? !had : had));
      const write = (words: boolean[]) =>
        `start ${words.map((there, b) => (there ? `w${b}` : "")).join(" ")}`;
      return { ...edit(write(has), write(after)), context: `${i}`, policy: "p" };
    });
  }

  it("is near 1 for an editor without direction, even where what is edited is rare in drafts", () => {
    const stats = editStats(world(() => 0.3));
    expect(stats.lateralityIndex).toBeGreaterThan(0.9);
    expect(stats.laterality.tokens).toBe(12);
    expect(stats.advice.map(({ code }) => code)).toContain("lateral-edits");
  });

  it("is near 0 for editors who know what they want", () => {
    const stats = editStats(world((b, has) => (has === b < 6 ? 0.01 : 0.8)));
    expect(stats.lateralityIndex).toBeLessThan(0.1);
    expect(stats.advice.map(({ code }) => code)).not.toContain("lateral-edits");
  });

  it("is unknown where too little changes", () => {
    expect(editStats(world(() => 0)).lateralityIndex).toBeNull();
    expect(editStats(many(5, (i) => edit(`a b ${i}`, `a ${i}`))).laterality).toEqual({
      index: null,
      tokens: 0,
      traffic: [],
    });
  });
});

describe("estimates", () => {
  it("knows Student's quantiles", () => {
    const known: [number, number][] = [
      [1, 12.7062047],
      [3, 3.1824463],
      [10, 2.2281389],
      [12, 2.1788128],
      [30, 2.0422725],
      [100, 1.9839715],
    ];
    for (const [dof, value] of known) expect(Math.abs(student95(dof) - value)).toBeLessThan(1e-5);
    expect(student95(1e9)).toBeCloseTo(1.959963985, 8);
  });

  it("gives the ordinary interval for single values and a wider one for dependent ones", () => {
    const single = groupedMean([1, 2, 3, 4], (i) => String(i));
    expect(single.mean).toBe(2.5);
    expect(single.upper! - single.mean).toBeCloseTo((3.182446 * Math.sqrt(5 / 3)) / 2, 5);
    const twice = groupedMean([1, 1, 2, 2, 3, 3, 4, 4], (i) => String(i >> 1));
    expect(twice.lower).toBeCloseTo(single.lower!, 12);
  });

  it("covers the true mean of grouped values about 95 times in 100", () => {
    const runs = 1000;
    const normals = createRng(8)
      .stream("coverage")
      .normals(runs * 40);
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      // eight groups of four values around a mean of their own
      const at = 40 * run;
      const values = Array.from(
        { length: 32 },
        (_, i) => normals[at + (i >> 2)]! + 0.5 * normals[at + 8 + i]!,
      );
      const { lower, upper } = groupedMean(values, (i) => String(i >> 2));
      if (lower! <= 0 && upper! >= 0) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.92);
    expect(covered / runs).toBeLessThan(0.98);
  });

  it("puts every value into a bin of round width", () => {
    expect(histogram([0, 0.05, 0.1, 0.3, 0.999, 1])).toEqual({
      edges: [
        0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9,
        0.95, 1,
      ],
      counts: [1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    });
    expect(histogram([0, 0])).toEqual({ edges: [0, 1], counts: [2] });
    expect(histogram([3, 130]).edges.at(-1)).toBe(130);
  });

  it("takes quantiles between values", () => {
    expect([0, 0.5, 0.9, 1].map((p) => quantile([1, 2, 4], p))).toEqual([1, 2, 3.6, 4]);
    expect(quantile([7], 0.3)).toBe(7);
  });
});
