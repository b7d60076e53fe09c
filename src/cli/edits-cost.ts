/** `fpx edits cost`: learns what drafts cost their users, for `fpx draft --rerank`. */
import type { Command } from "commander";
import { type EditRecord, editCosts, fitTextCost, splitLog } from "../edits/index.ts";
import { clearStale, recordDerived } from "../edits/node/index.ts";
import { formatNumber } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { plural, refuseOverwrite, STANDARD, writeOutput } from "./files.ts";
import { integer } from "./options.ts";
import { describeUnused, readSelection, type SelectionFlags, selectionOptions } from "./selection.ts";

interface CostFlags extends SelectionFlags {
  readonly out: string;
  readonly buckets?: number;
  readonly seed: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Defines the subcommand. */
export function defineCost(command: Command, cli: Cli): void {
  selectionOptions(command)
    .summary("learn what drafts cost")
    .description(
      "Learn the edit cost of drafts from their words and those of their contexts, and say how well it is foreseen on held-out edits.",
    )
    .argument("<log>", 'the edit log, JSON lines; "-" for standard input')
    .requiredOption("--out <file>", "where the cost goes")
    .option("--buckets <number>", "size of the model (default 256)", integer({ minimum: 8, maximum: 4096 }))
    .option("--seed <number>", "seed of what is held out", integer(), 1)
    .option("--force", "replace an existing file")
    .option("--json", "print a report as JSON")
    .addHelpText(
      "after",
      '\nExample:\n  $ fpx edits cost log.jsonl --out cost.json && fpx draft --model ./llama --rerank cost.json "Ask Ann for the report."\n',
    )
    .action((path: string, flags: CostFlags) => learnCost(path, flags, cli));
}

async function learnCost(path: string, flags: CostFlags, cli: Cli): Promise<void> {
  const { out, buckets, seed, force = false, json = false } = flags;
  await refuseOverwrite(out, force);
  const log = await readSelection(path, flags);
  const options = buckets === undefined ? {} : { buckets };
  const { train, validation } = splitLog(log.records, { validation: 0.2, seed, by: "auto" });
  const trial = fitTextCost(train, options);
  // The held-out edits, by the model of the others and by the mean of the others.
  const held = heldOut(validation, (record) => trial.predict(record.context, record.draft));
  const cost = fitTextCost(log.records, options);
  if (log.live && path !== STANDARD) await recordDerived(path, [{ kind: "policy", path: out }]);
  await writeOutput(out, `${JSON.stringify(cost)}\n`);
  await clearStale(out);
  const report = {
    out,
    edits: log.records.length,
    left: log.left,
    heldOut: validation.length,
    explained: held,
    definition: cost.toJSON().definition,
  };
  if (json) {
    await cli.print(`${JSON.stringify(report)}\n`);
    return;
  }
  for (const text of describeUnused(log)) cli.note(text);
  await cli.print(
    `cost of ${plural(log.records.length, "edit")} to ${out}; of the variance of ${plural(validation.length, "held-out edit")} it explains ${formatNumber(held, { percent: true, decimals: 0 })}\n${
      held <= 0 ? "That is nothing: reranking by it would be chance; gather more edits.\n" : ""
    }`,
  );
}

/** 1 minus the squared error over that of the mean. */
function heldOut(records: readonly EditRecord[], predict: (record: EditRecord) => number): number {
  const { costs } = editCosts(records);
  const centre = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  let error = 0;
  let spread = 0;
  records.forEach((record, i) => {
    error += (predict(record) - costs[i]!) ** 2;
    spread += (centre - costs[i]!) ** 2;
  });
  return spread === 0 ? 0 : 1 - error / spread;
}
