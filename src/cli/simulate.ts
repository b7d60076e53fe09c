/** `fpx edits simulate`: an edit log made by a simulated user with hidden wishes. */
import type { Command } from "commander";
import {
  createMailWorld,
  createSummaryWorld,
  draftAll,
  simulateLog,
  USER_KINDS,
  type UserKind,
} from "../edits/index.ts";
import { loadPolicy, onnxRuntimeNode } from "../lm/node/index.ts";
import type { Cli } from "./cli.ts";
import { refuseOverwrite, STANDARD, writeOutput } from "./files.ts";
import { integer, oneOf } from "./options.ts";

const WORLDS = { mail: createMailWorld, summary: createSummaryWorld };
const TASKS = Object.keys(WORLDS) as (keyof typeof WORLDS)[];

interface SimulateFlags {
  readonly task: keyof typeof WORLDS;
  readonly model: string;
  readonly out: string;
  readonly seed: number;
  readonly edits: number;
  readonly user: UserKind;
  readonly force?: boolean;
}

/** Adds options of `fpx edits simulate`. */
export function defineSimulate(command: Command, cli: Cli): void {
  command
    .summary("make a log by a simulated user")
    .description(
      "Let a model draft e-mails or summaries and a simulated user edit them. The seed draws the user's hidden wishes and the contexts; fpx learn recognises such a log and measures the true edit cost.",
    )
    .requiredOption("--model <folder>", "the drafting model, such as samples/mail/model")
    .requiredOption("--out <log>", "where to write the log")
    .option("--task <name>", TASKS.join(", "), oneOf(TASKS), "mail")
    .option("--seed <number>", "seed of wishes and contexts", integer(), 1)
    .option("--edits <number>", "number of edits", integer({ minimum: 1, maximum: 100_000 }), 400)
    .option("--user <kind>", USER_KINDS.join(", "), oneOf(USER_KINDS), "strong")
    .option("--force", "replace an existing file")
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx edits simulate --model samples/mail/model --seed 5 --out log5.jsonl && fpx learn log5.jsonl --model samples/mail/model\n",
    )
    .action((flags: SimulateFlags) => simulate(flags, cli));
}

async function simulate(flags: SimulateFlags, cli: Cli): Promise<void> {
  const { model, out, task, seed, edits, user, force = false } = flags;
  await refuseOverwrite(out, force);
  const policy = await loadPolicy(model, { runtime: await onnxRuntimeNode() });
  try {
    const world = WORLDS[task]({ seed });
    const contexts = world.contexts("log", edits);
    const signal = cli.interruptible("stopping");
    const maxNewTokens = Math.ceil(policy.model.config.maximumPositions / 2);
    const drafts = await draftAll(policy, contexts, { maxNewTokens, signal });
    const records = simulateLog(world, contexts, drafts, { user, policy: model });
    await writeOutput(
      out,
      records.map((record) => `${JSON.stringify(record)}\n`),
    );
    if (out !== STANDARD)
      cli.note(`${edits} edits by the ${user} user of the ${task} world with seed ${seed} to ${out}`);
  } finally {
    await policy.close();
  }
}
