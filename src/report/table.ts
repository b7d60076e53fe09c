/** Tables of text and numbers for terminals and Markdown. */
import { InvalidInput } from "../core/errors.ts";
import { formatNumber } from "./number.ts";
import { displayWidth } from "./text.ts";

/** One column of a table. */
export interface Column {
  readonly label: string;
  /** Aligns right and prints numbers in tabular figures; default true when every cell is a number. */
  readonly numeric?: boolean;
  /** Digits after the point of cells that are numbers; by default three significant digits. */
  readonly decimals?: number;
}

/** A table; each row has one cell a column. `null` is an empty cell. */
export interface Table {
  readonly caption?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Indices of rows to stand out, in HTML only. */
  readonly emphasis?: readonly number[];
}

/**
 * Lays a table out for a terminal: columns aligned by display width, numbers to the right, no trailing
 * spaces, a newline at the end.
 *
 * @example
 * textTable({ columns: [{ label: "policy" }, { label: "cost" }], rows: [["sft", 0.214]] });
 */
export function textTable(table: Table): string {
  const { columns, rows } = formatTable(table);
  const cells = [columns.map(({ label }) => label), ...rows].map((row) => row.map(flatten));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => displayWidth(row[i]!))));
  const lines = cells.map((row) => layOut(row, columns, widths));
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  const caption = table.caption === undefined ? "" : `${flatten(table.caption)}\n`;
  return `${caption}${lines.join("\n")}\n`;
}

/** The table in GitHub's Markdown. */
export function markdownTable(table: Table): string {
  const { columns, rows } = formatTable(table);
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const head = line(columns.map(({ label }) => label));
  const rule = `| ${columns.map(({ numeric }) => (numeric ? "---:" : "---")).join(" | ")} |`;
  const caption = table.caption === undefined ? "" : `${flatten(table.caption)}\n\n`;
  return `${caption}${[head, rule, ...rows.map(line)].join("\n")}\n`;
}

/** The table with all cells as text and every column's alignment decided; rows must have one cell a column. */
export function formatTable(table: Table): {
  readonly columns: readonly { readonly label: string; readonly numeric: boolean }[];
  readonly rows: readonly (readonly string[])[];
} {
  table.rows.forEach((row, index) => {
    if (row.length !== table.columns.length) {
      throw new InvalidInput(
        `table row ${index} has ${row.length} cells, expected ${table.columns.length}: ${table.columns.map(({ label }) => label).join(", ")}`,
      );
    }
  });
  const columns = table.columns.map(({ label, numeric }, i) => ({
    label,
    numeric:
      numeric ??
      (table.rows.some((row) => typeof row[i] === "number") &&
        table.rows.every((row) => typeof row[i] !== "string")),
  }));
  const rows = table.rows.map((row) =>
    row.map((cell, i) => {
      if (cell === null) return "";
      if (typeof cell === "string") return cell;
      const { decimals } = table.columns[i]!;
      return formatNumber(cell, decimals === undefined ? {} : { decimals });
    }),
  );
  return { columns, rows };
}

function layOut(
  cells: readonly string[],
  columns: readonly { readonly numeric: boolean }[],
  widths: readonly number[],
): string {
  return cells
    .map((cell, i) => {
      const padding = " ".repeat(widths[i]! - displayWidth(cell));
      return columns[i]!.numeric ? padding + cell : cell + padding;
    })
    .join("  ")
    .trimEnd();
}

/** One line without control characters, so that no cell can move the cursor. */
function flatten(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes.
  return text.replace(/\s*[\r\n]+\s*/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

function escapeMarkdown(text: string): string {
  return flatten(text).replace(/[\\|<]/g, "\\$&");
}
