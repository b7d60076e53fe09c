/** `fpx edits job` and `fpx edits submit`: fine-tuning elsewhere, prepared as files, and sent only when told to. */
import { rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { writeFileAtomic } from "../core/node/index.ts";
import { clearStale, recordDerived, staleness } from "../edits/node/index.ts";
import {
  fineTuningJob,
  HOSTS,
  type HostName,
  JOB_DEFAULTS,
  JOB_METHODS,
  type JobOptions,
  readJob,
  submitJob,
} from "../integrations/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { plural, STANDARD, writeOutput } from "./files.ts";
import { number, oneOf } from "./options.ts";
import { loadRedact } from "./redact.ts";
import { describeUnused, readSelection, type SelectionFlags, selectionOptions } from "./selection.ts";

const HOST_NAMES = Object.keys(HOSTS) as HostName[];
const SUBMITTED = "submitted.json";

/** Options of the job itself go to `fineTuningJob` as they are, which checks them. */
interface JobFlags extends Omit<JobOptions, "redact" | "includeAccepted">, SelectionFlags {
  readonly out: string;
  readonly redact?: string;
  readonly accepted: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Defines `fpx edits job`. */
export function defineJob(command: Command, cli: Cli): void {
  const width = Math.max(...HOST_NAMES.map((name) => name.length));
  selectionOptions(command)
    .summary("prepare fine-tuning elsewhere, as files")
    .description(
      "Write what fine-tuning at a host, or by TRL, needs: the training file, and the requests or the script. Nothing is sent.",
    )
    .argument("<log>", 'the edit log, JSON lines; "-" for standard input')
    .requiredOption("--host <name>", "who trains, see below", oneOf(HOST_NAMES))
    .requiredOption("--model <name>", "the base model's name there; for trl a folder or a name")
    .requiredOption("--out <folder>", "where train.jsonl, job.json and a script go")
    .option("--method <name>", JOB_METHODS.join(", "), oneOf(JOB_METHODS), JOB_DEFAULTS.method)
    .option("--dpo-beta <number>", "coefficient of the preference loss", number(), JOB_DEFAULTS.dpoBeta)
    .option("--sft-weight <number>", "weight of imitation in early", number(), JOB_DEFAULTS.sftWeight)
    .option(
      "--epochs <number>",
      "passes over the log (default: the host's; for trl that of fpx learn)",
      number(),
    )
    .option("--learning-rate <number>", "default: the host's; for trl that of fpx learn", number())
    .option("--name <name>", "what the trained model is called (default: fpx-edits- and date and time)")
    .option("--url <address>", "another server with the host's interface")
    .option("--redact <module#name>", "function (text, field) => text that takes personal data out")
    .option("--no-accepted", "leave drafts that were accepted unchanged out of supervised formats")
    .option("--force", "replace a job that is there")
    .option("--json", "print a report as JSON")
    .addHelpText(
      "after",
      `\nHosts:\n${HOST_NAMES.map((name) => `  ${name.padEnd(width)}  ${HOSTS[name].title} (${Object.keys(HOSTS[name].formats).join(", ")})`).join("\n")}\n\nExample:\n  $ fpx edits job log.jsonl --host openai --model gpt-4.1-mini --method dpo --out job && fpx edits submit job\n`,
    )
    .action((path: string, flags: JobFlags) => prepare(path, flags, cli));
}

async function prepare(path: string, flags: JobFlags, cli: Cli): Promise<void> {
  const { out, redact, accepted, force = false, json = false, ...options } = flags;
  if (!force && (await exists(join(out, "job.json"))))
    throw new UsageError(`${out} holds a job already; choose another --out, or replace it by --force`);
  const log = await readSelection(path, flags);
  const job = fineTuningJob(log.records, {
    ...options,
    model: await modelName(flags),
    includeAccepted: accepted,
    ...(redact === undefined ? {} : { redact: await loadRedact(redact) }),
  });
  if (log.live && path !== STANDARD)
    await recordDerived(path, [{ kind: "export", path: out }]).catch((error) => {
      throw fileError(path, error);
    });
  for (const [name, content] of Object.entries(job.files)) await writeOutput(join(out, name), content);
  await clearStale(out);
  // The answers of the job that is replaced.
  await rm(join(out, SUBMITTED), { force: true });
  await writeOutput(join(out, "job.json"), `${JSON.stringify(job.plan, null, 2)}\n`);
  if (json) {
    await cli.print(`${JSON.stringify({ out, left: log.left, ...job.plan, ...job.report })}\n`);
    return;
  }
  for (const text of describeUnused(log)) cli.note(text);
  for (const { count, message } of job.report.excluded)
    cli.note(`${plural(count, "record")} left out: ${message}`);
  for (const warning of job.report.warnings) cli.note(`warning: ${warning}`);
  const files = [...Object.keys(job.files), "job.json"].join(", ");
  await cli.print(
    `${plural(job.report.lines, "line")} for ${HOSTS[flags.host].title} in ${out}: ${files}. Nothing was sent.\n${
      job.plan.byHand === undefined
        ? `Look at job.json, then send it: fpx edits submit ${out}`
        : `Start it by hand: ${job.plan.byHand}`
    }\n`,
  );
}

/** The script for trl runs from any folder, so it names a folder of this machine whole. */
async function modelName({ host, model }: JobFlags): Promise<string> {
  const isFolder = host === "trl" && (/^\.{1,2}\//.test(model) || (await exists(model)));
  return isFolder ? resolve(model) : model;
}

interface SubmitFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Defines `fpx edits submit`. */
export function defineSubmit(command: Command, cli: Cli): void {
  command
    .summary("send a prepared job")
    .description(
      "Send the requests of a job that fpx edits job prepared. The texts of the log leave this machine; the key is read from the environment.",
    )
    .argument("<folder>", "the --out folder of fpx edits job")
    .option("--dry-run", "print what would be sent, and send nothing")
    .option("--force", "send again what was sent before")
    .option("--json", "print the answers as JSON")
    .addHelpText("after", "\nExample:\n  $ OPENAI_API_KEY=... fpx edits submit job\n")
    .action((folder: string, flags: SubmitFlags) => submit(folder, flags, cli));
}

async function submit(folder: string, { dryRun, force, json }: SubmitFlags, cli: Cli): Promise<void> {
  const plan = await readJob(folder);
  if (dryRun) {
    await cli.print(`${JSON.stringify(plan.requests, null, 2)}\n`);
    return;
  }
  const stale = await staleness(folder);
  if (stale !== undefined)
    throw new UsageError(
      `${folder} holds records of a person who was forgotten on ${stale.since}; prepare the job again by fpx edits job --force`,
    );
  const record = join(folder, SUBMITTED);
  if (!force && (await exists(record)))
    throw new UsageError(`${folder} was sent before, see ${record}; send it again by --force`);
  const answers = await submitJob(folder, plan, {
    env: cli.env,
    signal: cli.interruptible("stopping"),
    onRequest: ({ step, url }) => cli.note(`sending ${step} to ${url}`),
  });
  await writeFileAtomic(record, `${JSON.stringify(answers, null, 2)}\n`).catch((error) => {
    throw fileError(record, error);
  });
  await cli.print(json ? `${JSON.stringify(answers)}\n` : `sent; the answers are in ${record}\n`);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
