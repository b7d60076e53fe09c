/** `fpx learn`: from a log of user edits to adapters, figures and a report. */
import { basename, extname, join } from "node:path";
import { type Command, Option } from "commander";
import { withLock, writeFileAtomic } from "../core/node/index.ts";
import {
  type DirectionScope,
  directionScopes,
  editStats,
  fitLogReference,
  methods as knownMethods,
  type LearnContext,
  type LearnOptimizer,
  type LearnOptions,
  learn,
  type Method,
  optimizers,
  worldOfLog,
} from "../edits/index.ts";
import { recordDerived } from "../edits/node/index.ts";
import type { LanguageModel } from "../lm/index.ts";
import { onnxRuntimeNode, readModel, writeAdapter, writeModel } from "../lm/node/index.ts";
import { textTable } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { STANDARD } from "./files.ts";
import { derivedIn, type LearnFolder, makeOutputFolder, openLearnFolder } from "./learn-folder.ts";
import { type LearnSummary, learnPage, metricsOf, scoreTable, writerTable } from "./learn-report.ts";
import { integer, listOf, number } from "./options.ts";
import { createProgress, progressMode, wantsColor } from "./progress.ts";
import { type RecordFlags, recorded, recordedProgress, recordOptions, resumeLine } from "./recording.ts";
import { describeUnused, readSelection, type SelectionFlags, selectionOptions } from "./selection.ts";

const FROM_LOG = "from-log";

