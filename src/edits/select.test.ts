import { describe, expect, it } from "vitest";
import type { EditRecord } from "./record.ts";
import { parseWhere, selectRecords } from "./select.ts";

const record = (dwell: unknown, rest: Partial<EditRecord> = {}): EditRecord => ({
  context: "c",
  draft: "Dear Ann, here it is.",
  edited: "Hi Ann, here it is.",
  meta: dwell === undefined ? {} : { dwell, app: { version: 3 } },
  ...rest,
});

describe("conditions on records", () => {
  const log = [
    record(1, { policy: "base", ts: "2026-01-30T10:00:00Z" }),
    record(12.5, { policy: "tuned", ts: "2026-02-01T10:00:00Z" }),
    record("3"),
    record(undefined, { policy: "base" }),
  ];
  const kept = (where: string, records = log) => selectRecords(records, { where: parseWhere(where) }).kept;

  it("compare numbers as numbers, and all else as text; what lacks the field meets nothing", () => {
    expect(kept("dwell>=2")).toEqual([1, 2]);
    expect(kept("dwell>1")).toEqual([1, 2]);
    expect(kept("dwell<=3")).toEqual([0, 2]);
    expect(kept("dwell<3")).toEqual([0]);
    expect(kept("dwell=3")).toEqual([2]);
    expect(kept("dwell!=3")).toEqual([0, 1]);
    expect(kept("policy=base")).toEqual([0, 3]);
    expect(kept("policy!=base")).toEqual([1]);
    expect(kept("ts>=2026-01-31")).toEqual([1]);
    expect(kept("app.version=3")).toEqual([0, 1, 2]);
    expect(kept(" dwell >= 2 , policy = tuned ")).toEqual([1]);
    const seen = [true, false].map((value) => record(value));
    expect(kept("dwell=true", seen)).toEqual([0]);
    expect(kept("edited=false", [...log, record(1, { edited: "Dear Ann, here it is." })])).toEqual([4]);
  });

  it("count what they leave out, by reason", () => {
    const { records, left } = selectRecords(log, { where: parseWhere("dwell>=2,policy=tuned") });
    expect(records).toEqual([log[1]]);
    expect(left).toEqual([
      { reason: "not of dwell>=2", count: 1 },
      { reason: "without policy", count: 1 },
      { reason: "without dwell", count: 1 },
    ]);
  });

  it("leave out drafts that break off", () => {
    const cut = record(1, { draft: "Dear Ann, I write to you about the report that is due on" });
    const stopped = record(1, { meta: { finish_reason: "length" } });
    const { kept: whole, left } = selectRecords([log[0]!, cut, stopped], { dropTruncated: true });
    expect(whole).toEqual([0]);
    expect(left).toEqual([{ reason: "with a draft that breaks off", count: 2 }]);
    expect(selectRecords([cut], {}).kept).toEqual([0]);
  });

  it("say what is wrong: the syntax, the field, a value that is no number, nothing left", () => {
    for (const bad of ["dwell", "dwell>=", ">=2", "dwell==2", "", "a=1,"])
      expect(() => parseWhere(bad)).toThrow(/cannot read the condition .*as in dwell>=2/);
    expect(() => kept("dwel>=2")).toThrow(/field "dwel".*name policy, ts, edited, dwell, app/);
    expect(() => kept("app=3")).toThrow(/field "app"/);
    expect(() => kept("policy>=2")).toThrow(/compares numbers, but one policy of the log is "base"/);
    expect(() => kept("dwell>99")).toThrow(/no record is left of 4: 3 not of dwell>99, 1 without dwell/);
  });
});
