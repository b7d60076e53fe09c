/** `fpx draft`: writes with a base model and what was learned. */
import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { reranked, restoreTextCost, type TextCost, type TextCostState } from "../edits/index.ts";
import { type Staleness, staleness } from "../edits/node/index.ts";
import { loadPolicy, onnxRuntimeNode } from "../lm/node/index.ts";
import type { Cli } from "./cli.ts";
import { type ExportForm, exportForms, exportModel } from "./draft-export.ts";
import { fileError, UsageError } from "./errors.ts";
import { findAdapter, staleAdapter } from "./learn-folder.ts";
import { integer, number } from "./options.ts";

interface DraftFlags {
  readonly model: string;
  readonly adapter?: string;
  readonly method?: string;
  readonly maxTokens?: number;
  readonly temperature: number;
  readonly seed: number;
  readonly threads?: number;
  readonly rerank?: string;
  readonly candidates: number;
  readonly export?: ExportForm;
  readonly out?: string;
  readonly json?: boolean;
}

/** Adds arguments and options of `fpx draft`. */
export function defineDraft(command: Command, cli: Cli): void {
  command
    .argument("[context]", "what to write about; without it, standard input")
    .requiredOption("--model <folder>", "base model, a folder of Llama, Qwen2, Qwen3 or GPT-2 layout")
    .option(
      "--adapter <folder>",
      "an adapter, or the --out folder of fpx learn (takes the recommended method)",
    )
    .option("--method <name>", "which method's adapter of the --out folder")
    .option("--max-tokens <number>", "longest draft", integer({ minimum: 1 }))
    .option("--temperature <number>", "0 takes the likeliest token", number({ minimum: 0 }), 0)
    .option("--seed <number>", "seed of sampling", integer(), 0)
    .option("--threads <number>", "threads of the model runtime", integer({ minimum: 1 }))
    .option(
      "--rerank <cost>",
      "of several drafts give the one of least expected cost, by a file of fpx edits cost",
    )
    .option(
      "--candidates <number>",
      "how many drafts --rerank chooses from",
      integer({ minimum: 1, maximum: 256 }),
      8,
    )
    .addOption(
      new Option(
        "--export <form>",
        "draft nothing: write base and adapter merged to --out, as one ONNX file or a model folder",
      ).choices(exportForms),
    )
    .option("--out <path>", "where --export writes")
    .option("--json", "print { text, tokens, stop, repeated } as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  $ fpx draft --model samples/mail/model --adapter out/log "Write to Ms Ann Lee about the invoice: it is wrong."\n  $ fpx draft --model samples/mail/model --adapter out/log --export onnx --out mail.onnx\n',
    )
    .action((context: string | undefined, flags: DraftFlags) => draft(context, flags, cli));
}

async function draft(given: string | undefined, flags: DraftFlags, cli: Cli): Promise<void> {
  if (flags.out !== undefined && flags.export === undefined)
    throw new UsageError("--out needs --export onnx or --export model: drafts are printed");
  if (flags.method !== undefined && flags.adapter === undefined)
    throw new UsageError("--method needs --adapter: name the --out folder of fpx learn");
  const adapter = flags.adapter === undefined ? undefined : await findAdapter(flags.adapter, flags.method);
  const warnOf = (path: string, stale: Staleness | undefined, again: string) => {
    if (stale !== undefined)
      cli.note(
        `warning: ${path} learned from a person who was forgotten on ${stale.since}; learn again by ${again}`,
      );
  };
  if (flags.adapter !== undefined) warnOf(flags.adapter, await staleAdapter(flags.adapter), "fpx learn");
  warnOf(flags.model, await staleness(flags.model), "fpx learn, and export it again by fpx draft --export");
  if (flags.rerank !== undefined) warnOf(flags.rerank, await staleness(flags.rerank), "fpx edits cost");
  if (flags.export !== undefined) {
    if (given !== undefined) throw new UsageError("--export drafts nothing: leave the context out");
    return exportModel(flags.export, flags.out, { model: flags.model, adapter });
  }
  const runtime = await onnxRuntimeNode(flags.threads === undefined ? {} : { threads: flags.threads });
  const context = given ?? (await readAll(process.stdin));
  const cost = flags.rerank === undefined ? undefined : await readCost(flags.rerank);
  if (context.trim() === "") throw new UsageError("the context is empty: say what to write about");
  const policy = await loadPolicy(flags.model, { runtime, ...(adapter === undefined ? {} : { adapter }) });
  try {
    const signal = cli.interruptible("stopping");
    const { temperature, seed, maxTokens } = flags;
    const options = {
      temperature,
      seed,
      signal,
      ...(maxTokens === undefined ? {} : { maxNewTokens: maxTokens }),
    };
    if (cost !== undefined) {
      const chosen = reranked(policy, {
        cost: (asked, draft) => cost.pessimistic(asked, draft),
        candidates: flags.candidates,
        temperature: temperature === 0 ? 1 : temperature,
      });
      const [best] = await chosen.generate([context], options);
      await cli.print(flags.json ? `${JSON.stringify(best)}\n` : `${best!.text}\n`);
      return;
    }
    if (flags.json) {
      const [generation] = await policy.generate([context], options);
      await cli.print(`${JSON.stringify(generation)}\n`);
      return;
    }
    for await (const piece of policy.stream(context, options)) await cli.print(piece);
    await cli.print("\n");
  } finally {
    await policy.close();
  }
}

/** The cost of a file that `fpx edits cost` wrote. */
async function readCost(path: string): Promise<TextCost> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    return restoreTextCost(JSON.parse(text) as TextCostState);
  } catch (cause) {
    throw new UsageError(`${path} is no cost of fpx edits cost: ${(cause as Error).message}`, { cause });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream)
    text += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}
