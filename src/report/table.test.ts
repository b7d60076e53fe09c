import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { markdownTable, textTable } from "./table.ts";
import { displayWidth } from "./text.ts";

const table = {
  columns: [{ label: "policy" }, { label: "cost", decimals: 3 }, { label: "interval", numeric: true }],
  rows: [
    ["sft", 0.2144, "[0.20, 0.23]"],
    ["早期 ensemble", -12, "[-13, -11]"],
    ["a\u001b[31m\nb", null, ""],
  ],
} as const;

describe("textTable", () => {
  it("aligns by display width, numbers to the right, without trailing spaces", () => {
    expect(textTable(table)).toBe(
      [
        "policy            cost      interval",
        "─────────────  ───────  ────────────",
        "sft              0.214  [0.20, 0.23]",
        "早期 ensemble  -12.000    [-13, -11]",
        "a [31m b",
        "",
      ].join("\n"),
    );
    const widths = textTable({ ...table, rows: table.rows.slice(0, 2) })
      .trimEnd()
      .split("\n")
      .map(displayWidth);
    expect(new Set(widths).size).toBe(1);
  });

  it("puts the caption first and works without rows", () => {
    expect(textTable({ caption: "Costs", columns: [{ label: "a" }], rows: [] })).toBe("Costs\na\n─\n");
  });

  it("refuses rows of the wrong length", () => {
    expect(() => textTable({ columns: [{ label: "a" }], rows: [["x", "y"]] })).toThrow(InvalidInput);
  });
});

it("writes Markdown with its own signs escaped", () => {
  expect(markdownTable({ columns: [{ label: "a|b" }, { label: "n" }], rows: [["<x>\ny", 1]] })).toBe(
    "| a\\|b | n |\n| --- | ---: |\n| \\<x> y | 1 |\n",
  );
});
