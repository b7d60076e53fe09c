/** A certificate for people: on the terminal, and as a page. */
import type { Certificate, Model, RuleResult } from "../constraints/index.ts";
import { type Block, formatNumber, htmlPage, type Table, textTable } from "../report/index.ts";

const WORDS = {
  certified: "holds for every input of the domain",
  violated: "is broken",
  unknown: "could not be decided",
} as const;

/** The verdict, a line a rule, and the inputs that break one. */
export function printCertificate(certificate: Certificate): string {
  const broken = certificate.results.flatMap(breaks).map((line) => `${line}\n`);
  const unsure = certificate.results.flatMap(({ rule, reason }) =>
    reason === undefined ? [] : [`${rule}: ${reason}\n`],
  );
  const table = certificate.results.length === 0 ? "" : textTable(summary(certificate));
  return `${table}${broken.join("")}${unsure.join("")}${certificate.status}\n`;
}

/** Sentences that name the inputs at which a rule is broken. */
const breaks = ({ rule, counterexample }: RuleResult): readonly string[] =>
  (counterexample?.inputs ?? []).map(
    (input, i) => `${rule} is broken at ${named(input)}: ${named(counterexample!.outputs[i]!)}`,
  );

/** How a rule was proved; a solver's proof holds up to its tolerance. */
const proofOf = ({ status, clauses }: RuleResult): string => {
  if (status !== "certified") return "";
  return clauses.some(({ method }) => method === "milp") ? "solver, to its tolerance" : "exact";
};

function summary({ results }: Certificate): Table {
  return {
    columns: [
      { label: "rule" },
      { label: "status" },
      { label: "proof" },
      { label: "slack", numeric: true },
      { label: "worst input" },
    ],
    rows: results.map((result) => [
      result.rule,
      result.status,
      proofOf(result),
      slackText(result.slack),
      result.worstInput === undefined || Object.keys(result.worstInput).length === 0
        ? ""
        : named(result.worstInput),
    ]),
  };
}

/** Self-contained HTML: each rule with its slack and its worst input. */
export function certificateReport(certificate: Certificate, model: Model): string {
  const { status, results, domain } = certificate;
  const count = results.filter((result) => result.status === "certified").length;
  return htmlPage({
    title: `Certificate: ${status}`,
    subtitle: `${count} of ${results.length} rules hold for every input of the domain below; checked on the stored weights`,
    lead: [
      {
        kind: "facts",
        facts: [
          { label: "status", value: status },
          { label: "model", value: model.kind, note: certificate.model },
          { label: "rules", value: String(results.length), note: certificate.rules },
        ],
      },
    ],
    sections: [
      {
        title: "Rules",
        blocks: [
          { kind: "table", table: summary(certificate) },
          ...results.flatMap(breaks).map((text): Block => ({ kind: "paragraph", text: `${text}.` })),
          ...results.flatMap(details),
        ],
      },
      {
        title: "Domain",
        blocks: [
          {
            kind: "paragraph",
            text: "Nothing is promised outside these bounds. Scaled value = (raw - offset) / scale; the scale is a power of two.",
          },
          {
            kind: "table",
            table: {
              columns: ["column", "kind", "from", "to", "offset", "scale"].map((label) => ({ label })),
              rows: domain.columns.map(({ name, kind, lower, upper }, i) => [
                name,
                kind,
                String(lower),
                String(upper),
                String(domain.scaler.offset[i]),
                String(domain.scaler.scale[i]),
              ]),
            },
          },
        ],
      },
    ],
  });
}

function details({ rule, status, reason, worstInput, clauses, slack }: RuleResult): Block[] {
  const blocks: Block[] = [
    { kind: "paragraph", text: `"${rule}" ${WORDS[status]}. Slack: ${slackText(slack)}.` },
  ];
  if (reason !== undefined) blocks.push({ kind: "paragraph", text: `Why: ${reason}.` });
  if (worstInput !== undefined && Object.keys(worstInput).length > 0)
    blocks.push({ kind: "paragraph", text: `Worst input: ${named(worstInput)}.` });
  blocks.push({
    kind: "table",
    table: {
      caption: "Proofs, clause by clause",
      columns: ["clause", "status", "method", "bound", "atom weights", "multipliers"].map((label) => ({
        label,
      })),
      rows: clauses.map(({ status: own, method, bound, multipliers }, c) => [
        String(c + 1),
        own,
        method,
        slackText(bound),
        multipliers.lambda.map((value) => formatNumber(value)).join(", "),
        multipliers.rows.map((value) => formatNumber(value)).join(", "),
      ]),
    },
  });
  return [{ kind: "details", summary: rule, blocks }];
}

/** A bound of an empty region has no size. */
const slackText = (slack: number): string =>
  Math.abs(slack) >= Number.MAX_SAFE_INTEGER ? "no input" : formatNumber(slack);

function named(values: Readonly<Record<string, number | string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
}
