/** Self-contained HTML pages: no scripts, nothing loaded from elsewhere, readable on screen, phone and paper. */
import { InvalidInput } from "../core/errors.ts";
import { type DiffSegment, diffHtml } from "./diff.ts";
import { pageStyle, pageStyleHash } from "./page-style.ts";
import { formatTable, type Table } from "./table.ts";
import { escapeText } from "./text.ts";

/** A headline number with its name and a short note such as its interval. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

/** One piece of a page; all text is plain text and is escaped. */
export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "facts"; readonly facts: readonly Fact[] }
  | { readonly kind: "table"; readonly table: Table }
  /** `svg` is an element made by this room's plots; it is inserted as it is. */
  | { readonly kind: "figure"; readonly svg: string; readonly caption?: string }
  | {
      readonly kind: "diff";
      readonly segments: readonly DiffSegment[];
      readonly title?: string;
      readonly note?: string;
      /** What the removed and the added text are, e.g. "before" and "after". */
      readonly labels?: { readonly delete: string; readonly insert: string };
    }
  /** Blocks side by side where there is room. */
  | { readonly kind: "grid"; readonly blocks: readonly Block[] }
  /** Blocks behind a line that opens them. */
  | { readonly kind: "details"; readonly summary: string; readonly blocks: readonly Block[] };

/** A part of a page under its own heading. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Everything that `htmlPage` needs. */
export interface Page {
  readonly title: string;
  readonly subtitle?: string;
  /** Blocks before the first section. */
  readonly lead?: readonly Block[];
  readonly sections: readonly Section[];
  readonly footer?: string;
  /** Language tag of the text; default "en". */
  readonly language?: string;
}

/**
 * Builds a page in one file; its content security policy allows nothing but its own style sheet.
 * Throws `InvalidInput` for a figure that is no SVG element or a table row of the wrong length.
 *
 * @example
 * htmlPage({ title: "Run 7", sections: [{ title: "Loss", blocks: [{ kind: "figure", svg: linePlot(options) }] }] });
 */
export function htmlPage(page: Page): string {
  const { title, subtitle, lead = [], sections, footer, language = "en" } = page;
  const policy = `default-src 'none'; style-src 'sha256-${pageStyleHash}'; base-uri 'none'; form-action 'none'`;
  const contents = sections.map(
    (section, i) => `<a href="#section-${i + 1}">${escapeText(section.title)}</a>`,
  );
  const lines = [
    "<!doctype html>",
    `<html lang="${escapeText(language)}">`,
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escapeText(title)}</title>`,
    `<style>${pageStyle}</style>`,
    "</head>",
    "<body>",
    "<header>",
    `<h1>${escapeText(title)}</h1>`,
    subtitle === undefined ? "" : `<p class="subtitle">${escapeText(subtitle)}</p>`,
    contents.length > 2 ? `<nav aria-label="Contents">${contents.join("")}</nav>` : "",
    "</header>",
    "<main>",
    ...lead.map(renderBlock),
    ...sections.map((section, i) => renderSection(section, `section-${i + 1}`)),
    "</main>",
    footer === undefined ? "" : `<footer>${escapeText(footer)}</footer>`,
    "</body>",
    "</html>",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

function renderSection({ title, blocks }: Section, id: string): string {
  const body = blocks.map(renderBlock).join("\n");
  return `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${escapeText(title)}</h2>\n${body}\n</section>`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${escapeText(block.text)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${escapeText(item)}</li>`).join("")}</ul>`;
    case "code":
      return `<pre><code>${escapeText(block.text)}</code></pre>`;
    case "facts":
      return `<dl class="facts">${block.facts.map(renderFact).join("")}</dl>`;
    case "table":
      return renderTable(block.table);
    case "figure":
      return renderFigure(block.svg, block.caption);
    case "diff":
      return renderDiff(block);
    case "grid":
      return `<div class="grid">\n${block.blocks.map(renderBlock).join("\n")}\n</div>`;
    case "details":
      return `<details><summary>${escapeText(block.summary)}</summary>\n${block.blocks.map(renderBlock).join("\n")}\n</details>`;
  }
}

function renderFact({ label, value, note }: Fact): string {
  const below = note === undefined ? "" : `<div class="note">${escapeText(note)}</div>`;
  return `<div><dt>${escapeText(label)}</dt><dd>${escapeText(value)}${below}</dd></div>`;
}

function renderTable(table: Table): string {
  const { columns, rows } = formatTable(table);
  const kind = (i: number): string => (columns[i]!.numeric ? ' class="number"' : "");
  const head = columns.map(({ label }, i) => `<th scope="col"${kind(i)}>${escapeText(label)}</th>`).join("");
  const body = rows.map((row, index) => {
    const cells = row.map((cell, i) => {
      const text = columns[i]!.numeric ? cell.replace(/(^|[\s[(])-(?=\d)/g, "$1−") : cell;
      return `<td${kind(i)}>${escapeText(text)}</td>`;
    });
    const emphasis = table.emphasis?.includes(index) === true ? ' class="emphasis"' : "";
    return `<tr${emphasis}>${cells.join("")}</tr>`;
  });
  const caption = table.caption === undefined ? "" : `<caption>${escapeText(table.caption)}</caption>`;
  return `<div class="scroll"><table>${caption}<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

function renderFigure(svg: string, caption: string | undefined): string {
  if (
    !svg.startsWith("<svg ") ||
    !svg.endsWith("</svg>") ||
    svg.includes("<style") ||
    svg.includes("<script")
  ) {
    throw new InvalidInput(
      "a figure takes the SVG element that a plot function returns, without a style sheet",
    );
  }
  const below = caption === undefined ? "" : `<figcaption>${escapeText(caption)}</figcaption>`;
  return `<figure>${svg}${below}</figure>`;
}

function renderDiff({ segments, title, note, labels }: Extract<Block, { kind: "diff" }>): string {
  const head = title === undefined ? "" : `<h3>${escapeText(title)}</h3>`;
  const below = note === undefined ? "" : `<p class="note">${escapeText(note)}</p>`;
  const legend =
    labels === undefined
      ? ""
      : `<div class="legend"><del>${escapeText(labels.delete)}</del><ins>${escapeText(labels.insert)}</ins></div>`;
  return `<article class="diff">${head}${below}${legend}<div class="text">${diffHtml(segments)}</div></article>`;
}