interface LearnFlags extends RecordFlags, SelectionFlags {
  readonly model: string;
  readonly methods: readonly Method[];
  readonly out?: string;
  readonly seed: number;
  readonly optimizer: LearnOptimizer;
  readonly epochs?: number;
  readonly forwardPasses?: number;
  readonly directions?: DirectionScope;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly checkpointing?: boolean;
  readonly loraRank?: number;
  readonly loraAlpha?: number;
  readonly loraTargets?: string;
  readonly by?: "user";
  readonly learningRate?: number;
  readonly dpoBeta?: number;
  readonly sftWeight?: number;
  readonly validation?: number;
  readonly episodes?: number;
  readonly threads?: number;
  readonly accepted: boolean;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds arguments and options of `fpx learn`. */
export function defineLearn(command: Command, cli: Cli): void {
  selectionOptions(recordOptions(command, cli))
    .argument("<log>", "the edit log, JSON lines")
    .option(
      "--model <folder>",
      `base model, a folder of Llama, Qwen2, Qwen3 or GPT-2 layout; "${FROM_LOG}" fits a small one to the log's drafts`,
      FROM_LOG,
    )
    .option("--methods <names>", "sft, dpo, early", listOf(knownMethods), knownMethods)
    .option(
      "--out <folder>",
      "where adapters, metrics.json and report.html go (default: out/<name of the log>)",
    )
    .option("--seed <number>", "seed of everything random", integer(), 1)
    .addOption(
      new Option(
        "--optimizer <name>",
        "adamw by backpropagation, or zeroth-order: forward passes only; with --directions batch in about the memory of inference",
      )
        .choices(optimizers)
        .default("adamw"),
    )
    .option("--epochs <number>", "passes over the training edits (adamw)", number({ minimum: 0.01 }))
    .option(
      "--forward-passes <number>",
      "forward passes of a batch at most (zeroth-order; default 20000)",
      integer({ minimum: 4 }),
    )
    .addOption(
      new Option(
        "--directions <scope>",
        "a direction for each example of a pass, with as many copies of the adapter, or one for the batch (zeroth-order; default: example for sft, batch for the others)",
      ).choices(directionScopes),
    )
    .option("--batch-size <number>", "edits a step", integer({ minimum: 1 }))
    .option(
      "--micro-batch <number>",
      "most edits in memory at once; gradients of a larger step add up (default: the whole step)",
      integer({ minimum: 1 }),
    )
    .option(
      "--checkpointing",
      "calculate each layer anew in the backward pass: less memory, more time (adamw)",
    )
    .option("--lora-rank <number>", "rank of the adapters (default: 8)", integer({ minimum: 1 }))
    .option(
      "--lora-alpha <number>",
      "scale of the adapters, over the rank (default: twice the rank)",
      number({ minimum: 1e-9 }),
    )
    .option(
      "--lora-targets <names>",
      "matrices that get an adapter, such as q_proj,v_proj (default: all of attention and MLP)",
    )
    .option("--learning-rate <number>", "peak learning rate, for every method", number({ minimum: 1e-9 }))
    .option("--dpo-beta <number>", "coefficient of the preference loss", number({ minimum: 1e-9 }))
    .option("--sft-weight <number>", "weight of imitation in early", number({ minimum: 0 }))
    .option("--validation <share>", "share of the edits held out", number({ minimum: 0.01, maximum: 0.9 }))
    .addOption(
      new Option("--by <group>", "an adapter for each user besides, against the pooled one").choices([
        "user",
      ]),
    )
    .option(
      "--episodes <number>",
      "fresh episodes with the simulated user, if the log has one",
      integer({ minimum: 2 }),
    )
    .option(
      "--threads <number>",
      "threads of the model runtime (default: all cores, at most 8)",
      integer({ minimum: 1 }),
    )
    .option("--no-accepted", "leave drafts that were accepted unchanged out of what sft imitates")
    .option("--resume", "go on with the unfinished run in --out")
    .option("--force", "throw the unfinished run in --out away")
    .option("--json", "print the figures as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ fpx learn log.jsonl --model from-log --out learned\n  $ fpx learn log.jsonl --model ./llama --methods sft,early --seed 7\n",
    )
    .action((path: string, flags: LearnFlags) => runLearn(path, flags, cli));
}

async function runLearn(path: string, flags: LearnFlags, cli: Cli): Promise<void> {
  const { json = false, resume = false, force = false, threads } = flags;
  checkOptimizerFlags(flags);
  // Without a runtime nothing can be learned: say so before any data is read.
  const runtime = await onnxRuntimeNode({
    // In this thread it reads the adapter from the arrays that are perturbed.
    thread: flags.optimizer === "zeroth-order" ? "caller" : "own",
    ...(threads === undefined ? {} : { threads }),
  });
  const log = await readSelection(path, flags);
  const mode = progressMode(cli.stderr, cli.env, json);
  const observer = createProgress({ stream: cli.stderr, mode, color: wantsColor(cli.stderr, cli.env) });
  for (const text of describeUnused(log)) observer.note(text);
  for (const { message } of log.warnings) observer.note(`warning: ${message}`);
  if (flags.methods.some((method) => method !== "sft")) {
    for (const { code, message } of editStats(log.records).advice)
      if (code === "several-policies") observer.note(`warning: ${message}`);
  }
  const given = flags.model === FROM_LOG ? undefined : await readModel(flags.model);

  const out = flags.out ?? join("out", basename(path, extname(path)));
  await makeOutputFolder(out);
  await withLock(out, async () => {
    // First, so that forgetting a person finds all that was made of their edits.
    if (log.live && path !== STANDARD) await recordDerived(path, derivedIn(out));
    const folder = await openLearnFolder(out, { resume, force, runtime: runtime.name });
    const signal = cli.interruptible("finishing this step; go on later with the same command and --resume");
    const run = {
      id: folder.id,
      name: `learn ${basename(path)}`,
      command: "learn",
      seed: flags.seed,
      resume: resumeLine(cli.args, path, {
        "--out": out,
        ...(given === undefined ? {} : { "--model": flags.model }),
      }),
      signal,
    };
    try {
      await recorded(flags, run, async (recorder) => {
        const progress = recordedProgress(observer, recorder);
        const context: LearnContext = {
          runtime,
          signal: recorder.signal,
          observer: progress,
          store: folder.store,
          cache: folder.cache,
        };
        const options = learnOptions(flags);
        const world = worldOfLog(log.records);
        const model = given ?? (await fitLogReference(log.records, options, context));
        const learned = await learn(log.records, model, world, options, context);
        observer.finish();
        const summary = {
          log: path,
          model: flags.model,
          out,
          runtime: runtime.name,
          options,
          seconds: folder.seconds(),
          learned,
        };
        await writeOutputs(folder, summary, model, given === undefined);
        const figures = metricsOf(summary);
        await cli.print(json ? `${JSON.stringify(figures)}\n` : describeResult(summary));
        return { status: "done", steps: progress.steps(), calls: 0, summary: figures };
      });
    } catch (error) {
      await folder.abandon(error);
      throw error;
    } finally {
      observer.clear();
    }
  });
}

/** Refuses flags of the other optimiser: they would change nothing. */
function checkOptimizerFlags(flags: LearnFlags): void {
  const { optimizer } = flags;
  const others =
    optimizer === "adamw"
      ? { "--forward-passes": flags.forwardPasses, "--directions": flags.directions }
      : {
          "--epochs": flags.epochs,
          "--micro-batch": flags.microBatch,
          "--checkpointing": flags.checkpointing,
        };
  const other = optimizer === "adamw" ? "zeroth-order" : "adamw";
  for (const [flag, value] of Object.entries(others))
    if (value !== undefined)
      throw new UsageError(
        `${flag} has no meaning with --optimizer ${optimizer}: leave it out, or choose --optimizer ${other}`,
      );
  if (flags.directions === "example" && flags.methods.some((method) => method !== "sft"))
    throw new UsageError(
      "--directions example goes with --methods sft only: the other losses compare two texts; choose batch",
    );
}

/** The options that were given; the others keep the library's defaults. */
function learnOptions(flags: LearnFlags): LearnOptions {
  const { seed, methods, epochs, batchSize, microBatch: microBatchSize, by, learningRate } = flags;
  const { optimizer, forwardPasses, dpoBeta, sftWeight, validation, episodes, checkpointing } = flags;
  const lora = defined({
    rank: flags.loraRank,
    alpha: flags.loraAlpha,
    targets: flags.loraTargets?.split(",").map((name) => name.trim()),
  });
  const given = {
    optimizer: optimizer === "adamw" ? undefined : optimizer,
    epochs,
    forwardPasses,
    directions: flags.directions,
    batchSize,
    microBatchSize,
    checkpointing,
    lora: Object.keys(lora).length > 0 ? lora : undefined,
    by,
    learningRate,
    dpoBeta,
    sftWeight,
    validation,
    episodes,
    // Said only where it is not the default, as the others.
    includeAccepted: flags.accepted ? undefined : false,
  };
  return { seed, methods, ...defined(given) };
}

/** The entries that have a value. */
function defined(given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Writes adapters, figures and report; the snapshots go last, so that a failure here can be resumed. */
async function writeOutputs(
  folder: LearnFolder,
  summary: LearnSummary,
  model: LanguageModel,
  fitted: boolean,
): Promise<void> {
  const { path, gathered } = folder;
  try {
    if (fitted) await writeModel(join(gathered, "model"), model);
    for (const [method, adapter] of Object.entries(summary.learned.adapters))
      await writeAdapter(join(gathered, "adapters", method), adapter, model);
    for (const { adapter, scores } of summary.learned.writers)
      await writeAdapter(
        join(gathered, "adapters", scores.method, "users", fileName(scores.user)),
        adapter,
        model,
      );
    await writeFileAtomic(join(gathered, "report.html"), learnPage(summary));
    await writeFileAtomic(join(gathered, "metrics.json"), `${JSON.stringify(metricsOf(summary), null, 2)}\n`);
    await folder.finish();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** A user's name as that of one folder. */
function fileName(user: string): string {
  return encodeURIComponent(user).replaceAll(".", "%2E");
}

function describeResult(summary: LearnSummary): string {
  const { out, learned, model } = summary;
  const folder = model === FROM_LOG ? join(out, "model") : model;
  return [
    textTable(scoreTable(learned)),
    ...(learned.writers.length > 0 ? [textTable(writerTable(learned))] : []),
    `Nearest to the users' texts: ${learned.recommended}. Written to ${out}: report.html, metrics.json, adapters/.`,
    `Use it: fpx draft --model ${folder} --adapter ${out} "YOUR CONTEXT"`,
    "",
  ].join("\n");
}
