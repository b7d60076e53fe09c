/** `fpx edits stats`: what a log holds and what to think of before learning from it. */
import type { Command } from "commander";
import { type EditStats, editStats, type GroupStats, type Normalize } from "../edits/index.ts";
import { formatInterval, formatNumber, textTable } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { oneOf } from "./options.ts";
import { describeUnused, readSelection, type SelectionFlags, selectionOptions } from "./selection.ts";

const TOKENS = ["words", "characters", "whitespace"] as const;
const NORMALIZERS: readonly Normalize[] = ["draft", "edited", "max", "none"];
const SHOWN_GROUPS = 20;
const BAR = 40;

interface StatsFlags extends SelectionFlags {
  readonly tokens: (typeof TOKENS)[number];
  readonly normalize: Normalize;
  readonly json?: boolean;
}

/** Defines the subcommand. */
export function defineStats(command: Command, cli: Cli): void {
  selectionOptions(command)
    .summary("say what a log holds")
    .description("Say in numbers what an edit log holds, and what to think of before learning from it.")
    .argument("<log>", 'the edit log, JSON lines; "-" for standard input')
    .option("--tokens <name>", `what an edit is counted in: ${TOKENS.join(", ")}`, oneOf(TOKENS), "words")
    .option(
      "--normalize <name>",
      `what the cost is divided by: tokens of the ${NORMALIZERS.join(", ")}`,
      oneOf(NORMALIZERS),
      "draft",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ fpx edits stats log.jsonl --map draft=preedit,edited=postedit\n")
    .action((path: string, flags: StatsFlags) => printStats(path, flags, cli));
}

async function printStats(path: string, flags: StatsFlags, cli: Cli): Promise<void> {
  const { tokens, normalize, json = false } = flags;
  const log = await readSelection(path, flags, { normalize });
  const stats = editStats(log.records, { cost: { tokenize: tokens, normalize }, rejects: log.rejects });
  if (json) {
    await cli.print(`${JSON.stringify(stats)}\n`);
    return;
  }
  for (const text of describeUnused(log)) cli.note(text);
  await cli.print(describeStats(path, stats));
}

/** The statistics as text: an overview, the costs, users and policies, advice. */
function describeStats(path: string, stats: EditStats): string {
  const parts = [
    overview(path, stats),
    costs(stats),
    groups("users", stats.perUser),
    groups("policies", stats.perPolicy),
    advice(stats),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function overview(path: string, stats: EditStats): string {
  const { meanCost, meanCostInterval, costQuantiles, lateralityIndex } = stats;
  const { lower, upper } = meanCostInterval;
  const { share } = stats.wavering;
  const cost =
    lower === null || upper === null ? formatNumber(meanCost, THREE) : formatInterval(meanCost, lower, upper);
  const quartiles = [costQuantiles.lowerQuartile, costQuantiles.median, costQuantiles.upperQuartile];
  return textTable({
    caption: path,
    columns: [{ label: "edits" }, { label: formatNumber(stats.n), numeric: false }],
    rows: [
      ["users", String(stats.users)],
      ["policies", String(stats.policies)],
      ["contexts", String(stats.contexts)],
      ["different drafts", String(stats.drafts)],
      ["drafts changed", formatNumber(stats.editedRate, PERCENT)],
      ["mean cost, 95 % interval", cost],
      ["cost, quartiles", quartiles.map((value) => formatNumber(value, THREE)).join(", ")],
      ["cost is", stats.costDefinition],
      [
        "tokens, draft to edited",
        `${formatNumber(stats.draftTokens.mean)} to ${formatNumber(stats.editedTokens.mean)}`,
      ],
      ["length ratio", formatNumber(stats.meanLengthRatio, THREE)],
      ["laterality", lateralityIndex === null ? "too few edits" : formatNumber(lateralityIndex, THREE)],
      ["changes no context foretells", share === null ? "too few edits" : formatNumber(share, PERCENT)],
    ],
  });
}

const THREE = { decimals: 3 } as const;
const PERCENT = { percent: true, decimals: 1 } as const;

/** The histogram of the costs, drawn with bars of text. */
function costs({ costHistogram: { edges, counts } }: EditStats): string {
  const most = Math.max(...counts);
  return textTable({
    columns: [{ label: "cost from" }, { label: "edits" }, { label: "" }],
    rows: counts.map((count, i) => [String(edges[i]), count, "█".repeat(Math.ceil((BAR * count) / most))]),
  });
}

function groups(label: string, all: readonly GroupStats[]): string {
  if (all.length < 2) return "";
  const table = textTable({
    columns: [
      { label },
      { label: "edits" },
      { label: "changed" },
      { label: "mean cost", decimals: 3 },
      { label: "length ratio", decimals: 3 },
    ],
    rows: all
      .slice(0, SHOWN_GROUPS)
      .map(({ name, n, editedRate, meanCost, meanLengthRatio }) => [
        name ?? "(not named)",
        n,
        formatNumber(editedRate, PERCENT),
        meanCost,
        meanLengthRatio,
      ]),
  });
  return all.length > SHOWN_GROUPS ? `${table}and ${all.length - SHOWN_GROUPS} more ${label}\n` : table;
}

function advice({ advice: items, methods }: EditStats): string {
  const found = items.map(({ message, evidence }) => `- ${message}\n  evidence: ${describe(evidence)}\n`);
  const verdicts = methods.map(({ method, advised, against }) =>
    advised ? method : `not ${method} (${against.join(", ")})`,
  );
  return `${items.length === 0 ? "" : `Before learning from this log:\n${found.join("")}`}Methods: ${verdicts.join("; ")}. A late ensemble of those, with the base policy as an arm, finds out by the edits that follow.\n`;
}

/** Evidence as text: names and numbers, lists in brackets. */
function describe(value: unknown): string {
  if (typeof value === "number") return formatNumber(value, Number.isInteger(value) ? {} : THREE);
  if (Array.isArray(value)) return value.map((item) => `[${describe(item)}]`).join(" ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name === "" ? "(not named)" : words(name)} ${describe(inner)}`)
    .join(", ");
}

/** A camel-case name as words; names of policies and users stay as they are. */
const words = (name: string): string =>
  /^[a-z]+([A-Z][a-z]+)+$/.test(name)
    ? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    : name;
