import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { diffHtml } from "./diff.ts";
import { type Block, htmlPage } from "./html.ts";
import { linePlot, scatterPlot } from "./xy-plot.ts";

const page = (...blocks: Block[]): string => htmlPage({ title: "T", sections: [{ title: "S", blocks }] });
const plot = linePlot({
  title: "p",
  x: { label: "x" },
  y: { label: "y" },
  series: [{ name: "a", x: [1], y: [2] }],
});

describe("htmlPage", () => {
  it("loads nothing and runs nothing", () => {
    const html = page({ kind: "figure", svg: plot, caption: "c" });
    expect(html).toMatch(
      /content="default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'"/,
    );
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\sstyle=|\son\w+=|src=/);
    expect(html.match(/https?:\/\/[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
  });

  it("escapes every text", () => {
    const bad = "<b>&\"'";
    const blocks: Block[] = [
      { kind: "paragraph", text: bad },
      { kind: "list", items: [bad] },
      { kind: "code", text: bad },
      { kind: "facts", facts: [{ label: bad, value: bad, note: bad }] },
      { kind: "table", table: { caption: bad, columns: [{ label: bad }], rows: [[bad]] } },
      { kind: "figure", svg: plot, caption: bad },
      {
        kind: "diff",
        title: bad,
        note: bad,
        labels: { delete: bad, insert: bad },
        segments: (["equal", "insert", "delete"] as const).map((kind) => ({ kind, text: bad })),
      },
      {
        kind: "details",
        summary: bad,
        blocks: [{ kind: "grid", blocks: [{ kind: "paragraph", text: bad }] }],
      },
    ];
    const html = htmlPage({
      title: bad,
      subtitle: bad,
      language: bad,
      footer: bad,
      lead: blocks,
      sections: [{ title: bad, blocks }],
    });
    expect(html).not.toContain("<b>");
    expect(html.match(/&lt;b&gt;&amp;&quot;&#39;/g)).toHaveLength(6 + 2 * 19);
  });

  it("aligns numbers right and prints a true minus", () => {
    const html = page({
      kind: "table",
      table: { columns: [{ label: "policy" }, { label: "cost" }], rows: [["a-1", -0.5]], emphasis: [0] },
    });
    expect(html).toContain('<tr class="emphasis"><td>a-1</td><td class="number">−0.500</td></tr>');
  });

  it("takes plots only as figures", () => {
    for (const svg of [
      "<img src=x>",
      `${plot}<script></script>`,
      plot.replace("<desc", "<script></script><desc"),
    ]) {
      expect(() => page({ kind: "figure", svg })).toThrow(InvalidInput);
    }
    const other = scatterPlot({ title: "q", x: { label: "x" }, y: { label: "y" }, series: [] });
    expect(() => page({ kind: "figure", svg: other })).not.toThrow();
  });
});

describe("diffHtml", () => {
  it("marks what came and went and shows unseen characters", () => {
    expect(
      diffHtml([
        { kind: "equal", text: "Dear\n" },
        { kind: "delete", text: "Sir,\n\t" },
        { kind: "insert", text: "Anna" },
        { kind: "equal", text: "\u00a0<you>\u202e" },
        { kind: "insert", text: "" },
      ]),
    ).toBe(
      'Dear\n<del>Sir,<span class="sign">↵</span>\n<span class="sign">⇥</span>\t</del><ins>Anna</ins>' +
        '<span class="sign" title="U+00A0">·</span>&lt;you&gt;<span class="sign" title="U+202E">·</span>',
    );
  });

  it("keeps joined emoji whole", () => {
    expect(diffHtml([{ kind: "insert", text: "👩‍💻" }])).toBe("<ins>👩‍💻</ins>");
  });
});
