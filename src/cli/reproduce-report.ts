/** The findings of `fpx reproduce` as claims, as a page and as Markdown. */
import type { Claim, Findings, Reproduction, Row } from "fpx/experiments";
import { type Block, htmlPage, markdownTable, type Section, type Table } from "../report/index.ts";

/** One row that has run, now or earlier. */
export interface FinishedRow {
  readonly study: Reproduction;
  readonly row: Row;
  readonly findings: Findings;
  readonly seconds: number;
}

/** Everything a report tells of. */
export interface ReproductionRun {
  /** A room, or `all`. */
  readonly room: string;
  readonly quick: boolean;
  readonly seed: number;
  readonly version: string;
  readonly finished: readonly FinishedRow[];
}

/** A claim with where it came from and the time of its whole row. */
export interface ReportedClaim extends Claim {
  readonly room: string;
  readonly row: string;
  readonly seconds: number;
}

/** All claims of the rows, in their order. */
export function claimsOf(finished: readonly FinishedRow[]): readonly ReportedClaim[] {
  return finished.flatMap(({ study, row, findings, seconds }) =>
    findings.claims.map((claim) => ({
      ...claim,
      room: study.room,
      row: row.id,
      seconds: Math.round(1000 * seconds) / 1000,
    })),
  );
}

/** A claim for the terminal: the verdict first, then the two figures. */
export function describeClaim({ id, claim, published, measured, verdict }: ReportedClaim): string {
  return `${id.padEnd(8)} ${verdict.padEnd(10)} ${claim}\n${" ".repeat(20)}published ${published}; measured ${measured}`;
}

/** One line a claim. */
function claimTable(claims: readonly ReportedClaim[]): Table {
  return {
    columns: ["id", "claim", "published", "measured", "verdict", "seeds", "seconds"].map((label) => ({
      label,
      numeric: label === "seconds",
      ...(label === "seconds" ? { decimals: 1 } : {}),
    })),
    rows: claims.map(({ id, claim, published, measured, verdict, seeds, seconds }) => [
      id,
      claim,
      published,
      measured,
      verdict,
      spans(seeds),
      seconds,
    ]),
  };
}

/** The name of the i-th plot's file. */
export function plotFile(i: number, title: string): string {
  const words = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `plot-${i + 1}-${words.slice(0, 60)}.svg`;
}

/** The report as a self-contained page. */
export function reproductionPage(run: ReproductionRun): string {
  const claims = claimsOf(run.finished);
  const counts = (["reproduced", "partly", "not"] as const).map((verdict) => ({
    label: verdict,
    value: `${claims.filter((claim) => claim.verdict === verdict).length}`,
  }));
  return htmlPage({
    title: titleOf(run),
    subtitle: subtitleOf(run),
    lead: [
      { kind: "facts", facts: counts },
      { kind: "table", table: claimTable(claims) },
    ],
    sections: run.finished.map((finished): Section => {
      const { study, row, findings } = finished;
      return {
        title: `${row.id}: ${row.title}`,
        blocks: [
          ...findings.tables.map((table): Block => ({ kind: "table", table })),
          ...findings.plots.map(({ title, svg }): Block => ({ kind: "figure", svg, caption: title })),
          ...(findings.notes.length === 0 ? [] : [{ kind: "list", items: findings.notes } as const]),
          { kind: "paragraph", text: `Source: ${study.source}` },
          { kind: "code", text: commandOf(run, finished) },
        ],
      };
    }),
    footer: `fpx ${run.version}`,
  });
}

/** The report as Markdown; plots are links to the files beside it. */
export function reproductionMarkdown(run: ReproductionRun): string {
  const lines = [
    `# ${titleOf(run)}`,
    "",
    subtitleOf(run),
    "",
    markdownTable(claimTable(claimsOf(run.finished))),
  ];
  let plots = 0;
  for (const finished of run.finished) {
    const { study, row, findings } = finished;
    lines.push(
      "",
      `## ${row.id}: ${row.title}`,
      "",
      `Source: ${study.source}. Again: \`${commandOf(run, finished)}\``,
    );
    for (const table of findings.tables) lines.push("", markdownTable(table));
    for (const { title } of findings.plots) lines.push("", `![${title}](${plotFile(plots++, title)})`);
    if (findings.notes.length > 0) lines.push("", ...findings.notes.map((note) => `- ${note}`));
  }
  return `${lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()}\n`;
}

function titleOf({ room, finished }: ReproductionRun): string {
  const [first] = finished;
  return room === "all" || first === undefined ? "Reproduction of the papers" : first.study.title;
}

function subtitleOf({ quick, seed, finished }: ReproductionRun): string {
  const seconds = finished.reduce((sum, row) => sum + row.seconds, 0);
  return `${quick ? "Quick run (fewer seeds and steps)" : "Full run"}, seed ${seed}, ${Math.round(seconds)} s`;
}

/** How to run one row again. */
function commandOf({ quick, seed }: ReproductionRun, { study, row }: FinishedRow): string {
  return `fpx reproduce ${study.room} --only ${row.id} --seed ${seed}${quick ? " --quick" : ""}`;
}

/** Seeds as spans: 1-5, 9. */
function spans(seeds: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < seeds.length; ) {
    let end = i;
    while (end + 1 < seeds.length && seeds[end + 1] === seeds[end]! + 1) end++;
    parts.push(end > i ? `${seeds[i]}-${seeds[end]}` : `${seeds[i]}`);
    i = end + 1;
  }
  return parts.join(", ");
}
