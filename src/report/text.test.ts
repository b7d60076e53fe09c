import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth, escapeText, pixelWidth, stripAnsi, wrap } from "./text.ts";

describe("escapeText", () => {
  it("escapes what XML and HTML give a meaning", () => {
    expect(escapeText(`<a href="x" id='y'>&amp;</a>`)).toBe(
      "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;",
    );
  });

  it("shows what no document may hold", () => {
    expect(escapeText("a\u0000\u001b\u007f\u0085\ud800b\ufffe")).toBe("a␀␛␡\ufffd\ufffdb\ufffd");
    expect(escapeText("tab\tline\n😀")).toBe("tab\tline\n😀");
  });

  it("never lets markup through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      }),
    );
  });
});

describe("displayWidth", () => {
  it.each([
    ["", 0],
    ["cost", 4],
    ["naïve", 5],
    ["nai\u0308ve", 5],
    ["漢字", 4],
    ["한국어", 6],
    ["ｆｐｘ", 6],
    ["😀", 2],
    ["👩‍💻", 2],
    ["✔\ufe0f", 2],
    ["a\u200bb", 2],
    ["\u001b[1mbold\u001b[0m", 4],
    ["0.214 [0.201, 0.227] ±", 22],
  ])("of %j is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

it("strips colours, cursor moves and links", () => {
  expect(stripAnsi("\u001b[31mred\u001b[0m\u001b[2K \u001b]8;;http://x\u0007link\u001b]8;;\u0007")).toBe(
    "red link",
  );
});

describe("wrap", () => {
  it("keeps each line within its width and cuts the rest with an ellipsis", () => {
    expect(wrap("copy of the commonest changes", 150, 13, 2)).toEqual(["copy of the", "commonest changes"]);
    const lines = wrap("one two three four five six seven", 60, 13, 2);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/…$/);
    for (const line of lines) expect(pixelWidth(line, 13)).toBeLessThanOrEqual(60);
  });

  it("loses nothing when there is room", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^\w{1,9}$/)), (words) => {
        expect(wrap(words.join(" "), 100, 13, 1000).join(" ")).toBe(words.join(" "));
      }),
    );
  });
});
