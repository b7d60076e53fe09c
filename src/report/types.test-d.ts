/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import {
  type Block,
  barPlot,
  formatNumber,
  histogramPlot,
  htmlPage,
  linePlot,
  markdownTable,
  scatterPlot,
  textTable,
} from "fpx/report";
import { expectTypeOf, test } from "vitest";

const axes = { x: { label: "step" }, y: { label: "loss" } };
const line = { name: "a", x: [1, 2], y: Float64Array.of(3, 4) };

test("plots are texts of named series", () => {
  const band = { low: [1, 2], high: [3, 4] };
  expectTypeOf(linePlot({ title: "t", ...axes, series: [{ ...line, band }] })).toBeString();
  expectTypeOf(
    barPlot({ title: "t", label: "l", categories: ["a"], series: [{ name: "s", values: [1] }] }),
  ).toBeString();
  expectTypeOf(histogramPlot({ title: "t", label: "l", series: [], measure: "share" })).toBeString();
  // @ts-expect-error: a plot has a title.
  linePlot({ ...axes, series: [line] });
  // @ts-expect-error: points have no band.
  scatterPlot({ title: "t", ...axes, series: [{ ...line, band }] });
  // @ts-expect-error: a band has two sides.
  linePlot({ title: "t", ...axes, series: [{ ...line, band: { low: [1, 2] } }] });
  // @ts-expect-error: a scale is linear or log.
  linePlot({ title: "t", x: { label: "x", scale: "square" }, y: axes.y, series: [line] });
  // @ts-expect-error: shares are called so.
  histogramPlot({ title: "t", label: "l", series: [], measure: "percent" });
});

test("a block is of one kind and has its fields", () => {
  const page = (block: Block) => htmlPage({ title: "t", sections: [{ title: "s", blocks: [block] }] });
  expectTypeOf(page({ kind: "paragraph", text: "one" })).toBeString();
  expectTypeOf<Extract<Block, { kind: "figure" }>["svg"]>().toBeString();
  // @ts-expect-error: a paragraph has no items.
  page({ kind: "paragraph", items: ["one"] });
  // @ts-expect-error: there is no such kind.
  page({ kind: "heading", text: "one" });
  // @ts-expect-error: a segment is equal, insert or delete.
  page({ kind: "diff", segments: [{ kind: "same", text: "a" }] });
});

test("tables hold texts, numbers and gaps", () => {
  const columns = [{ label: "a" }, { label: "b", numeric: true, decimals: 2 }];
  expectTypeOf(
    textTable({
      columns,
      rows: [
        ["x", 1],
        ["y", null],
      ],
    }),
  ).toBeString();
  expectTypeOf(markdownTable({ columns, rows: [] })).toBeString();
  expectTypeOf(formatNumber(0.5, { percent: true })).toBeString();
  // @ts-expect-error: a cell is no object.
  textTable({ columns, rows: [[{}, 1]] });
  // @ts-expect-error: the option is called decimals.
  formatNumber(0.5, { digits: 2 });
});
